"""Budgets: names for values of Config, over which flags, files and keywords win; and what is said of them."""

from dataclasses import asdict, replace

import pytest

from tests.train.test_settings import trained
from tinyinception.cli import main
from tinyinception.errors import ArgumentError
from tinyinception.train import Config, budgets
from tinyinception.train.budgets import BUDGETS, DATA


@pytest.mark.parametrize("name", list(BUDGETS))
@pytest.mark.parametrize("data", DATA)
def test_a_budget_is_a_config_from_python_and_from_the_command_line(monkeypatch, name, data):
    config = Config.for_data(data, budget=name)
    assert config.data == data
    for field, value in BUDGETS[name].values.items():
        assert getattr(config, field) == value
    assert trained(monkeypatch, "--data", data, "--budget", name) == config
    assert Config.from_json(config.to_json()) == config  # so `resume` and `ensure` need to know no budget
    assert trained(monkeypatch, *config.flags()) == config


def test_more_time_is_spent_on_more():
    minutes = [one.minutes for one in BUDGETS.values()]
    assert minutes == sorted(set(minutes))
    assert list(BUDGETS) == ["coffee", "evening", "night"]


def test_what_is_said_otherwise_wins_and_what_goes_with_another_optimiser_or_network_goes(monkeypatch, tmp_path):
    coffee, night = (Config.for_data("cifar10", budget=name) for name in ("coffee", "night"))
    words = ["--data", "cifar10", "--budget", "coffee"]
    assert trained(monkeypatch, *words, "--epochs", 3, "--seed", 4) == replace(coffee, epochs=3, seed=4)
    adam = Config.for_data("cifar10", budget="coffee", optimizer="adam")
    assert (adam.lr, adam.bias_lr, adam.head_lr, adam.momentum) == (2e-3, None, None, None)
    assert trained(monkeypatch, *words, "--optimizer", "adam") == adam
    assert trained(monkeypatch, *words, "--optimizer", "muon") == coffee
    assert Config.for_data("cifar10", budget="night", model="airbench_cifar").model_options == {}
    assert Config.for_data("cifar10", budget="night", model=night.model) == night
    deeper = Config.for_data("cifar10", budget="night", model_options={"depth": 3})
    assert deeper.model_options == {**night.model_options, "depth": 3}
    file = tmp_path / "mine.toml"
    file.write_text("lr = 0.3\nepochs = 5\n", encoding="utf-8")
    found = trained(monkeypatch, *words, "--config", file, "--epochs", 6)
    assert found == replace(coffee, lr=0.3, epochs=6)


def test_it_is_said_what_a_budget_means_and_what_is_otherwise(monkeypatch, capsys):
    trained(monkeypatch, "--data", "cifar10", "--budget", "coffee", "--lr", 0.5)
    told = " ".join(capsys.readouterr().err.split())
    minutes = BUDGETS["coffee"].minutes
    assert told.startswith(f"budget coffee, about {minutes} minutes on two cores: batch-size 2000, optimizer muon,")
    assert "alternating-flip yes" in told
    assert told.endswith("; you say otherwise: lr 0.5")
    for field in BUDGETS["coffee"].values:
        assert f"{field.replace('_', '-')} " in told
    whole = Config.for_data("cifar10", budget="night")
    assert "you say" not in budgets.told("night", whole)
    assert f"model-option {' '.join(f'{k}={v}' for k, v in whole.model_options.items())}" in budgets.told(
        "night", whole
    )


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--budget", "coffee"], 1, "budget: goes with data cifar10 or cifar100, got 'drawn'"),
        (["--budget", "coffee", "--data", "mnist"], 1, "budget: goes with data cifar10 or cifar100, got 'mnist'"),
        (["--budget", "cofee", "--data", "cifar10"], 2, "evening or night; did you mean 'coffee'"),
        (["--budget", "coffee", "--resume", "runs/x"], 2, "leave out --budget"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(capsys, words, status, told):
    assert main(["train", *words]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert err.count("\n") == 1


def test_from_python_too():
    for budget, data, told in (
        ("tea", "cifar10", "unknown budget 'tea'"),
        (3, "cifar10", "unknown budget '3'"),
        ("coffee", "photos", "budget: goes with data"),
    ):
        with pytest.raises(ArgumentError, match=told):
            Config.for_data(data, budget=budget)
    assert "budget" not in asdict(Config())


class Session:
    """As much of one as a forecast looks at: two epochs of 40 steps."""

    config = Config(epochs=2)
    train_loader = range(40)

    def __init__(self):
        self.position = self
        self.step = 0


def test_a_forecast_is_made_once_from_measured_steps(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(budgets.time, "monotonic", lambda: now[0])
    forecast, session = budgets.Forecast(), Session()
    for step in range(1, 41):
        now[0] += 60 if step <= 5 else 2  # kernels are compiled
        session.step = step
        forecast.step(session)
    assert capsys.readouterr().err == (
        "by its first steps, the training takes 2 minutes more, beside the tests of each epoch\n"
    )
