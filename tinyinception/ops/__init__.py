"""Every differentiable operation, one class each; `tinyinception.tensor.apply` calls them."""

from tinyinception.ops.arithmetic import Add, Divide, MatMul, Multiply, Negate, Power, Subtract
from tinyinception.ops.conv import Conv2d, Linear
from tinyinception.ops.dropout import Dropout
from tinyinception.ops.join import Concat
from tinyinception.ops.layout import Pad, Reshape, Slice, Transpose
from tinyinception.ops.loss import CrossEntropy, LogSoftmax
from tinyinception.ops.norm import BatchNorm, LocalResponseNorm
from tinyinception.ops.operation import Cost, Keeps, Kept, Operation, Window, by_x, size_of
from tinyinception.ops.pointwise import GELU, Exp, Log, ReLU, Sigmoid, Tanh
from tinyinception.ops.pool import AdaptiveAvgPool2d, AvgPool2d, GlobalAvgPool, MaxPool2d
from tinyinception.ops.reduction import Max, Mean, Sum

__all__ = [
    "GELU",
    "AdaptiveAvgPool2d",
    "Add",
    "AvgPool2d",
    "BatchNorm",
    "Concat",
    "Conv2d",
    "Cost",
    "CrossEntropy",
    "Divide",
    "Dropout",
    "Exp",
    "GlobalAvgPool",
    "Keeps",
    "Kept",
    "Linear",
    "LocalResponseNorm",
    "Log",
    "LogSoftmax",
    "MatMul",
    "Max",
    "MaxPool2d",
    "Mean",
    "Multiply",
    "Negate",
    "Operation",
    "Pad",
    "Power",
    "ReLU",
    "Reshape",
    "Sigmoid",
    "Slice",
    "Subtract",
    "Sum",
    "Tanh",
    "Transpose",
    "Window",
    "by_x",
    "size_of",
]
