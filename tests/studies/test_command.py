"""The command line of studies: what is listed, planned, asked for and refused."""

import json

import pytest

from tinyinception import studies
from tinyinception.cli import main
from tinyinception.studies.run import FILES


@pytest.fixture
def run(capsys):
    """run("study") -> (status, standard output, standard error)."""

    def call(*words):
        status = main([str(word) for word in words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


def test_without_a_name_it_lists_the_studies_with_their_questions(run):
    status, out, err = run("study")
    assert (status, err) == (0, "")
    for name in studies.names():
        assert f"{name}\n    " in out
    listed = json.loads(run("study", "list", "--json")[1])["studies"]
    assert [one["name"] for one in listed] == studies.names()
    assert all(one["question"] in " ".join(out.split()) for one in listed)


def test_a_dry_run_says_how_many_how_long_and_where_and_writes_nothing(run, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = run("study", file, "--dry-run")
    assert status == 0
    for part in (
        "4 trainings, 0 of them finished; each of 3 epochs of 64 training images of drawn, in batches of 4",
        "a training step, measured now",
        "low ",
        " ms",
        "about ",
        "at a time",
    ):
        assert part in " ".join(out.split())
    assert f"writes to runs/study-rates: {', '.join(FILES)}, and a run folder" in " ".join(out.split())
    assert not list(tmp_path.iterdir())


def test_many_trainings_ask_for_a_yes(run, tmp_path):
    path = tmp_path / "many.toml"
    path.write_text(
        f'question = "?"\nseeds = 10\n[cross]\nlr = {[n / 10_000 for n in range(1, 1001)]}', encoding="utf-8"
    )
    status, out, err = run("study", path, "--out", tmp_path / "out")
    assert (status, out) == (1, "")
    assert err == (
        "tinyinception: error: study many: it is 10,000 trainings (1,000 arms, 10 seeds); --yes runs them, "
        "--dry-run says how long that takes\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["smoothin"], 1, "did you mean 'smoothing'"),
        (["smoothing", "--seeds", "many"], 1, "seeds must be how many, such as 3, or which, such as 0,2,5, got 'many'"),
        (["smoothing", "--seeds", "0"], 1, "seeds must be how many"),
        (["--seeds", "3"], 2, "study --seeds: of which one?"),
        (["--quick"], 2, "study --quick: of which one?"),
        (["list", "--dry-run"], 2, "study --dry-run: of which one?"),
        (["smoothing", "--quik"], 2, "unknown flag '--quik'; did you mean '--quick'"),
        (["smoothing", "--data", "cifar11", "--dry-run"], 1, "cifar11"),
    ],
)
def test_what_cannot_be_is_one_line(run, words, status, told):
    found, out, err = run("study", *words)
    assert (found, out) == (status, "")
    assert told in err
    assert err.count("\n") == 1
