"""Fixtures that several test files share."""

import numba
import pytest

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
