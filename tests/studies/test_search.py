"""Searches: which arms survive, what is told, what goes on after a kill; children make their results up."""

import csv
import json
from collections import Counter

import pytest

from tinyinception import studies
from tinyinception.cli import main, training
from tinyinception.cli.parser import parse
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.studies import cost, estimate
from tinyinception.studies.report import Report
from tinyinception.studies.tasks import HOPELESS, Children
from tinyinception.train.run import Result, Run
from tinyinception.train.state import COLUMNS

SEARCH = """
question = "Which rate?"
seeds = {seeds}
compare = ["base"]
[halving]
rungs = [0.25, 0.5, 1]
one_in = 2
[base]
epochs = 8
holdout = 500
limit = 64
[arms.late]
lr = 0.1
[arms.base]
lr = 0.2
[arms.early]
lr = 0.3
[arms.twin]
lr = 0.4
[arms.poor]
lr = 0.5
[arms.odd]
lr = 0.6
"""
# What each comes to at two, four and eight epochs. "late" would have won, had it not been dropped; "odd" diverges.
MADE_UP = {
    0.1: (0.30, 0.60, 0.99),
    0.2: (0.35, 0.50, 0.80),
    0.3: (0.50, 0.60, 0.70),
    0.4: (0.50, 0.60, 0.75),
    0.5: (0.50, 0.40, 0.60),
    0.6: (None, None, None),
}


class Trainer:
    """In the place of a child process: makes up what a training comes to, and counts. dies: the training it dies in."""

    def __init__(self):
        self.trained, self.dies = Counter(), None

    def run(self, children, command, log, threads):
        options = parse(command)
        config = training.config(options)
        name = (config.lr, config.seed, config.epochs)
        if name == self.dies:
            raise MemoryError("killed")
        self.trained[name] += 1
        accuracy = MADE_UP[config.lr][(2, 4, 8).index(config.epochs)]
        if accuracy is None:
            log.write_text("tinyinception: error: the loss is nan at step 3\n", encoding="utf-8")
            return HOPELESS, ""
        accuracy += 0.001 * config.seed
        with Run.begin(config.located, options.out) as run:
            row = {**dict.fromkeys(COLUMNS, 0.5), "test_accuracy": accuracy, "averaged_test_accuracy": None}
            run.write_log([{**row, "epoch": epoch} for epoch in range(1, config.epochs + 1)])
            run.write_result(Result(accuracy, config.epochs, 60.0, 100.0, str(run.folder)))
        return 0, ""


@pytest.fixture
def trainer(monkeypatch):
    made = Trainer()
    monkeypatch.setattr(Children, "run", lambda *args: made.run(*args))
    monkeypatch.setattr(Report, "_draw", lambda report: None)
    step = estimate.Step(0.5, 0.25, 640, 64)
    monkeypatch.setattr(estimate, "measure", lambda tasks, *_: {task.arm: step for task in tasks})
    return made


@pytest.fixture
def write(tmp_path):
    """write(text) -> the path of a file that says so."""

    def call(text):
        path = tmp_path / "rates.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return call


@pytest.fixture
def search(write):
    """The search as a study of one seed."""
    return studies.load(write(SEARCH.format(seeds=1)))


def run(study, folder):
    return studies.run(study, folder, progress=False, workers=1)


def test_at_each_rung_the_best_go_on_equal_ones_in_their_order_and_the_base_in_any_case(search, trainer, tmp_path):
    """Of five choices three are to go on, of three two: one has diverged, three are equal, then two of them again."""
    report = run(search, tmp_path / "out")
    rungs = [list(one.study.arms) for one in report.rungs]
    assert rungs == [list(search.arms), ["base", "early", "twin", "poor"], ["base", "early", "twin"]]
    assert search.trainings == 6 + 4 + 3 == trainer.trained.total()
    assert set(trainer.trained) >= {(0.2, 0, 2), (0.2, 0, 4), (0.2, 0, 8), (0.4, 0, 8)}
    assert report.winner == "base"
    assert report.order == ["base", "twin", "early", "poor", "late", "odd"]
    assert [round(100 * report.gain(arm)) if report.gain(arm) is not None else None for arm in report.order] == [
        None, -5, -10, -10, -5, None,
    ]  # fmt: skip


def test_of_a_measure_of_which_less_is_better_the_least_go_on(write, trainer, tmp_path):
    text = 'measure = ["test_loss", "test_accuracy"]\n' + SEARCH.format(seeds=1)
    report = run(studies.load(write(text)), tmp_path / "out")
    assert report.measure == "test_loss"  # of all it is made up to be the same
    assert list(report.rungs[-1].study.arms) == ["late", "base", "early"]
    assert report.winner == "late"


def test_seeds_are_averaged_and_each_is_trained(write, trainer, tmp_path):
    report = run(studies.load(write(SEARCH.format(seeds=2))), tmp_path / "out")
    assert trainer.trained.total() == 2 * 13
    assert report.value("twin", 2) == pytest.approx(0.7505)
    assert "2 seeds" in report.verdict


def test_killed_and_begun_again_it_goes_on_to_the_same_report(search, trainer, tmp_path):
    whole = run(search, tmp_path / "whole")
    trainer.trained.clear()
    trainer.dies = (0.3, 0, 4)
    with pytest.raises(MemoryError, match="killed"):
        run(search, tmp_path / "out")
    trained = set(trainer.trained)
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "Only 1 of 3 rungs are finished." in text
    trainer.dies = None
    again = run(search, tmp_path / "out")
    assert trainer.trained.total() == 13  # none a second time
    assert trained < set(trainer.trained)
    assert (again.verdict, again.order) == (whole.verdict, whole.order)
    one, other = ((tmp_path / out / "results.csv").read_bytes() for out in ("whole", "out"))
    assert one == other
    trainer.trained.clear()
    assert run(search, tmp_path / "out").verdict == whole.verdict
    assert not trainer.trained


def test_what_fails_says_how_the_search_goes_on(search, trainer, tmp_path, monkeypatch):
    def refuse(self, command, log, threads):
        log.write_text("tinyinception: error: No space left on device\n", encoding="utf-8")
        return 1, ""

    monkeypatch.setattr(Children, "run", refuse)
    with pytest.raises(
        CheckpointError, match=r"0 of 6 trainings finished, 6 failed; .*; the first: rates, rung 1/"
    ) as e:
        run(search, tmp_path / "out")
    assert f"go on with `tinyinception study {tmp_path / 'rates.toml'} --out {tmp_path / 'out'}`" in str(e.value)


def test_the_report_has_a_row_for_each_choice_and_says_that_no_test_image_was_looked_at(search, trainer, tmp_path):
    report = run(search, tmp_path / "out")
    assert report.verdict == "Of 6 arms, “base” came first: held-out accuracy 80.00 % (1 seed)."
    assert report.findings == [
        "Not better than “base” at the last rung that it reached: “twin” (-5.00 points), “early” (-10.00 points), "
        "“poor” (-10.00 points), “late” (-5.00 points).",
        "Diverged: “odd”.",
    ]
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    macs = f"{cost.count('inception_cifar', {})[0] / 1e6:.2f} M"
    for part in (
        "# Search rates: Which rate?",
        f"| base | - | {macs} | rung 3 | 35.00 % | 50.00 % | 80.00 % | - | 3.0 |",
        f"| late | lr 0.1 | {macs} | rung 1 | 30.00 % | - | - | -5.00 points | 1.0 |",
        f"| odd | lr 0.6 | {macs} | rung 1, diverged | - | - | - | - | 0.",
        "8 epochs of 64 training images of drawn, in batches of 64, judged by 500 training images that are held out.",
        "The test images were not looked at.",
        "rung 3: 3 trainings of 8 epochs, 3.0 minutes",
    ):
        assert part in text, part
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert report.verdict in page
    with open(tmp_path / "out" / "results.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["arm"], line["rung"], line["epochs"], line["test_accuracy"]) for line in lines][-1] == (
        "twin", "3", "8", "0.75",
    )  # fmt: skip
    assert len(lines) == 13
    assert json.loads(json.dumps(report.to_json()))["arms"][1]["changes"] == {"lr": 0.4}


def test_a_dry_run_says_what_each_rung_will_be_and_of_finished_ones_what_it_was(search, trainer, tmp_path, capsys):
    words = ["study", str(tmp_path / "rates.toml"), "--out", str(tmp_path / "out"), "--workers", "1"]
    assert main([*words, "--dry-run"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    # ten steps of 0.5 s and a test of 0.25 s are 5.25 s an epoch, and 5 s what a process takes to begin and end
    for part in (
        "13 trainings in 3 rungs; at the last, 8 epochs of 64 training images of drawn",
        "rung 1: 6 trainings of 2 epochs, 0 finished, about",
        "rung 3: 3 trainings of 8 epochs, 0 finished, about",
        "results.csv, report.md, report.html, study.json, and for each rung a study, rung1, rung2, ...",
    ):
        assert part in told, part
    assert not (tmp_path / "out").exists()
    plan = studies.plan(search, tmp_path / "out", progress=False, workers=1)
    per_epoch = 10 * 0.5 + 0.25
    expected = [n * (epochs * per_epoch + 5) for n, epochs in ((6, 2), (4, 4), (3, 8))]
    assert [one.seconds for one in plan.rungs] == pytest.approx(expected)
    trainer.dies = (0.5, 0, 4)  # the last of its rung
    with pytest.raises(MemoryError):
        run(search, tmp_path / "out")
    plan = studies.plan(search, tmp_path / "out", progress=False, workers=1)
    assert [(one.trainings, one.finished) for one in plan.rungs] == [(6, 6), (4, 3), (3, 0)]
    assert plan.to_json()["finished"] == 9
    trainer.dies = None
    run(search, tmp_path / "out")
    assert main([*words, "--dry-run"]) == 0
    assert "nothing is left to train" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("holdout = 500", "", "halving: arm late is judged by the test images; a search wants holdout = 5000 or so"),
        ("one_in = 2", "one_in = 1", r"halving: one_in must be a whole number in \[2, 1e6\], got 1"),
        ("one_in = 2", "keep = 2", "unknown key in halving: 'keep'"),
        ("[0.25, 0.5, 1]", "[0.5, 0.25, 1]", r"halving: rungs must be rising parts of the epochs, the last of them 1"),
        ("[0.25, 0.5, 1]", "[0.25, 0.5]", "halving: rungs must be rising"),
        ("[0.25, 0.5, 1]", "[1]", "halving: rungs must be rising"),
        ("[0.25, 0.5, 1]", "[2, 4, 8]", r"halving: rungs must be a number in \(0, 1\], got 2"),
        ("rungs = [0.25, 0.5, 1]", "", "halving: rungs must be rising .* got None"),
        ("[halving]", "[halving.more]", "unknown key in halving: 'more'"),
        ("epochs = 8", "epochs = 2", "halving: arm late: 2 epochs are too few for 3 rungs, which would have 1, 1, 2"),
        ("seeds = 1", "ensemble = true", "halving: ensemble goes without it"),
        ("seeds = 1", 'measure = "logit_gap"', "halving: of logit_gap, neither more nor less is better"),
        ('["base"]', '[["base"], ["late"]]', "halving: all arms are compared with one, so compare cannot be 2 lists"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(write, old, new, told):
    text = SEARCH.format(seeds=1)
    assert old in text
    path = write(text.replace(old, new))
    with pytest.raises(ArgumentError, match=told) as caught:
        studies.load(path)
    assert str(caught.value).startswith(f"study {path}: ")
    assert "\n" not in str(caught.value)


def test_other_rungs_in_the_same_folder_are_refused(search, trainer, write, tmp_path):
    run(search, tmp_path / "out")
    other = studies.load(write(SEARCH.format(seeds=1).replace("[0.25, 0.5, 1]", "[0.125, 0.5, 1]")))
    with pytest.raises(ArgumentError, match=r"rung1 holds this study with another arm late: epochs 2, not 1; choose"):
        run(other, tmp_path / "out")
