"""The course's claims."""

import shutil

import pytest

from tinyinception.course import claims as room
from tinyinception.course.files import folder


@pytest.fixture(scope="session")
def weighed():
    """All claims weighed, by id."""
    return {one.claim.id: one for one in room.weigh(room.read())}


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """copied(file, old, new) -> the claims of a copy of lessons/ in which one text is changed, exactly once."""
    shutil.copy(folder() / "claims.toml", tmp_path)
    shutil.copytree(folder() / "verdicts", tmp_path / "verdicts", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(room, "folder", lambda: tmp_path)

    def change(file, old, new):
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
        return {claim.id: claim for claim in room.read()}

    return change
