"""The studies that come with the package: each can be read, built and, where it says so, costs the same in each arm."""

from dataclasses import replace

import pytest

from tests.helpers.places import ROOT
from tinyinception import models, nn, studies
from tinyinception.errors import ArgumentError
from tinyinception.studies import cost
from tinyinception.studies.definition import HERE
from tinyinception.tensor import Tensor
from tinyinception.train.config import RECIPES, Config

NAMES = {
    "asymmetric", "auxiliary", "batch_norm", "crops_and_ensembles", "factorization", "grid_reduction",
    "inception_or_plain", "low_resolution", "newer_is_better", "optimizer", "recipe_search", "residual", "smoothing",
    "table_3",
}  # fmt: skip
SEARCHES = {"recipe_search"}
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
    assert study.where
    assert bool(study.sentence) == bool(study.mirrors) == (name not in SEARCHES)
    assert bool(study.halving) == (name in SEARCHES)
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


def test_a_search_changes_one_thing_in_each_arm_and_never_looks_at_the_test_images():
    study = studies.load("recipe_search")
    base = study.arms[study.reference]
    several = {arm for arm, config in study.arms.items() if len(base.differences(config)) > 1}
    assert several <= {"three Inception modules a group", "SGD", "batches of 500", "batches of 1000"}
    assert {config.holdout for config in study.arms.values()} == {5000}
    coffee = Config.for_data("cifar10", budget="coffee", holdout=5000)
    assert not base.differences(replace(coffee, epochs=base.epochs))


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
