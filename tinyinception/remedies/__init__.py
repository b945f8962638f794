"""Words of PyTorch, Keras, timm, torchinfo and scikit-learn that are none of ours, and what to write instead."""

from __future__ import annotations

from tinyinception.remedies.arguments import ARGUMENTS, CALLS, WORDS
from tinyinception.remedies.objects import BLIND, DATASET, LOADER, LOGITS, MODULE, OPTIMIZER, SCHEDULE, SWITCHES, TENSOR
from tinyinception.remedies.rooms import (
    BUILD,
    DATA,
    EXPORT,
    FUNCTIONAL,
    INIT,
    JUDGE,
    MODELS,
    NN,
    OPTIM,
    TOP,
    TRAIN,
    WEIGHTS,
)

__all__ = [
    "ARGUMENTS",
    "BLIND",
    "BUILD",
    "CALLS",
    "DATA",
    "DATASET",
    "EXPORT",
    "FUNCTIONAL",
    "INIT",
    "JUDGE",
    "LOADER",
    "LOGITS",
    "MODELS",
    "MODULE",
    "NN",
    "OPTIM",
    "OPTIMIZER",
    "SCHEDULE",
    "SWITCHES",
    "TENSOR",
    "TOP",
    "TRAIN",
    "WEIGHTS",
    "WORDS",
]
