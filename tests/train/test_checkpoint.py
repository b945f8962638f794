"""Checkpoints: what was saved comes back to the bit, or an error says that it does not."""

import errno
import json
import os
import signal

import numpy as np
import pytest

from tests.helpers.marks import posix
from tinyinception.errors import CheckpointError
from tinyinception.files import save_file
from tinyinception.train import checkpoint
from tinyinception.train.checkpoint import CHECKPOINT, STATE, load, save

STATE_OLD = {"position": {"step": 3, "loss_sum": 0.1 + 0.2}, "random": {"state": 2**127 + 1}, "names": ["a", None]}
STATE_NEW = {"position": {"step": 4}}


def tensors(seed):
    rng = np.random.default_rng(seed)
    return {
        "network/conv": rng.standard_normal((3, 3, 2, 4)).astype(np.float32),
        "network/transposed": rng.standard_normal((5, 3)).T,
        "optimizer/step": np.asarray(seed, np.int64),
        "network/empty": np.zeros((0, 4), np.float32),
    }


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_what_was_saved_comes_back_to_the_bit(tmp_path):
    save(tmp_path, tensors(1), STATE_OLD)
    found, state = load(tmp_path)
    assert_same(found, tensors(1))
    assert state == STATE_OLD
    assert json.loads((tmp_path / STATE).read_text(encoding="utf-8")) == STATE_OLD
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINT, STATE]


@posix  # elsewhere a folder cannot be flushed
@pytest.mark.parametrize("moment", range(6))
def test_a_process_that_dies_while_saving_leaves_the_old_or_the_new_checkpoint(tmp_path, monkeypatch, moment):
    """Dies at each of the six calls in turn that touch the disk after a write: fsync, rename, fsync, for both files."""
    save(tmp_path, tensors(1), STATE_OLD)
    calls = []

    def dying(real):
        def call(*arguments):
            if len(calls) == moment:
                raise SystemExit
            calls.append(real.__name__)
            return real(*arguments)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", dying(os.fsync))
        patch.setattr(os, "replace", dying(os.replace))
        with pytest.raises(SystemExit):
            save(tmp_path, tensors(2), STATE_NEW)
    assert calls == ["fsync", "replace", "fsync", "fsync", "replace", "fsync"][:moment]
    found, state = load(tmp_path)
    assert_same(found, tensors(2 if moment > 1 else 1))
    assert state == (STATE_NEW if moment > 1 else STATE_OLD)


@posix
def test_a_write_that_stops_half_way_leaves_the_old_checkpoint(tmp_path):
    """The kernel itself refuses to write further than 200 bytes, as on a full disk."""
    import resource

    save(tmp_path, tensors(1), STATE_OLD)
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
    try:
        with pytest.raises(CheckpointError, match=f"cannot write .*{CHECKPOINT}: File too large; .*before is kept"):
            save(tmp_path, tensors(2), STATE_NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert_same(load(tmp_path)[0], tensors(1))
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINT, STATE]


def test_a_full_disk_found_only_when_flushing_is_one_clear_error(tmp_path, monkeypatch):
    save(tmp_path, tensors(1), STATE_OLD)

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CheckpointError, match=rf"{CHECKPOINT}: No space left on device"):
            save(tmp_path, tensors(2), STATE_NEW)
    assert_same(load(tmp_path)[0], tensors(1))


def test_no_altered_byte_is_ever_loaded_as_something_else(tmp_path):
    save(tmp_path, tensors(1), STATE_OLD)
    path = tmp_path / CHECKPOINT
    good = path.read_bytes()
    refused = 0
    for position in range(len(good)):
        altered = bytearray(good)
        altered[position] ^= 1 << position % 8
        path.write_bytes(altered)
        try:
            found, state = load(tmp_path)
        except CheckpointError:
            refused += 1
        else:  # padding
            assert_same(found, tensors(1))
            assert state == STATE_OLD
    assert refused > 0.95 * len(good)


def test_a_truncated_checkpoint_is_refused_by_name(tmp_path):
    save(tmp_path, tensors(1), STATE_OLD)
    path = tmp_path / CHECKPOINT
    good = path.read_bytes()
    for length in (0, 1, 7, 8, 100, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(CheckpointError, match=f"{CHECKPOINT} is damaged"):
            load(tmp_path)


def test_a_safetensors_file_without_our_header_is_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(3, np.float32)}, tmp_path / CHECKPOINT)
    with pytest.raises(CheckpointError, match="damaged"):
        load(tmp_path)


def test_a_checkpoint_that_may_not_be_opened_is_not_called_missing(tmp_path, monkeypatch):
    save(tmp_path, tensors(1), STATE_OLD)

    def closed(path, *rest):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", closed)
    with pytest.raises(CheckpointError, match=r"checkpoint\.safetensors .* cannot be read: Permission denied$"):
        load(tmp_path)


def test_a_missing_checkpoint_and_an_unwritable_place(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint here"):
        load(tmp_path)
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"cannot write .*: Not a directory"):
        save_file(tmp_path / "file" / "log.csv", b"")


def test_the_digest_covers_names_shapes_dtypes_numbers_and_state():
    base = {"a": np.zeros((2, 3), np.float32)}
    others = [
        ({"b": base["a"]}, ""),
        ({"a": base["a"].reshape(3, 2)}, ""),
        ({"a": base["a"].view(np.int32)}, ""),
        ({"a": base["a"] + 1}, ""),
        (base, "x"),
    ]
    digests = {checkpoint._digest(*case) for case in [(base, ""), *others]}
    assert len(digests) == 6
