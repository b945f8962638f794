"""Fixtures that several test files share."""

import numba
import pytest

import tinyinception
from tinyinception import models
from tinyinception.train import loop


@pytest.fixture(scope="module")
def one_thread():
    """Kernels on one thread: on arrays of a few numbers, waking a second one costs fifty times the work itself."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@pytest.fixture
def tiny_network(monkeypatch):
    """Whatever model a config names, training gets the tiny one, and draws no pictures."""
    from tiny_runs import build_tiny

    monkeypatch.setattr(models, "build", build_tiny)
    monkeypatch.setattr(loop, "draw_pictures", lambda *_: None)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The result of a run of `tiny_runs.CONFIG` that nothing interrupted."""
    from tiny_runs import build_tiny, fit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "build", build_tiny)
        return fit(tmp_path_factory.mktemp("runs") / "finished")


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Lessons 1, which works, and 2, whose last cell fails; lesson 1 has exercises. The working folder is empty."""
    from small_course import ANSWERS, CHECKS, FIRST, SECOND

    place = tmp_path / "clone" / "lessons"
    for name in ("exercises", "checks"):
        (place / name).mkdir(parents=True)
    (place / "01_sums.py").write_text(FIRST, encoding="utf-8")
    (place / "02_failures.py").write_text(SECOND, encoding="utf-8")
    (place / "claims.toml").write_text("", encoding="utf-8")
    (place / "checks" / "01_sums.py").write_text(CHECKS, encoding="utf-8")
    (place / "exercises" / "01_sums.py").write_text(ANSWERS.format("...", "..."), encoding="utf-8")
    monkeypatch.setattr(tinyinception, "__file__", str(tmp_path / "clone" / "tinyinception" / "__init__.py"))
    monkeypatch.setenv("TINYINCEPTION_FIGURES", str(tmp_path / "figures"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return place
