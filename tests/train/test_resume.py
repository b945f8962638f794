"""Runs that end early: resuming to the same bits, kill -9, Ctrl-C, NaN, and checkpoints that do not belong."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.marks import posix
from tests.helpers.places import ROOT
from tests.helpers.tiny_runs import CONFIG, Died, Tiny, bits, build_tiny, die_at, fit, read_log, shades
from tinyinception import models, nn, train
from tinyinception.errors import (
    CheckpointError,
    NonFiniteError,
)
from tinyinception.replay import Recording
from tinyinception.train import loop
from tinyinception.train.checkpoint import CHECKPOINT, load

pytestmark = pytest.mark.usefixtures("tiny_network")


# -- resuming ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", range(0, 9, 2))
def test_resumed_at_any_step_it_ends_with_the_same_bits(tmp_path, monkeypatch, finished, step):
    with monkeypatch.context() as patch:
        die_at(patch, step)
        with pytest.raises(Died):
            fit(tmp_path / "run")
    assert load(tmp_path / "run")[1]["position"]["step"] == step
    nn.random.manual_seed(1234)  # whatever else the process did in between
    result = train.resume(tmp_path / "run", dataset=shades(), progress=False)
    assert bits(result.run) == bits(finished.run)
    assert result.test_accuracy == finished.test_accuracy
    assert [int(row["epoch"]) for row in read_log(result.run)] == [1, 2, 3]


@pytest.mark.parametrize("changes", [{"optimizer": "adam"}, {"optimizer": "rmsprop", "clip": 1.0}, {"average": None}])
def test_resume_restores_every_optimiser_from_a_checkpoint_older_than_the_death(tmp_path, monkeypatch, changes):
    config = replace(CONFIG, lr=None, checkpoint_seconds=1000, **changes)
    whole = fit(tmp_path / "whole", config)
    with monkeypatch.context() as patch:
        die_at(patch, 5)
        with pytest.raises(Died):
            fit(tmp_path / "run", config)
    assert load(tmp_path / "run")[1]["position"]["step"] == 3
    train.resume(tmp_path / "run", dataset=shades(), progress=False)
    assert bits(tmp_path / "run") == bits(whole.run)


@posix
def test_killed_in_mid_epoch_and_resumed_it_ends_with_the_same_bits(tmp_path, finished):
    code = "import sys; from tests.train.test_resume import child; child(sys.argv[1], int(sys.argv[2]))"
    child = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run"), "4"],
        cwd=ROOT,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    position = load(tmp_path / "run")[1]["position"]
    assert (position["epoch"], position["batch"], position["step"]) == (1, 1, 4)
    train.resume(tmp_path / "run", dataset=shades(), progress=False)
    assert bits(tmp_path / "run") == bits(finished.run)


def child(out, step):
    """In a process of its own: train, and be killed when half of a step's launches are done."""
    models.build = build_tiny
    real = Recording.replay

    def deadly(recording, arrays):
        if load(Path(out))[1]["position"]["step"] == step:
            for call in recording.calls[: len(recording.calls) // 2]:
                call()
            os.kill(os.getpid(), signal.SIGKILL)
        return real(recording, arrays)

    Recording.replay = deadly
    fit(out)


def test_resuming_a_finished_run_repeats_its_result(tmp_path):
    result = fit(tmp_path / "run")
    log = read_log(result.run)
    for name in ("result.json", "log.csv"):
        (tmp_path / "run" / name).unlink()
    assert train.resume(tmp_path / "run", dataset=shades(), progress=False) == result
    assert json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8")) == asdict(result)
    assert read_log(result.run) == log


def test_a_log_that_is_ahead_of_the_checkpoint_is_put_right(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        die_at(patch, 4)
        with pytest.raises(Died):
            fit(tmp_path / "run")
    with open(tmp_path / "run" / "log.csv", "a", encoding="utf-8") as file:
        file.write("2,6,0.1,1,1,1,1,1,1,1\n")
    train.resume(tmp_path / "run", dataset=shades(), progress=False)
    assert [int(row["epoch"]) for row in read_log(tmp_path / "run")] == [1, 2, 3]


def edit_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def test_a_checkpoint_that_does_not_belong_is_refused_naming_what_differs(tmp_path, monkeypatch):
    fit(tmp_path / "run", replace(CONFIG, epochs=1))

    def resume(dataset):
        train.resume(tmp_path / "run", dataset=dataset, progress=False)

    with pytest.raises(CheckpointError, match=r"another network .*conv.weight \(3x3x3x4, expected 3x3x1x4\)"):
        resume(shades(channels=1))
    with pytest.raises(CheckpointError, match=r"image_shape \(8, 8, 3\), not \(10, 10, 3\)"):
        resume(shades(side=10))
    edit_config(tmp_path / "run", lr=0.25, seed=3)
    with pytest.raises(CheckpointError, match=r"lr 0\.1, not 0.25; seed 5, not 3"):
        resume(shades())
    edit_config(tmp_path / "run", lr="fast")
    with pytest.raises(CheckpointError, match=r"config.json cannot be used: lr must be a number"):
        resume(shades())
    with pytest.raises(CheckpointError, match="is no run"):
        train.resume(tmp_path)


def test_a_damaged_checkpoint_is_refused_and_left_alone(tmp_path, monkeypatch):
    fit(tmp_path / "run", replace(CONFIG, epochs=1))
    path = tmp_path / "run" / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-10])
    monkeypatch.setattr(loop, "load_data", lambda *_: pytest.fail("data were loaded first"))
    for use in (train.evaluate, train.resume, train.load_run):
        with pytest.raises(CheckpointError, match="damaged"):
            use(tmp_path / "run")
    assert path.exists()


# -- stopping ------------------------------------------------------------------------------------------------------


def interrupting(monkeypatch, at, times):
    real = loop.train_step

    def train_step(session, images, labels):
        if session.position.step == at:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)
        return real(session, images, labels)

    monkeypatch.setattr(loop, "train_step", train_step)


@posix
def test_ctrl_c_finishes_the_step_saves_and_says_how_to_resume(tmp_path, monkeypatch, capsys, finished):
    config = replace(CONFIG, checkpoint_seconds=1000)
    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        interrupting(patch, 4, 1)
        with pytest.raises(KeyboardInterrupt, match=f"continue with tinyinception train --resume {tmp_path}/run"):
            fit(tmp_path / "run", config)
    assert signal.getsignal(signal.SIGINT) is before
    assert "Ctrl-C again quits at once" in capsys.readouterr().err
    assert load(tmp_path / "run")[1]["position"]["step"] == 5
    train.resume(tmp_path / "run", dataset=shades(), progress=False)
    assert bits(tmp_path / "run") == bits(finished.run)


@posix
def test_a_second_ctrl_c_quits_at_once(tmp_path, monkeypatch):
    interrupting(monkeypatch, 4, 2)
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(tmp_path / "run", replace(CONFIG, checkpoint_seconds=1000))
    assert str(caught.value) == ""
    assert load(tmp_path / "run")[1]["position"]["step"] == 3


class Broken(Tiny):
    """From the fifth training step on one layer divides by zero, forward or only backward."""

    forwards = 0
    only_backward = False

    def forward(self, x):
        h = self.mean(self.norm(self.conv(x)))
        self.forwards += x.data is not None and self.training
        if self.forwards > 4:
            zero = h * 0.0
            h = h + zero**0.5 if self.only_backward else h / zero
        return nn.Output(self.fc(h), (self.aux(h),) if self.training else ())


@pytest.mark.parametrize(
    ("only_backward", "what"),
    [
        (False, r"the loss is nan at step 4, batch 1 of epoch 2; the first to be so was the output of Divide \(16x4, "),
        (
            True,
            r"a gradient is NaN or infinite at step 4, .* the backward pass of Power \(gradient of its input 0: 16x4",
        ),
    ],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")  # nothing but the one error is said
def test_nan_stops_with_the_first_layer_and_keeps_the_last_good_checkpoint(tmp_path, monkeypatch, only_backward, what):
    monkeypatch.setattr(Broken, "only_backward", only_backward)
    monkeypatch.setattr(models, "build", lambda name, *, num_classes, channels: Broken(num_classes, channels))
    with pytest.raises(NonFiniteError, match=what):
        fit(tmp_path / "run")
    tensors, state = load(tmp_path / "run")
    assert state["position"]["step"] == 4
    assert all(np.isfinite(array).all() for array in tensors.values())


def test_nan_never_gets_into_a_checkpoint(tmp_path, monkeypatch):
    """An update that overflows at the very last step is not seen by any later loss."""
    real = loop.train_step

    def train_step(session, images, labels):
        result = real(session, images, labels)
        if session.position.step == 8:
            session.network.fc.weight.data[0, 0] = np.inf
        return result

    monkeypatch.setattr(loop, "train_step", train_step)
    with pytest.raises(NonFiniteError, match=r"fc.weight .*\(4x3, 1 infinite\); it is not saved, .*checkpoint is kept"):
        fit(tmp_path / "run")
    assert load(tmp_path / "run")[1]["position"]["step"] == 8
