"""Who made the NaN."""

import numpy as np

from tests.helpers.tiny_runs import Tiny
from tinyinception.judge.nonfinite import blame
from tinyinception.tensor import Tensor


def test_the_culprit_may_be_the_images_or_a_parameter_and_layers_are_named_by_path():
    network = Tiny(3, 3)
    images = np.ones((2, 8, 8, 3), np.float32)

    def step():
        network(Tensor(images)).logits.sum().backward()

    assert blame(network, images, step).startswith("nothing")
    bad = images.copy()
    bad[1, 2, 3, 0] = np.nan
    assert blame(network, bad, step) == "the images of the batch (2x8x8x3, 1 NaN)"
    network.norm.beta.data[...] = 1.0
    network.fc.weight.data[...] = 3e38
    assert blame(network, images, step).startswith("the output of Linear in fc (2x3, 6 infinite")
    network.fc.weight.data[0, 1] = np.inf
    assert blame(network, images, step) == "the parameter fc.weight (4x3, 1 infinite)"
