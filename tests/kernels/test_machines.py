"""Kernels as compiled for machines with shorter vectors, and the twins where Numba is switched off."""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest

COMPARE = """
import numpy as np
from tinyinception.kernels import conv, reference, vectors
assert vectors.VECTOR_BYTES == {width}, vectors.VECTOR_BYTES
rng = np.random.default_rng(0)
for n, size, c, f, kernel, stride in ((16, 9, 32, 40, 3, 1), (2, 7, 5, 37, 3, 2), (4, 8, 24, 100, 1, 1)):
    x = rng.standard_normal((n, size, size, c), np.float32)
    w = rng.standard_normal((kernel, kernel, c, f), np.float32)
    at = (stride, stride), (kernel // 2,) * 4, 1
    grad = rng.standard_normal(reference.conv2d(x, w, None, *at).shape, np.float32)
    found, expected = ([module.conv2d(x, w, None, *at), module.conv2d_input_grad(grad, w, x.shape, *at),
                        module.conv2d_weight_grad(grad, x, w.shape, *at), module.conv2d_moments(x, w, None, *at[:2])[2]]
                       for module in (conv, reference))
    for one, other in zip(found, expected, strict=True):
        assert np.abs(one - other).max() < 1e-5 * np.abs(other).max(), (one.shape, kernel)
"""
STEP = """
import numpy as np
from tinyinception import models
from tinyinception.nn import random
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor
random.manual_seed(0)
network = models.build("inception_cifar", dropout=0.0).to(np.float64)
logits, [aux] = network(Tensor(np.random.default_rng(0).standard_normal((4, 32, 32, 3))))
loss = cross_entropy(logits, np.arange(4)) + cross_entropy(aux, np.arange(4))
loss.backward()
print(loss.item(), *(np.linalg.norm(p.grad.astype(float)) for p in network.parameters()))
"""


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the names are of x86 machines")
@pytest.mark.parametrize(("width", "cpu", "features"), [(32, "haswell", "+avx,+avx2,+fma"), (16, "generic", "")])
def test_tiles_for_shorter_vectors_compute_the_same(width, cpu, features, tmp_path):
    run(COMPARE.format(width=width), NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES=features, NUMBA_CACHE_DIR=str(tmp_path))


def test_a_training_step_without_numba_is_the_same_by_the_twins():
    """In float64: what float32 rounds grows to some thousandths in a fresh network on its way back."""
    with_numba, without = (np.array(run(STEP, NUMBA_DISABLE_JIT=flag).split(), float) for flag in ("0", "1"))
    assert len(without) > 100
    np.testing.assert_allclose(without, with_numba, rtol=1e-9, atol=0)
