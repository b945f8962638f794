"""Image files: every format and mode with pixels that are known, damaged ones, and files that are no images."""

import os
import struct
import zlib

import numpy as np
from PIL import Image

from tests.campaign import command
from tests.campaign.outcome import Case
from tests.campaign.registry import kind
from tinyinception.data import read_image

FILES = "image files"
SIDE = 16
MODES = {  # format: (suffix, modes that Pillow writes, how far a colour may be off)
    "PNG": (".png", ("1", "L", "LA", "I;16", "P", "RGB", "RGBA"), 2),
    "TIFF": (".tif", ("1", "L", "LA", "I;16", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"), 3),
    "JPEG": (".jpg", ("L", "RGB", "CMYK", "YCbCr"), 10),
    "BMP": (".bmp", ("1", "L", "P", "RGB"), 2),
    "GIF": (".gif", ("L", "P", "RGB"), 2),
    "WEBP": (".webp", ("RGB", "RGBA"), 30),
    "PPM": (".ppm", ("L", "RGB", "I;16"), 2),
}


def halves(mode, left, right):
    """A picture whose left half has one colour (or level and alpha) and whose right half another; and both as RGB."""
    picture, seen = Image.new("RGBA", (SIDE, SIDE)), []
    for column, (r, g, b, a) in ((0, left), (SIDE // 2, right)):
        if mode in ("1", "L", "LA", "I;16"):
            r = g = b = 255 * (r > 127) if mode == "1" else r
        if mode not in ("LA", "RGBA"):
            a = 255
        picture.paste((r, g, b, a), (column, 0, column + SIDE // 2, SIDE))
        seen.append(np.array([r, g, b]) * (a / 255) + 255 - a)
    if mode == "I;16":
        return Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257), seen
    if mode == "P":
        return picture.convert("RGB").quantize(2), seen
    if mode == "LAB":  # Pillow does not convert to it: black and white, which have no tint
        lab = np.full((SIDE, SIDE, 3), 0, np.uint8)
        lab[:, SIDE // 2 :, 0] = 255
        return Image.fromarray(lab, "LAB"), [np.zeros(3), np.full(3, 255)]
    return (picture if mode == "RGBA" else picture.convert("RGB") if mode in ("CMYK", "YCbCr") else picture).convert(
        mode
    ), seen


@kind(FILES, 4)
def every_format_and_mode(rng, place):
    name = list(MODES)[rng.integers(len(MODES))]
    suffix, modes, off = MODES[name]
    mode = modes[rng.integers(len(modes))]
    picture, seen = halves(mode, *(tuple(int(v) for v in rng.integers(256, size=4)) for _ in range(2)))
    path = place.folder / f"picture{suffix}"
    picture.save(path, name)
    channels = int(rng.choice([1, 3]))
    off = 25 if mode == "LAB" else off

    def go():
        pixels = read_image(path, 8, channels).astype(float)
        assert pixels.shape == (8, 8, channels)
        for part, colour in ((pixels[:, :2], seen[0]), (pixels[:, -2:], seen[1])):  # what is near the edge is a mixture
            right = colour if channels == 3 else colour @ [0.299, 0.587, 0.114]
            found = part.reshape(-1, channels).mean(axis=0)
            assert np.abs(found - right).max() <= off, f"{found} in place of {right}"

    return Case(f"{name} of mode {mode} to {channels} channels", go, valid=mode != "LAB")


@kind(FILES, 1)
def grey_of_32_bits(rng, place):
    """No header says what is white; a ramp must at least remain one."""
    kind_, top = [
        ("float", 1.0),
        ("float", 255.0),
        ("float", 1e6),
        ("int", 255),
        ("int", 70_000),
        ("int", 2**31 - 1),
        ("negative", -1.0),
        ("NaN", np.nan),
    ][rng.integers(8)]
    ramp = np.linspace(0, top, 4096).reshape(64, 64)
    if kind_ == "NaN":
        ramp = np.full((64, 64), np.nan)
    path = place.folder / "ramp.tif"
    Image.fromarray(ramp.astype(np.int32 if kind_ == "int" else np.float32)).save(path)

    def go():
        pixels = read_image(path, 64, 1)
        assert kind_ != "NaN", "NaN became a picture"
        assert len(np.unique(pixels)) > 100, f"a ramp came out with {len(np.unique(pixels))} levels"

    return Case(f"a {kind_} ramp to {top:g}", go)


@kind(FILES, 1)
def turned_by_the_camera(rng, place):
    orientation = int(rng.integers(1, 9))
    picture = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = place.folder / "turned.png"
    picture.save(path, exif=exif.tobytes())
    array = np.asarray(picture)
    right = {
        1: array,
        2: array[:, ::-1],
        3: array[::-1, ::-1],
        4: array[::-1],
        5: array.transpose(1, 0, 2),
        6: np.rot90(array, -1),
        7: np.rot90(array, 2).transpose(1, 0, 2),
        8: np.rot90(array),
    }[orientation]
    return Case(
        f"orientation {orientation}", lambda: np.testing.assert_array_equal(read_image(path, 8), right), valid=True
    )


@kind(FILES, 3)
def damaged(rng, place):
    """Cut: an error, or the whole picture where only trailing bytes are gone. Flipped: an error or some picture."""
    name = list(MODES)[rng.integers(len(MODES))]
    path, cut = place.folder / f"picture{MODES[name][0]}", rng.random() < 0.5
    Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path, name)
    whole, good = read_image(path), bytearray(path.read_bytes())
    if cut:
        length = int(rng.integers(len(good)))
        path.write_bytes(good[:length])
    else:
        for at in rng.integers(len(good) if rng.random() < 0.5 else min(64, len(good)), size=int(rng.integers(1, 8))):
            good[at] = rng.integers(256)
        path.write_bytes(good)
    through = rng.random() < 0.3

    def go():
        if through:
            command.run("predict", str(place.shared / "run"), str(path))
        pixels = read_image(path)
        assert pixels.shape == (32, 32, 3)
        if cut:
            np.testing.assert_array_equal(pixels, whole)

    return Case(f"{name}, {f'cut to {length} of {len(good)} bytes' if cut else 'some bytes changed'}", go)


@kind(FILES, 2)
def no_image(rng, place):
    contents = {
        "empty": b"",
        "text": b"hello\n" * 50,
        "HTML": b"<!doctype html><title>404</title>",
        "NUL bytes": bytes(500),
        "random bytes": rng.bytes(700),
        "half a PNG signature": b"\x89PN",
        "SVG": b"<svg xmlns='x'><rect/></svg>",
        "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\n%%EndComments\nshowpage\n%%EOF\n",
        "PDF": b"%PDF-1.4\n%%EOF",
        "a pickle": b"\x80\x04K\x01.",
        "a GIF of no size": b"GIF89a" + bytes(20),
        "a BMP header": b"BM" + bytes(60),
        "a LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "PPM of many digits": b"P6 99999999999 99999999999 255\n" + bytes(50),
        "PPM of text": b"P3 2 2 255\n1 2 x\n",
    }
    what = list(contents)[rng.integers(len(contents))]
    path = place.folder / f"picture{(*(s for s, _, _ in MODES.values()), '')[rng.integers(8)]}"
    path.write_bytes(contents[what])
    return Case(f"{what} as {path.name}", refused(place, path))


@kind(FILES, 1.5)
def no_file(rng, place):
    path = place.folder / "picture.png"
    what = (
        "missing",
        "a folder",
        "a FIFO",
        "a dangling link",
        "a link to itself",
        "a link to /dev/zero",
        "a NUL byte",
        "too long a name",
        "nothing",
        "a socket",
        "a FIFO in a folder",
    )[rng.integers(11)]
    if what == "a folder":
        path.mkdir()
    elif what == "a FIFO":
        os.mkfifo(path)
    elif "link" in what:
        path.symlink_to({"a dangling link": "nothing", "a link to itself": path}.get(what, "/dev/zero"))
    elif what == "a socket":
        import socket

        with socket.socket(socket.AF_UNIX) as server:
            server.bind("picture.png")
    elif what == "a FIFO in a folder":
        path = place.folder / "link.png"
        os.mkfifo(place.folder / "pipe")
        path.symlink_to("pipe")
    name = {"a NUL byte": "a\0b.png", "too long a name": "x" * 300 + ".png", "nothing": ""}.get(what, str(path))
    return Case(what, refused(place, name), seconds=15.0)


def refused(place, path):
    def go():
        command.run("predict", str(place.shared / "run"), str(path))
        raise AssertionError("accepted")

    return go


@kind(FILES, 1)
def odd_names(rng, place):
    name = [
        b"caf\xe9.png",
        "é ü.png".encode(),
        b"a\nb.png",
        b"-x.png",
        b"$(touch x).png",
        b"%s%n.png",
        b"\x1b[31m.png",
        b"a" * 200 + b".png",
    ][rng.integers(8)]
    path = os.fsencode(place.folder) + b"/" + name
    with open(path, "wb") as file:
        Image.new("RGB", (8, 8), (9, 8, 7)).save(file, "PNG")
    words = [os.fsdecode(path), "--json"]
    return Case(
        repr(name), lambda: command.run("predict", str(place.shared / "run"), *words[: rng.integers(1, 3)]), valid=True
    )


@kind(FILES, 0.4)
def bombs(rng, place):
    """Headers that promise more than fits in memory, and files that keep such a promise."""
    path = place.folder / "bomb.png"
    width, height = [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (1, 2**31 - 1), (13_000, 7_000), (0, 0)][rng.integers(5)]
    rows = zlib.compress(bytes((width + 1) * height), 9) if width == 13_000 else zlib.compress(bytes(10_000))

    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))

    def go():
        command.run("predict", str(place.shared / "run"), str(path))
        assert width == 13_000, "accepted"

    return Case(f"a PNG of {width}x{height}", go)
