"""A pipe or a device in the place of a file: refused at once, where reading it might never end."""

import os
import shutil

import pytest

from tests.helpers.marks import posix
from tests.helpers.tiny_runs import CONFIG, fit, resume, shades
from tinyinception import nn, train, weights
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.train import checkpoint, config
from tinyinception.train.lock import locked

pytestmark = posix


@pytest.mark.parametrize("name", ["settings.json", "settings.toml"])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_settings_are_read_from_plain_files(tmp_path, name, make):
    make(tmp_path / name)
    with pytest.raises(ArgumentError, match=r"cannot be read: it is no plain file$"):
        config.read(tmp_path / name)


def test_a_folder_is_no_file_of_settings(tmp_path):
    with pytest.raises(ArgumentError, match=r"cannot be read: it is a folder$"):
        config.read(tmp_path)


def test_checkpoints_locks_and_weights_are_plain_files(tmp_path):
    for name in (checkpoint.CHECKPOINT, "lock.json", "config.json"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(CheckpointError, match=r"checkpoint\.safetensors is damaged or cannot be read: it is no plain"):
        checkpoint.load(tmp_path)
    with pytest.raises(CheckpointError, match=r"lock\.json: it is no plain file"), locked(tmp_path):
        raise AssertionError("held")
    with pytest.raises(CheckpointError, match="it is no plain file"):
        weights.load(nn.Linear(2, 2), tmp_path / checkpoint.CHECKPOINT)
    with pytest.raises(CheckpointError):
        weights.from_export(tmp_path)


@pytest.mark.usefixtures("tiny_network")
def test_a_result_is_a_plain_file(tmp_path):
    fit(tmp_path / "run", CONFIG)
    shutil.copytree(tmp_path / "run", tmp_path / "other")
    (tmp_path / "run" / "result.json").unlink()
    os.mkfifo(tmp_path / "run" / "result.json")
    with pytest.raises(CheckpointError, match=r"result\.json cannot be used: it is no plain file"):
        train.ensure(CONFIG, tmp_path / "run", dataset=shades())
    assert resume(tmp_path / "other").epochs == CONFIG.epochs
