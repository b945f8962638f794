"""The networks of the papers against a table of every layer, made without this package: fixtures/networks.json."""

import json
from collections import Counter, defaultdict

import numpy as np
import pytest

from tests.helpers.places import FIXTURES
from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.tensor import Hook, Tensor, observe

TABLE = json.loads((FIXTURES / "networks.json").read_text(encoding="utf-8"))
NAMES = {
    "alexnet_original_grouped": "alexnet",
    "vgg16": "vgg16",
    "googlenet_paper": "googlenet",
    "googlenet_paper_sepconv": "googlenet_separable",
    "googlenet_torchvision": "googlenet_torchvision",
    "bn_inception_caffe": "bn_inception",
    "bn_inception_slim": "bn_inception_slim",
    "inception_v2_table1_A": "inception_v2_a",
    "inception_v2_table1_B": "inception_v2_b",
    "inception_v2_table1_C": "inception_v2",
    "inception_v3": "inception_v3",
    "inception_v4": "inception_v4",
    "inception_resnet_v1": "inception_resnet_v1",
    "inception_resnet_v2_code": "inception_resnet_v2",
    "inception_resnet_v2_paper_fixed": "inception_resnet_v2_paper",
}
WITH_AUX = {name: {"aux": True} for name in ("inception_v4", "inception_resnet_v2_code")}  # off unless asked for
PAPERS = [name for name in models.names() if models.info(name).num_classes == 1000]


def build(name, **options):
    with nn.shape_only():
        return models.build(name, **options)


class Layers(Hook):
    """A row like the table's for each convolution and linear layer, batch-norm added to the layer before it."""

    def __init__(self):
        self.rows, self.outputs = [], defaultdict(list)

    def after(self, node, inputs, output):
        op = node.op
        stage = node.path.split(".")[0]
        self.outputs[stage].append(output.shape[1:])
        if op.name == "BatchNorm":
            assert self.rows[-1]["path"].rpartition(".")[0] == node.path.rpartition(".")[0]
            self.rows[-1]["bn"] = output.shape[-1]
        elif op.name in ("Conv2d", "Linear"):
            x, weight, bias = (*inputs, None)[:3]
            cost = op.cost(*node.shapes)
            conv = op.name == "Conv2d"
            self.rows.append(
                {
                    "path": node.path,
                    "stage": stage,
                    "op": "conv" if conv else "fc",
                    "k": list(weight.shape[:2]) if conv else [1, 1],
                    "s": list(op.window(*node.shapes).stride) if conv else [1, 1],
                    "groups": x.shape[-1] // weight.shape[-2] if conv else 1,
                    "cin": x.shape[-1],
                    "cout": weight.shape[-1],
                    "out": list(output.shape[1:]) if conv else [1, 1, output.shape[-1]],
                    "weights": weight.size,
                    "bias": 0 if bias is None else bias.size,
                    "bn": 0,
                    "macs": cost.macs // x.shape[0],
                }
            )


def trace(name, size, **options):
    network = build(name, **options)
    network.train(bool(options.get("aux", True)))
    layers = Layers()
    with observe(layers):
        network(Tensor.shape_only(2, *size))
    return network, layers


def joined(rows):
    """The two halves of a separable convolution as the one layer that the table has."""
    result = []
    for row in rows:
        if row["path"].endswith(".pointwise"):
            first = result.pop()
            row = {
                **row,
                "op": "sepconv",
                "k": first["k"],
                "s": first["s"],
                "cin": first["cin"],
                "weights": first["weights"] + row["weights"],
                "macs": first["macs"] + row["macs"],
            }
        result.append(row)
    return result


def stage_of(name):
    """The table's name of a stage of ours: its auxiliary classifiers and the parts of our head are called otherwise."""
    if name.startswith("aux_"):
        return "aux_4a" if name.endswith("4a") else "aux_4d" if name.endswith("4d") else "aux"
    return {"head": "linear"}.get(name, name)


FIELDS = ("stage", "op", "k", "s", "groups", "cin", "cout", "out", "weights", "bias", "bn", "macs")


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_is_that_of_the_table(name):
    table = TABLE[name]
    _, layers = trace(NAMES[name], table["input"], **WITH_AUX.get(name, {}))
    ours = Counter(json.dumps([stage_of(row["stage"]), *(row[f] for f in FIELDS[1:])]) for row in joined(layers.rows))
    theirs = Counter(json.dumps(row[:-1]) for row in table["layers"])
    assert ours == theirs


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_has_the_output_the_counts_and_the_depth_of_the_table(name):
    table = TABLE[name]
    network, layers = trace(NAMES[name], table["input"], **WITH_AUX.get(name, {}))
    rows = joined(layers.rows)
    outputs = {stage_of(stage): shapes[-1] for stage, shapes in layers.outputs.items()}
    for stage, out, _, weights, bias, bn, macs, convs, _ in table["stages"]:
        if stage == "avgpool":
            assert layers.outputs["head"][0] == (out[2],)
            continue
        shape = outputs[stage]
        assert list(shape) == out or out == [1, 1, *shape], stage
        inside = [row for row in rows if stage_of(row["stage"]) == stage]
        sums = [sum(row[f] for row in inside) for f in ("weights", "bias", "bn", "macs")]
        assert [*sums, sum(row["op"] != "fc" for row in inside)] == [weights, bias, bn, macs, convs], stage
    counted = summary(network, tuple(table["input"][:2]), training=network.training)
    depths = {stage_of(row.name.split(".")[0]): row.field.depth for row in counted.rows}
    assert all(depths[stage] == depth for stage, _, depth, *_ in table["stages"] if stage != "avgpool")
    stages = [stage for stage, *_ in table["stages"] if stage != "avgpool" and not stage.startswith("aux")]
    ours = [stage_of(stage) for stage in network.stages]
    assert [stage for stage in ours if stage not in ("norm1", "norm2", "grid")] == stages


@pytest.mark.parametrize("name", NAMES)
def test_totals_are_those_of_the_key_table(name):
    table, totals = TABLE[name], TABLE[name]["without_aux"]
    counted = summary(NAMES[name])
    network = build(NAMES[name])
    gamma = any(n.endswith("gamma") for n, _ in network.named_parameters())
    assert counted.params == totals["affine" if gamma else "tf_train"]
    assert counted.macs == totals["macs"]
    assert counted.depth == table["depth"]
    assert list(counted.input) == table["input"]


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE[name]["with_aux"]])
def test_totals_with_auxiliary_classifiers(name):
    totals = TABLE[name]["with_aux"]
    network = build(NAMES[name], **WITH_AUX.get(name, {}))
    assert sum(p.size for p in network.parameters()) == totals["affine"]
    counted = summary(network, tuple(TABLE[name]["input"][:2]), training=True)
    assert (counted.params, counted.macs) == (totals["affine"], totals["macs"])


@pytest.mark.parametrize(("name", "size", "grid"), [("inception_v3_151", 151, 35), ("inception_v3_79", 79, 36)])
def test_the_stems_for_small_images(name, size, grid):
    """Table 2 of Rethinking: 151 costs exactly what 299 costs; 79 leaves one pixel more and costs 6.15 % less."""
    counted, full = summary(name), summary("inception_v3")
    rows = {row.name.split(".")[0]: row.output for row in counted.rows}
    assert counted.input == (size, size, 3)
    assert rows["MaxPool_5a_3x3"] == (grid, grid, 192)
    assert counted.params == full.params
    assert counted.macs == {151: full.macs, 79: 5_361_703_520}[size]


@pytest.mark.parametrize("name", PAPERS)
def test_any_number_of_classes_and_channels(name):
    network = build(name, num_classes=7, channels=1)
    size = models.info(name).input_size
    output = network(Tensor.shape_only(2, *size, 1))
    assert [t.shape for t in (output.logits, *output.aux)] == [(2, 7)] * (1 + len(output.aux))
    assert network.eval()(Tensor.shape_only(1, *size, 1)).aux == ()


@pytest.mark.parametrize("name", PAPERS)
@pytest.mark.parametrize("training", [False, True])
def test_the_smallest_image_fits_and_one_pixel_less_is_refused_by_name(name, training):
    network = build(name).train(training)
    least = network.smallest
    assert network(Tensor.shape_only(2, least, least, 3)).logits.shape == (2, 1000)
    if least > 1:
        told = f"images must be at least {least}x{least}, these are {least - 1}x{least}: "
        with pytest.raises(ShapeError, match=told):
            network(Tensor.shape_only(2, least - 1, least, 3))


def test_the_smallest_images_of_some_networks():
    """Inception-v3 in evaluation: 75 -> 37 -> 35 -> 35 -> 17 -> 17 -> 15 -> 7 -> 7 -> 3 -> 1, worked out by hand."""
    assert build("inception_v3").eval().smallest == 75
    assert build("inception_v3").smallest == 299  # the auxiliary 5x5 wants 5x5 of a 17x17 grid
    assert build("alexnet").eval().smallest == 67  # 67 -> 15 -> 7 -> 3 -> 1
    assert build("vgg16").eval().smallest == 32
    assert build("googlenet").smallest > 200  # its auxiliary classifiers need a 14x14 grid


def test_a_refused_image_changes_nothing():
    network = models.build("inception_cifar", channels=1)
    before = network.state_dict()
    with pytest.raises(ShapeError, match=r"images must be at least 17x17, these are 16x16: .*aux_mixed_8b"):
        network(Tensor(np.zeros((2, 16, 16, 1), np.float32)))
    assert all(np.array_equal(array, before[name]) for name, array in network.state_dict().items())


def test_the_rehearsal_is_seen_by_no_hook():
    network = models.build("inception_cifar", channels=1)
    seen, calls = Layers(), []
    network.stem.register_forward_hook(lambda *_: calls.append(1))
    with observe(seen):
        network(Tensor(np.zeros((2, 32, 32, 1), np.float32)))
    assert len(calls) == 1
    assert sum(row["stage"] == "stem" for row in seen.rows) == 3


def test_only_the_scales_differ_between_networks_of_other_scales():
    one, two = build("inception_resnet_v1"), build("inception_resnet_v1", scales=(0.3, 0.3, 0.3))
    assert (one.block35_1.scale, one.block17_1.scale, one.block8_1.scale) == (0.17, 0.1, 0.2)
    assert (two.block35_1.scale, two.block17_1.scale, two.block8_1.scale) == (0.3, 0.3, 0.3)
    released = build("inception_resnet_v2")
    assert (released.block8_9.scale, released.block8_9.relu) == (0.2, True)
    assert (released.block8_10.scale, released.block8_10.relu) == (1.0, False)


@pytest.mark.parametrize(
    ("name", "eps", "momentum", "gamma", "rate"),
    [
        ("googlenet_torchvision", 1e-3, 0.1, True, 0.2),
        ("bn_inception", 1e-5, 0.1, True, 0.0),
        ("bn_inception_slim", 1e-3, 0.0003, False, 0.2),
        ("inception_v2", 1e-3, 0.0003, False, 0.2),
        ("inception_v3", 1e-3, 0.1, True, 0.5),
        ("inception_v4", 1e-3, 0.1, True, 0.2),
        ("inception_resnet_v1", 1e-3, 0.005, False, 0.2),
        ("inception_resnet_v2", 1e-3, 0.1, True, 0.2),
    ],
)
def test_batch_norm_and_dropout_are_those_of_the_implementation(name, eps, momentum, gamma, rate):
    network = build(name)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {(n.eps, n.momentum, n.gamma is not None) for n in norms} == {(eps, momentum, gamma)}
    assert network.head.dropout.p == rate


@pytest.mark.parametrize("name", ["googlenet_slim", "bn_inception_slim"])
def test_all_that_strides_in_tf_slims_networks_pads_the_same(name):
    """On 225 pixels, an odd number, TensorFlow's windows begin a pixel before those that round up."""
    windows = {}

    class Strides(Hook):
        def after(self, node, inputs, output):
            window = node.op.window(*node.shapes)
            if node.name in ("Conv2d", "MaxPool2d") and window.stride == (2, 2):
                windows[node.path] = inputs[0].shape[1], window.kernel[0], window.padding[:2]

    with observe(Strides()):
        build(name).eval()(Tensor.shape_only(1, 225, 225, 3))
    assert len(windows) > 4
    for path, (size, kernel, padding) in windows.items():
        total = max((-(-size // 2) - 1) * 2 + kernel - size, 0)
        assert padding == (total // 2, total - total // 2), path


@pytest.mark.parametrize(
    ("convention", "momentum", "gamma", "border", "rate"),
    [("torchvision", 0.1, True, True, 0.5), ("slim", 0.0003, False, False, 0.2), ("keras", 0.01, False, False, 0.0)],
)
def test_conventions_of_inception_v3(convention, momentum, gamma, border, rate):
    network = build("inception_v3", convention=convention)
    norm, pool = network.Conv2d_1a_3x3.norm, network.Mixed_5b.pool.pool
    assert (norm.momentum, norm.gamma is not None, pool.count_include_pad) == (momentum, gamma, border)
    assert network.head.dropout.p == rate


@pytest.mark.parametrize(
    ("name", "where", "std"),
    [
        ("alexnet", "fc6.fc.weight", 0.01),
        ("vgg16", "fc7.fc.weight", 0.01),
        ("googlenet_torchvision", "inception_5b.one.conv.weight", 0.01),
        ("bn_inception_slim", "inception_4d.three.conv1_1x1.conv.weight", 0.09 * 0.8796),
        ("bn_inception_slim", "inception_4d.pool.proj.conv.weight", 0.1 * 0.8796),
        ("bn_inception_slim", "inception_4d.three.conv2_3x3.conv.weight", (2 / (9 * 128)) ** 0.5),
        ("inception_v3", "Mixed_7c.one.conv.weight", 0.1),
        ("inception_v3", "aux_Mixed_6e.fc.weight", 0.001),
        ("inception_v3", "aux_Mixed_6e.conv.conv.weight", 0.1),
    ],
)
def test_first_weights_have_the_spread_of_the_implementation(name, where, std):
    nn.random.manual_seed(3)
    weight = dict(models.build(name).named_parameters())[where].numpy()
    assert weight.std() == pytest.approx(std, rel=0.02)
    assert abs(weight.mean()) < 4 * std / weight.size**0.5


def test_first_biases_of_alexnet_and_googlenet():
    alexnet, google = (dict(models.build(name).named_parameters()) for name in ("alexnet", "googlenet"))
    ones = {name.split(".")[0] for name, p in alexnet.items() if name.endswith("bias") and (p.numpy() == 1).all()}
    assert ones == {"conv2", "conv4", "conv5", "fc6", "fc7"}
    assert (google["inception_3a.one.conv.bias"].numpy() == np.float32(0.2)).all()


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("inception_v3", {"convention": "slimm"}, "unknown convention of inception_v3 'slimm'; did you mean 'slim'"),
        ("inception_v2", {"reading": "d"}, "unknown reading of inception_v2 'd'"),
        ("inception_v3", {"input_size": 224}, "input_size must be one of 299, 151, 79, got 224"),
        ("inception_resnet_v1", {"scales": (0.1,)}, r"scales must be as many numbers as by default, got \(0.1,\)"),
        ("inception_v33", {}, "did you mean 'inception_v3'"),
    ],
)
def test_wrong_options_are_refused(name, options, told):
    with pytest.raises(ArgumentError, match=told):
        build(name, **options)
