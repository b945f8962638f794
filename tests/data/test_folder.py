"""Folders of images: the split, the order, the conversion of every kind of picture, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from tinyinception import data
from tinyinception.data.folder import read_folder, read_image
from tinyinception.errors import ArgumentError, DataError

COLOURS = {"blue": (0, 0, 200), "green": (0, 150, 0), "red": (180, 0, 0)}


def paint(folder, counts):
    """counts[colour] plain images per class, each with its number in the brightness of an unused channel."""
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for i in range(count):
            colour = tuple(channel or i for channel in COLOURS[name])
            Image.new("RGB", (20 + i, 30), colour).save(folder / name / f"{i:03d}.png")
    return folder


def assert_coloured(images, labels):
    names = sorted(COLOURS)
    for image, label in zip(images, labels, strict=True):
        assert image.shape == (32, 32, 3)
        assert image[0, 0].argmax() == np.argmax(COLOURS[names[label]])


def test_a_plain_folder_is_split_by_class_and_mixed(tmp_path):
    folder = paint(tmp_path / "pets", {"red": 20, "green": 10, "blue": 4})
    (folder / "red" / "notes.txt").write_text("not an image", encoding="utf-8")
    (folder / ".hidden").mkdir()
    dataset = data.load(str(folder), progress=False)
    assert dataset.name == "pets"
    assert dataset.classes == ("blue", "green", "red")
    assert np.bincount(dataset.train_labels).tolist() == [3, 8, 16]
    assert np.bincount(dataset.test_labels).tolist() == [1, 2, 4]
    assert_coloured(dataset.train_images, dataset.train_labels)
    assert_coloured(dataset.test_images, dataset.test_labels)
    both = np.concatenate([dataset.train_images, dataset.test_images])[:, 0, 0]
    assert len({tuple(pixel) for pixel in both}) == 34  # no image in both splits, none lost
    assert np.abs(np.diff(dataset.train_labels)).max() > 0
    assert len(set(dataset.train_labels[:8])) > 1
    again = read_folder(folder, progress=False)
    np.testing.assert_array_equal(again.train_images, dataset.train_images)


def test_the_split_of_old_images_survives_new_ones(tmp_path):
    folder = paint(tmp_path / "pets", {"red": 40, "blue": 40})

    def in_test():
        made = read_folder(folder, progress=False)
        return {tuple(pixel) for pixel in made.test_images[:, 0, 0]}

    before = in_test()
    Image.new("RGB", (9, 9), (181, 0, 0)).save(folder / "red" / "new.png")
    assert len(before - in_test()) <= 1


@pytest.mark.parametrize("held_out", ["test", "val"])
def test_train_and_test_folders_are_kept_apart(tmp_path, held_out):
    paint(tmp_path / "train", {"red": 3, "blue": 5})
    paint(tmp_path / held_out, {"red": 2, "blue": 1})
    dataset = read_folder(tmp_path, progress=False)
    assert np.bincount(dataset.train_labels).tolist() == [5, 3]
    assert np.bincount(dataset.test_labels).tolist() == [1, 2]


def test_limit_and_image_size(tmp_path):
    folder = paint(tmp_path / "pets", {"red": 20, "blue": 20})
    whole = data.load(str(folder), progress=False)
    few = data.load(str(folder), progress=False, limit=5)
    np.testing.assert_array_equal(few.train_images, whole.train_images[:5])
    np.testing.assert_array_equal(few.test_labels, whole.test_labels[:5])
    assert data.load(str(folder), progress=False, image_size=48).image_shape == (48, 48, 3)


def save(path, image, **options):
    image.save(path, **options)
    return path


def test_every_kind_of_picture_becomes_rgb(tmp_path):
    grey = save(tmp_path / "grey.png", Image.new("L", (40, 40), 77))
    assert (read_image(grey) == 77).all()
    deep = save(tmp_path / "deep.png", Image.fromarray(np.full((40, 40), 77 * 256 + 9, np.uint16)))
    assert (read_image(deep) == 77).all()
    palette = Image.new("P", (40, 40), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    assert (read_image(save(tmp_path / "palette.gif", palette)) == (10, 20, 30)).all()
    clear = save(tmp_path / "clear.png", Image.new("RGBA", (40, 40), (10, 20, 30, 0)))
    assert (read_image(clear) == 255).all()
    half = save(tmp_path / "half.png", Image.new("LA", (40, 40), (55, 128)))
    assert abs(int(read_image(half)[0, 0, 0]) - 155) <= 1
    cmyk = save(tmp_path / "cmyk.jpg", Image.new("CMYK", (40, 40), (0, 0, 0, 0)))
    assert (read_image(cmyk) == 255).all()
    jpeg = save(tmp_path / "photo.jpg", Image.new("RGB", (1000, 800), (200, 100, 50)), quality=95)
    np.testing.assert_allclose(read_image(jpeg), np.broadcast_to([200, 100, 50], (32, 32, 3)), atol=3)
    assert read_image(jpeg, 24, channels=1).shape == (24, 24, 1)


@pytest.mark.parametrize(
    ("mode", "channels", "told"),
    [
        ("RGB", 3, None),
        ("L", 1, None),
        ("L", 3, "converted from greyscale to RGB"),
        ("I;16", 3, "converted from greyscale to RGB"),
        ("RGB", 1, "converted from RGB to greyscale"),
        ("P", 3, "converted from a palette to RGB"),
        ("RGBA", 3, "converted from RGB with transparency to RGB, on white"),
        ("LA", 1, "converted from greyscale with transparency to greyscale, on white"),
    ],
)
def test_what_is_converted_is_said(tmp_path, mode, channels, told):
    path, heard = save(tmp_path / "picture.png", Image.new(mode, (40, 40))), []
    read_image(path, channels=channels, say=heard.append)
    assert heard == ([] if told is None else [f"{path}: {told}"])


def test_interpolation_is_the_one_asked_for(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (70, 70, 3), np.uint8))
    path = save(tmp_path / "noise.png", noise)
    for name in ("bilinear", "bicubic"):
        scaled = np.asarray(noise.resize((32, 32), Image.Resampling[name.upper()]))
        np.testing.assert_array_equal(read_image(path, interpolation=name), scaled)


def test_a_folder_says_how_many_pictures_were_converted(tmp_path, capsys):
    folder = paint(tmp_path / "pets", {"red": 3, "blue": 3})
    read_folder(folder)
    assert "converted" not in capsys.readouterr().err
    grey = save(folder / "red" / "000.png", Image.new("L", (40, 40)))
    read_folder(folder)
    assert capsys.readouterr().err.endswith(
        f"1 of 6 images had their colours converted, the first is {grey}: converted from greyscale to RGB\n"
    )


def test_the_central_square_is_kept_undistorted(tmp_path):
    wide = np.zeros((32, 96, 3), np.uint8)
    wide[:, 32:64, 0] = np.arange(32) * 8
    np.testing.assert_array_equal(read_image(save(tmp_path / "wide.png", Image.fromarray(wide))), wide[:, 32:64])


def test_the_rotation_of_the_camera_is_applied(tmp_path):
    upright = np.zeros((32, 32, 3), np.uint8)
    upright[:16] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # the camera was held upside down
    turned = save(tmp_path / "turned.png", Image.fromarray(upright[::-1, ::-1].copy()), exif=exif)
    np.testing.assert_array_equal(read_image(turned), upright)


@pytest.mark.parametrize("contents", [b"", b"no image", None])
def test_a_damaged_image_is_named(tmp_path, contents):
    folder = paint(tmp_path / "pets", {"red": 3, "blue": 3})
    broken = folder / "red" / "000.png"
    broken.write_bytes(broken.read_bytes()[:60] if contents is None else contents)
    with pytest.raises(DataError, match=r"000\.png cannot be read as an image"):
        read_folder(folder, progress=False)


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.png cannot be read as an image: No such file or directory$"):
        read_image(tmp_path / "gone.png")


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "found 0"),
        ({"red": 4}, "found 1"),
        ({"red": 4, "blue": 0}, "blue: a class folder without images"),
        ({"red": 4, "blue": 1}, "blue: one image"),
    ],
)
def test_folders_that_hold_no_classes_are_refused(tmp_path, counts, words):
    with pytest.raises(DataError, match=words):
        read_folder(paint(tmp_path / "pets", counts) if counts else tmp_path, progress=False)


def test_classes_must_agree_between_train_and_test(tmp_path):
    paint(tmp_path / "train", {"red": 2, "blue": 2})
    paint(tmp_path / "test", {"red": 2, "green": 2})
    with pytest.raises(DataError, match="blue, green"):
        read_folder(tmp_path, progress=False)


@pytest.mark.parametrize(("option", "value"), [("image_size", 0), ("limit", 0), ("source", ".")])
def test_bad_options_are_named(tmp_path, option, value):
    paint(tmp_path / "pets", {"red": 2, "blue": 2})
    with pytest.raises(ArgumentError, match=option):
        data.load(str(tmp_path / "pets"), progress=False, **{option: value})


def test_read_image_takes_one_or_three_channels(tmp_path):
    with pytest.raises(ArgumentError, match="channels"):
        read_image(tmp_path / "any.png", channels=4)
