"""A recipe trained for a given time: how far it is at each step, what becomes a row, a table, a headline; no PyTorch.

That PyTorch's side computes the same is checked by the benchmark itself, each time it runs.
"""

import numpy as np
import pytest

from benchmarks import recipe, recipe_training, report
from benchmarks.comparison import OURS
from benchmarks.recipe_training import Clock
from tinyinception.train.config import Config

SETTINGS = {**recipe.RECIPE, **recipe.SMALL, "model": "plain_cifar", "model_options": {"width": 0.25}, "whiten": None}


@pytest.mark.parametrize(
    ("clock", "made", "elapsed", "tests", "done"),
    [
        (Clock(steps=4), 1, 99.0, 7, 0.25),
        (Clock(seconds=100), 0, 0.0, 7, 0.0),
        (Clock(seconds=100), 10, 20.0, 0, 0.2),
        (Clock(seconds=100), 10, 20.0, 25, 0.25),  # tests take 25 x 0.4 steps of 2 s
        (Clock(seconds=100), 45, 90.0, 25, 1.125),
        (Clock(seconds=1), 1, 5.0, 25, 5e9),  # a step takes longer than there is time
    ],
)
def test_a_training_is_as_far_as_its_time_without_that_for_tests(clock, made, elapsed, tests, done):
    assert clock.done(made, elapsed, tests) == pytest.approx(done)


@pytest.mark.usefixtures("one_thread")
def test_the_steps_of_a_whole_recipe_are_those_of_a_session():
    ours = recipe_training.train({"settings": SETTINGS, "steps": 5})
    losses = ours["losses"]()
    again = recipe_training.Training({"settings": SETTINGS, "steps": 5})
    expected = []
    for epoch in range(5):
        for images, labels in again.session.train_loader.epoch(epoch):
            expected.append(recipe_training.train_step(again.session, images, labels)[0])
            again.session.position.add(0.0, 0, len(labels))
        again.session.position.next_epoch()
    assert losses == expected
    assert len(losses) == 5


@pytest.mark.usefixtures("one_thread")
def test_a_training_ends_with_its_time_and_is_tested(monkeypatch):
    """A clock on which each look takes a second: of 20, the tests have 0.4 of a step of 1 s for each of 7 batches."""
    ticks = iter(range(1000))
    monkeypatch.setattr(recipe_training.time, "perf_counter", lambda: float(next(ticks)))
    case = {"settings": {**SETTINGS, "epochs": 100}, "seconds": 20.0}
    training = recipe_training.Training(case)
    rates, tested = [], []

    def step(images, labels):
        rates.append(training.session.schedule(training.session.position.step))
        assert images.shape == (64, 32, 32, 3)
        return 1.0

    found = training.whole(step, lambda scheme: tested.append(scheme) or 0.5)
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(0.95 * Config(**SETTINGS).lr)  # a second has gone
    assert 15 < len(rates) < 18
    assert rates[-1] < 0.2 * rates[0]
    assert (found["accuracy"], found["accuracy_6_views"], found["last_loss"]) == (0.5, 0.5, 1.0)
    assert found["epochs"] == len(rates) == training.made
    assert [None if scheme is None else len(scheme.distinct) for scheme in tested] == [None, 6]


class Fake:
    """A side that loses what it is told, or cannot."""

    def __init__(self, name, losses=None):
        self.name, self.losses = name, losses

    def prepare(self, case):
        assert case["settings"]["limit"] == 64
        if self.losses is None:
            raise recipe.SideError("missing", "No module named 'torch'")

    def run(self, action):
        return [0.1], {"losses": self.losses}[action]


def test_losses_that_differ_are_a_failure():
    sides = [Fake(OURS, [2.0, 1.0]), Fake("a", [2.0001, 1.0]), Fake("b", [2.001, 1.0]), Fake("c")]
    rows = recipe.agreement(sides, recipe.RECIPE)
    assert [row["status"] for row in rows] == ["measured", "measured", "failed", "missing"]
    assert rows[2]["difference"] == pytest.approx(5e-4)
    assert rows[3]["reason"] == "No module named 'torch'"


def training(side, accuracy, **more):
    return {
        "what": "training",
        "side": side,
        "status": "measured",
        "accuracy": accuracy,
        "accuracy_6_views": accuracy + 0.01,
        "epochs": 6.5,
        "images_per_s": 290.0,
        "seconds": 1199.0,
        **more,
    }


ROWS = [
    {"what": "settings", "minutes": 20.0, **recipe.RECIPE},
    {"what": "agreement", "side": OURS, "status": "measured", "difference": 0.0, "losses": [1.0]},
    {"what": "speed", "side": "PyTorch eager", "status": "measured", "images_per_s": 150.0},
    {"what": "speed", "side": "PyTorch eager, channels-last", "status": "measured", "images_per_s": 200.0},
    {"what": "speed", "side": "PyTorch compile", "status": "failed", "reason": "no compiler"},
    training(OURS, 0.93),
    training("PyTorch eager, channels-last", 0.92),
]


def test_the_fastest_mode_is_trained_and_the_headline_is_with_six_views():
    assert recipe.quickest(ROWS) == "PyTorch eager, channels-last"
    assert recipe.quickest(ROWS[:2]) == ""
    assert recipe.headline(ROWS) == {
        "recipe.accuracy_6_views": pytest.approx(0.94),
        "recipe.pytorch_accuracy_6_views": pytest.approx(0.93),
        "recipe.points_ahead": pytest.approx(1.0),
    }
    assert list(recipe.headline(ROWS[:6])) == ["recipe.accuracy_6_views"]


def test_its_tables_text_and_figure():
    result = {"rows": ROWS}
    trained, modes, agreed = recipe.tables(result)
    assert [len(one.rows) for one in (trained, modes, agreed)] == [2, 3, 1]
    said = recipe.text(result)
    assert f"{OURS} 93.00%, with six views 94.00%, after 6.5 epochs; PyTorch eager, channels-last 92.00%" in said
    assert "`airbench_cifar` on `cifar10`, each side for 20 minutes" in said
    [axes] = recipe.figure(result).axes
    assert [round(bar.get_width(), 6) for bar in axes.patches] == [93, 92, 94, 93]
    assert "recipe" in report.NAMES


def test_its_settings_are_a_config():
    config = Config.for_data(**recipe.RECIPE)
    assert (config.model, config.optimizer, config.batch_size) == ("airbench_cifar", "muon", 2000)
    assert np.isclose(config.weight_decay, 2.4e-3)
