"""Modules: layers, containers, the building blocks of the Inception papers, and their initialisers."""

from typing import TYPE_CHECKING

from tinyinception import remedies
from tinyinception.habits import missing_from
from tinyinception.nn import functional, init, random
from tinyinception.nn.blocks import (
    conv_then_pool,
    grid_reduction,
    inception,
    inception_35x35,
    inception_double3x3,
    inception_expanded,
    inception_factorized,
    naive_inception,
    pool_then_conv,
)
from tinyinception.nn.containers import Branches, ModuleList, Sequential, channels_after
from tinyinception.nn.heads import classifier, googlenet_aux, inception_v3_aux
from tinyinception.nn.layers import (
    GELU,
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    CrossEntropyLoss,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Identity,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Scale,
)
from tinyinception.nn.module import Module, Output
from tinyinception.nn.parameter import Parameter, shape_only
from tinyinception.nn.residual import ResidualInception, inception_resnet_a, inception_resnet_b, inception_resnet_c
from tinyinception.nn.units import ConvUnit, SeparableConv, avg_pool, chain, max_pool

__all__ = [
    "GELU",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm2d",
    "Branches",
    "Conv2d",
    "ConvUnit",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "GlobalAvgPool",
    "Identity",
    "Linear",
    "LocalResponseNorm",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "Output",
    "Parameter",
    "ReLU",
    "ResidualInception",
    "Scale",
    "SeparableConv",
    "Sequential",
    "avg_pool",
    "chain",
    "channels_after",
    "classifier",
    "conv_then_pool",
    "functional",
    "googlenet_aux",
    "grid_reduction",
    "inception",
    "inception_35x35",
    "inception_double3x3",
    "inception_expanded",
    "inception_factorized",
    "inception_resnet_a",
    "inception_resnet_b",
    "inception_resnet_c",
    "inception_v3_aux",
    "init",
    "max_pool",
    "naive_inception",
    "pool_then_conv",
    "random",
    "shape_only",
]

if not TYPE_CHECKING:  # or every name would do
    __getattr__ = missing_from(__name__, remedies.NN)
