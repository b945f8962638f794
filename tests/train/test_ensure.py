"""`train.ensure`: the result of a config in a folder, whatever is there already."""

from dataclasses import replace

import pytest

from tests.helpers.tiny_runs import CONFIG, Died, bits, die_at, fit, shades
from tinyinception import train
from tinyinception.cli import main
from tinyinception.errors import ArgumentError
from tinyinception.train import loop

pytestmark = pytest.mark.usefixtures("tiny_network")


def ensure(folder, config=CONFIG):
    return train.ensure(config, folder, dataset=shades(), progress=False)


def test_an_empty_or_missing_folder_is_begun(tmp_path, finished):
    (tmp_path / "empty").mkdir()
    for name in ("empty", "missing"):
        result = ensure(tmp_path / name)
        assert result.run == str(tmp_path / name)
        assert bits(result.run) == bits(finished.run)


def test_a_finished_run_is_not_trained_again(tmp_path, monkeypatch):
    result = fit(tmp_path / "run", replace(CONFIG, epochs=1))
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    monkeypatch.setattr(loop, "_train", lambda *_: pytest.fail("trained"))
    assert ensure(tmp_path / "run", replace(CONFIG, epochs=1)) == result
    monkeypatch.chdir(tmp_path)
    assert ensure("run", replace(CONFIG, epochs=1)) == replace(result, run="run")
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


@pytest.mark.parametrize("step", [None, 0, 4, 8])
def test_a_run_that_stopped_is_continued(tmp_path, monkeypatch, finished, step):
    """step None: it was killed before its first checkpoint."""
    with monkeypatch.context() as patch:
        die_at(patch, step or 0)
        with pytest.raises(Died):
            ensure(tmp_path / "run")
    if step is None:
        for name in ("checkpoint.safetensors", "state.json"):
            (tmp_path / "run" / name).unlink()
    result = ensure(tmp_path / "run")
    assert bits(result.run) == bits(finished.run)
    assert result.test_accuracy == finished.test_accuracy


def test_a_run_of_another_config_is_refused_naming_the_fields(tmp_path):
    fit(tmp_path / "run", replace(CONFIG, epochs=1))
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(ArgumentError, match=r"run holds a run with epochs 1, not 3; lr 0\.1, not 0\.2$"):
        ensure(tmp_path / "run", replace(CONFIG, lr=0.2))
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ArgumentError, match="not empty"):
        ensure(tmp_path / "notes")
    with pytest.raises(ArgumentError, match="folder must be a path"):
        ensure("a\0b")


def test_the_command_line_has_it_and_draws_no_pictures_where_none_are_wanted(tmp_path, monkeypatch, capsys):
    drawn = []
    monkeypatch.setattr(loop, "draw_pictures", lambda *_: drawn.append(True))
    monkeypatch.setattr(loop, "load_data", lambda *_: shades())
    words = ["train", "--epochs", "1", "--batch-size", "16", "--quiet"]
    ensured = [*words, "--ensure", "--no-pictures", "--out", str(tmp_path / "run")]
    assert main(ensured) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr(loop, "_train", lambda *_: pytest.fail("trained"))
    assert main(ensured) == 0
    assert capsys.readouterr().out == first
    assert not drawn
    assert main([*ensured, "--lr", "0.2"]) == 1
    assert "holds a run with lr 0.1, not 0.2" in capsys.readouterr().err
    for wrong in ([*words, "--ensure"], ["train", "--resume", "x", "--ensure"]):
        assert main(wrong) == 2
        assert "--ensure" in capsys.readouterr().err
