"""Pictures of every depth and colour space as 8-bit pixels: a ramp comes out as a ramp, or the file is refused."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tinyinception.data.folder import read_image
from tinyinception.errors import DataError

SIDE = 16
RAMP = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)  # 0 to 255, each once


def png(path, bits, kind, rows, key=None, side=SIDE):
    """A PNG by hand, since Pillow writes neither 2 bits nor 16-bit colours; key: its transparent colour."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, bits, kind, 0, 0, 0))
    clear = b"" if key is None else chunk(b"tRNS", np.array(key, ">u2").tobytes())
    body = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + bytes(row) for row in rows)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + clear + body + chunk(b"IEND", b""))
    return path


def tiff(path, order, values, *, bits, kind=1, photometric=1, extra=()):
    """An uncompressed grey TIFF by hand, in both byte orders; kind: 1 unsigned, 2 signed, 3 float."""
    body = values if isinstance(values, bytes) else values.tobytes()
    tags = [(256, 3, SIDE), (257, 3, SIDE), (258, 3, bits), (259, 3, 1), (262, 3, photometric), (273, 4, 8),
            (277, 3, 1), (278, 3, SIDE), (279, 4, len(body)), *extra, (339, 3, kind)]  # fmt: skip
    entries = b"".join(struct.pack(order + "HHI" + ("I" if size == 4 else "HH"), tag, size, 1, *((value,) if size == 4
                       else (value, 0))) for tag, size, value in tags)  # fmt: skip
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(body))
    path.write_bytes(start + body + struct.pack(order + "H", len(tags)) + entries + bytes(4))
    return path


def saved(path, array, **options):
    Image.fromarray(array).save(path, **options)
    return path


def grey(path, say=None):
    return read_image(path, SIDE, 1, say=say)[..., 0]


# -- sixteen bits: the header states the range ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ramp.png", "ramp.tif", "ramp.jp2", "packed.tif"])
def test_sixteen_bits_are_scaled_by_the_range_of_sixteen_bits(tmp_path, name):
    options = {"compression": "tiff_lzw"} if name == "packed.tif" else {}
    heard = []
    assert (grey(saved(tmp_path / name, (RAMP * 257).astype(np.uint16), **options), heard.append) == RAMP).all()
    assert heard == []
    dark = saved(tmp_path / f"dark{name}", (RAMP // 4 * 256).astype(np.uint16), **options)
    assert (grey(dark) == RAMP // 4).all()


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_in_either_byte_order_and_turned_by_the_camera(tmp_path, order):
    values = (RAMP * 256).astype(f"{order}u2")
    assert (grey(tiff(tmp_path / "ramp.tif", order, values, bits=16)) == RAMP).all()
    turned = tiff(tmp_path / "turned.tif", order, values, bits=16, extra=[(274, 3, 3)])
    assert (grey(turned) == RAMP[::-1, ::-1]).all()
    quarter = tiff(tmp_path / "quarter.tif", order, values, bits=16, extra=[(274, 3, 6)])
    assert (grey(quarter) == np.rot90(RAMP, -1)).all()


def test_twelve_bits_and_white_that_is_zero(tmp_path):
    twelve = np.zeros((SIDE * SIDE // 2, 3), np.uint8)
    first, second = (RAMP.ravel() * 16)[::2], (RAMP.ravel() * 16)[1::2]
    twelve[:, 0], twelve[:, 1], twelve[:, 2] = first >> 4, (first & 15) << 4 | second >> 8, second & 255
    assert (grey(tiff(tmp_path / "twelve.tif", "<", twelve, bits=12)) == RAMP).all()
    white = tiff(tmp_path / "white.tif", "<", (RAMP * 256).astype("<u2"), bits=16, photometric=0)
    assert (grey(white) == 255 - RAMP).all()


@pytest.mark.parametrize("highest", [65535, 1023])
def test_a_pgm_of_more_than_eight_bits_is_scaled_by_its_header(tmp_path, highest):
    values = (RAMP / 255 * highest).round().astype(">u2")
    (tmp_path / "ramp.pgm").write_bytes(b"P5 16 16 %d\n" % highest + values.tobytes())
    assert np.abs(grey(tmp_path / "ramp.pgm").astype(int) - RAMP).max() <= 1


def test_sixteen_bits_with_transparency_lie_on_white(tmp_path):
    values = (RAMP * 256 + 7).astype(">u2")
    one = png(tmp_path / "one.png", 16, 0, values.view(np.uint8), key=[5 * 256 + 7])
    assert (grey(one) == np.where(RAMP == 5, 255, RAMP)).all()
    near = png(tmp_path / "near.png", 16, 0, values.view(np.uint8), key=[5 * 256 + 8])
    assert (grey(near) == RAMP).all()
    half = np.stack([values, np.where(RAMP % 2, 0, 65535).astype(">u2")], -1).reshape(SIDE, -1).astype(">u2")
    assert (grey(png(tmp_path / "half.png", 16, 4, half.view(np.uint8))) == np.where(RAMP % 2, 255, RAMP)).all()
    colour = np.stack([values] * 3, -1).reshape(SIDE, -1).astype(">u2")
    assert (read_image(png(tmp_path / "rgb.png", 16, 2, colour.view(np.uint8)), SIDE) == RAMP[..., None]).all()
    with pytest.raises(DataError, match="transparent colour of 16 bits"):
        read_image(png(tmp_path / "key.png", 16, 2, colour.view(np.uint8), key=[7, 7, 7]), SIDE)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_the_transparent_one_of_few_greys_lies_on_white(tmp_path, bits):
    levels, each = 2**bits, 8 // bits
    values = RAMP % levels
    packed = sum(values[:, i::each] << (8 - bits * (i + 1)) for i in range(each)).astype(np.uint8)
    expected = values * (255 // (levels - 1))
    assert (grey(png(tmp_path / "solid.png", bits, 0, packed)) == expected).all()
    for key in (0, 1, levels - 1):
        clear = grey(png(tmp_path / "clear.png", bits, 0, packed, key=[key]))
        assert (clear == np.where(values == key, 255, expected)).all()


# -- thirty-two bits: the file's own range ---------------------------------------------------------------------------


DEEP = [
    ("<f4", 3, lambda ramp: ramp / 255), ("<f4", 3, lambda ramp: ramp * 1e30 - 3e31), (">f4", 3, lambda ramp: ramp * 2),
    ("<i4", 2, lambda ramp: ramp * 100_000 - 9_000_000), (">i4", 2, lambda ramp: ramp * 7),
    ("<u4", 1, lambda ramp: ramp * 16_843_009), ("<i2", 2, lambda ramp: ramp * 256 - 32_768),
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "kind", "values"), DEEP)
def test_other_grey_is_scaled_by_its_own_range_which_is_said(tmp_path, dtype, kind, values):
    array, heard = values(RAMP).astype(dtype), []
    path = tiff(tmp_path / "ramp.tif", dtype[0], array, bits=8 * array.itemsize, kind=kind)
    assert (grey(path, heard.append) == RAMP).all()
    low, high = float(array.min()), float(array.max())
    assert heard == [f"{path}: converted from greyscale ({low:g} to {high:g}) to greyscale"]
    assert (read_image(path, SIDE) == RAMP[..., None]).all()


def test_a_float_map_is_scaled_and_a_tall_picture_is_seen_whole(tmp_path):
    (tmp_path / "ramp.pfm").write_bytes(b"Pf\n16 16\n-1.0\n" + (RAMP[::-1] / 255).astype("<f4").tobytes())
    assert (grey(tmp_path / "ramp.pfm") == RAMP).all()
    tall = np.linspace(0, 1, 700_000, dtype=np.float32).reshape(-1, 7)  # several strips, each has its own range
    seen = grey(saved(tmp_path / "tall.tif", tall))
    assert (seen > 126).all()
    assert (seen < 129).all()


@pytest.mark.parametrize(("value", "words"), [(np.nan, "not finite"), (np.inf, "not finite"), (-np.inf, "not finite")])
def test_values_that_are_not_finite_are_refused(tmp_path, value, words):
    array = (RAMP / 255).astype(np.float32)
    array[3, 4] = value
    with pytest.raises(DataError, match=f"ramp.tif cannot be read as an image: .*{words}"):
        grey(saved(tmp_path / "ramp.tif", array))


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_a_picture_of_one_value_without_a_stated_range_is_refused(tmp_path, dtype):
    with pytest.raises(DataError, match="all its values are 5"):
        grey(saved(tmp_path / "flat.tif", np.full((8, 8), 5, dtype)))


# -- colours -----------------------------------------------------------------------------------------------------------


def test_colour_spaces_become_the_same_rgb(tmp_path):
    colours = Image.new("RGB", (SIDE, SIDE), (200, 100, 50))
    for mode, name in (
        ("CMYK", "a.jpg"),
        ("CMYK", "a.tif"),
        ("YCbCr", "b.tif"),
        ("LAB", "c.tif"),
        ("RGB", "d.webp"),
        ("RGB", "e.jp2"),
        ("RGB", "f.tga"),
        ("RGB", "g.pcx"),
        ("P", "h.gif"),
        ("RGB", "i.jfif"),
    ):
        path = tmp_path / f"{mode}{name}"
        picture = colours.quantize() if mode == "P" else colours.convert(mode)
        options = {"quality": 95} if name.endswith(("jpg", "jfif")) else {}
        picture.save(path, **options, **({"compression": "tiff_lzw"} if name == "b.tif" else {}))
        assert np.abs(read_image(path, SIDE).astype(int) - (200, 100, 50)).max() <= 4, path.name


def test_a_palette_with_several_transparencies_lies_on_white(tmp_path):
    picture = Image.new("P", (SIDE, SIDE))
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    picture.putdata([i % 3 for i in range(SIDE * SIDE)])
    picture.save(tmp_path / "p.png", transparency=bytes([255, 0, 255]))
    expected = np.array([[10, 20, 30], [255, 255, 255], [70, 80, 90]])[np.arange(SIDE * SIDE) % 3]
    assert (read_image(tmp_path / "p.png", SIDE).reshape(-1, 3) == expected).all()


@pytest.mark.parametrize("name", ["a.gif", "a.tif", "a.webp", "a.png"])
def test_of_several_frames_the_first_is_read_which_is_said(tmp_path, name):
    first, second = (Image.new("RGB", (SIDE, SIDE), colour) for colour in ("red", "blue"))
    first.save(tmp_path / name, save_all=True, append_images=[second], **({"lossless": True} if "webp" in name else {}))
    heard = []
    assert (read_image(tmp_path / name, SIDE, say=heard.append) == (255, 0, 0)).all()
    assert len(heard) == 1
    assert heard[0].endswith(", the first of its frames")


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.webp"])
@pytest.mark.parametrize(("orientation", "quarters"), [(3, 2), (6, -1), (8, 1)])
def test_a_turned_picture_with_transparency_is_turned_once(tmp_path, name, orientation, quarters):
    pixels, exif = np.random.default_rng(0).integers(0, 256, (20, 32, 4), np.uint8), Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True, "exact": True} if name == "a.webp" else {}
    turned = saved(tmp_path / name, pixels, exif=exif, **options)
    upright = saved(tmp_path / "upright.png", np.ascontiguousarray(np.rot90(pixels, quarters)))
    np.testing.assert_array_equal(read_image(turned, SIDE), read_image(upright, SIDE))
