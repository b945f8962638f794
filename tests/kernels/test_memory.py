"""Memory: what is recycled, what is computed again instead of kept, and that long training takes no more."""

import threading
import tracemalloc
import weakref
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.strategies import CASES
from tinyinception import fast, nn, ops
from tinyinception.kernels import memory
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor, concat, use

# -- recycling ---------------------------------------------------------------------------------------------------------


SIZES = st.sampled_from([100, *range(memory.SMALLEST, memory.SMALLEST + 200, 63), 1 << 17, 1 << 19])


class Numbers(NamedTuple):
    array: np.ndarray
    size: int


@pytest.fixture
def no_gaps(monkeypatch):
    """Memory as in a fresh process, with small slabs."""
    monkeypatch.setattr(memory, "_shared", memory.Arena())
    monkeypatch.setattr(memory, "SLAB", 1 << 18)


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_arrays_never_overlap_and_all_memory_comes_back(data):
    """The oracle: every array is filled with a number of its own, and holds it until it dies."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "_shared", memory.Arena())
        patch.setattr(memory, "SLAB", 1 << 18)
        alive = []
        for number in range(data.draw(st.integers(1, 40))):
            if alive and data.draw(st.booleans()):
                own, array = alive.pop(data.draw(st.integers(0, len(alive) - 1)))
                assert (array == own).all()
                del array
            else:
                array = memory.empty((data.draw(SIZES),), np.uint8)
                assert array.size < memory.SMALLEST or array.ctypes.data % memory.ALIGNMENT == 0
                array[...] = number
                alive.append((number, array))
                del array
        assert all((array == own).all() for own, array in alive)
        alive.clear()
        memory._shared.bury()
        slabs = {id(slab): slab for _, _, slab in memory._shared.gaps}
        assert len(memory._shared.gaps) == len(slabs)  # each is one gap again
        assert [gap[:2] for gap in memory._shared.gaps] == sorted(map(memory._bounds, slabs.values()))
        memory.release()
        assert memory._shared.gaps == []


@pytest.mark.usefixtures("no_gaps")
def test_the_first_gap_that_is_large_enough_is_used_and_gaps_join():
    a, b, c, d = (memory.empty((memory.SMALLEST,), np.uint8) for _ in range(4))  # a slab, full
    first, second = a.ctypes.data, b.ctypes.data
    del c
    del a
    e = memory.empty((memory.SMALLEST,), np.uint8)
    assert e.ctypes.data == first
    del b, e  # with what c has left, three in a row
    f = memory.empty((3, memory.SMALLEST), np.uint8)
    assert f.ctypes.data == first
    assert second - first == memory.SMALLEST
    view = f[1:]
    del f
    memory._shared.bury()
    assert memory._shared.gaps == []  # a view keeps it
    d[...], view[...] = 1, 2
    assert (d == 1).all()


@pytest.mark.usefixtures("no_gaps")
def test_garbage_collection_in_the_middle_of_taking_memory_does_no_harm(monkeypatch):
    dying, give = [memory.empty((memory.SMALLEST,), np.uint8) for _ in range(4)], memory._shared.give
    alive = dying.pop(2)

    def interrupted(*piece):
        give(*piece)
        if dying:
            dying.pop()

    monkeypatch.setattr(memory._shared, "give", interrupted)
    dying.pop()
    arrays = [alive, *(memory.empty((memory.SMALLEST,), np.uint8) for _ in range(8))]
    for number, array in enumerate(arrays):
        array[...] = number
    assert all((array == number).all() for number, array in enumerate(arrays))


@pytest.mark.usefixtures("no_gaps")
def test_release_leaves_what_is_in_use():
    kept, gone = memory.empty((1 << 18,), np.uint8), memory.empty((1 << 18,), np.uint8)
    slab = weakref.ref(memory.empty((1 << 17,), np.float32).base.piece[2])
    kept[...] = 7
    del gone
    memory.release()
    assert slab() is None
    assert memory._shared.gaps == []
    assert (kept == 7).all()


# -- the arena of a recording ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_gaps")
def test_of_an_arena_nobody_else_is_given_memory():
    with memory.arena() as own:
        inside = [memory.empty((size,), np.uint8) for size in (100, memory.SMALLEST)]
        starts = [array.ctypes.data for array in inside]
        assert memory._shared.gaps == []
    del inside  # outside: what dies goes back to where it came from
    assert len(own.dead) == 2
    outside = [memory.empty((memory.SMALLEST,), np.uint8) for _ in range(4)]
    slabs = [memory._bounds(slab) for _, _, slab in own.dead]
    assert not any(start <= array.ctypes.data < end for array in outside for start, end in slabs)
    with memory.arena(own) as again:
        assert again is own
        assert [memory.empty((size,), np.uint8).ctypes.data for size in (100, memory.SMALLEST)] == starts[:1] * 2


def run_in_a_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


@pytest.mark.usefixtures("no_gaps")
def test_an_arena_is_of_one_thread_and_ends_with_an_error():
    def allocate():
        arrays.append(memory.empty((memory.SMALLEST,), np.uint8))

    arrays = []
    own = memory.Arena()
    with pytest.raises(KeyError), memory.arena(own):
        raise KeyError(run_in_a_thread(allocate))
    allocate()
    assert own.gaps == own.dead == []
    assert arrays[0].base.arena is arrays[1].base.arena is memory._shared


def test_a_place_has_the_array_s_memory_and_does_not_keep_it_from_the_next_array():
    with memory.arena():
        array = memory.empty((3, 4, 5), np.float32)
        array[...] = np.arange(60).reshape(3, 4, 5)
        views = array, array[1:, ::2, 1], array.T, np.lib.stride_tricks.as_strided(array[0], (2, 3), (4, 8)), array[:0]
        placed = [memory.place(view) for view in views]
        for one, view in zip(placed, views, strict=True):
            np.testing.assert_array_equal(one, view)
            assert (one.ctypes.data, one.strides, one.dtype) == (view.ctypes.data, view.strides, view.dtype)
            assert (one.flags.carray, one.flags.writeable) == (view.flags.carray, view.flags.writeable)
        del view, views, array
        reused = memory.empty((3, 4, 5), np.float32)
        assert reused.ctypes.data == placed[0].ctypes.data
        reused[...] = 7
        slab = weakref.ref(reused.base.piece[2])
        del reused
    assert (placed[0] == 7).all()
    assert slab() is not None  # of the arena nothing else is left
    del one, placed
    assert slab() is None


def test_what_is_not_of_the_arena_is_its_own_place():
    """A recording keeps it alive: parameters, cached numbers, and all that was made before."""
    outside = memory.empty((memory.SMALLEST,), np.uint8)
    with memory.arena():
        inside = memory.empty((8,), np.uint8)
        for value in (outside, outside[1:], np.zeros(3), 5, np.float32(2), None):
            assert memory.place(value) is value
        pair, numbers = memory.place((inside, outside)), memory.place(Numbers(inside, 3))
        assert pair[1] is outside
        assert type(numbers) is Numbers
        for array in (pair[0], numbers.array):
            assert array is not inside
            assert array.ctypes.data == inside.ctypes.data


# -- computed again ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["BatchNorm", "Concat"])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_is_computed_again_has_the_same_bits(name, data):
    case = data.draw(CASES[name])
    inputs = [None if a is None else Tensor(a.astype(np.float32), requires_grad=True) for a in case.inputs]
    output, node = use(case.op, *inputs, *case.constants)
    assert case.op.recomputes == (name == "BatchNorm" or case.op.axis == -1)
    if case.op.recomputes:
        again = np.empty_like(output.data)
        fast.recompute(node, again)
        np.testing.assert_array_equal(again, output.data)


class Joined(nn.Module):
    """Convolutions that read a concatenation within another, of batch-norms, a pooling and a plain convolution."""

    def __init__(self):
        self.one, self.two = nn.ConvUnit(3, 4, 1), nn.ConvUnit(3, 5, 3)
        self.plain, self.pool = nn.Conv2d(3, 3, 1), nn.MaxPool2d(3, stride=1, padding=1)
        self.reads, self.reads_too = nn.ConvUnit(15, 4, 1), nn.Conv2d(15, 4, 3, padding=1)

    def forward(self, x):
        self.inner = concat([self.one(x), self.pool(x)])
        self.outer = concat([self.inner, self.two(x), self.plain(x)])
        return self.reads(self.outer) + self.reads_too(self.outer)


def test_results_that_are_computed_again_are_not_kept_and_gradients_have_the_bits_of_kept_ones(monkeypatch):
    x = np.random.default_rng(0).standard_normal((2, 5, 5, 3)).astype(np.float32)
    nn.random.manual_seed(0)
    network, grads, alive = Joined(), [], []
    for kept in (False, True):
        with monkeypatch.context() as patch:
            if kept:
                patch.setattr("tinyinception.ops.BatchNorm.recomputes", False)
                patch.setattr("tinyinception.ops.Concat.recomputes", False)
            network.zero_grad()
            image = Tensor(x, requires_grad=True)
            output = network(image)
            arrays = [weakref.ref(network.outer.data), weakref.ref(network.inner.data)]
            network.inner = network.outer = None
            alive.append([array() is not None for array in arrays])
            output.backward(np.linspace(-1, 1, output.size, dtype=np.float32).reshape(output.shape))
            grads.append([image.grad, *(p.grad for _, p in network.named_parameters())])
    assert alive == [[False, False], [True, False]]
    for computed, one in zip(*grads, strict=True):
        np.testing.assert_array_equal(computed, one)


def test_each_result_is_computed_again_once(monkeypatch):
    nn.random.manual_seed(0)
    unit, readers = nn.ConvUnit(2, 3, 1), [nn.Conv2d(3, 2, 1) for _ in range(3)]
    calls, recompute = [], ops.BatchNorm.recompute
    monkeypatch.setattr(
        ops.BatchNorm, "recompute", lambda op, kept, out: calls.append(kept) or recompute(op, kept, out)
    )
    y = unit(Tensor(np.random.default_rng(0).random((2, 4, 4, 2), np.float32)))
    total = sum(reader(y).sum() for reader in readers)
    node = y.node
    total.backward()
    assert len(calls) == 1
    assert node.recomputed is None


# -- long training -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_thread")
def test_memory_does_not_grow_from_step_100_to_step_300():
    """Live bytes of Python and NumPy, while the last step's graph still stands.

    One activation kept per step would add 3.5 MB; Python's own caches of small objects fill up by 0.3 MB and then stop.
    """
    nn.random.manual_seed(0)
    module = nn.inception(4, n1=4, r3=4, n3=8, r5=4, n5=4, pool_proj=4)
    network = nn.Sequential(module, nn.Dropout(0.1), nn.MaxPool2d(2), nn.classifier(module.out_channels, 3))
    optimizer = SGD(network.named_parameters(), lr=0.01, momentum=0.9)
    images = np.random.default_rng(0).standard_normal((8, 12, 12, 4)).astype(np.float32)
    live = {}
    tracemalloc.start()
    try:
        for step in range(1, 301):
            loss = cross_entropy(network(Tensor(images)), np.arange(8) % 3)
            network.zero_grad()
            loss.backward()
            optimizer.step()
            if step in (100, 300):
                live[step] = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert live[300] - live[100] < 450_000
