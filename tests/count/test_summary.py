"""Counting: against loops that count, the papers' published numbers, and what a pixel really depends on."""

import json
from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tinyinception import models, nn, ops
from tinyinception.count import Tally, compare, summary
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.tensor import Tensor, apply, concat, observe


def totals(function, *shape):
    """The tally of a function on a shape-only image, and the result."""
    image = Tensor.shape_only(1, *shape)
    tally = Tally(image, [])
    with observe(tally):
        out = function(image)
    return tally, tally.field(out)


# -- multiply-adds ---------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    groups=st.integers(1, 3),
    cin=st.integers(1, 3),
    cout=st.integers(1, 3),
    bias=st.booleans(),
    padding=st.sampled_from(["valid", "same", 1, (0, 2, 1, 0)]),
)
def test_convolution_counts_are_those_of_a_loop(size, kernel, stride, groups, cin, cout, bias, padding):
    (height, width), (kh, kw) = size, kernel
    top, bottom, left, right = {"valid": (0,) * 4, 1: (1,) * 4}.get(padding, padding) if padding != "same" else (0,) * 4
    rows = range(0, height, stride[0]) if padding == "same" else range(0, height + top + bottom - kh + 1, stride[0])
    columns = range(0, width, stride[1]) if padding == "same" else range(0, width + left + right - kw + 1, stride[1])
    assume(len(rows) and len(columns))
    x, w = Tensor.shape_only(1, *size, groups * cin), Tensor.shape_only(*kernel, cin, groups * cout)
    tally = Tally(x, [])
    with observe(tally):
        apply(ops.Conv2d(stride, padding, groups), x, w, Tensor.shape_only(groups * cout) if bias else None)
    macs = outputs = 0
    for _ in product(rows, columns, range(groups), range(cout)):
        outputs += 1
        for _ in product(range(kh), range(kw), range(cin)):
            macs += 1
    row = tally.rows[0]
    assert (row.macs, row.flops, row.activations) == (macs, 2 * macs + (outputs if bias else 0), outputs)


def test_products_count_one_multiply_add_per_term():
    linear = summary(nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), 2)
    assert (linear.macs, linear.flops, linear.params, linear.depth) == (60, 125, 65, 1)
    tally, _ = totals(lambda x: x.reshape(4, 3) @ Tensor.shape_only(3, 5), 2, 2, 3)
    assert [row.macs for row in tally.rows] == [0, 60]


def test_module_3a_naive_and_reduced():
    # by hand: 28 * 28 * 192 * (64 + 9 * 128 + 25 * 32), the pooling passing all 192 channels on; against
    # 28 * 28 * (192 * (64 + 96 + 16 + 32) + 9 * 96 * 128 + 25 * 16 * 32)
    plain = partial(nn.ConvUnit, norm=None)
    naive = summary(nn.naive_inception(192, n1=64, n3=128, n5=32, unit=plain), 28, channels=192)
    reduced = summary(nn.inception(192, n1=64, r3=96, n3=128, r5=16, n5=32, pool_proj=32, unit=plain), 28, channels=192)
    assert (naive.macs, naive.rows[-1].output) == (303_464_448, (28, 28, 416))
    assert (reduced.macs, reduced.rows[-1].output) == (128_049_152, (28, 28, 256))
    assert reduced.params == 163_328 + 64 + 96 + 128 + 16 + 32 + 32
    assert (naive.depth, reduced.depth) == (1, 2)
    assert naive.receptive_field == reduced.receptive_field == (5, 5)


# -- receptive field and depth ---------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    layers=st.lists(
        st.tuples(
            st.sampled_from(["conv", "pool"]),
            st.tuples(st.integers(1, 3), st.integers(1, 3)),
            st.integers(1, 2),
            st.integers(0, 1),
        ),
        min_size=1,
        max_size=4,
    ),
    branch=st.integers(1, 3),
)
def test_receptive_field_is_what_a_pixel_depends_on(layers, branch):
    # every operation gets positive weights, so an input pixel matters exactly where its gradient is not zero
    def network(x, weights):
        side = weights(x, (branch, branch), 1, (branch - 1) // 2)
        x = concat([weights(x, (1, 1), 1, 0)[:, : side.shape[1], : side.shape[2]], side])
        for kind, kernel, stride, pad in layers:
            pad = min(pad, min(kernel) // 2)
            pool = ops.AvgPool2d(kernel, stride, (pad, 0, 0, pad))
            x = weights(x, kernel, stride, pad) if kind == "conv" else apply(pool, x)
        return x

    def conv(x, kernel, stride, pad):
        weight = np.full((*kernel, x.shape[3], 1), 0.5)
        return apply(ops.Conv2d(stride, (pad, 0, 0, pad)), x, Tensor(weight), None)

    def shape_conv(x, kernel, stride, pad):
        return apply(ops.Conv2d(stride, (pad, 0, 0, pad)), x, Tensor.shape_only(*kernel, x.shape[3], 1), None)

    _, field = totals(lambda x: network(x, shape_conv), 64, 64, 1)
    image = Tensor(np.ones((1, 64, 64, 1)), requires_grad=True)
    out = network(image, conv)
    centre = out.shape[1] // 2, out.shape[2] // 2
    cotangent = np.zeros(out.shape)
    cotangent[0, centre[0], centre[1]] = 1
    out.backward(cotangent)
    seen = np.argwhere(image.grad[0, :, :, 0])
    for axis in (0, 1):
        shift = centre[axis] * field.stride[axis]
        assert seen[:, axis].min() == field.low[axis] + shift
        assert seen[:, axis].max() == field.high[axis] + shift
    assert tuple(seen.max(0) - seen.min(0) + 1) == field.size


@pytest.mark.parametrize(
    ("layers", "field", "depth"),
    [([(5, 1)], 5, 1), ([(3, 1), (3, 1)], 5, 2), ([(3, 2), (3, 1), (3, 1)], 11, 3), ([(7, 2)], 7, 1)],
)
def test_receptive_fields_of_the_factorisations(layers, field, depth):
    # two 3x3 see 5x5; Inception-v3's stem sees 11x11 where GoogLeNet's 7x7 sees 7x7 (claims A6)
    network = nn.Sequential(*(nn.Conv2d(1, 1, kernel, stride=stride, padding="same") for kernel, stride in layers))
    counted = summary(network, 32, channels=1)
    assert counted.receptive_field == (field, field)
    assert counted.depth == depth


def test_global_pooling_is_not_part_of_the_receptive_field_but_a_convolution_of_all_pixels_is():
    conv = nn.Conv2d(1, 2, (1, 3), padding="same")
    for pool in (nn.GlobalAvgPool(), nn.AvgPool2d(8), nn.AdaptiveAvgPool2d(1), nn.MaxPool2d(8)):
        assert summary(nn.Sequential(conv, pool), 8, channels=1).receptive_field == (1, 3)
    for pool, size, field in [
        (nn.AvgPool2d(4), 8, (4, 6)),
        (nn.MaxPool2d(3, stride=1, padding=1), 2, (3, 5)),
        (nn.MaxPool2d((8, 1), stride=8), 8, (8, 3)),
    ]:
        assert summary(nn.Sequential(conv, pool), size, channels=1).receptive_field == field
    assert summary(nn.Sequential(conv, nn.Conv2d(2, 1, 8, padding=0)), 8, channels=1).receptive_field == (8, 10)


def test_depth_is_the_longest_path_without_auxiliary_heads():
    class Net(nn.Module):
        def __init__(self):
            self.one, self.two, self.head = nn.Conv2d(3, 4, 1), nn.ConvUnit(3, 4, 3), nn.Conv2d(4, 4, 3)
            self.aux = nn.Sequential(*(nn.Conv2d(4, 4, 3, padding="same") for _ in range(9)))

        def forward(self, x):
            x = self.one(x) + self.two(x)
            aux = (self.aux(x),) if self.training else ()
            return nn.Output(self.head(x), aux)

    net = Net()
    net.head.eval()
    inference, training = summary(net, 8), summary(net, 8, training=True)
    head, deep = 9 * 16 + 4, 9 * (9 * 16 + 4)
    assert inference.depth == training.depth == 2
    assert inference.unread == deep
    assert training.unread == 0
    assert training.params - inference.params == deep
    assert training.macs - inference.macs == 9 * 9 * 16 * 64
    assert inference.params == (12 + 4) + (9 * 12 + 8) + head
    assert [net.training, net.head.training, net.aux.training] == [True, False, True]


def test_summary_leaves_the_network_as_it_was():
    net = nn.Sequential(nn.ConvUnit(3, 4, 3), nn.Dropout(0.5), nn.GlobalAvgPool())
    before = net.state_dict()
    state = nn.random.get_state()
    summary(net, 8, training=True)
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert nn.random.get_state() == state


def test_float64_modules_count_the_same():
    net = nn.ConvUnit(3, 4, 3)
    assert summary(net, 8).to_json() == summary(net.to(np.float64), 8).to_json()


def test_shared_and_frozen_parameters():
    class Twice(nn.Module):
        def __init__(self):
            self.conv = nn.Conv2d(2, 2, 3, padding="same")

        def forward(self, x):
            return self.conv(self.conv(x))

    net = Twice()
    net.conv.bias.requires_grad = False
    counted = summary(net, 4, channels=2)
    assert [row.params for row in counted.rows] == [38, 0]
    assert (counted.params, counted.params_trainable) == (38, 36)
    assert counted.macs == 2 * 16 * 36
    assert "38 (2 of them frozen)" in str(counted)


# -- networks by name, tables and JSON -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", models.names())
def test_every_network_adds_up(name):
    counted = summary(name)
    with nn.shape_only():
        network = models.build(name)
    learnt = sum(parameter.size for parameter in network.parameters())
    assert counted.params + counted.unread == learnt
    assert summary(name, training=True).params == learnt
    assert counted.params == counted.params_trainable
    out = counted.to_json()
    assert set(out) >= {
        "model",
        "input",
        "params",
        "params_trainable",
        "macs",
        "flops",
        "depth",
        "receptive_field",
        "layers",
    }
    assert all(set(layer) >= {"name", "op", "output", "params", "macs"} for layer in out["layers"])
    assert json.loads(json.dumps(out)) == out
    assert out["model"] == name
    assert out["input"] == [*models.info(name).input_size, 3]
    assert sum(layer["params"] for layer in out["layers"]) == out["params"]
    assert sum(layer["macs"] for layer in out["layers"]) == out["macs"]
    assert out["flops"] > 2 * out["macs"]
    assert out["layers"][-1]["output"] == [models.info(name).num_classes]


def test_size_channels_and_classes_of_a_named_network():
    small, large = summary("plain_cifar"), summary("plain_cifar", (64, 32), channels=1, num_classes=100)
    assert large.input == (64, 32, 1)
    assert large.rows[-1].output == (100,)
    assert large.macs > 1.9 * small.macs
    assert large.receptive_field == small.receptive_field


def test_table_is_the_tree_of_modules():
    net = nn.Sequential(
        {
            "stem": nn.ConvUnit(3, 8, 3, stride=2),
            "mixed": nn.Branches(
                {
                    "one": nn.ConvUnit(8, 4, 1),
                    "two": nn.Sequential({"a": nn.ConvUnit(8, 4, 1), "b": nn.ConvUnit(4, 4, 3)}),
                }
            ),
        }
    )
    lines = [line.split() for line in str(summary(net, 16)).splitlines()]
    assert lines[2:10] == [
        ["stem", "Conv2d", "+", "BatchNorm", "8x8x8", "232", "13,824", "50.9%", "3x3"],
        ["mixed", "8x8x8", "232", "13,312", "49.1%", "7x7"],
        ["one", "Conv2d", "+", "BatchNorm", "8x8x4", "40", "2,048", "7.5%", "3x3"],
        ["two", "8x8x4", "192", "11,264", "41.5%", "7x7"],
        ["a", "Conv2d", "+", "BatchNorm", "8x8x4", "40", "2,048", "7.5%", "3x3"],
        ["b", "Conv2d", "+", "BatchNorm", "8x8x4", "152", "9,216", "34.0%", "7x7"],
        [".", "Concat", "8x8x8", "0", "0", "0.0%", "7x7"],
        [],
    ]
    text = str(summary(net, 16))
    for line in (
        "Sequential, input 16x16x3",
        "parameters       464",
        "multiply-adds    27,136",
        "depth            3 weight layers",
        "receptive field  7x7, stride 2x2",
    ):
        assert line in text


def test_comparison_puts_networks_side_by_side():
    compared = compare(["plain_cifar", "inception_cifar"])
    one, two = summary("plain_cifar"), summary("inception_cifar")
    assert compared.to_json() == {"models": [one.totals(), two.totals()]}
    first, second = str(compared).splitlines()[2:]
    assert first.split()[:4] == ["plain_cifar", "32x32x3", f"{one.params:,}", "x1.00"]
    assert second.split()[3] == f"x{two.params / one.params:.2f}"
    assert f"{two.macs:,}  x{two.macs / one.macs:.2f}" in second


def test_errors_name_the_argument():
    net = nn.Conv2d(3, 4, 3, padding="same")
    for call, message in [
        (lambda: summary(net), "a module needs input_size"),
        (lambda: summary(net, 0), "input_size must be one or two whole numbers of at least 1, got 0"),
        (lambda: summary(net, (3, 3, 3)), "input_size must be one or two whole numbers"),
        (lambda: summary(net, 8, channels=0), "channels must be"),
        (lambda: summary(net, 8, num_classes=5), "num_classes goes with the name"),
        (lambda: summary("inceptoin_cifar"), "did you mean 'inception_cifar'"),
        (lambda: summary("plain_cifar", channels=-1), "channels must be"),
        (lambda: summary("plain_cifar", num_classes=0), "num_classes must be"),
        (lambda: compare([]), "no networks given"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            call()
    with pytest.raises(ShapeError, match="Conv2d: input 1x8x8x5 has 5 channels"):
        summary(net, 8, channels=5)
