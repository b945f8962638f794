"""Building blocks: their shapes, their results against plain NumPy, and the same bits whether watched or not."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyinception import nn
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.tensor import Hook, Tensor, no_grad, observe

plain = partial(nn.ConvUnit, norm=None)
no_gamma = partial(nn.ConvUnit, norm=partial(nn.BatchNorm2d, gamma=False))


def test_auxiliary_classifiers_fit_small_grids_through_their_pooling():
    head = nn.googlenet_aux(6, 3, pool=nn.AvgPool2d(2), grid=2, width=4, hidden=5)
    assert head(Tensor.shape_only(2, 4, 4, 6)).shape == (2, 3)
    with pytest.raises(ShapeError, match="Linear in hidden"):
        head(Tensor.shape_only(2, 8, 8, 6))
    for grid in (5, 9):  # a larger grid is averaged
        head = nn.inception_v3_aux(6, 3, pool=nn.AvgPool2d(3, stride=1), width=4, kernel_size=3, features=5)
        assert head(Tensor.shape_only(2, grid, grid, 6)).shape == (2, 3)


SMALL = {
    "naive_inception": partial(nn.naive_inception, 3, n1=2, n3=3, n5=4),
    "inception": partial(nn.inception, 3, n1=2, r3=3, n3=4, r5=1, n5=2, pool_proj=3),
    "inception_double3x3": partial(nn.inception_double3x3, 3, n1=2, r3=3, n3=4, rd=1, nd=2, pool_proj=3),
    "inception_35x35": partial(nn.inception_35x35, 3, n1=2, r5=3, n5=4, rd=1, nd=2, pool_proj=3),
    "inception_factorized": partial(
        nn.inception_factorized, 3, n=5, n1=2, single=(1, 2, 3), double=(1, 2, 3, 4, 5), pool_proj=2
    ),
    "inception_expanded": partial(
        nn.inception_expanded, 3, n1=2, single=[(2, 1)], double=[(1, 1), (3, 3)], split=2, pool_proj=3
    ),
    "grid_reduction": partial(nn.grid_reduction, 3, [(2, 3)], [(1, 1), (2, 3), (4, 3)]),
    "pool_then_conv": partial(nn.pool_then_conv, 3, 6),
    "conv_then_pool": partial(nn.conv_then_pool, 3, 6),
    "inception_resnet_a": partial(nn.inception_resnet_a, 3, n1=2, single=(1, 2), double=(1, 2, 3)),
    "inception_resnet_b": partial(nn.inception_resnet_b, 3, n1=2, single=(1, 2, 3)),
    "inception_resnet_c": partial(nn.inception_resnet_c, 3, n1=2, single=(1, 2, 3), relu=False),
}
REDUCING = {"grid_reduction", "pool_then_conv", "conv_then_pool"}


@pytest.mark.parametrize("name", SMALL)
@given(height=st.integers(3, 20), width=st.integers(3, 20), batch=st.integers(1, 3))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_every_block_keeps_or_halves_any_grid_and_states_its_channels(name, height, width, batch):
    with nn.shape_only():
        block = SMALL[name]().eval()
    grid = ((height - 3) // 2 + 1, (width - 3) // 2 + 1) if name in REDUCING else (height, width)
    x = Tensor.shape_only(batch, height, width, 3)
    assert block(x).shape == (batch, *grid, nn.channels_after(block, 3))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("unit", [nn.ConvUnit, plain, no_gamma], ids=["batch-norm", "plain", "no gamma"])
def test_every_block_runs_and_reaches_all_its_parameters(name, unit):
    nn.random.manual_seed(1)
    block = SMALL[name](unit=unit)
    kinds = {parameter_name.rsplit(".", 1)[-1] for parameter_name, _ in block.named_parameters()}
    assert ("gamma" in kinds) == (unit is nn.ConvUnit)
    assert ("beta" in kinds) == (unit is not plain)
    rng = np.random.default_rng(0)
    y = block(Tensor(rng.standard_normal((2, 7, 7, 3)).astype(np.float32)))
    y.backward(rng.standard_normal(y.shape).astype(np.float32))
    for parameter_name, parameter in block.named_parameters():
        assert np.abs(parameter.grad).max() > 0, parameter_name


@pytest.mark.parametrize("norm", [None, nn.BatchNorm2d])
@pytest.mark.parametrize("relu", [True, False])
def test_a_unit_is_convolution_then_norm_then_relu(norm, relu):
    unit = nn.ConvUnit(3, 4, 3, stride=2, norm=norm, relu=relu)
    assert (unit.conv.bias is None) == (norm is not None)
    x = Tensor(np.random.default_rng(0).standard_normal((2, 6, 6, 3)).astype(np.float32))
    expected = unit.conv(x).numpy()
    if norm is not None:
        expected = (expected - expected.mean((0, 1, 2))) / np.sqrt(expected.var((0, 1, 2)) + 1e-3)
    expected = np.maximum(expected, 0) if relu else expected
    np.testing.assert_allclose(unit(x).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_a_unit_may_keep_its_bias_beside_a_norm():
    assert nn.ConvUnit(3, 4, 3, bias=True).conv.bias.shape == (4,)


def test_a_chain_strides_in_its_last_step_only():
    path = nn.chain(3, [(4, 1), (5, (1, 7)), (6, 3)], stride=2, padding="valid")
    assert [name for name, _ in path.named_children()] == ["conv1_1x1", "conv2_1x7", "conv3_3x3"]
    assert [unit.conv.stride for unit in path] == [(1, 1), (1, 1), (2, 2)]
    assert [unit.conv.padding for unit in path] == ["same", "same", "valid"]
    assert path(Tensor.shape_only(1, 9, 9, 3)).shape == (1, 4, 4, 6)


def test_factorised_kernels_alternate_as_in_the_released_v3():
    block = nn.inception_factorized(3, n=7, n1=1, single=(1, 1, 1), double=(1, 1, 1, 1, 1), pool_proj=1)
    assert [unit.conv.kernel_size for unit in block.single] == [(1, 1), (1, 7), (7, 1)]
    assert [unit.conv.kernel_size for unit in block.double] == [(1, 1), (7, 1), (1, 7), (7, 1), (1, 7)]
    block = SMALL["inception_expanded"]()
    assert [unit.conv.kernel_size for unit in block.single.split] == [(1, 3), (3, 1)]
    assert [unit.conv.kernel_size for unit in block.double.split] == [(1, 3), (3, 1)]


def test_pooling_kind_of_the_pooling_branch():
    x = np.random.default_rng(0).standard_normal((1, 3, 3, 2)).astype(np.float32)
    naive = nn.naive_inception(2, n1=1, n3=1, n5=1)(Tensor(x)).numpy()
    np.testing.assert_array_equal(naive[0, 1, 1, 3:], x.max((0, 1, 2)))
    block = nn.inception_double3x3(2, n1=1, r3=1, n3=1, rd=1, nd=1, pool_proj=2)
    corner = block.pool.pool(Tensor(x)).numpy()[0, 0, 0]
    np.testing.assert_allclose(corner, x[0, :2, :2].mean((0, 1)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("scale", "relu"), [(0.17, True), (1.0, False)])
def test_a_residual_block_adds_its_scaled_branches(scale, relu):
    block = nn.ResidualInception(3, {"one": [(2, 1)], "three": [(2, 1), (4, 3)]}, scale=scale, relu=relu).eval()
    block.up.bias.data[...] = [0.5, -1.0, 2.0]
    x = np.random.default_rng(0).standard_normal((2, 5, 5, 3)).astype(np.float32)
    joined = np.concatenate([block.branches.one(Tensor(x)).numpy(), block.branches.three(Tensor(x)).numpy()], -1)
    expected = x + scale * (joined @ block.up.weight.data[0, 0] + block.up.bias.data)
    expected = np.maximum(expected, 0) if relu else expected
    np.testing.assert_allclose(block(Tensor(x)).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_a_residual_block_without_scale_is_refused():
    with pytest.raises(ArgumentError, match=r"scale must be a number in \(0, inf\), got 0"):
        nn.ResidualInception(3, {"one": [(2, 1)]}, scale=0)


def test_widths_of_the_wrong_number_are_refused():
    with pytest.raises(ArgumentError, match=r"inception_factorized: single needs 3 widths.*\(1, 2\)"):
        nn.inception_factorized(3, n1=1, single=(1, 2), double=(1, 1, 1, 1, 1), pool_proj=1)


def test_batch_norm_after_batch_norm_takes_the_statistics_of_its_own_input():
    """A unit's convolution leaves the moments of its result, which are not those of what the unit puts out."""
    nn.random.manual_seed(0)
    unit, norm = nn.ConvUnit(8, 16, 3), nn.BatchNorm2d(16, eps=1e-9)
    x = np.random.default_rng(0).standard_normal((4, 6, 6, 8))
    unit, norm = unit.to(np.float64), norm.to(np.float64)
    y = norm(unit(Tensor(x))).numpy()
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, rtol=1e-6)


@pytest.mark.parametrize("hooks", [[], [Hook()]])
def test_a_second_backward_through_a_kept_graph_finds_nothing_of_the_first(hooks):
    nn.random.manual_seed(0)
    module = nn.inception(8, n1=8, r3=8, n3=8, r5=8, n5=16, pool_proj=8)
    rng = np.random.default_rng(0)
    x = Tensor(rng.standard_normal((2, 6, 6, 8)).astype(np.float32), requires_grad=True)
    y = module(x * 1.0)
    loss = (y * Tensor(rng.standard_normal(y.shape).astype(np.float32))).sum()
    loss.backward(retain_graph=True)
    first, x.grad = x.grad.copy(), None
    with observe(*hooks):
        loss.backward()
    assert x.grad.tobytes() == first.tobytes()


def test_evaluation_is_the_same_bits_whether_watched_or_not():
    """Unwatched, batch-norm is the end of the convolution; a hook sees two operations, and so does a module's."""
    nn.random.manual_seed(0)
    module = nn.inception(8, n1=8, r3=8, n3=8, r5=8, n5=16, pool_proj=8)
    x = Tensor(np.random.default_rng(0).standard_normal((2, 6, 6, 8)).astype(np.float32))
    module(x)  # running statistics that are not 0 and 1
    module.eval()
    recorded = module(x).numpy()
    counts = Counter()

    class Count(Hook):
        def after(self, op, inputs, output):
            counts[op.name] += 1

    with no_grad():
        fused = module(x).numpy()
        with observe(Count()):
            watched = module(x).numpy()
        seen = []
        unit = next(m for m in module.modules() if isinstance(m, nn.ConvUnit))
        remove = unit.conv.register_forward_hook(lambda *_: seen.append(_[2]))
        hooked = module(x).numpy()
        remove()
    assert counts["Conv2d"] == counts["BatchNorm"] == 6
    assert len(seen) == 1
    assert (seen[0].numpy() < 0).any()  # not yet through the ReLU
    for other in (fused, watched, hooked):
        assert other.tobytes() == recorded.tobytes()


def test_gradients_are_the_same_bits_whether_watched_or_not():
    """Unwatched, convolutions add to the sums of others and batch-norm overwrites the gradient it was given."""
    found = []
    for hooks in ([], [Hook()]):
        nn.random.manual_seed(0)
        module = nn.inception(8, n1=8, r3=8, n3=8, r5=8, n5=16, pool_proj=8)
        x = Tensor(np.random.default_rng(0).standard_normal((2, 6, 6, 8)).astype(np.float32), requires_grad=True)
        with observe(*hooks):
            y = module(x)
            ((y + y) * module(x)).sum().backward()
        found.append([x.grad, *(parameter.grad for parameter in module.parameters())])
    for one, other in zip(*found, strict=True):
        assert one.tobytes() == other.tobytes()
