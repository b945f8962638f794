"""Results that are kept: of three small files the same report, and nothing of what is another study now."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tinyinception import studies
from tinyinception.errors import DataError
from tinyinception.studies import definition, kept


@pytest.fixture
def builtin(file, monkeypatch):
    """The small study as if it came with the package."""
    monkeypatch.setattr(definition, "HERE", file.parent)
    return file.stem


@pytest.fixture
def own(undisturbed, builtin, tmp_path):
    """A copy of the small study's folder, to be changed, as a command by name leaves it."""
    shutil.copytree(undisturbed[0], tmp_path / "out", ignore=shutil.ignore_patterns("runs"))
    change(tmp_path / "out" / "about.json", command="tinyinception study rates")
    return tmp_path / "out"


def noise(path):
    pixels = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)
    Image.fromarray(pixels).save(path)


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **values}), encoding="utf-8")


def test_the_report_can_be_made_again(own, undisturbed, tmp_path):
    report = kept.keep(own, tmp_path / "kept")
    folder = tmp_path / "kept" / "rates"
    assert {path.name for path in folder.iterdir()} == {"results.csv", "about.json", "figure.png"}
    assert sum(path.stat().st_size for path in folder.iterdir()) < kept.LARGEST
    again, before = kept.read(folder), undisturbed[1]
    assert again.blocks()[:-1] == report.blocks()[:-1] == before.blocks()[:-1]
    assert again.command == "tinyinception study rates"
    assert [(one.arm, one.seed, one.values, one.seconds) for one in again.outcomes] == [
        (one.arm, one.seed, one.values, one.seconds) for one in before.outcomes
    ]


def test_the_command_names_no_folder(undisturbed, file):
    about = json.loads((undisturbed[0] / "about.json").read_text(encoding="utf-8"))
    assert about["command"] == f"tinyinception study {file}"
    assert about["arms"]["high"]["lr"] == 0.05
    assert "seed" not in about["arms"]["high"]


def test_what_is_not_there_is_none(tmp_path):
    assert kept.read(tmp_path / "nothing") is None


def test_a_part_of_a_study_can_be_kept_and_what_diverged_stays_so(own, tmp_path):
    lines = (own / "results.csv").read_text(encoding="utf-8").splitlines()
    lost = ["low", "0", "", "", "3.5", "the loss is nan, at step 3"]
    (own / "results.csv").write_text("\n".join([lines[0], ",".join(lost[:-1]) + f',"{lost[-1]}"', lines[3]]) + "\n")
    found = kept.keep(own, tmp_path)
    assert [(one.arm, one.seed, one.failed) for one in found.outcomes] == [("low", 0, lost[-1]), ("high", 0, "")]
    assert found.outcomes[0].seconds == 3.5
    assert "Only 2 of 4 trainings are finished." in found.verdict


def test_a_study_that_has_changed_since_is_refused(own, builtin, file, tmp_path, monkeypatch):
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
        (lambda place: (place / "about.json").write_text("{}"), "lacks study, command"),
        (lambda place: (place / "about.json").write_text("["), "is no JSON"),
        (lambda place: (place / "results.csv").unlink(), "cannot be used"),
        (lambda place: (place / "results.csv").write_text("arm,seed\nlow,0\n"), "cannot be used: 'test_accuracy'"),
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


def test_a_finished_study_says_with_how_many_workers_it_trains_when_it_is_asked_again(undisturbed, file):
    folder, report = undisturbed
    assert studies.plan(studies.load(file), folder, progress=False).shares == report.shares
