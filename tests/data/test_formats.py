"""MNIST's file format, and the registry: names, list, pins, imports."""

import gzip
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers.tiny_cifar import altered, sha, unpacked, use
from tinyinception import data
from tinyinception.data import cifar, mnist
from tinyinception.data.cache import Member
from tinyinception.errors import ArgumentError, DataError


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


@pytest.fixture
def grey(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYINCEPTION_DATA", str(tmp_path / "cache"))
    rng = np.random.default_rng(1)
    images, labels = rng.integers(0, 256, (7, 28, 28), dtype=np.uint8), np.arange(7, dtype=np.uint8)
    files = dict(zip(mnist._FILES, (idx(images), idx(labels), idx(images[:2]), idx(labels[:2])), strict=True))
    members = tuple(Member(name, len(contents), sha(contents)) for name, contents in files.items())
    use(monkeypatch, replace(mnist.FASHION_MNIST, members=members, system=()))
    return SimpleNamespace(images=images, labels=labels, files=files)


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_packed_or_not_are_padded_to_32(grey, tmp_path, packed):
    files = {f"{n}.gz": gzip.compress(c, mtime=7) for n, c in grey.files.items()} if packed else grey.files
    dataset = data.load("fashion_mnist", source=unpacked(tmp_path / "mine", files))
    assert dataset.train_images.shape == (7, 32, 32, 1)
    np.testing.assert_array_equal(dataset.train_images[:, 2:-2, 2:-2, 0], grey.images)
    assert dataset.train_images.sum() == grey.images.sum()
    np.testing.assert_array_equal(dataset.test_labels, grey.labels[:2])
    assert dataset.flip


def test_a_system_package_serves_without_network(grey, tmp_path, monkeypatch):
    files = {f"{name}.gz": gzip.compress(contents, mtime=0) for name, contents in grey.files.items()}
    place = unpacked(tmp_path / "system", files)
    use(monkeypatch, replace(data._FETCHED["fashion_mnist"].recipe, system=("/nowhere", str(place))))
    assert len(data.load("fashion_mnist", progress=False).train_images) == 7


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda b: gzip.compress(b)[:-9], "truncated"),
        (lambda b: gzip.compress(altered(b)), "altered.*sha256"),
        (lambda b: gzip.compress(b + bytes(10**6)), r"altered: 5,505 bytes"),  # read no further than one byte too many
        (lambda b: b"<html>", "altered"),
    ],
)
def test_a_damaged_idx_file_is_named_and_refused(grey, tmp_path, damage, words):
    files = {f"{name}.gz": damage(contents) for name, contents in grey.files.items()}
    with pytest.raises(DataError, match=f"train-images-idx3-ubyte.gz.*{words}"):
        data.load("fashion_mnist", source=unpacked(tmp_path / "mine", files))


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"\0\0\x08",
        b"\0\0\x08\x02\0\0\0\x01",
        b"\0\0\x09\x01\0\0\0\x01a",
        idx(np.ones(3, np.uint8)) + b"x",
    ],
)
def test_what_is_no_idx_file_is_refused(tmp_path, contents):
    (tmp_path / "file").write_bytes(contents)
    with pytest.raises(DataError, match="file is no IDX file"):
        mnist.read_idx(tmp_path / "file")


# --- names, pins, imports ---


def test_names_listing_and_suggestions(grey, tmp_path):
    data.load("fashion_mnist", source=unpacked(tmp_path / "mine", grey.files))
    assert data.names() == ("drawn", "cifar10", "cifar100", "fashion_mnist", "mnist")
    rows = {row.name: row for row in data.listing()}
    assert tuple(rows) == data.names()
    assert rows["fashion_mnist"].cached
    assert not rows["mnist"].cached
    assert rows["cifar100"].bytes == 168_513_733
    with pytest.raises(ArgumentError, match="did you mean 'cifar10'"):
        data.load("cifar-10")
    with pytest.raises(ArgumentError, match="did you mean 'fashion_mnist'"):
        data.fetch("fashion-mnist")
    with pytest.raises(DataError, match="no such folder"):
        data.load("./no/such/folder")
    with pytest.raises(ArgumentError, match="nothing to fetch"):
        data.fetch("drawn")
    with pytest.raises(ArgumentError, match="limit"):
        data.load("cifar10", limit=0)
    with pytest.raises(ArgumentError, match="image_size"):
        data.load("cifar10", image_size=64)


@pytest.mark.parametrize(
    ("recipe", "record", "records"),
    [
        (cifar.CIFAR10, 3073, [10_000] * 6),
        (cifar.CIFAR100, 3074, [50_000, 10_000]),
        (mnist.MNIST, 1, [16 + 60_000 * 784, 8 + 60_000, 16 + 10_000 * 784, 8 + 10_000]),
        (mnist.FASHION_MNIST, 1, [16 + 60_000 * 784, 8 + 60_000, 16 + 10_000 * 784, 8 + 10_000]),
    ],
)
def test_pinned_sizes_follow_from_the_formats(recipe, record, records):
    assert [member.size for member in recipe.members] == [record * n for n in records]
    pins = [pinned.sha256 for pinned in (*recipe.members, *recipe.downloads)]
    assert len(set(pins)) == len(pins)
    assert all(len(bytes.fromhex(pin)) == 32 for pin in pins)
    assert len(cifar.CIFAR100_CLASSES) == 100


def test_importing_the_room_imports_nothing_heavy():
    code = (
        "import sys, tinyinception.data; "
        "print([m for m in ('requests', 'PIL', 'tqdm', 'pooch', 'numba', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
