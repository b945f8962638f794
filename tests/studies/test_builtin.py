"""The studies that come with the package: each can be read, built and, where it says so, costs the same in each arm."""

import pytest

from tests.helpers.places import ROOT
from tinyinception import models, nn, studies
from tinyinception.errors import ArgumentError
from tinyinception.studies import cost
from tinyinception.studies.definition import HERE
from tinyinception.tensor import Tensor
from tinyinception.train.config import RECIPES

NAMES = {
    "asymmetric", "auxiliary", "batch_norm", "crops_and_ensembles", "factorization", "grid_reduction",
    "inception_or_plain", "low_resolution", "newer_is_better", "optimizer", "residual", "smoothing", "table_3",
}  # fmt: skip
EQUAL = {
    "batch_norm", "factorization", "grid_reduction", "inception_or_plain", "low_resolution", "newer_is_better",
    "residual",
}  # fmt: skip


def test_all_of_them_are_there_and_go_into_a_wheel():
    assert set(studies.names()) == NAMES
    assert '"tinyinception.studies" = ["*.toml"]' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert len(list(HERE.glob("*.toml"))) == len(NAMES)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_it_says_what_it_asks_and_every_arm_builds(name):
    study, quick = studies.load(name), studies.load(name, quick=True)
    assert study.question.endswith("?")
    assert study.sentence
    assert study.where
    assert study.mirrors
    assert {one.data for one in study.arms.values()} <= set(RECIPES)
    assert {one.data for one in quick.arms.values()} == {"drawn"}
    assert len(quick.seeds) <= 2
    assert list(quick.arms) == list(study.arms)
    for arm in {(one.model, repr(one.model_options)): one for one in study.arms.values()}.values():
        with nn.shape_only():
            network = models.build(arm.model, num_classes=10, **arm.model_options)
            assert network(Tensor.shape_only(2, 32, 32, 3)).logits.shape == (2, 10)


@pytest.mark.parametrize("name", sorted(EQUAL))
def test_what_it_calls_equally_expensive_is(name):
    """Counted here, and then by `check_cost`, which every run asks."""
    study = studies.load(name)
    assert study.equal_cost is not None
    for first, *others in study.equal_cost_of:
        macs = [cost.count(study.arms[arm].model, study.arms[arm].model_options)[0] for arm in (first, *others)]
        assert max(abs(one / macs[0] - 1) for one in macs) <= study.equal_cost / 100, macs
    cost.check_cost(study)


def test_only_these_say_so():
    assert {name for name in NAMES if studies.load(name).equal_cost is not None} == EQUAL


def test_arms_that_are_not_equally_expensive_are_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'question = "?"\nequal_cost = 5\n[arms.a]\nmodel = "plain_cifar"\n[arms.b]\nmodel = "plain_cifar"\n'
        "model_options = { width = 0.5 }\n",
        encoding="utf-8",
    )
    with pytest.raises(
        ArgumentError, match=r"equal_cost must hold to 5 %, but b has 7,134,144 .* a 27,649,920, 74\.2 %"
    ):
        cost.check_cost(studies.load(path))
