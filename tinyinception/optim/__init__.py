"""Optimisers, schedules, gradient clipping and the running average of parameters.

Parameters are known here only by their `.data`, `.grad` and `.shape`, so this room imports neither tensor nor nn.
"""

from typing import TYPE_CHECKING

from tinyinception import remedies
from tinyinception.habits import missing_from
from tinyinception.optim.adam import Adam, AdamW
from tinyinception.optim.average import RunningAverage
from tinyinception.optim.clip import clip_grad_norm
from tinyinception.optim.lookahead import Lookahead
from tinyinception.optim.muon import Muon
from tinyinception.optim.optimizer import Optimizer, weights_only
from tinyinception.optim.rmsprop import RMSProp
from tinyinception.optim.schedules import Constant, Cosine, ExponentialStaircase, Schedule, Triangular
from tinyinception.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "ExponentialStaircase",
    "Lookahead",
    "Muon",
    "Optimizer",
    "RMSProp",
    "RunningAverage",
    "Schedule",
    "Triangular",
    "clip_grad_norm",
    "weights_only",
]

if not TYPE_CHECKING:  # or every name would do
    __getattr__ = missing_from(__name__, remedies.OPTIM)
