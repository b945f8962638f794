"""Training images that are held out: never trained on, and all that a run is judged by."""

from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.tiny_runs import CONFIG, bits, fit, shades
from tinyinception import data, train
from tinyinception.errors import ArgumentError

pytestmark = pytest.mark.usefixtures("tiny_network")


def test_the_last_training_images_take_the_place_of_the_test_images():
    whole, held = data.load("drawn"), data.load("drawn", holdout=700, limit=500)
    for part in ("images", "labels"):
        training = getattr(whole, f"train_{part}")
        assert np.array_equal(getattr(held, f"train_{part}"), training[:500])
        assert np.array_equal(getattr(held, f"test_{part}"), training[-700:][:500])
    assert (held.mean, held.std) == (whole.mean, whole.std)


def test_a_run_trains_on_the_others_and_is_judged_by_those_held_out(tmp_path):
    config = replace(CONFIG, holdout=16)
    run = fit(tmp_path / "run", config)
    by_hand = train.fit(CONFIG, tmp_path / "by_hand", dataset=shades().hold_out(16), progress=False)
    assert bits(tmp_path / "run") == bits(tmp_path / "by_hand")
    assert run.test_accuracy == by_hand.test_accuracy
    assert bits(tmp_path / "run") != bits(fit(tmp_path / "all", CONFIG).run)


def test_a_limit_holds_for_images_of_ones_own_too(tmp_path):
    fit(tmp_path / "run", replace(CONFIG, limit=32))
    train.fit(CONFIG, tmp_path / "by_hand", dataset=shades().first(32), progress=False)
    assert bits(tmp_path / "run") == bits(tmp_path / "by_hand")


@pytest.mark.parametrize("n", [10_000, 10**9])
def test_as_many_as_there_are_cannot_be_held_out(n, tmp_path):
    with pytest.raises(ArgumentError, match=rf"^holdout must be below 10,000, the training images of drawn, got {n:,}"):
        train.fit(train.Config(holdout=n), tmp_path / "run")
    assert not (tmp_path / "run").exists()
