"""The second process that compiles backward's kernels at the very first training step."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import tinyinception
from tinyinception.kernels import precompile
from tinyinception.nn import Conv2d
from tinyinception.tensor import Tensor, no_grad

# Both print the kernels, with their signatures, that Numba has loaded or compiled: those that run in parallel, since of
# a kernel that others call Numba only hears where one of those is not in the cache yet.
COMPILED = """
import json
from importlib import import_module
def compiled():
    modules = [import_module(f"tinyinception.kernels.{m}") for m in
               ("concat", "lrn", "norm", "packing", "pointwise", "pool", "products", "update", "winograd")]
    return sorted({f"{k.py_func.__qualname__}{s}" for m in modules for k in vars(m).values()
                   if hasattr(k, "py_func") and "workers" in k.py_func.__code__.co_varnames for s in k.signatures})
"""
AHEAD = (
    COMPILED
    + """
from tinyinception.kernels import precompile
precompile.compile_backward("float32")
print(json.dumps(compiled()))
"""
)
STEP = (
    COMPILED
    + """
import numpy as np
from tinyinception import models
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor
labels = np.zeros(32, int)
network = models.build("inception_cifar")
logits, [aux] = network(Tensor(np.ones((32, 32, 32, 3), np.float32)))
loss = cross_entropy(logits, labels) + cross_entropy(aux, labels)
forward = compiled()
loss.backward()
SGD(network.parameters(), 0.1, momentum=0.9, nesterov=True).step()
print(json.dumps([forward, compiled()]))
"""
)


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_it_compiles_all_that_backward_needs_and_nothing_else():
    forward, step = map(set, run(STEP))
    made = set(run(AHEAD))
    assert made <= step
    assert step - forward - made == set()
    assert "weight_product" in {name.partition("(")[0] for name in made - forward}


def test_a_cache_is_cold_until_backward_has_been_compiled(tmp_path):
    code = "import json; from tinyinception.kernels import precompile; print(json.dumps(precompile._is_cold()))"
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) is True
    run(AHEAD)
    assert run(code) is False


@pytest.fixture
def started(monkeypatch):
    """The commands of second processes, which are not run; the cache is taken for cold."""
    commands = []
    precompile.backward_kernels.cache_clear()
    monkeypatch.setattr(precompile, "_is_cold", lambda: True)
    monkeypatch.setattr(precompile, "_cores", lambda: 2)
    monkeypatch.setattr(precompile.subprocess, "run", lambda command, **options: commands.append((command, options)))
    yield commands
    precompile.backward_kernels.cache_clear()


def test_a_convolution_that_will_be_differentiated_starts_it_once(started, monkeypatch):
    conv, x = Conv2d(2, 2, 1), Tensor(np.zeros((1, 2, 2, 2), np.float32))
    with no_grad():
        conv(x)
    assert not started
    conv(x)
    conv(x)
    [(command, options)] = started
    called = []
    monkeypatch.setattr(precompile, "compile_backward", called.append)
    exec(command[2], {})
    assert called == ["float32"]
    where = subprocess.Popen(
        [command[0], "-c", "import tinyinception as t; print(t.__file__)"],
        text=True,
        **options | {"stdout": subprocess.PIPE},
    )
    assert where.communicate()[0].strip() == tinyinception.__file__  # the same files, so the same cache


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JIT_DISABLED", True),
        ("threads.forked", True),
        ("precompile._cores", lambda: 1),
        ("precompile._is_cold", lambda: False),
        ("precompile.sys.frozen", True),
        ("precompile.sys.executable", None),
    ],
)
def test_it_is_not_started_where_it_would_not_help(started, monkeypatch, name, value):
    monkeypatch.setattr(f"tinyinception.kernels.{name}", value, raising=False)
    precompile.backward_kernels(np.dtype(np.float32))
    assert not started


def test_it_is_not_started_for_complex_numbers_which_the_twins_compute(started):
    precompile.backward_kernels(np.dtype(np.complex128))
    assert not started
