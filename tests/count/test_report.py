"""What a summary says beyond MACs: parameter conventions, backward, intensity, depth of separable layers, and HTML."""

import json
import re
from functools import partial
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyinception import cli, models, nn
from tinyinception.count import Tally, compare, summary
from tinyinception.tensor import Tensor, observe

# -- parameters --------------------------------------------------------------------------------------------------------


# affine, trainable without gamma, Keras total: from the published implementations, batch-norm with and without gamma
@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("inception_v3", {}, (23_834_568, 23_817_352, 23_851_784)),
        ("inception_v3", {"convention": "slim"}, (23_834_568, 23_817_352, 23_851_784)),
        ("googlenet_torchvision", {}, (6_624_904, 6_617_624, 6_632_184)),
        ("bn_inception", {}, (11_295_240, 11_285_224, 11_305_256)),
        ("bn_inception_slim", {}, (11_188_224, 11_178_336, 11_198_112)),
        ("inception_resnet_v2", {}, (55_843_464, 55_813_192, 55_873_736)),
        ("vgg16", {}, (138_357_544,) * 3),
    ],
)
def test_parameters_as_each_framework_counts_them(name, options, expected):
    with nn.shape_only():
        network = models.build(name, **options)
    assert summary(network, models.info(name).input_size).conventions == expected


def test_auxiliary_heads_count_in_training_by_every_convention():
    counted = summary("inception_v3", training=True)
    assert counted.conventions == (27_161_264, 27_143_152, 27_179_376)
    assert (counted.params, counted.macs) == (27_161_264, 5_718_899_296)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("gamma", [False, True])
@pytest.mark.parametrize("beta", [False, True])
def test_a_shared_batch_norm_counts_once(training, gamma, beta):
    class Twice(nn.Module):
        def __init__(self):
            self.norm = nn.BatchNorm2d(3, gamma=gamma, beta=beta)
            self.other, self.conv = nn.BatchNorm2d(3, gamma=gamma, beta=beta), nn.Conv2d(3, 3, 1)

        def forward(self, x):
            return self.other(self.norm(self.conv(self.norm(x))))

    counted = summary(Twice(), 4, training=training)
    assert counted.conventions == (12 + 2 * 6, 12 + 6, 12 + 3 * 6)
    assert counted.params == 12 + 6 * (gamma + beta)


# -- backward ----------------------------------------------------------------------------------------------------------


def test_the_first_layer_needs_no_gradient_of_the_image():
    net = nn.Sequential(one=nn.ConvUnit(3, 4, 3), two=nn.ConvUnit(4, 5, 1), three=nn.Conv2d(5, 2, 1))
    one, two, three = 64 * 27 * 4, 64 * 4 * 5, 64 * 5 * 2
    counted = summary(net, 8)
    assert (counted.weight_grad_macs, counted.input_grad_macs) == (one + two + three, two + three)
    assert counted.training_macs == 3 * (one + two + three) - one
    for parameter in (*net.one.parameters(), *net.two.parameters()):  # as for fine-tuning the last layer
        parameter.requires_grad = False
    tuned = summary(net, 8)
    assert (tuned.weight_grad_macs, tuned.input_grad_macs) == (three, 0)


@pytest.mark.parametrize("name", ["inception_v3", "inception_resnet_v1", "googlenet_separable"])
def test_training_costs_three_times_the_forward_pass_but_for_the_first_layer(name):
    counted = summary(name)
    first = next(row.macs for row in counted.rows if row.macs)
    assert counted.training_macs == 3 * counted.macs - first


def test_every_layer_that_reads_the_image_is_a_first_layer():
    net = nn.Branches(
        a=nn.Conv2d(3, 4, 1), b=nn.Sequential(pool=nn.MaxPool2d(3, stride=1, padding=1), conv=nn.Conv2d(3, 4, 1))
    )
    counted = summary(net, 8)
    assert (counted.weight_grad_macs, counted.input_grad_macs) == (counted.macs, 0)


# -- arithmetic intensity ----------------------------------------------------------------------------------------------


def test_intensity_is_flops_over_bytes_by_hand():
    flat, linear = summary(nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), 2).rows
    assert (flat.bytes_moved, flat.intensity) == (0, 0)
    assert linear.bytes_moved == 4 * (12 + 60 + 5 + 5)
    assert linear.intensity == 125 / 328
    net = nn.Sequential(conv=nn.Conv2d(2, 3, 3, bias=False, padding="same"), norm=nn.BatchNorm2d(3, relu=True))
    for training in (False, True):  # a batch of two, but everything is told for one image
        conv, norm = summary(net, (4, 5), channels=2, training=training).rows
        assert (conv.flops, conv.bytes_moved) == (2 * 20 * 54, 4 * (40 + 54 + 60))
        assert (norm.flops, norm.bytes_moved) == (3 * 60, 4 * (60 + 6 + 60))
        counted = summary(net, (4, 5), channels=2, training=training)
        assert counted.intensity == (2160 + 180) / (4 * (154 + 126))


def test_what_is_read_twice_by_one_operation_is_moved_once():
    image = Tensor.shape_only(1, 2, 2, 3)
    tally = Tally(image, [])
    with observe(tally):
        image * image
    assert tally.rows[0].bytes_moved == 4 * 24


# -- receptive field, stride, centre, depth ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "size", "stride", "centre"),
    [
        (nn.Conv2d(1, 1, 3, padding="same"), [3, 3], [1, 1], [0.0, 0.0]),
        (nn.Conv2d(1, 1, 3, stride=2, padding="valid"), [3, 3], [2, 2], [1.0, 1.0]),
        (nn.Conv2d(1, 1, (1, 7), padding=(0, 3)), [1, 7], [1, 1], [0.0, 0.0]),
        (nn.Conv2d(1, 1, 3, stride=2, padding="same"), [3, 3], [2, 2], [1.0, 1.0]),  # pads below and right only
        (nn.MaxPool2d(2), [2, 2], [2, 2], [0.5, 0.5]),
        (nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(1, 1, 3, padding="valid")), [6, 6], [2, 2], [2.5, 2.5]),
    ],
)
def test_json_rows_say_what_a_pixel_sees_and_where(layer, size, stride, centre):
    row = summary(layer, 8, channels=1).to_json()["layers"][-1]
    assert (row["receptive_field"], row["stride"], row["centre"]) == (size, stride, centre)


@settings(max_examples=40, deadline=None)
@given(layers=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=4))
def test_the_centre_is_the_middle_of_what_a_pixel_depends_on(layers):
    net = nn.Sequential(
        {
            f"conv{i}": nn.Conv2d(1, 1, (kernel, 1), stride=(stride, 1), padding=(min(pad, kernel - 1), 0))
            for i, (kernel, stride, pad) in enumerate(layers)
        }
    ).to(np.float64)
    for parameter in net.parameters():
        parameter.data = np.ones(parameter.shape)
    image = Tensor(np.ones((1, 600, 1, 1)), requires_grad=True)  # 120 pixels are seen at most
    out = net(image)
    middle = out.shape[1] // 2
    cotangent = np.zeros(out.shape)
    cotangent[0, middle] = 1
    out.backward(cotangent)
    seen = np.flatnonzero(image.grad)
    (row, _), (stride, _) = (
        summary(net, (600, 1), channels=1).to_json()["layers"][-1][key] for key in ("centre", "stride")
    )
    assert (seen.min() + seen.max()) / 2 == row + middle * stride


@pytest.mark.parametrize(("name", "depth"), [("googlenet_separable", 22), ("bn_inception_slim", 34), ("googlenet", 22)])
def test_a_separable_first_layer_is_one_layer(name, depth):
    counted = summary(name)
    assert counted.depth == depth
    assert counted.rows[0].field.depth == counted.rows[1].field.depth == 1


def test_only_the_1x1_right_after_a_depthwise_convolution_belongs_to_it():
    def depth(*layers, channels=4):
        return summary(nn.Sequential(*layers), 8, channels=channels).depth

    depthwise, pointwise = nn.Conv2d(4, 8, 3, groups=4), nn.Conv2d(8, 5, 1)
    assert depth(depthwise) == 1
    assert depth(depthwise, pointwise) == 1
    assert depth(depthwise, pointwise, nn.Conv2d(5, 5, 1)) == 2
    assert depth(nn.Conv2d(4, 4, 3, padding="same"), depthwise, pointwise) == 2
    assert depth(depthwise, nn.ReLU(), pointwise) == 2
    assert depth(depthwise, nn.BatchNorm2d(8), pointwise) == 2
    assert depth(depthwise, nn.Conv2d(8, 5, 3, padding="same")) == 2
    assert depth(depthwise, nn.Conv2d(8, 8, 1, groups=8)) == 2
    assert depth(depthwise, nn.Conv2d(8, 8, 1, groups=2)) == 2
    assert depth(nn.Conv2d(4, 8, 3, groups=2, padding="same"), pointwise) == 2
    assert depth(nn.Conv2d(1, 8, 3, padding="same"), pointwise, channels=1) == 2


# -- JSON, comparison, command line ------------------------------------------------------------------------------------


def test_json_says_what_the_summary_says():
    counted = summary("inception_cifar", training=True)
    out = counted.to_json()
    assert out["training"] is True
    assert out["params_by_convention"] == dict(zip(("affine", "tf_train", "keras"), counted.conventions, strict=True))
    assert out["backward_macs"] == {"weights": counted.weight_grad_macs, "inputs": counted.input_grad_macs}
    assert out["training_macs"] == out["macs"] + sum(out["backward_macs"].values())
    assert out["activation_bytes"] == {
        "inference": counted.memory.inference,
        "inference_peak": counted.memory.peak,
        "training": counted.memory.training,
    }
    assert out["intensity"] == out["flops"] / out["bytes_moved"]
    for key in ("flops", "activations", "bytes_moved"):
        assert sum(layer[key] for layer in out["layers"]) == out[key]
    for key in ("weights", "inputs"):
        assert sum(layer["backward_macs"][key] for layer in out["layers"]) == out["backward_macs"][key]
    assert max(layer["depth"] for layer in out["layers"]) >= out["depth"]
    assert json.loads(json.dumps(out)) == out


def test_blocks_are_compared_under_names_of_their_own():
    plain = partial(nn.ConvUnit, norm=None)
    five, two = plain(64, 96, 5), nn.chain(64, [(96, 3), (96, 3)], unit=plain)
    compared = compare({"5x5": five, "two 3x3": two}, (28, 28), channels=64)
    assert [s.model for s in compared.summaries] == ["5x5", "two 3x3"]
    one, other = compared.summaries
    assert (one.macs, other.macs) == (28 * 28 * 25 * 64 * 96, 28 * 28 * 9 * (64 * 96 + 96 * 96))
    assert one.receptive_field == other.receptive_field == (5, 5)
    assert [line.split("  ")[0] for line in str(compared).splitlines()[2:]] == ["5x5", "two 3x3"]
    assert compare([five], 28, channels=64, training=True).summaries[0].training


@pytest.mark.parametrize("command", ["summary", "compare"])
def test_training_flag_of_the_command_line(command, capsys):
    assert cli.main([command, "inception_cifar", "--training", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    told = told["models"][0] if command == "compare" else told
    expected = summary("inception_cifar", training=True)
    assert told.items() >= expected.totals().items()
    assert told["params"] > summary("inception_cifar").params


def test_table_names_the_conventions_only_where_there_is_batch_norm():
    with_norm, without = str(summary("inception_v3")), str(summary("vgg16"))
    assert (
        "23,834,568 with gamma (PyTorch), 23,817,352 without (TF-slim), 23,851,784 with running statistics (Keras)"
        in with_norm
    )
    assert "with gamma" not in without
    assert "as in training" not in with_norm
    assert "inception_v3, input 299x299x3, as in training" in str(summary("inception_v3", training=True))


# -- HTML --------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Checks that tags nest, and collects the text of each line."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.lines, self.urls, self.widths = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.open.append(tag)
        self.tags.append(tag)
        self.urls += [v for k, v in attributes.items() if k in ("src", "href")]
        self.widths += map(float, re.findall(r"width:([\d.]+)%", attributes.get("style") or ""))
        if "line" in (attributes.get("class") or "").split() or tag == "tr":
            self.lines.append([])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if self.lines and self.open[-1] not in ("style", "pre"):
            self.lines[-1].append(text)


def test_html_has_a_line_for_each_module_and_folds_those_with_parts():
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
    page = Page(summary(net, 16)._repr_html_())
    assert [line[0] for line in page.lines] == ["layer", "stem", "mixed", "one", "two", "a", "b", "."]
    assert page.tags.count("details") == page.tags.count("summary") == 2
    intensity = (2 * 13_824 + 3 * 512) / (4 * (768 + 216 + 512) + 4 * (512 + 16 + 512))
    assert page.lines[1] == [
        "stem",
        "Conv2d + BatchNorm",
        "8x8x8",
        "232",
        "13,824",
        "50.9%",
        "3x3",
        "2x2",
        f"{intensity:.1f}",
    ]
    assert page.lines[2][1:6] == ["7 operations", "8x8x8", "232", "13,312", "49.1%"]
    # bars are as wide as a share of the largest stage
    assert page.widths == [100.0, 96.3, 14.8, 81.5, 14.8, 66.7, 0.0]


@pytest.mark.parametrize("name", ["inception_v4", "alexnet", "inception_resnet_cifar"])
def test_html_fetches_nothing_and_says_what_the_table_says(name):
    counted = summary(name)
    text = counted._repr_html_()
    page = Page(text)
    assert page.urls == []
    assert not re.search(r"https?:|url\(|@import|<script", text)
    assert max(page.widths) == 100
    table = [line.split()[0] for line in str(counted).split("\n\n")[0].splitlines()[2:]]
    assert [line[0] for line in page.lines[1:]] == table
    for number in (counted.params, counted.macs, counted.flops, counted.backward_macs):
        assert f"{number:,}" in text


def test_html_of_a_comparison():
    compared = compare(
        {"<b>5x5</b> & more": nn.Conv2d(2, 2, 5, padding=2), "3x3": nn.Conv2d(2, 2, 3, padding=1)}, 8, channels=2
    )
    page = Page(compared._repr_html_())
    assert page.lines[1][:5] == ["<b>5x5</b> & more", "8x8x2", "102", "6,400", "100.0%"]
    assert "<b>5x5" not in compared._repr_html_()
    assert page.lines[2][:5] == ["3x3", "8x8x2", "38", "2,304", "36.0%"]
    assert page.widths == [100.0, 36.0]


def test_html_of_a_network_without_weights():
    page = Page(summary(nn.Sequential(a=nn.MaxPool2d(2)), 4)._repr_html_())
    assert page.widths == [0.0]
    assert Page(compare([nn.MaxPool2d(2)], 4)._repr_html_()).widths == [0.0]
