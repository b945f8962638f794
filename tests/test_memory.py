"""Training for long takes no more memory than training for a while."""

import tracemalloc

import numpy as np
import pytest

from tinyinception import nn
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor


@pytest.mark.usefixtures("one_thread")
def test_memory_does_not_grow_from_step_100_to_step_1000():
    """Live bytes of Python and NumPy, while the last step's graph still stands.

    One activation kept per step would add 16 MB; Python's own caches of small objects fill up by 0.3 MB and then stop.
    """
    nn.random.manual_seed(0)
    module = nn.inception(4, n1=4, r3=4, n3=8, r5=4, n5=4, pool_proj=4)
    network = nn.Sequential(module, nn.Dropout(0.1), nn.MaxPool2d(2), nn.classifier(module.out_channels, 3))
    optimizer = SGD(network.named_parameters(), lr=0.01, momentum=0.9)
    images = np.random.default_rng(0).standard_normal((8, 12, 12, 4)).astype(np.float32)
    live = {}
    tracemalloc.start()
    try:
        for step in range(1, 1001):
            loss = cross_entropy(network(Tensor(images)), np.arange(8) % 3)
            network.zero_grad()
            loss.backward()
            optimizer.step()
            if step in (100, 1000):
                live[step] = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert live[1000] - live[100] < 1_000_000
