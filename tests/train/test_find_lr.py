"""The search for a learning rate: what it tries, when it stops, what it suggests, and that it leaves nothing behind."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.tiny_runs import CONFIG, Tiny, bits, fit, shades
from tinyinception import nn, train
from tinyinception.cli import main
from tinyinception.errors import ArgumentError
from tinyinception.tensor import Tensor
from tinyinception.train import finder, loop
from tinyinception.train.session import Session

pytestmark = pytest.mark.usefixtures("tiny_network")


def find(config=CONFIG, **options):
    return train.find_lr(config, dataset=shades(), progress=False, **options)


def scripted(monkeypatch, losses):
    """Steps that do nothing but note the rate, with these losses."""
    rates, left = [], iter(losses)

    def train_step(session, images, labels):
        rates.append(session.schedule(session.position.step))
        return next(left), 0

    monkeypatch.setattr(loop, "train_step", train_step)
    return rates


def test_rates_rise_by_a_constant_factor_and_each_has_one_step(monkeypatch):
    rates = scripted(monkeypatch, [1.0] * 13)
    found = find(low=1e-4, high=1.0, steps=13)
    np.testing.assert_allclose(rates, np.geomspace(1e-4, 1.0, 13), rtol=1e-12)
    assert found.rates == tuple(rates)
    assert found.smoothed == pytest.approx([1.0] * 13)


def test_it_stops_when_the_smoothed_loss_has_grown_threefold_and_suggests_a_third_of_the_best(monkeypatch):
    losses = [3.0, 2.0, 1.0, 0.5, 0.5, 4.0, 9.0, 30.0, 99.0, 99.0]
    rates = scripted(monkeypatch, losses)
    found = find(low=1e-3, high=1.0, steps=10)
    mean, smoothed = 0.0, []
    for k, loss in enumerate(losses[: len(rates)], 1):
        mean = 0.8 * mean + 0.2 * loss
        smoothed.append(mean / (1 - 0.8**k))
    assert found.smoothed == pytest.approx(smoothed)
    assert smoothed[-1] > 3 * min(smoothed) >= smoothed[-2]
    assert found.suggestion == pytest.approx(found.rates[int(np.argmin(smoothed))] / 3)


def test_the_picture_has_rates_on_its_axis_and_no_formulas():
    from tinyinception.plots.training import rates

    figure = rates([1e-4, 1e-2, 1.0], [2.0, 1.0, 3.0], [2.0, 1.5, 2.0], 0.003)
    figure.canvas.draw()
    told = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert {"0.0001", "0.01", "1"} <= set(told)
    assert not any("$" in text for text in told)


def test_a_loss_that_is_no_number_ends_the_search():
    found = find(low=1e-3, high=1e30, steps=40)
    assert len(found.rates) < 40
    assert np.isfinite(found.losses).all()
    network = Tiny(3, 3)
    network.fc.weight.data[...] = np.inf
    with pytest.raises(ArgumentError, match="the loss is no number at 1e-05, the lowest rate"):
        find(network=network)


def test_the_first_loss_is_that_of_the_first_step_of_training_and_the_suggestion_trains(tmp_path):
    session = Session(CONFIG, shades())
    images, labels = next(session.train_loader.epoch(0))
    found = find()
    assert found.losses[0] == loop.train_step(session, images, labels)[0]
    result = fit(tmp_path / "run", replace(CONFIG, lr=found.suggestion, epochs=12))
    assert result.test_accuracy > 0.8


def test_nothing_is_left_behind(tmp_path, finished):
    session = Session(CONFIG, shades())
    session.network.drop.eval()
    before = session.network.state_dict()
    with finder._restored(session):
        finder._search(session, [10.0**k for k in range(-3, 1)])
        assert (session.network.state_dict()["fc.weight"] != before["fc.weight"]).any()
    after = session.network.state_dict()
    assert all((after[name] == array).all() for name, array in before.items())
    assert not session.network.drop.training
    assert session.position.step == 0
    again = Session(CONFIG, shades())
    with nn.random.using(session.generator):
        drawn = nn.random.get_state()
    with nn.random.using(again.generator):
        assert nn.random.get_state() == drawn
    network = Tiny(3, 3)
    before = network.state_dict()
    find(network=network, steps=10)
    assert all((network.state_dict()[name] == array).all() for name, array in before.items())
    assert network(Tensor(np.zeros((1, 8, 8, 3), np.float32))).aux  # it is in training still
    fit(tmp_path / "run")
    assert bits(tmp_path / "run") == bits(finished.run)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 0}, "low must be a number in"),
        ({"high": 1e-6}, r"high must be a number in \(1e-05"),
        ({"steps": 3}, "steps must be a whole number of at least 10, got 3"),
    ],
)
def test_bounds_that_cannot_be_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        find(**options)


def test_the_command_prints_a_table_and_draws_the_curve(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(finder, "load_data", lambda *_: shades())
    assert main(["train", "--find-lr", "--out", str(tmp_path / "found"), "--batch-size", "16"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["lr", "loss", "smoothed"]
    assert lines[-1].startswith("suggestion: --lr ")
    assert {path.name for path in (tmp_path / "found").iterdir()} == {"lr.png"}
    assert main(["train", "--find-lr", "--out", str(tmp_path / "found"), "--batch-size", "16", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert f"{answer['suggestion']:.2g}" in lines[-1]
    assert answer["picture"] == str(tmp_path / "found" / "lr.png")
    assert main(["train", "--find-lr", "--resume", str(tmp_path / "found")]) == 2
    assert "leave out --find-lr" in capsys.readouterr().err
