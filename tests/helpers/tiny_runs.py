"""What tests of training share: a tiny network, data it can learn, and how to compare two runs."""

import csv
from pathlib import Path

import numpy as np

from tinyinception import nn, train
from tinyinception.data import Dataset
from tinyinception.train import loop
from tinyinception.train.checkpoint import load


class Tiny(nn.Module):
    """Everything a checkpoint has to keep, as small as it gets: convolution, batch-norm, dropout, an auxiliary head."""

    aux_weight = 0.3

    def __init__(self, classes, channels):
        self.conv = nn.Conv2d(channels, 4, 3, stride=2, bias=False, padding="same")
        self.norm = nn.BatchNorm2d(4, relu=True)
        self.mean = nn.GlobalAvgPool()
        self.aux = nn.Linear(4, classes)
        self.drop = nn.Dropout(0.25)
        self.fc = nn.Linear(4, classes)

    def forward(self, x):
        h = self.mean(self.norm(self.conv(x)))
        return nn.Output(self.fc(self.drop(h)), (self.aux(h),) if self.training else ())


def build_tiny(name, *, num_classes, channels):
    return Tiny(num_classes, channels)


def shades(n=60, side=8, channels=3):
    """Dark, medium and bright noise: three classes that the tiny network can learn."""
    rng = np.random.default_rng(0)
    labels = np.arange(2 * n) % 3
    images = rng.integers(0, 85, (2 * n, side, side, channels)) + 85 * labels[:, None, None, None]
    images = images.astype(np.uint8)
    return Dataset("shades", images[:n], labels[:n], images[n:], labels[n:], ("dark", "medium", "bright"))


CONFIG = train.Config(epochs=3, batch_size=16, average=0.9, checkpoint_seconds=1e-9, crop=1, seed=5)  # 3 steps an epoch


def fit(out, config=CONFIG, **options):
    return train.fit(config, out, dataset=shades(), progress=False, **options)


class Died(Exception):
    """What stands for a kill in the middle of training."""


def die_at(monkeypatch, step):
    """From now on the training of this step raises Died."""
    real = loop.train_step

    def train_step(session, images, labels):
        if session.position.step == step:
            raise Died
        return real(session, images, labels)

    monkeypatch.setattr(loop, "train_step", train_step)


def resume(folder, **options):
    """Continue a run of `fit`."""
    return train.resume(folder, dataset=shades(), progress=False, **options)


def bits(folder):
    """All that a run ends with, apart from how long it took."""
    tensors, state = load(Path(folder))
    rows = [{k: v for k, v in row.items() if k not in ("seconds", "images_per_second")} for row in state["log"]]
    state["position"].pop("seconds")
    return {name: array.tobytes() for name, array in tensors.items()}, rows, state["position"], state["random"]


def read_log(folder):
    with open(Path(folder) / "log.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
