"""Two ranks for tests: this process and one beside it, joined by pipes, which do the same thing at the same time."""

import os
import signal
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from tests.helpers.tiny_runs import Tiny, shades
from tinyinception import nn, train
from tinyinception.context import unchecked_inputs
from tinyinception.train import loop
from tinyinception.train.pipes import beside
from tinyinception.train.session import Session


class Plain(nn.Module):
    """No batch-norm and no dropout, so that a part of a batch sees what the whole does; with an auxiliary head."""

    aux_weight = 0.3

    def __init__(self, num_classes, channels):
        self.conv = nn.Conv2d(channels, 4, 3, stride=2, padding="same")
        self.mean = nn.GlobalAvgPool()
        self.aux, self.fc = nn.Linear(4, num_classes), nn.Linear(4, num_classes)

    def forward(self, x):
        h = self.mean(self.conv(x).relu())
        return nn.Output(self.fc(h), (self.aux(h),) if self.training else ())


def tiny(num_classes, channels):
    """Batch-norm and dropout too."""
    return Tiny(num_classes, channels)


class Sometimes(Plain):
    """Its auxiliary head is used for batches whose first image is bright, so perhaps on one rank only."""

    def forward(self, x):
        h = self.mean(self.conv(x).relu())
        bright = x.data is None or x.numpy()[0].mean() > 0
        return nn.Output(self.fc(h), (self.aux(h),) if self.training and bright else ())


NETWORKS = {"plain": Plain, "tiny": tiny, "sometimes": Sometimes}


@contextmanager
def two():
    """A function that runs another one, of this file, on both ranks, and returns what they return or raise."""
    with beside("from tests.helpers.two_ranks import serve; serve(ranks)") as ranks:

        def both(function, *args):
            return _meet(ranks, ranks.gather((function, args))[0])

        yield both
        ranks.gather(None)


def serve(ranks):
    """What the rank beside does: as it is told."""
    while (task := ranks.gather(None)[0]) is not None:
        _meet(ranks, task)


def _meet(ranks, task):
    function, args = task
    try:
        outcome = function(ranks, *args)
    except (Exception, KeyboardInterrupt) as error:
        outcome = type(error), str(error), getattr(error, "told", None)
    return ranks.gather(outcome)


# -- what both do ------------------------------------------------------------------------------------------------------


def session(ranks, config, network="plain", eager=False):
    return Session(config, shades(), NETWORKS[network], eager=eager, ranks=ranks)


def steps(ranks, config, network="plain", eager=False, count=7):
    """The loss of each of some steps, and how many images it got right; and all numbers at the end."""
    training = session(ranks, config, network, eager)
    found, at = [], training.position
    while at.step < count:
        images, labels = next(training.train_loader.epoch(at.epoch, at.batch))
        found.append(loop.train_step(training, images, labels))
        at.add(*found[-1], len(labels))
        if at.batch == len(training.train_loader):
            at.next_epoch()
    numbers = [(f"{part}/{name}", array) for part, arrays in training._parts() for name, array in arrays.items()]
    return found, dict(numbers)


def step_with_nan(ranks, config, rank):
    """A step on a batch whose first image in the part of one rank is NaN."""
    training = session(ranks, config)
    images, labels = next(iter(training.train_loader))
    images[len(images) // 2 * rank] = np.nan
    with unchecked_inputs():
        loop.train_step(training, images, labels)


def draws(ranks, config):
    """What dropout would draw in step 0, and in step 5."""
    training, drawn = session(ranks, config, "tiny"), []
    for training.position.step in (0, 5, 0):
        training.prepare()
        drawn.append(training.generator.random())
    return drawn


def compare(ranks, config, seed):
    session(ranks, replace(config, seed=seed if ranks.rank else config.seed)).compare()


def make(ranks, config, network="plain"):
    session(ranks, config, network)


def means(ranks, share, numbers):
    """`Ranks.mean` of arrays that differ by the rank: what they become."""
    arrays = [np.array(one, np.float32) for one in numbers]
    for array in arrays:
        array *= ranks.rank + 1
    ranks.mean(np.array([share[ranks.rank]]), *arrays)
    return arrays


def fit(ranks, out, config, network="plain"):
    return train.fit(config, out, **options(ranks, network))


def resume(ranks, out, network="plain"):
    return train.resume(out, **options(ranks, network))


def ensure(ranks, out, config, network="plain"):
    return train.ensure(config, out, **options(ranks, network))


def fit_until(ranks, out, config, rank, step, what, network="plain"):
    """A run in which something befalls one rank in one step: a signal, an error, or its end."""
    real = loop.train_step

    def train_step(training, images, labels):
        if training.position.step == step and ranks.rank == rank:
            if isinstance(what, signal.Signals):
                signal.raise_signal(what)
            elif what == "error":
                raise MemoryError("no memory")
            elif what == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            else:
                os._exit(1)
        return real(training, images, labels)

    loop.train_step = train_step
    try:
        return fit(ranks, out, config, network)
    finally:
        loop.train_step = real


def options(ranks, network):
    return {
        "network": NETWORKS[network],
        "dataset": shades(),
        "progress": False,
        "pictures": False,
        "ranks": ranks,
    }
