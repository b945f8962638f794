"""Sizes that no memory holds: one error that names them, before anything is computed."""

from contextlib import nullcontext

import numpy as np
import pytest

from tinyinception import nn
from tinyinception.errors import ShapeError
from tinyinception.tensor import Tensor

IMAGE = Tensor(np.ones((1, 4, 4, 2), np.float32))


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Conv2d(4, 4, 10**12),
        lambda: nn.Conv2d(1, 10**30, 1),
        lambda: nn.BatchNorm2d(10**30),
        lambda: nn.Linear(10**12, 10**12),
        lambda: nn.ConvUnit(10**9, 10**9, 3),
    ],
)
@pytest.mark.parametrize("shapes_alone", [False, True])
def test_weights_that_no_memory_holds_are_refused(make, shapes_alone):
    told = r"^weights of shape [\dx]+ take [\d,]+ GB, more than this machine can hold$"
    with nn.shape_only() if shapes_alone else nullcontext(), pytest.raises(ShapeError, match=told):
        make()


def test_an_initialiser_that_finds_no_memory_is_the_same_error():
    def out_of_memory(rng, shape, dtype):
        raise MemoryError

    with pytest.raises(ShapeError, match=r"^weights of shape 2x3 take 0 GB"):
        nn.Linear(2, 3, init=out_of_memory)


def test_bins_without_number_are_refused_at_once():
    with pytest.raises(ShapeError, match="AdaptiveAvgPool2d: output_size 1000000000000x1000000000000 makes more than"):
        nn.AdaptiveAvgPool2d(10**12)(IMAGE)


def test_a_result_that_finds_no_memory_names_the_operation_and_its_shape(monkeypatch):
    def out_of_memory(*_):
        raise MemoryError

    monkeypatch.setattr("tinyinception.ops.pointwise.Exp.forward", out_of_memory)
    with pytest.raises(ShapeError, match=r"^Exp: there is no memory for the result, 1x4x4x2 numbers of float32$"):
        IMAGE.exp()


def test_flatten_from_an_axis_that_is_not_there_is_refused():
    assert IMAGE.flatten(4).shape == (1, 4, 4, 2, 1)
    with pytest.raises(ShapeError, match="flatten: there is no axis 5 in 1x4x4x2"):
        IMAGE.flatten(5)
