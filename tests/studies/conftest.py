"""A study of real trainings, as small as it gets, that nothing disturbed."""

import pytest

from tinyinception import studies

TEXT = """
question = "Does a higher rate help?"
seeds = 2
ensemble = true
measure = ["test_accuracy", "test_loss"]
[base]
model = "plain_cifar"
model_options = { width = 0.25 }
limit = 64
batch_size = 4
epochs = 3
checkpoint_seconds = 1e-9  # a checkpoint after each step, so that whatever is killed has something to go on from
[arms.low]
lr = 0.02
[arms.high]
lr = 0.05
"""


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    """The study's file."""
    path = tmp_path_factory.mktemp("study") / "rates.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def undisturbed(file, tmp_path_factory):
    """(folder, report) of the study."""
    folder = tmp_path_factory.mktemp("undisturbed") / "out"
    return folder, studies.run(studies.load(file), folder, progress=False)
