"""Runs that go on longer than planned, stop earlier, and keep the best weights beside the last."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.helpers.tiny_runs import CONFIG, Died, Tiny, bits, die_at, fit, read_log, resume, shades
from tinyinception import train, weights
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.optim import Triangular
from tinyinception.train import loop
from tinyinception.train.config import Config
from tinyinception.train.run import Run
from tinyinception.train.session import Session, accuracy_of

pytestmark = pytest.mark.usefixtures("tiny_network")


def rates(folder):
    return [float(row["lr"]) for row in read_log(folder)]


# -- longer ------------------------------------------------------------------------------------------------------------


def test_a_finished_run_goes_on_at_the_rates_of_a_longer_one(tmp_path):
    fit(tmp_path / "run", replace(CONFIG, epochs=2, lr=0.9, warmup=0.5))
    result = resume(tmp_path / "run", epochs=4)
    assert result.epochs == 4
    short, long = (Triangular(0.9, steps=steps, peak=steps // 2) for steps in (6, 12))
    assert rates(tmp_path / "run") == [short(2), short(5), long(8), long(11)]
    config = Run(tmp_path / "run").config
    assert (config.epochs, config.extended) == (4, ((6, 2),))
    assert resume(tmp_path / "run") == result
    assert resume(tmp_path / "run", epochs=4) == result
    assert Run(tmp_path / "run").config == config


def test_with_a_constant_rate_it_ends_with_the_bits_of_a_run_planned_so(tmp_path):
    config = replace(CONFIG, schedule="constant")
    long = fit(tmp_path / "long", config)
    fit(tmp_path / "run", replace(config, epochs=1))
    resume(tmp_path / "run", epochs=3)
    assert bits(tmp_path / "run") == bits(long.run)
    with pytest.raises(ArgumentError, match="extended"):  # of which the folder is no evidence: the config says so
        train.ensure(config, tmp_path / "run", dataset=shades(), progress=False)


@pytest.mark.parametrize("step", [3, 4, 8])
def test_a_longer_run_is_resumed_to_the_same_bits_wherever_it_dies(tmp_path, monkeypatch, step):
    """At step 3 the checkpoint is still that of the shorter run, and config.json already that of the longer."""
    for name in ("whole", "run"):
        fit(tmp_path / name, replace(CONFIG, epochs=1))
    resume(tmp_path / "whole", epochs=3)
    with monkeypatch.context() as patch:
        die_at(patch, step)
        with pytest.raises(Died):
            resume(tmp_path / "run", epochs=3)
    assert resume(tmp_path / "run").epochs == 3
    assert bits(tmp_path / "run") == bits(tmp_path / "whole")
    assert Run(tmp_path / "run").config.extended == ((3, 1),)


def test_a_run_may_become_shorter_than_planned_but_not_than_done(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        die_at(patch, 4)
        with pytest.raises(Died):
            fit(tmp_path / "run")
    for epochs, told in (
        (1, "at least 2, which are done or begun, got 1"),
        (0, "whole number of at least 1, got 0"),
        ("3", "a whole number of at least 1, got '3'"),
    ):
        with pytest.raises(ArgumentError, match=f"^epochs must be .*{told}"):
            resume(tmp_path / "run", epochs=epochs)
    assert resume(tmp_path / "run", epochs=2).epochs == 2
    config = Run(tmp_path / "run").config
    Run(tmp_path / "run").write_config(replace(config, epochs=9))
    with pytest.raises(CheckpointError, match="made with epochs 2, not 9"):
        resume(tmp_path / "run")


# -- best --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("average", [None, 0.9])
def test_the_best_weights_are_kept_and_the_result_says_which_are_which(tmp_path, average):
    result = fit(tmp_path / "run", replace(CONFIG, epochs=6, average=average, lr=1.0, schedule="constant"))
    rows = [
        {name: None if value == "" else float(value) for name, value in row.items()}
        for row in read_log(tmp_path / "run")
    ]
    accuracies = [accuracy_of(row) for row in rows]
    assert result.best_accuracy == max(accuracies)
    assert result.best_epoch == 1 + int(np.argmax(accuracies))
    assert result.weights == ("last" if average is None else "averaged")
    assert result.test_accuracy == accuracies[-1]
    assert json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8")) == asdict(result)
    best = Tiny(3, 3)
    weights.load(best, tmp_path / "run" / "best.safetensors")
    session = Session(CONFIG, shades())
    session.network.load_state_dict(best.state_dict())
    assert loop.measure(session)[0].accuracy == result.best_accuracy


def test_the_best_weights_are_the_same_bits_after_a_resume(tmp_path, monkeypatch):
    fit(tmp_path / "whole")
    with monkeypatch.context() as patch:
        die_at(patch, 5)
        with pytest.raises(Died):
            fit(tmp_path / "run")
    resume(tmp_path / "run")
    whole, run = (load_file(tmp_path / name / "best.safetensors") for name in ("whole", "run"))
    assert {name: array.tobytes() for name, array in run.items()} == {n: a.tobytes() for n, a in whole.items()}


def test_results_from_before_there_were_best_weights_are_read(tmp_path):
    result = fit(tmp_path / "run", replace(CONFIG, epochs=1))
    values = asdict(result)
    for name in ("best_epoch", "best_accuracy", "weights"):
        del values[name]
    (tmp_path / "run" / "result.json").write_text(json.dumps(values), encoding="utf-8")
    assert Run(tmp_path / "run").result == replace(result, weights="last", best_epoch=None, best_accuracy=None)


# -- early stop --------------------------------------------------------------------------------------------------------


def scripted(monkeypatch, *accuracies):
    """Make the test accuracy of each epoch what is given; without averages."""
    real = loop._epoch_row

    def row(session):
        made, scores = real(session)
        return {**made, "test_accuracy": accuracies[made["epoch"] - 1]}, scores

    monkeypatch.setattr(loop, "_epoch_row", row)


PATIENT = replace(CONFIG, average=None, epochs=9, patience=2)


def test_it_stops_when_patience_is_at_its_end(tmp_path, monkeypatch):
    scripted(monkeypatch, 0.5, 0.7, 0.7, 0.6, 0.9, 0.9, 0.8)
    result = fit(tmp_path / "run", PATIENT)
    assert (result.epochs, result.best_epoch, result.best_accuracy) == (4, 2, 0.7)
    assert train.ensure(PATIENT, tmp_path / "run", dataset=shades(), progress=False) == result
    assert resume(tmp_path / "run").epochs == 4
    longer = resume(tmp_path / "run", epochs=10)  # patience begins anew
    assert (longer.epochs, longer.best_epoch) == (7, 5)


def test_stopping_early_is_decided_alike_after_a_resume(tmp_path, monkeypatch):
    scripted(monkeypatch, 0.5, 0.7, 0.7, 0.6, 0.9)
    whole = fit(tmp_path / "whole", PATIENT)
    with monkeypatch.context() as patch:
        die_at(patch, 10)
        with pytest.raises(Died):
            fit(tmp_path / "run", PATIENT)
    assert resume(tmp_path / "run").epochs == whole.epochs == 4
    assert bits(tmp_path / "run") == bits(whole.run)


def test_without_patience_nothing_stops(tmp_path, monkeypatch):
    scripted(monkeypatch, *[0.5] * 9)
    assert fit(tmp_path / "run", replace(PATIENT, patience=None, epochs=5)).epochs == 5
    assert Config(patience=None).patience is None
    assert Path(tmp_path / "run" / "best.safetensors").is_file()
