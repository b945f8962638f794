"""Results that are kept: of three small files the same report, and nothing of what is another study now."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.helpers.small_study import two_rates
from tinyinception import studies
from tinyinception.errors import DataError
from tinyinception.studies import Outcome, definition, kept
from tinyinception.studies.report import Report
from tinyinception.studies.shares import Shares


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The file of a study that comes with the package."""
    path = tmp_path / "package" / "rates.toml"
    path.parent.mkdir()
    two_rates(path, seeds=2, epochs=3, also='ensemble = true\nmeasure = ["test_accuracy", "test_loss"]')
    monkeypatch.setattr(definition, "HERE", path.parent)
    return path


@pytest.fixture
def report(file, tmp_path):
    """What it came to, in a folder as `studies.run` leaves it."""
    study, outcomes = studies.load("rates"), []
    for k, arm in enumerate(study.arms):
        for seed in study.seeds:
            accuracy = 0.5 + 0.1 * k + 0.01 * seed
            rows = [{"step": 48, "test_accuracy": accuracy, "averaged_test_accuracy": None}]
            values = {"test_accuracy": accuracy, "test_loss": 1 / 3}
            outcomes.append(Outcome(arm, seed, values, rows, 60.25 + seed))
    ensembles = {"low": 0.52, "high": 0.64}
    place = tmp_path / "out"
    place.mkdir()
    found = Report(study, place, outcomes, f"tinyinception study rates --out {place}", Shares(2, 1), ensembles)
    found.write()
    return found


@pytest.fixture
def own(report):
    """That folder."""
    return report.folder


def noise(path):
    pixels = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)
    Image.fromarray(pixels).save(path)


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **values}), encoding="utf-8")


def test_the_report_can_be_made_again(own, report, tmp_path):
    kept.keep(own, tmp_path / "kept")
    folder = tmp_path / "kept" / "rates"
    assert {path.name for path in folder.iterdir()} == {"results.csv", "about.json", "figure.png"}
    assert sum(path.stat().st_size for path in folder.iterdir()) < kept.LARGEST
    again = kept.read(folder)
    assert again.blocks()[:-1] == report.blocks()[:-1]
    assert again.command == "tinyinception study rates"
    assert [(one.arm, one.seed, one.values, one.seconds) for one in again.outcomes] == [
        (one.arm, one.seed, one.values, one.seconds) for one in report.outcomes
    ]


def test_what_was_trained_is_kept_and_the_command_names_no_folder(own):
    about = json.loads((own / "about.json").read_text(encoding="utf-8"))
    assert about["command"] == "tinyinception study rates"
    assert about["arms"]["high"]["lr"] == 0.05
    assert "seed" not in about["arms"]["high"]


def test_what_is_not_there_is_none(tmp_path):
    assert kept.read(tmp_path / "nothing") is None


def test_a_part_of_a_study_can_be_kept_and_what_diverged_stays_so(own, tmp_path):
    lines = (own / "results.csv").read_text(encoding="utf-8").splitlines()
    (own / "results.csv").write_text("\n".join([lines[0], 'low,0,,,3.5,"nan, at step 3"', lines[3]]), encoding="utf-8")
    found = kept.keep(own, tmp_path)
    assert [(one.arm, one.seed, one.failed) for one in found.outcomes] == [
        ("low", 0, "nan, at step 3"),
        ("high", 0, ""),
    ]
    assert found.outcomes[0].seconds == 3.5
    assert "Only 2 of 4 trainings are finished." in found.verdict


def test_a_study_that_has_changed_since_is_refused(own, file, tmp_path, monkeypatch):
    text = file.read_text(encoding="utf-8").replace("lr = 0.05", "lr = 0.06").replace("[arms.low]", "[arms.lower]")
    (tmp_path / "rates.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(definition, "HERE", tmp_path)
    told = r"has changed since: lower is new; low is gone; high: lr was 0\.05, is 0\.06; run it again"
    with pytest.raises(DataError, match=told):
        kept.keep(own, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda place: (place / "about.json").unlink(), "has no about.json; `tinyinception study NAME --out"),
        (lambda place: change(place / "about.json", study="mine"), "there is no study 'mine'"),
        (lambda place: change(place / "about.json", command="study rates --quick"), "another study than the built-in"),
        (lambda place: (place / "about.json").write_text("{}", "utf-8"), "lacks study, command"),
        (lambda place: (place / "about.json").write_text("[", "utf-8"), "is no JSON"),
        (lambda place: (place / "results.csv").unlink(), "cannot be used"),
        (
            lambda place: (place / "results.csv").write_text("arm,seed\nlow,0\n", "utf-8"),
            "cannot be used: 'test_accuracy'",
        ),
        (lambda place: change(place / "about.json", seeds=[7]), "has low, seed 0, which the study has not"),
        (lambda place: (place / "figure.png").unlink(), "figure.png cannot be used: .*No such file"),
        (lambda place: (place / "figure.png").write_bytes(b"no picture"), "figure.png cannot be used: cannot identify"),
        (lambda place: noise(place / "figure.png"), r"figure.png would have \d{3},\d{3} bytes, and 100,000 are kept"),
    ],
)
def test_what_cannot_be_kept_is_one_error_and_nothing_is(own, tmp_path, damage, told):
    damage(own)
    with pytest.raises(DataError, match=told):
        kept.keep(own, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
