"""What is launched is all that happens: kernels that were recorded on some numbers compute others, to the same bits."""

import threading
from functools import partial

import numpy as np
import pytest

from tinyinception import kernels
from tinyinception.kernels import launch, memory

ONE, TWO = (1, 1), (2, 2)
NONE, AROUND = (0, 0, 0, 0), (1, 1, 1, 1)


def conv(x, w, b=None, stride=ONE, pads=AROUND, groups=1, dilation=ONE, add=False):
    """The kernels of a convolution, from the shapes of input and weights."""
    height, width = (
        (size + sum(pads[2 * i : 2 * i + 2]) - (w[i] - 1) * dilation[i] - 1) // stride[i] + 1
        for i, size in enumerate(x[1:3])
    )
    at = stride, pads, groups

    def run(x, w, grad, b=None):
        found = [kernels.conv2d(x, w, b, *at, dilation)]
        found += kernels.conv2d_moments(x, w, b, stride, pads, dilation) if groups == 1 else []
        found.append(kernels.conv2d_input_grad(grad, w, x.shape, *at, x if add else None, dilation))
        return [*found, kernels.conv2d_weight_grad(grad, x, w.shape, *at, dilation)]

    return run, [x, w, (x[0], height, width, w[3]), *([] if b is None else [(b,)])]


def norm(channels, gamma, beta, relu, training, overwrite=False):
    def run(x, grad, mean, var, out, *learned):
        learned = list(learned)
        learned = [learned.pop() if there else None for there in (gamma, beta)]
        y, found = kernels.batch_norm(x, *learned, 1e-3, relu)
        kernels.update_running(mean, var, found.mean, found.var, x.size // channels, 0.1)
        kernels.batch_norm_again(x, found, *learned, relu, out[..., 3 : 3 + channels])
        evaluated, given = kernels.batch_norm(x, *learned, 20.0, relu, (mean, var))
        into = np.empty(channels, x.dtype), np.empty(channels, x.dtype)
        grads = kernels.batch_norm_grad(
            grad, x, found if training else given, *learned, relu, training, True, overwrite, into
        )
        return [y, *found, evaluated, mean, var, out, *grads]

    shape = 6, 5, 4, channels
    return run, [shape, shape, (channels,), (channels,), (6, 5, 4, channels + 5), *[(channels,)] * (gamma + beta)]


def pool(take, give, slice_from):
    """Pooling and its gradient, the gradient a slice of the channels of another array."""

    def run(x, grad):
        y, *winner = found if isinstance(found := take(x), tuple) else (found,)
        return [y, *winner, give(grad[..., slice_from : slice_from + y.shape[3]], *winner)]

    return run, [(2, 7, 6, 5), (2, 4, 3, 9)]


def conv_norm(x, w, b, mean, var, gamma, beta):
    return [kernels.conv2d_norm(x, w, b, ONE, AROUND, 1, mean, var, gamma, beta, 20.0, True)]


def joined(a, b, c, into):
    slices = kernels.slice_channels_grad(a, (2, 3, 4, 9), 2), kernels.slice_channels_grad(c, into.shape, 2, into)
    return [kernels.concat_channels([a, b[..., 1:4], c]), *slices]


def pointwise(a, b):
    return [kernels.add(a, b, memory.empty(a.shape, a.dtype)), kernels.relu(a), kernels.relu_grad(b[:, ::2], a[:, ::2])]


def gelu(a, b):
    return [kernels.gelu(a), kernels.gelu_grad(b[:, ::2], a[:, ::2])]


def response(x, grad):
    at = 5, 1e-2, 0.75, 2.0
    return [kernels.local_response_norm(x, *at), kernels.local_response_norm_grad(grad[..., 1:8], x, *at)]


def sums(x):
    return [kernels.axis_sums(x, axes) for axes in ((0, 1, 2), (0, 1, 2, 3), (1, 2), (0, 3), (3,))]


def pool_cases(kernel, pads):
    at = kernel, TWO, pads
    yield (
        "max",
        pool(
            lambda x: kernels.max_pool(x, *at, (4, 3)), lambda g, w: kernels.max_pool_grad(g, w, (2, 7, 6, 5), *at), 2
        ),
    )
    yield (
        "average",
        pool(
            lambda x: kernels.avg_pool(x, *at, (4, 3), False),
            lambda g: kernels.avg_pool_grad(g, (2, 7, 6, 5), *at, False),
            0,
        ),
    )


CASES = {
    "an image": conv((2, 9, 8, 3), (3, 3, 3, 16), 16),
    "1x1": conv((8, 6, 6, 24), (1, 1, 24, 40), pads=NONE),
    "1x1, packed": conv((8, 6, 6, 20), (1, 1, 20, 17), 17, pads=NONE),
    "phases without a tap": conv((2, 6, 6, 16), (1, 1, 16, 16), stride=TWO, pads=NONE),
    "3x3": conv((2, 6, 5, 16), (3, 3, 16, 24), add=True),
    "3x3 of stride 2": conv((2, 9, 9, 18), (3, 3, 18, 20), 20, stride=TWO),
    "groups": conv((2, 6, 6, 18), (3, 2, 6, 9), 9, groups=3),
    "dilation": conv((2, 8, 8, 16), (3, 3, 16, 16), pads=(2, 2, 2, 2), dilation=TWO),
    "winograd": conv((2, 26, 26, 32), (3, 3, 32, 32), 32),
    "winograd, added": conv((2, 26, 26, 32), (3, 3, 32, 64), add=True),
    "convolution and norm": (conv_norm, [(2, 6, 6, 16), (3, 3, 16, 20), *[(20,)] * 5]),
    "batch-norm": norm(16, True, True, True, True),
    "batch-norm, bare": norm(7, False, False, False, True, overwrite=True),
    "batch-norm, frozen": norm(16, False, True, True, False),
    **dict(pool_cases((3, 3), AROUND)),
    "joined": (joined, [(2, 3, 4, 5), (2, 3, 4, 6), (2, 3, 4, 7), (2, 3, 4, 12)]),
    "pointwise": (pointwise, [(6, 8), (6, 8)]),
    "gelu": (gelu, [(6, 8), (6, 8)]),
    "local response": (response, [(2, 3, 3, 7), (2, 3, 3, 9)]),
    "sums": (sums, [(3, 4, 5, 6)]),
}


def record(function, *args):
    """What it returns, and the launches, to be called again."""
    calls = []
    launch.state.record = lambda function, args: calls.append(partial(function, *map(memory.place, args)))
    try:
        return function(*args), calls
    finally:
        launch.state.record = None


def arrays(value):
    """Those among arguments, also within tuples."""
    if isinstance(value, tuple):
        return [array for part in value for array in arrays(part)]
    return [value] if isinstance(value, np.ndarray) else []


@pytest.mark.parametrize("name", CASES)
def test_a_recording_computes_other_numbers_to_the_same_bits(name, monkeypatch):
    """Before each replay all memory of the recording is spoilt, but for the inputs: what it reads it has to write."""
    monkeypatch.setattr(memory, "SLAB", 1 << 22)
    function, shapes = CASES[name]
    rng = np.random.default_rng(0)
    numbers = [[rng.standard_normal(shape).astype(np.float32) for shape in shapes] for _ in range(3)]
    expected = [[result.copy() for result in function(*(array.copy() for array in each))] for each in numbers]
    inputs = [array.copy() for array in numbers[0]]
    with memory.arena() as arena:
        found, calls = record(function, *inputs)
        slabs = {id(slab): slab for _, _, slab in arena.gaps + arena.dead}.values()
    for data, results in zip(numbers, expected, strict=True):
        for slab in slabs:
            slab[...] = 255
        for place, array in zip(inputs, data, strict=True):
            place[...] = array
        for call in calls:
            call()
        for one, other in zip(found, results, strict=True):
            np.testing.assert_array_equal(one, other)


def test_only_the_thread_that_records_is_recorded():
    x = np.ones((4, 4), np.float32)
    calls = []
    launch.state.record = lambda function, args: calls.append(function)
    try:
        thread = threading.Thread(target=kernels.relu, args=(x,))
        thread.start()
        thread.join()
        assert calls == []
        kernels.relu(x)
        assert [function.__name__ for function in calls] == ["_relu"]
    finally:
        launch.state.record = None


def test_what_is_kept_between_calls_is_never_written_and_not_of_a_recording():
    """Plans, and zeros to be read: a recording that owned them would let others write there."""
    x, w = np.ones((2, 5, 7, 11), np.float32), np.ones((1, 3, 11, 13), np.float32)
    with memory.arena() as arena:
        kernels.conv2d(x, w, None, ONE, NONE, 1)
    written = []
    launch.state.record = lambda function, args: written.extend(arrays(args))
    try:
        kernels.conv2d(x, w, None, ONE, NONE, 1)
    finally:
        launch.state.record = None
    zeros = [array for array in written if array.shape == (4, 16)]
    assert len(zeros) >= 1
    assert all((array == 0).all() for array in zeros)
    for _, _, slab in arena.gaps + arena.dead:
        assert not any(np.may_share_memory(array, slab) for array in written)
