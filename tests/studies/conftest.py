"""The small study, that nothing disturbed."""

import pytest

from tests.helpers.small_study import two_rates
from tinyinception import studies


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    """The study's file."""
    also = 'ensemble = true\nmeasure = ["test_accuracy", "test_loss"]'
    return two_rates(tmp_path_factory.mktemp("study") / "rates.toml", seeds=2, epochs=3, also=also)


@pytest.fixture(scope="session")
def undisturbed(file, tmp_path_factory):
    """(folder, report) of the study."""
    folder = tmp_path_factory.mktemp("undisturbed") / "out"
    return folder, studies.run(studies.load(file), folder, progress=False)
