"""Runs that diverge, and runs that are told to stop: neither ends as a success, and neither loses what was saved."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.places import ROOT
from tests.helpers.tiny_runs import CONFIG, Tiny, bits, fit, read_log, resume, shades
from tinyinception import models, nn, train
from tinyinception.cli import main
from tinyinception.errors import NonFiniteError
from tinyinception.train import evaluation, interrupt, loop
from tinyinception.train.checkpoint import load
from tinyinception.train.interrupt import Stopped, stop_signals

pytestmark = pytest.mark.usefixtures("tiny_network")


# -- a loss that is no number ----------------------------------------------------------------------------------------


class Diverging(Tiny):
    """In evaluation it divides by zero, from the second time that it is measured on."""

    measured = 0

    def forward(self, x):
        h = self.mean(self.norm(self.conv(x)))
        if x.data is not None and not self.training:
            type(self).measured += 1
            if self.measured > self.good:
                h = h / (h * 0.0)
        return nn.Output(self.fc(self.drop(h)), (self.aux(h),) if self.training else ())


@pytest.fixture
def diverging(monkeypatch):
    """From now on networks diverge after so many good batches of evaluation (4 measure the test set once)."""

    def use(good):
        monkeypatch.setattr(Diverging, "measured", 0)
        monkeypatch.setattr(Diverging, "good", good, raising=False)
        monkeypatch.setattr(models, "build", lambda name, *, num_classes, channels: Diverging(num_classes, channels))

    return use


@pytest.mark.parametrize(
    ("good", "which"),
    [
        (0, "the test loss is nan at the end of epoch 1"),
        (4, "the test loss with averaged parameters is nan at the end of epoch 1"),
        (8, "the test loss is nan at the end of epoch 2"),
        (20, "the test loss with averaged parameters is nan at the end of epoch 3"),
    ],
)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_test_loss_that_is_no_number_ends_the_run_naming_epoch_and_layer(tmp_path, diverging, good, which):
    diverging(good)
    with pytest.raises(
        NonFiniteError,
        match=rf"^{which}; the first to be so was the output of Divide \(16x4, .*"
        "the last good checkpoint is kept; try lower lr than 0.1",
    ):
        fit(tmp_path / "run")
    assert not (tmp_path / "run" / "result.json").exists()
    assert load(tmp_path / "run")[1]["position"]["step"] % 3 == 0
    if good >= 8:
        assert [int(row["epoch"]) for row in read_log(tmp_path / "run")] == list(range(1, good // 8 + 1))


@pytest.mark.parametrize("average", [None, 0.9])
def test_a_last_test_loss_beyond_all_reason_is_no_success(tmp_path, average):
    config = replace(CONFIG, epochs=1, average=average, lr=1e6)
    with pytest.raises(NonFiniteError, match=r"^the training has diverged: the test loss is \S+e\+\d+ after 1 epochs"):
        fit(tmp_path / "run", config)
    assert not (tmp_path / "run" / "result.json").exists()
    assert 1e4 < float(read_log(tmp_path / "run")[0]["test_loss"]) < np.inf
    with pytest.raises(
        NonFiniteError, match=r"and 1\.1 by guessing; the last checkpoint is kept; try lower lr than 1e\+06"
    ):
        resume(tmp_path / "run")


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_run_that_gives_no_probabilities_is_one_error_when_used(tmp_path, diverging, monkeypatch):
    from PIL import Image

    fit(tmp_path / "run")
    Image.fromarray(shades().test_images[0]).save(tmp_path / "x.png")
    monkeypatch.setattr(evaluation, "load", lambda *_, **__: shades())
    diverging(0)
    for options in ({}, {"crops": 2}):
        with pytest.raises(NonFiniteError, match=r"run: its test loss is nan; the first to be so was .*Divide"):
            train.evaluate(tmp_path / "run", progress=False, **options)
    with pytest.raises(NonFiniteError, match="run: its weights give no finite probabilities"):
        train.predict(tmp_path / "run", [tmp_path / "x.png"])


# -- the log and the last measuring ----------------------------------------------------------------------------------


def test_a_run_stopped_between_its_last_step_and_its_measuring_ends_with_the_same_log(tmp_path, monkeypatch, finished):
    class Died(Exception):
        pass

    def die(session):
        if session.position.epoch == 1:
            raise Died
        return measure(session)

    measure = loop.measure
    with monkeypatch.context() as patch:
        patch.setattr(loop, "measure", die)
        with pytest.raises(Died):
            fit(tmp_path / "run")
    assert load(tmp_path / "run")[1]["position"]["batch"] == 3
    train.resume(tmp_path / "run", dataset=shades(), progress=False)
    assert bits(tmp_path / "run") == bits(finished.run)

    def columns(folder):
        return [
            {name: value for name, value in row.items() if name not in ("seconds", "images_per_second")}
            for row in read_log(folder)
        ]

    assert columns(tmp_path / "run") == columns(finished.run)


def test_the_test_set_is_measured_once_an_epoch_and_once_more_only_by_another_process(tmp_path, monkeypatch):
    calls, measure = [], loop.measure
    monkeypatch.setattr(loop, "measure", lambda session: calls.append(session.position.epoch) or measure(session))
    result = fit(tmp_path / "run")
    assert calls == [0, 1, 2]
    assert train.resume(tmp_path / "run", dataset=shades(), progress=False) == result
    assert calls == [0, 1, 2, 3]


# -- signals ---------------------------------------------------------------------------------------------------------


def signalling(monkeypatch, number, at=4):
    real = loop.train_step

    def train_step(session, images, labels):
        if session.position.step == at:
            os.kill(os.getpid(), number)
        return real(session, images, labels)

    monkeypatch.setattr(loop, "train_step", train_step)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_stop_saves_and_has_the_exit_status_of_its_kind(tmp_path, monkeypatch, capsys, finished, number):
    with monkeypatch.context() as patch:
        signalling(patch, number)
        with pytest.raises(Stopped, match=f"^stopped and saved; continue with .* --resume {tmp_path}/run") as caught:
            fit(tmp_path / "run", replace(CONFIG, checkpoint_seconds=1000))
    assert caught.value.status == 128 + number
    assert "stopping after this step" in capsys.readouterr().err
    assert load(tmp_path / "run")[1]["position"]["step"] == 5
    assert signal.getsignal(signal.SIGTERM) == signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
    train.resume(tmp_path / "run", dataset=shades(), progress=False)
    assert bits(tmp_path / "run") == bits(finished.run)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_is_ignored_stays_so(tmp_path, monkeypatch, finished, number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        signalling(monkeypatch, number)
        fit(tmp_path / "run")
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)
    assert bits(tmp_path / "run") == bits(finished.run)


def test_what_a_program_does_on_sigterm_it_still_does(tmp_path, monkeypatch):
    caught = []
    before = signal.signal(signal.SIGTERM, lambda *_: caught.append(1))
    try:
        signalling(monkeypatch, signal.SIGTERM)
        fit(tmp_path / "run")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert caught == [1]


def test_a_terminal_that_is_gone_does_not_keep_the_run_from_being_saved(tmp_path, monkeypatch):
    class Gone:
        def write(self, *text):
            raise OSError(5, "Input/output error")

        def flush(self):
            self.write("")

        def isatty(self):
            return True

    signalling(monkeypatch, signal.SIGHUP)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", Gone())
        with pytest.raises(Stopped):
            fit(tmp_path / "run", replace(CONFIG, checkpoint_seconds=1000))
    assert load(tmp_path / "run")[1]["position"]["step"] == 5


def test_where_there_is_no_sighup_and_in_other_threads_nothing_is_caught(monkeypatch):
    monkeypatch.delattr(signal, "SIGHUP")
    assert interrupt._numbers() == [signal.SIGINT, signal.SIGTERM]
    before, seen = signal.getsignal(signal.SIGINT), []

    def look():
        with stop_signals() as request:
            seen.append((signal.getsignal(signal.SIGINT), request.signal))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [(before, None)]


CHILD = """
import os, signal, sys
import tests.helpers.tiny_runs as t
from tinyinception import models
from tinyinception.cli import main
from tinyinception.train import loop
models.build, loop.load_data = t.build_tiny, lambda *_: t.shades()
real = loop.train_step
def train_step(session, *rest):
    if session.position.step == 4:
        os.kill(os.getpid(), int(sys.argv[2]))
    return real(session, *rest)
loop.train_step = train_step
sys.exit(main(["train", "--batch-size", "16", "--out", sys.argv[1]]))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_command_says_how_to_continue_and_ends_with_128_and_the_signal(tmp_path, number):
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "run"), str(int(number))],
        cwd=ROOT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert child.returncode == 128 + number, child.stderr
    assert child.stderr.splitlines()[-1].endswith(f"continue with tinyinception train --resume {tmp_path}/run")
    assert json.loads((tmp_path / "run" / "state.json").read_text(encoding="utf-8"))["position"]["step"] == 5
    assert not (tmp_path / "run" / "lock.json").exists()


def test_the_command_line_gives_the_result_of_a_diverged_run_as_an_error(tmp_path, monkeypatch, capsys, diverging):
    diverging(0)
    monkeypatch.setattr(loop, "load_data", lambda *_: shades())
    assert main(["train", "--out", str(tmp_path / "run"), "--json"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("tinyinception: error: the test loss is nan at the end of epoch 1; the ")
    assert np.isfinite(load(tmp_path / "run")[0]["network/fc.weight"]).all()
