"""The staircase of convolution: each stair against the twin and the stair below, and the choice of one."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from itertools import pairwise

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.norms import batch_norm_eval
from tinyinception import kernels, nn
from tinyinception.errors import ArgumentError
from tinyinception.kernels import choice, disk, launch, plan, reference
from tinyinception.kernels.stairs import reference as twins
from tinyinception.nn import random
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor

PRECISIONS = st.sampled_from([(np.float32, 1e-5), (np.float64, 1e-12)])


def relative(found, expected):
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    return np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30)


@st.composite
def convolutions(draw, groups=(1, 1, 2, 3)):
    """Arrays x, w, b, gradient of the output, one of x's shape, all float64; stride, pads, groups, dilation by name."""
    g, per_in, per_out = draw(st.sampled_from(groups)), draw(st.integers(1, 9)), draw(st.integers(1, 20))
    kernel, stride, dilation = (tuple(draw(st.integers(1, most)) for _ in range(2)) for most in (5, 3, 3))
    pads = tuple(draw(st.integers(0, 4)) for _ in range(4))
    n = draw(st.sampled_from([1, 2, 5]))
    size = [
        max(draw(st.integers(1, 12)), (k - 1) * d + 1 - sum(p))
        for k, d, p in zip(kernel, dilation, (pads[:2], pads[2:]), strict=True)
    ]
    at = {"stride": stride, "pads": pads, "groups": g, "dilation": dilation}
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x, w = rng.standard_normal((n, *size, per_in * g)), rng.standard_normal((*kernel, per_in, per_out * g))
    shape = reference.conv2d(x, w, None, **at).shape
    return (x, w, *map(rng.standard_normal, (per_out * g, shape, x.shape))), at


def outcomes(module, arrays, at):
    """Output, gradient of the input added to what is there, gradient of the weights."""
    x, w, b, grad, into = arrays
    return (
        module.conv2d(x, w, b, **at),
        module.conv2d_input_grad(grad, w, x.shape, into=into.copy(), **at),
        module.conv2d_weight_grad(grad, x, w.shape, **at),
    )


def by(stair, arrays, at):
    with kernels.using(stair):
        return outcomes(kernels, arrays, at)


# -- every stair computes the same -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, derandomize=True)
@given(convolutions(), PRECISIONS)
def test_every_stair_is_the_twin_and_the_stair_below(case, precision):
    (dtype, bound), (arrays, at) = precision, case
    arrays = [array.astype(dtype) for array in arrays]
    expected = outcomes(reference, arrays, at)
    found = [by(stair, arrays, at) for stair in choice.STAIRS]
    for lower, upper in pairwise(found):
        for one, other, right in zip(lower, upper, expected, strict=True):
            assert relative(one, right) < bound
            assert relative(other, one) < 2 * bound


# beyond tiles of pixels and of channels, with a rest; the last suits Winograd
LARGE = [
    ((2, 17, 19, 21), (3, 3, 21, 70), (1, 1), (1, 1, 1, 1)),
    ((70, 1, 1, 130), (1, 1, 130, 33), (1, 1), (0, 0, 0, 0)),
    ((3, 20, 20, 6), (5, 5, 6, 40), (2, 2), (2, 1, 2, 1)),
    ((1, 30, 30, 8), (1, 7, 8, 9), (1, 1), (0, 0, 3, 3)),
    ((4, 16, 16, 32), (3, 3, 32, 48), (1, 1), (1, 1, 1, 1)),
]


@pytest.mark.parametrize(("x_shape", "w_shape", "stride", "pads"), LARGE)
def test_large_shapes_are_the_same_by_every_stair_and_number_of_threads(x_shape, w_shape, stride, pads):
    rng = np.random.default_rng(1)
    x, w, b, into = (rng.standard_normal(shape, np.float32) for shape in (x_shape, w_shape, w_shape[3:], x_shape))
    at = {"stride": stride, "pads": pads, "groups": 1}
    expected = reference.conv2d(x, w, b, **at)
    arrays = x, w, b, rng.standard_normal(expected.shape, np.float32), into
    expected, threads = outcomes(reference, arrays, at), numba.get_num_threads()
    for stair in choice.STAIRS:
        found = by(stair, arrays, at)
        assert all(relative(*pair) < 1e-5 for pair in zip(found, expected, strict=True)), stair
        try:
            numba.set_num_threads(1)
            alone = by(stair, arrays, at)
        finally:
            numba.set_num_threads(threads)
        assert [one.tobytes() for one in alone] == [one.tobytes() for one in found], stair


@pytest.mark.parametrize("stair", choice.STAIRS)
def test_moments_and_norm_are_those_of_the_stairs_own_result(stair):
    rng = np.random.default_rng(2)
    x, w, b = (rng.standard_normal(shape, np.float32) for shape in ((3, 9, 7, 5), (3, 3, 5, 12), (12,)))
    at, norm = ((2, 1), (1, 0, 1, 2)), (b / 2, b * b + 1, b + 2, b - 1, 1e-3, True)
    with kernels.using(stair):
        y = kernels.conv2d(x, w, b, *at, 1)
        again, *moments = kernels.conv2d_moments(x, w, b, *at)
        normed = kernels.conv2d_norm(x, w, b, *at, 1, *norm)
        np.testing.assert_array_equal(normed, batch_norm_eval(kernels, y, *norm))
    np.testing.assert_array_equal(again, y)
    for found, expected in zip(moments, reference.conv2d_moments(x, w, b, *at)[1:], strict=True):
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("stair", choice.LOWER)
def test_arrays_of_any_layout_are_taken(stair):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((4, 6, 7, 2)).transpose(3, 1, 2, 0)
    w = rng.standard_normal((5, 4, 3, 3)).transpose(2, 3, 1, 0)
    at = {"stride": (1, 1), "pads": (0, 0, 0, 0), "groups": 1}
    y = reference.conv2d(x, w, None, **at)
    arrays = x, w, None, np.broadcast_to(rng.standard_normal(5), y.shape), np.zeros(x.shape)
    for found, expected in zip(by(stair, arrays, at), outcomes(reference, arrays, at), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


class Network(nn.Module):
    """Convolutions of every kind: of an image, one that suits Winograd, in groups, dilated; and a linear layer."""

    def __init__(self):
        self.layers = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=2, padding="same", bias=False),
            nn.BatchNorm2d(32, relu=True),
            nn.Conv2d(32, 32, 3, padding="same"),
            nn.Conv2d(32, 16, 1, groups=2),
            nn.Conv2d(16, 8, (1, 7), padding="same", dilation=2),
            nn.GlobalAvgPool(),
            nn.Linear(8, 5),
        )

    def forward(self, x):
        return self.layers(x)


def suits(out, w):
    """Whether Winograd computes it."""
    return plan.suits_winograd(out, w, (1, 1), 1, (1, 1), np.dtype(np.float32))


def test_a_training_step_is_the_same_under_every_stair():
    x, labels = np.random.default_rng(4).standard_normal((6, 32, 32, 3), np.float32), np.arange(6) % 5
    assert suits((6, 16, 16, 32), (3, 3, 32, 32))
    found = {}
    for stair in choice.STAIRS:
        random.manual_seed(0)
        network = Network()
        optimizer = SGD(network.named_parameters(), lr=0.01)
        with kernels.using(stair):
            losses = []
            for _ in range(2):
                network.zero_grad()
                loss = cross_entropy(network(Tensor(x)), labels)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        found[stair] = [np.array(losses), *(parameter.grad for parameter in network.parameters())]
    for stair, numbers in found.items():
        assert numbers[0][1] < numbers[0][0]
        np.testing.assert_allclose(numbers[0], found["loops"][0], rtol=1e-5, err_msg=stair)
        for one, other in zip(numbers[1:], found["loops"][1:], strict=True):
            assert np.linalg.norm(one - other) <= 1e-3 * np.linalg.norm(other) + 1e-6, stair


# -- the twins of the upper two ----------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, derandomize=True)
@given(convolutions(groups=(1,)))
def test_addresses_are_convolution(case):
    (x, w, _, grad, _), at = case
    place = at["stride"], at["pads"], at["dilation"]
    for found, expected in (
        (twins.conv2d_by_addresses(x, w, *place), reference.conv2d(x, w, None, **at)),
        (twins.input_grad_by_addresses(grad, w, x.shape, *place), reference.conv2d_input_grad(grad, w, x.shape, **at)),
        (
            twins.weight_grad_by_addresses(grad, x, w.shape, *place),
            reference.conv2d_weight_grad(grad, x, w.shape, **at),
        ),
    ):
        assert relative(found, expected) < 1e-12


def test_an_address_is_the_pixels_number_and_the_padding_is_number_0():
    table = twins.addresses((1, 2, 2, 7), (2, 2), (1, 1), (1, 0, 0, 0))
    assert table.tolist() == [[[[0, 0, 1, 2]], [[1, 2, 3, 4]]]]


# -- the choice --------------------------------------------------------------------------------------------------------


def launched(monkeypatch, call):
    """The modules of what `call` launches."""
    modules = []
    monkeypatch.setattr(launch.state, "record", lambda function, args: modules.append(function.__module__))
    call()
    monkeypatch.setattr(launch.state, "record", None)
    return modules


def some_convolution():
    x, w = np.ones((1, 4, 4, 2), np.float32), np.ones((3, 3, 2, 2), np.float32)
    y = kernels.conv2d(x, w, None, (1, 1), (1, 1, 1, 1), 1)
    kernels.conv2d_input_grad(y, w, x.shape, (1, 1), (1, 1, 1, 1), 1)
    kernels.conv2d_weight_grad(y, x, w.shape, (1, 1), (1, 1, 1, 1), 1)


@pytest.mark.parametrize("stair", choice.LOWER)
def test_a_stair_computes_where_it_is_chosen(stair, monkeypatch):
    def chosen():
        with kernels.using(stair):
            some_convolution()

    room = f"tinyinception.kernels.stairs.{stair}"
    assert launched(monkeypatch, chosen).count(room) == 3
    assert room not in launched(monkeypatch, some_convolution)
    monkeypatch.setenv("TINYINCEPTION_KERNELS", stair)
    choice._from_environment.cache_clear()
    try:
        assert launched(monkeypatch, some_convolution).count(room) == 3
    finally:
        monkeypatch.undo()
        choice._from_environment.cache_clear()


def test_registers_are_the_fast_kernel_without_winograd():
    x, w = (np.random.default_rng(7).standard_normal(s, np.float32) for s in ((4, 16, 16, 32), (3, 3, 32, 32)))
    at = (1, 1), (1, 1, 1, 1), 1
    assert suits(x.shape, w.shape)
    fast = kernels.conv2d(x, w, None, *at)
    with kernels.using("registers"):
        assert not suits(x.shape, w.shape)
        registers = kernels.conv2d(x, w, None, *at)
    assert (registers != fast).any()
    assert relative(registers, fast) < 1e-5


def test_the_choice_ends_with_its_context_and_holds_for_one_thread():
    assert choice.chosen() == "fast"
    with kernels.using("loops"):
        with suppress(KeyError), kernels.using("tiles"):
            assert choice.chosen() == "tiles"
            raise KeyError
        assert choice.chosen() == "loops"
        elsewhere = []
        thread = threading.Thread(target=lambda: elsewhere.append(choice.chosen()))
        thread.start()
        thread.join()
        assert elsewhere == ["fast"]
    assert choice.chosen() == "fast"


def test_complex_numbers_go_to_the_twin_under_every_stair():
    x, w = np.ones((1, 3, 3, 1)) * 1j, np.ones((2, 2, 1, 1)) + 0j
    for stair in choice.STAIRS:
        with kernels.using(stair):
            assert (kernels.conv2d(x, w, None, (1, 1), (0, 0, 0, 0), 1) == 4j).all()


PLAIN = """
import sys
import numpy as np
from tinyinception import kernels
from tinyinception.kernels import choice, launch, reference
modules, rng = [], np.random.default_rng(0)
x, w, at = rng.standard_normal((2, 5, 4, 4)), rng.standard_normal((3, 2, 2, 6)), ((2, 1), (1, 0, 0, 1), 2)
grad = rng.standard_normal(reference.conv2d(x, w, None, *at).shape)
def products(module):
    return (module.conv2d(x, w, None, *at), module.conv2d_input_grad(grad, w, x.shape, *at),
            module.conv2d_weight_grad(grad, x, w.shape, *at))
for stair in choice.STAIRS:
    launch.state.record = lambda function, args: modules.append(function.__module__)
    with kernels.using(stair):
        found = products(kernels)
    launch.state.record = None
    assert all(np.allclose(*pair, atol=1e-12) for pair in zip(found, products(reference), strict=True)), stair
    assert (f"tinyinception.kernels.stairs.{stair}" in modules) == (stair in choice.LOWER), stair
from tinyinception.kernels.stairs import loops
assert type(loops.forward) is type(products)
"""


def test_without_numba_the_lower_stairs_are_plain_python_to_step_through():
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", PLAIN], env=environment, check=True, timeout=300)


def test_machine_code_is_not_kept_where_a_stair_was_edited(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "HERE", tmp_path)
    (tmp_path / "stairs").mkdir()
    found = set()
    for text in ("one", "two"):
        (tmp_path / "stairs" / "loops.py").write_text(text, encoding="utf-8")
        found.add(disk._sources.__wrapped__())
    (tmp_path / "stairs" / "loops.py").rename(tmp_path / "loops.py")
    assert len({*found, disk._sources.__wrapped__()}) == 3


@pytest.mark.parametrize("name", ["im2row", "", "Fast", None, 3, ["loops"]])
def test_another_name_is_refused_with_the_choices(name):
    with pytest.raises(ArgumentError, match=r"^kernels must be one of loops, im2col, .*, fast, got") as error:
        kernels.using(name)
    assert str(error.value).endswith(f"got {name!r}")


def test_another_name_in_the_environment_is_refused_before_any_work(tmp_path):
    command = [sys.executable, "-m", "tinyinception", "train", "--data", "drawn", "--out", str(tmp_path / "run")]
    environment = {**os.environ, "TINYINCEPTION_KERNELS": "im2row"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode != 0
    [line] = done.stderr.strip().splitlines()
    assert line.endswith(
        "TINYINCEPTION_KERNELS must be one of loops, im2col, tiles, addresses, registers, fast, got 'im2row'"
    )
    assert not (tmp_path / "run").exists()
