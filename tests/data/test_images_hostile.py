"""Pictures that mean harm, or only trouble: each is read right or refused in one line, in little memory."""

import os
import socket
import struct
import subprocess
import sys
import zlib
from functools import cache

import pytest
from PIL import Image

from tinyinception.data import image
from tinyinception.data.folder import read_image
from tinyinception.errors import DataError

MEGABYTE = 1 << 20
EPS = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 9 9
%%EndComments
%%EOF
"""


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(*chunks, size=(8, 8), rows=b""):
    """A PNG whose header claims a size, whatever its pixels are; they are some zeros unless `rows` are given."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 6, 0, 0, 0))
    rows = rows or zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@cache
def zeros(count):
    """Compressed zeros, a thousandth of their size."""
    packer, out = zlib.compressobj(9), []
    for _ in range(count // MEGABYTE):
        out.append(packer.compress(bytes(MEGABYTE)))
    return b"".join(out) + packer.compress(bytes(count % MEGABYTE)) + packer.flush()


def tiff(*tags, body=b""):
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + struct.pack("<H", len(tags)) + entries + bytes(4)


def gif(width, height, comment=b""):
    blocks = b"".join(b"\xff" + comment[i : i + 255] for i in range(0, len(comment) // 255 * 255, 255))
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0x80, 0, 0)
        + bytes(6)
        + b"!\xfe"
        + blocks
        + b"\0"
        + b","
        + struct.pack("<HHHHB", 0, 0, width, height, 0)
        + b"\x02\x02\x4c\x01\0;"
    )


def icon(inner, side=64):
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, side, side, 0, 0, 1, 32, len(inner), 22) + inner


LARGE = (9_400, 9_400)  # as many pixels as Pillow takes without a warning: 353 MB, twice that when converted
HOSTILE = {
    "huge.png": lambda: png(size=LARGE, rows=zeros(9_400 * 37_601)),
    "photo.png": lambda: png(size=(20_000, 20_000)),
    "claims.png": lambda: png(size=(2**31 - 1, 2**31 - 1)),
    "wide.png": lambda: png(size=(2**31 - 1, 1)),
    "text.png": lambda: png(*[chunk(b"zTXt", b"k\0\0" + zeros(8 * MEGABYTE))] * 20),
    "icc.png": lambda: png(chunk(b"iCCP", b"k\0\0" + zeros(99 * MEGABYTE))),
    "exif.png": lambda: png(chunk(b"eXIf", b"II*\0\x08\0\0\0" + bytes(2 * MEGABYTE))),
    "huge.gif": lambda: gif(65_535, 65_535),
    "comment.gif": lambda: gif(8, 8, bytes(20 * MEGABYTE)),
    "huge.ico": lambda: icon(png(size=LARGE, rows=zeros(9_400 * 37_601))),
    "huge.ppm": lambda: b"P6 30000 30000 255\n",
    "huge.bmp": lambda: b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 30_000, 30_000, 1, 24, *[0] * 6),
    "huge.tga": lambda: struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, 65_535, 65_535, 32, 0) + bytes(64),
    "huge.tif": lambda: tiff((256, 4, 1, 60_000), (257, 4, 1, 60_000), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
                     (273, 4, 1, 8), (278, 4, 1, 60_000)),
    "strips.tif": lambda: tiff((256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
                       (273, 4, 6 * MEGABYTE, 8), (278, 4, 1, 1), body=bytes(24 * MEGABYTE)),
    "count.tif": lambda: tiff((256, 4, 1, 8), (257, 4, 1, 8), (273, 4, 2**32 - 1, 8)),
    "huge.webp": lambda: b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0" + b"\xfe\x3f\0" * 2 + b"VP8 \0\0\0\0",
    "huge.jp2": lambda: b"\xff\x4f\xff\x51\0\x2f\0\0" + struct.pack(
        ">IIIIIIIIHBBBBBBBBB", 60_000, 60_000, 0, 0, 60_000, 60_000, 0, 0, 3, *(7, 1, 1) * 3) + bytes(99),
    "half.tif": lambda: tiff((256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 5), (262, 3, 1, 1),
                             (273, 4, 1, 8), (278, 4, 1, 8), (279, 4, 1, 4), body=b"\xff" * 4),
    "eps.png": lambda: EPS,
    "empty.png": lambda: b"",
    "half.png": lambda: png()[:48],
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_is_one_error_that_names_it(tmp_path, name, recwarn, capfd):
    (tmp_path / name).write_bytes(HOSTILE[name]())
    with pytest.raises(DataError, match=f"{name} cannot be read as an image: ") as caught:
        read_image(tmp_path / name)
    message = str(caught.value)
    assert len(message.removeprefix(str(tmp_path))) < 160
    assert message.isprintable()
    assert list(recwarn) == []
    assert capfd.readouterr() == ("", "")


MEASURE = """
import re, sys
from tinyinception.data import read_image
from tinyinception.errors import DataError
for name in sys.argv[2:]:
    try:
        read_image(name, 224, crop=int(sys.argv[1]) or None)
    except DataError:
        pass
with open("/proc/self/status") as file:
    print(re.search(r"VmHWM:\\s+(\\d+)", file.read())[1])
"""


def peak(paths, crop=0):
    """The most memory, in MB, that a process of its own ever held while it read these pictures."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", MEASURE, str(crop), *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert done.stderr == ""
    return int(done.stdout) / 1024


linux = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the peak of memory is read from /proc")


@linux
def test_hostile_pictures_cost_less_than_500_megabytes(tmp_path):
    for name, contents in HOSTILE.items():
        (tmp_path / name).write_bytes(contents())
    with open(tmp_path / "text.jpg", "wb") as file:  # 90 MB of text, in the file itself
        file.write(png(chunk(b"tEXt", b"k\0" + bytes(90 * MEGABYTE))))
    assert peak(sorted(tmp_path.iterdir())) < 500


@linux
def test_the_largest_pictures_that_are_read_cost_less_than_500_megabytes(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by the camera
    for name, mode, side, options in (
        ("a.png", "LA", 6400, {"compress_level": 1, "exif": exif}), ("a.jp2", "RGB", 3600, {}),
        ("a.tif", "RGBA", 5000, {"compression": "tiff_lzw", "exif": exif}),
        ("a.jpg", "RGB", 5200, {"progressive": True, "exif": exif})):  # fmt: skip
        Image.new(mode, (side, side), 77).save(tmp_path / name, **options)
    assert 200 < peak(sorted(tmp_path.iterdir()), crop=224) < 500


def test_the_limit_is_stated(tmp_path):
    (tmp_path / "photo.png").write_bytes(HOSTILE["photo.png"]())
    with pytest.raises(DataError, match="it has more than 41,943,040 pixels, the most that are read: scale it down"):
        read_image(tmp_path / "photo.png")
    Image.new("1", (6_000, 5_000)).save(tmp_path / "scan.tif")
    with pytest.raises(DataError, match="6,000 x 5,000 pixels, the largest TIFF that is read has 25,811,101: scale"):
        read_image(tmp_path / "scan.tif")
    with open(tmp_path / "holes.png", "wb") as file:
        file.truncate(10**10)
    with pytest.raises(DataError, match="has 10,000,000,000 bytes, the largest that is read has 104,857,600"):
        read_image(tmp_path / "holes.png")


def test_a_picture_of_one_column_is_read_but_not_scaled_to_a_thread(tmp_path):
    Image.new("L", (1, 60_000), 9).save(tmp_path / "thread.png")
    assert (read_image(tmp_path / "thread.png") == 9).all()
    with pytest.raises(DataError, match="1 x 60,000 pixels, too narrow to be scaled to 256 x 15,360,000"):
        read_image(tmp_path / "thread.png", 256, crop=224)


def test_pillow_is_left_as_it_was(tmp_path):
    limit = Image.MAX_IMAGE_PIXELS
    (tmp_path / "huge.png").write_bytes(HOSTILE["huge.png"]())
    with pytest.raises(DataError):
        read_image(tmp_path / "huge.png")
    assert limit == Image.MAX_IMAGE_PIXELS


# -- no other program, no waiting --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.png", "a.eps", "a.jpg", "a.ps"])
def test_no_foreign_program_is_started(tmp_path, monkeypatch, name):
    for program in ("gs", "gswin64c", "gswin32c"):
        (tmp_path / program).write_text(f"#!/bin/sh\ntouch {tmp_path / 'started'}\n", encoding="utf-8")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / name).write_bytes(EPS)
    code = f"from tinyinception.data import read_image\nread_image({str(tmp_path / name)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"{name} cannot be read as an image: it is in no format that is read here" in done.stderr
    assert not (tmp_path / "started").exists()
    assert "EPS" not in image.FORMATS


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of these")
def test_what_is_no_plain_file_is_refused_at_once(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "null.png").symlink_to("/dev/null")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "self.png").symlink_to("self.png")
    (tmp_path / "dead.png").symlink_to("nothing")
    words = {
        "folder.png": "it is a folder",
        "self.png": "Too many levels of symbolic links",
        "dead.png": "No such file or directory",
        "long" * 99: "File name too long",
        "nul\0.png": "null byte",
    }
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)
        server.bind("socket.png")
        for name in ("pipe.png", "zero.png", "null.png", "socket.png", *words):
            with pytest.raises(DataError, match=f"cannot be read as an image: .*{words.get(name, 'no plain file')}"):
                read_image(tmp_path / name)
