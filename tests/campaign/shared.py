"""What all cases share: a finished run, some images, a file of published weights; made once a campaign."""

from __future__ import annotations

import fcntl
from pathlib import Path

import numpy as np

CLASSES = 3  # of the published weights
NETWORK = "googlenet_torchvision"  # the smallest of the published ones


def prepare(folder: Path) -> None:
    """Make them in `folder`, unless another process did; it waits while another one does."""
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _images(folder / "images")
            _run(folder / "run")
            _weights(folder / "weights.safetensors")
            (folder / "done").touch()


def _images(folder: Path) -> None:
    from PIL import Image

    for number, name in enumerate(("cat", "dog")):
        (folder / name).mkdir(parents=True)
        for i in range(4):
            Image.new("RGB", (16, 16), (60 * i, 200 * number, 30)).save(folder / name / f"{i}.png")


def _run(folder: Path) -> None:
    from tinyinception import train

    config = train.Config(model="single_5x5_cifar", epochs=1, batch_size=16, limit=32, average=0.9)
    train.fit(config, folder, progress=False)


def _weights(file: Path) -> None:
    from tinyinception import models, weights
    from tinyinception.tensor import Tensor, no_grad

    network = models.build(NETWORK, num_classes=CLASSES).eval()
    with no_grad():  # compiles what the cases need, outside of their time
        network(Tensor(np.zeros((1, 224, 224, 3), np.float32)))
    weights.save_weights(network, file)
