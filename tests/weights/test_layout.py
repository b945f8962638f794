"""Published names and layouts: how the tables are read, the grids before linear layers, and which networks have one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyinception import models, nn
from tinyinception.errors import ArgumentError
from tinyinception.weights.layout import Slot, layout
from tinyinception.weights.names import translate


def bare(model, **options):
    with nn.shape_only():
        return models.build(model, **options)


@pytest.mark.parametrize(
    ("path", "theirs"),
    [
        ("a.conv2_1x7", "b.1"),
        ("Mixed_5b.x", "features.6.x"),
        ("Mixed_5e.x", "features.9.x"),
        ("block_10.up", "repeat.9"),
        ("a", None),
        ("a.conv2_1x7.deeper", None),
        ("xa.conv2_1x7", None),
        ("aXconv2_1x7", None),
    ],
)
def test_tables_are_read_as_documented(path, theirs):
    table = {"a.conv{n}_{k}": "b.{n-1}", "Mixed_5{m}.x": "features.{m+5}.x", "block_{i}.up": "repeat.{i-1}"}
    assert translate(path, table) == theirs


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6), st.data())
def test_a_linear_layer_after_a_grid_sees_the_same_inputs(grid, channels, outputs, data):
    """Theirs on a flattened C x H x W is ours on the same numbers flattened H x W x C, and back."""
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    theirs = rng.normal(size=(outputs, channels * grid * grid))
    image = rng.normal(size=(grid, grid, channels))
    slot = Slot(nn.Linear(theirs.shape[1], outputs), "weight", "fc.weight", "fc.weight", grid)
    slot.fill(theirs.astype(np.float32))
    np.testing.assert_allclose(
        image.reshape(-1) @ slot.array, theirs @ image.transpose(2, 0, 1).reshape(-1), rtol=1e-4, atol=1e-4
    )
    np.testing.assert_array_equal(slot.to_published(slot.array), theirs.astype(np.float32))
    assert slot.shape == theirs.shape


def test_only_published_networks_have_a_layout():
    expected = {
        name: name
        for name in ("inception_v4", "inception_resnet_v2", "googlenet_torchvision", "alexnet_torchvision", "vgg16")
    }
    expected |= dict.fromkeys(("inception_v3", "inception_v3_151", "inception_v3_79"), "inception_v3")
    for name in models.names():
        if name in expected:
            assert layout(bare(name)).network == expected[name]
        else:
            with pytest.raises(ArgumentError, match="is nearest, but differs at"):
                layout(bare(name))
    with pytest.raises(ArgumentError, match="alexnet_torchvision is nearest, but differs at norm1"):
        layout(bare("alexnet"))
    with pytest.raises(ArgumentError, match="differs at Conv2d_1a_3x3"):
        layout(bare("inception_v3", convention="slim"))
