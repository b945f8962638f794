"""A tiny CIFAR-10 with pins of its own, in every form the real one comes in; for the tests of fetching."""

import hashlib
import io
import json
import tarfile
from dataclasses import replace

import numpy as np
from PIL import Image

from tinyinception import data
from tinyinception.data import cifar
from tinyinception.data.cache import Member

ROWS = 20  # images per file


def sha(contents):
    return hashlib.sha256(contents).hexdigest()


def cifar_records():
    rng = np.random.default_rng(0)
    files = {}
    for member in cifar.CIFAR10.members:
        records = rng.integers(0, 256, (ROWS, 3073), dtype=np.uint8)
        records[:, 0] = rng.integers(0, 10, ROWS)
        files[member.name] = records.tobytes()
    return files


def tar_gz(entries):
    """An archive of (TarInfo or name, contents)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for info, contents in entries:
            info = tarfile.TarInfo(info) if isinstance(info, str) else info
            info.size = len(contents) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(contents))
    return out.getvalue()


def npm_package(files):
    """The six PNG sheets and two label lists of the npm package, from the records."""
    package, labels = {}, {"train_lables.json": [], "test_lables.json": []}
    for name, contents in files.items():
        records = np.frombuffer(contents, np.uint8).reshape(ROWS, 3073)
        pixels = np.stack([records[:, 1:1025], records[:, 1025:2049], records[:, 2049:]], axis=2)
        sheet = io.BytesIO()
        Image.fromarray(pixels).save(sheet, "PNG")
        package[name.replace(".bin", ".png")] = sheet.getvalue()
        labels["test_lables.json" if "test" in name else "train_lables.json"] += records[:, 0].tolist()
    return package | {name: json.dumps(numbers).encode() for name, numbers in labels.items()}


FILES = cifar_records()
MEMBERS = tuple(Member(name, len(contents), sha(contents)) for name, contents in FILES.items())
ARCHIVE = tar_gz([("cifar-10-batches-bin/batches.meta.txt", b"airplane")]
                 + [(f"cifar-10-batches-bin/{name}", contents) for name, contents in FILES.items()])  # fmt: skip

PACKAGE = npm_package(FILES)
TGZ = tar_gz((f"package/{name}", contents) for name, contents in PACKAGE.items())


def use(monkeypatch, recipe):
    monkeypatch.setitem(data._FETCHED, recipe.name, replace(data._FETCHED[recipe.name], recipe=recipe))


def assert_intact(folder):
    for name, contents in FILES.items():
        assert (folder / name).read_bytes() == contents
    strays = {path.name for path in folder.iterdir()} - set(FILES) - {".lock", "verified.json"}
    assert strays == set()


def unpacked(place, files):
    place.mkdir(parents=True)
    for name, contents in files.items():
        (place / name).write_bytes(contents)
    return place


def altered(contents, at=-1):
    out = bytearray(contents)
    out[at] ^= 1
    return bytes(out)
