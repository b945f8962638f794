"""Kernels after a fork, from several threads of Python, and with settings of Numba that cannot be met."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from tinyinception.errors import ArgumentError
from tinyinception.kernels import memory
from tinyinception.kernels.jit import set_threads

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")

# A network, one training step of it, and all its numbers.
STEP = """
import multiprocessing, os, sys, threading, warnings
import numpy as np
from tinyinception import kernels, nn
from tinyinception.data import Loader
from tinyinception.kernels import memory
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor
from tinyinception.terminal import bar

x = np.random.default_rng(0).standard_normal((4, 12, 12, 3)).astype(np.float32)

def step(_=None):
    nn.random.manual_seed(0)
    network = nn.Sequential(nn.ConvUnit(3, 32, 3), nn.ConvUnit(32, 32, 3), nn.MaxPool2d(2), nn.Dropout(0.1),
                            nn.classifier(32, 3))
    optimizer = SGD(network.named_parameters(), lr=0.01)
    loss = cross_entropy(network(Tensor(x)), np.arange(4) % 3)
    network.zero_grad()
    loss.backward()
    optimizer.step()
    parameters = [p for _, p in network.named_parameters()]
    return [loss.numpy(), *(p.grad for p in parameters), *(p.numpy() for p in parameters)]

def same(one, other, **tolerance):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, **tolerance)

def child(work):
    "The exit status of a forked child that does some work."
    pid = os.fork()
    if not pid:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


def run(code, timeout=240, **environment):
    """What code after STEP leaves on standard error."""
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", STEP + code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


# -- after a fork ------------------------------------------------------------------------------------------------------


@forks
def test_children_of_a_process_that_has_run_kernels_take_the_same_step_by_the_twins():
    said = run(
        """
mine = step()
with multiprocessing.get_context("fork").Pool(2) as pool:
    for theirs in pool.map_async(step, [1, 2, 3]).get(timeout=100):
        same(mine, theirs, rtol=2e-4, atol=1e-6)
    assert pool.map_async(id, [1]).get(timeout=100)
same(mine, step(), rtol=0)
assert not kernels.by_twins()
""",
        NUMBA_THREADING_LAYER="omp",
    )
    assert 1 <= said.count("RuntimeWarning: this process was forked") <= 2  # once in each child


@forks
def test_children_that_were_forked_before_the_first_kernel_use_the_kernels():
    said = run("""
def work():
    theirs = step()
    assert not kernels.by_twins()
    same(theirs, step(), rtol=0)
assert child(work) == 0
mine = step()
""")
    assert "forked" not in said


@forks
def test_where_the_threading_layer_survives_a_fork_children_use_the_kernels():
    said = run(
        """
mine = step()
def work():
    assert not kernels.by_twins()
    same(mine, step(), rtol=0)
assert child(work) == 0
""",
        NUMBA_THREADING_LAYER="workqueue",
    )
    assert "forked" not in said


@forks
def test_a_loader_goes_on_in_a_forked_child_with_the_same_batches():
    run(
        """
loader = Loader(np.arange(480, dtype=np.uint8).reshape(10, 4, 4, 3), np.arange(10), 2, mean=(0.5,) * 3, std=(1.0,) * 3,
                shuffle=True)
expected = [labels.tolist() for _, labels in loader.epoch(3)]
half, whole = loader.epoch(3), loader.epoch(3)
seen = [next(half)[1].tolist() for _ in range(2)]
def work():
    assert [labels.tolist() for _, labels in half] == expected[2:]
    next(whole)
    whole.close()
    assert [labels.tolist() for _, labels in loader.epoch(3)] == expected
assert child(work) == 0
assert seen + [labels.tolist() for _, labels in half] == expected
""",
        timeout=60,
    )


@forks
def test_locks_that_a_thread_of_the_parent_held_do_not_hang_the_child():
    run(
        """
from tqdm import tqdm
from tinyinception.kernels import threads
step()
locks = memory._lock, threads._turn, tqdm.get_lock()
held, done = threading.Event(), threading.Event()
def hold():
    for lock in locks:
        lock.acquire()
    held.set()
    done.wait()
    for lock in reversed(locks):
        lock.release()
holder = threading.Thread(target=hold)
holder.start()
held.wait()
def work():
    kept = memory.empty((1 << 20,), np.uint8)
    threads.in_turn(step)()
    bar(range(3), shown=True).close()
    memory.release()
assert child(work) == 0
done.set()
holder.join()
""",
        timeout=120,
    )


# -- several threads ---------------------------------------------------------------------------------------------------

TOGETHER = """
from concurrent.futures import ThreadPoolExecutor
weights = np.random.default_rng(1).standard_normal((3, 3, 32, 32)).astype(np.float32)
images = np.random.default_rng(2).standard_normal((4, 12, 12, 32)).astype(np.float32)
def work(_=None):
    "Forward and backward, whose numbers depend on nothing but the arguments."
    x, w = Tensor(images, requires_grad=True), Tensor(weights, requires_grad=True)
    y = nn.functional.max_pool2d(nn.functional.conv2d(x, w, padding=1), 2)
    (y * y).sum().backward()
    return [y.numpy(), x.grad, w.grad]
"""


@pytest.mark.parametrize("layer", ["workqueue", "omp"])
def test_threads_that_compute_at_once_find_the_bits_of_one_thread(layer):
    run(
        TOGETHER
        + """
alone = work()
with ThreadPoolExecutor(4) as pool:
    for theirs in pool.map(work, range(40)):
        same(alone, theirs, rtol=0)
""",
        NUMBA_THREADING_LAYER=layer,
    )


@pytest.mark.parametrize("layer", ["workqueue", "default"])
def test_threads_that_compile_at_once_find_the_same_numbers(layer, tmp_path):
    run(
        """
from concurrent.futures import ThreadPoolExecutor
x = np.random.default_rng(0).standard_normal((4, 40, 40, 32)).astype(np.float32)
def work(_):
    y = kernels.relu(x)
    return y, kernels.relu_grad(x, y)
with ThreadPoolExecutor(4) as pool:
    for y, dx in pool.map(work, range(8)):
        np.testing.assert_array_equal(y, np.maximum(x, 0))
        np.testing.assert_array_equal(dx, np.where(x > 0, x, 0))
""",
        NUMBA_THREADING_LAYER=layer,
        NUMBA_CACHE_DIR=str(tmp_path),
    )


def test_arrays_that_threads_take_and_leave_at_once_never_overlap():
    def work(number):
        rng, alive = np.random.default_rng(number), []
        for step in range(400):
            array = memory.empty((int(rng.integers(memory.SMALLEST, 4 * memory.SMALLEST)),), np.uint8)
            array[...] = step % 8 * 16 + number
            alive.append((step % 8 * 16 + number, array))
            if len(alive) > 5:
                own, array = alive.pop(int(rng.integers(len(alive))))
                assert (array == own).all()
            if step % 50 == 0:
                memory.release()
        return all((array == own).all() for own, array in alive)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(work, range(8)))
    finally:
        sys.setswitchinterval(interval)


def test_arrays_that_live_until_the_interpreter_ends_die_in_silence():
    assert run("kept = [memory.empty((1 << 18,), np.uint8) for _ in range(9)]\nnp.kept = [kept, kept]") == ""


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, -1, 10**6, 1.5, "2", True, None, float("nan")])
def test_a_number_of_threads_that_cannot_be_is_refused(n):
    with pytest.raises(ArgumentError, match=rf"^threads must be a whole number in \[1, \d+\], got {n!r}$"):
        set_threads(n)


def test_numbers_of_threads_of_python_and_of_numpy_are_taken():
    before = numba.get_num_threads()
    try:
        for n in (1, np.int64(1), np.uint8(before)):
            set_threads(n)
            assert numba.get_num_threads() == n
    finally:
        set_threads(before)


SETTINGS = [
    ("NUMBA_NUM_THREADS", "abc", "must be a whole number from 1 to"),
    ("NUMBA_NUM_THREADS", "0", "must be a whole number from 1 to"),
    ("NUMBA_NUM_THREADS", "-1", "must be a whole number from 1 to"),
    ("NUMBA_NUM_THREADS", "1.5", "must be a whole number from 1 to"),
    ("NUMBA_NUM_THREADS", "", "must be a whole number from 1 to"),
    ("NUMBA_NUM_THREADS", "100000", "must be a whole number from 1 to"),
    ("NUMBA_THREADING_LAYER", "nonsense", "must be one that Numba can load here"),
    ("NUMBA_CPU_FEATURES", "avx2", "must be a list such as '+avx2,-avx512f'"),
]


@pytest.mark.parametrize(("name", "value", "must"), SETTINGS)
def test_a_setting_that_numba_cannot_meet_is_one_error_before_the_first_kernel(name, value, must):
    run(
        f"""
from tinyinception.errors import ArgumentError
for _ in range(2):
    try:
        step()
    except ArgumentError as error:
        message = str(error)
        assert message.startswith("{name} {must}"), message
        assert "got {value!r}" in message and "\\n" not in message, message
    else:
        raise SystemExit(1)
""",
        **{name: value},
    )


@pytest.mark.parametrize(("name", "value", "must"), [SETTINGS[0], SETTINGS[6]])
def test_a_setting_that_numba_cannot_meet_is_one_line_and_leaves_no_run_behind(name, value, must, tmp_path):
    words = ["train", "--limit", "20", "--epochs", "1", "--threads", "1", "--out", str(tmp_path / "run")]
    for given in (words, [*words[:5], *words[7:]]):
        done = subprocess.run(
            [sys.executable, "-m", "tinyinception", *given],
            env={**os.environ, name: value},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"tinyinception: error: {name} {must}")
        assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_what_is_set_for_numba_does_not_matter_where_it_is_switched_off():
    run("step()", NUMBA_DISABLE_JIT="1", NUMBA_THREADING_LAYER="nonsense")
