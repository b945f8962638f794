"""Comparisons of whole networks: what becomes a headline, what the report says, what a translation keeps.

The tests have no PyTorch: that its network has as many parameters as ours and computes the same losses and logits is
checked by the benchmarks themselves, each time they run.
"""

import sys
from functools import reduce
from importlib import import_module

import numpy as np
import pytest

from benchmarks import common, comparison, inference, ours, report, sides, train_step, translate
from tinyinception import models
from tinyinception.nn import functional as F
from tinyinception.tensor import Tensor, no_grad


def measured(side, batch=128, **values):
    return {
        "what": "speed",
        "against": "PyTorch",
        "network": "inception_cifar",
        "batch": batch,
        "side": side,
        "status": "measured",
        **values,
    }


ROWS = [
    measured("tinyinception", images_per_s=600.0, p25=590.0, p75=610.0, ratio=1.0),
    measured("PyTorch eager", images_per_s=300.0, p25=290.0, p75=310.0, ratio=2.0),
    measured("PyTorch eager, channels-last", images_per_s=400.0, p25=390.0, p75=410.0, ratio=1.5),
    measured("PyTorch eager", 64, images_per_s=900.0, p25=900.0, p75=900.0, ratio=0.5),
    {**measured("PyTorch compile"), "status": "failed", "reason": "no compiler"},
    *[
        {
            "what": "memory",
            "network": "inception_cifar",
            "batch": 128,
            "side": side,
            "status": "measured",
            "above_mib": above,
            "peak_mib": above + 100,
        }
        for side, above in (("tinyinception", 200.0), ("PyTorch eager", 100.0), ("PyTorch eager, channels-last", 400.0))
    ],
    *[
        {
            "what": "split",
            "network": "inception_cifar",
            "batch": 128,
            "side": side,
            "kind": kind,
            "forward_s": 0.010,
            "backward_s": 0.020,
        }
        for side in ("tinyinception", "PyTorch eager, channels-last")
        for kind in ours.ALL_KINDS
    ],
    {**measured("tinyinception", 32, images_per_s=500.0, p25=1.0, p75=1.0, ratio=1.0), "against": "jax"},
    {**measured("jax", 32, images_per_s=250.0, p25=1.0, p75=1.0, ratio=2.0), "against": "jax"},
    {"what": "agreement", "network": "plain", "side": "dezero", "status": "missing", "reason": "No module named it"},
]


def test_the_bar_is_the_fastest_mode_at_the_headline_batch_and_its_memory():
    assert train_step.headline(ROWS, 128) == {
        "train_step.vs_pytorch_best": 1.5,
        "train_step.memory_vs_pytorch": 0.5,
        "train_step.vs_jax": 2.0,
    }


def test_without_pytorch_there_is_no_headline_to_guess():
    gone = [
        {**row, "status": "missing", "reason": "No module named 'torch'"} if row["side"].startswith("PyTorch") else row
        for row in ROWS
    ]
    assert train_step.headline(gone, 128) == {"train_step.vs_jax": 2.0}
    assert inference.headline([row for row in gone if row["what"] == "speed"]) == {}


def test_images_per_second_come_from_the_median_with_quartiles_the_right_way_round():
    row = comparison._measured(sides.Outcome(seconds={"run": [1.0, 2.0, 3.0, 4.0, 5.0]}), 12, own=1.5)
    assert (row["images_per_s"], row["p25"], row["p75"], row["ratio"]) == (4.0, 3.0, 6.0, 2.0)


def test_report_shows_every_result_with_its_facts_and_reasons(tmp_path):
    options = common.arguments("train_step", "a test", [])
    result = common.document("train_step", options, ROWS, train_step.headline(ROWS, 128))
    common.write(result, tmp_path / "results" / "train_step.json")
    report.main(["--results", str(tmp_path / "results"), "--out", str(tmp_path / "README.md")])
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    for part in (
        "## Training step",
        "| `train_step.vs_pytorch_best` | 1.5 |",
        options.command,
        "no compiler",
        "No module named it",
        "eager, channels-last; ours makes 1.50 times",
        "70.0 + 140.0",
        result["machine"]["cpu"],
        result["machine"]["date"],
        "![Training step](figures/train_step.png)",
    ):
        assert part in page, part
    assert (tmp_path / "figures" / "train_step.png").stat().st_size > 10_000


def test_every_benchmark_of_the_report_states_the_same_things():
    for name in report.NAMES:
        if not (common.ROOT / "benchmarks" / f"{name}.py").exists():
            continue
        module = import_module(f"benchmarks.{name}")
        for part in ("TITLE", "measure", "tables", "text", "figure"):
            assert hasattr(module, part), (name, part)


def test_listing_the_peers_imports_none_of_them():
    libraries = {"torch", "jax", "tinygrad", "dezero", "smallpebble", "numpy_ml"}
    before = libraries & set(sys.modules)
    for peer in train_step.PEERS:
        module, _, function = peer.target.partition(":")
        assert callable(getattr(import_module(module), function))
    assert libraries & set(sys.modules) == before


# -- our side, and the translation -------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_thread")
def test_our_step_trains_and_its_split_adds_up_to_its_time():
    from benchmarks.sides import _Worker

    worker = _Worker("benchmarks.ours:train_step")
    worker.prepare({"network": "plain", "batch": 4})
    losses = [worker.run("run", 1, 0.0)["value"] for _ in range(4)]
    assert losses[-1] < losses[0]
    answer = worker.run("split", 1, 0.0)
    split = worker.actions["split"]()
    assert set(split) == set(ours.ALL_KINDS)
    assert all(seconds >= 0 for pair in split.values() for seconds in pair)
    assert min(split["convolution"]) > 0
    assert split[ours.OPTIMISER][0] > 0
    assert sum(map(sum, answer["value"].values())) <= answer["seconds"][0]


def test_operations_are_of_the_kind_their_name_says():
    names = {
        "Conv2d": "convolution",
        "BatchNorm": "batch-norm, ReLU",
        "ReLU": "batch-norm, ReLU",
        "MaxPool2d": "pooling",
        "GlobalAvgPool": "pooling",
        "Concat": "concat, split",
        "Linear": ours.REST,
        "CrossEntropy": ours.REST,
        "Dropout": ours.REST,
    }
    assert {name: ours.kind(name) for name in names} == names


class Functions:
    """A maker whose layers are functions of our own operations, with the padding in pixels and nothing fused."""

    def __init__(self):
        self.parameters = 0

    def _counted(self, *parameters):
        self.parameters += sum(parameter.size for parameter in parameters if parameter is not None)

    def conv(self, layer, pads):
        self._counted(layer.weight, layer.bias)
        return lambda x: F.conv2d(x, layer.weight, layer.bias, stride=layer.stride, padding=pads, groups=layer.groups)

    def norm(self, layer):
        self._counted(layer.gamma, layer.beta)
        return lambda x: F.batch_norm(x, layer.gamma, layer.beta, eps=layer.eps)

    def relu(self):
        return F.relu

    def max_pool(self, layer, pads):
        return lambda x: F.max_pool2d(
            x, layer.kernel_size, stride=layer.stride, padding=pads, ceil_mode=layer.ceil_mode
        )

    def avg_pool(self, layer, pads):
        return lambda x: F.avg_pool2d(
            x,
            layer.kernel_size,
            stride=layer.stride,
            padding=pads,
            ceil_mode=layer.ceil_mode,
            count_include_pad=layer.count_include_pad,
        )

    def global_avg_pool(self):
        return F.global_avg_pool

    def dropout(self, layer):
        return lambda x: F.dropout(x, layer.p) if layer.p else x

    def flatten(self):
        return lambda x: x.flatten()

    def linear(self, layer):
        self._counted(layer.weight, layer.bias)
        return lambda x: F.linear(x, layer.weight, layer.bias)

    def sequential(self, parts):
        return lambda x: reduce(lambda value, part: part(value), parts, x)

    def branches(self, parts):
        return lambda x: F.concat([part(x) for part in parts])

    def network(self, stages, aux):
        def network(x):
            heads = []
            for i, stage in enumerate(stages):
                x = stage(x)
                if i in aux:
                    heads.append(aux[i](x))
            return x, tuple(heads)

        return network


@pytest.mark.parametrize("name", ["inception_v3", "bn_inception", "plain_deep_cifar"])
def test_a_translation_has_every_parameter_and_sees_the_same_grids(name):
    network, size, make = models.build(name), models.info(name).input_size, Functions()
    made, _ = translate.translate(network, make, size)
    assert make.parameters == sum(parameter.size for parameter in network.parameters())
    images = Tensor.shape_only(2, *size, 3)
    with no_grad():
        (logits, aux), expected = made(images), network(images)
    assert [head.shape for head in (logits, *aux)] == [head.shape for head in (expected.logits, *expected.aux)]


@pytest.mark.usefixtures("one_thread")
def test_a_translation_computes_the_same():
    network = models.build("inception_cifar", dropout=0.0)
    images = Tensor(np.random.default_rng(0).standard_normal((3, 32, 32, 3), dtype=np.float32))
    made, _ = translate.translate(network, Functions(), (32, 32))
    with no_grad():
        (logits, aux), expected = made(images), network(images)
    assert len(aux) == 1
    for ours_out, theirs in zip((expected.logits, *expected.aux), (logits, *aux), strict=True):
        np.testing.assert_allclose(theirs.numpy(), ours_out.numpy(), rtol=1e-4, atol=1e-5)


def test_what_has_no_translation_is_unsupported():
    with pytest.raises(sides.NotSupported, match="ResidualInception"):
        translate.translate(models.build("inception_resnet_cifar"), Functions(), (32, 32))


def test_the_plain_network_is_of_what_every_library_has():
    kinds = {type(module).__name__ for module in ours.plain().modules()}
    assert kinds == {"Network", "ConvUnit", "Conv2d", "Flatten", "Linear"}
    assert ours.recipe({"network": "plain"}) == ours.Recipe(0.01, 0.0, 0.0, 0.0)
    assert ours.recipe({"network": "inception_cifar"}) == ours.Recipe(0.05, 0.9, 5e-4, 0.1)


def test_a_peer_that_computes_something_else_fails():
    class Fake:
        def __init__(self, name, losses):
            self.name, self.losses = name, iter(losses)

        def prepare(self, case):
            return ["run"]

        def run(self):
            return [0.0], next(self.losses)

    rows = train_step.agreement(
        [
            Fake("tinyinception", [4.0, 3.0, 2.0, 1.0]),
            Fake("same", [4.0, 3.001, 2.0, 1.0]),
            Fake("other", [4.0, 3.0, 2.1, 1.0]),
        ],
        "plain",
    )
    assert [row["status"] for row in rows] == ["measured", "measured", "failed"]
