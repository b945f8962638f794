"""Folders of images whose first level is halves, not classes: their names, the same names inside, what is refused."""

import numpy as np
import pytest
from PIL import Image

from tinyinception.data.folder import read_folder
from tinyinception.errors import DataError


def fill(root, layout):
    """layout: "train/cat" -> how many images; each half of its own brightness, each class of its own colour."""
    for number, (place, count) in enumerate(layout.items()):
        (root / place).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            Image.new("RGB", (8, 8), (10 * number, 200, i)).save(root / place / f"{i}.png")
    return root


def both(train, test, counts=(4, 2)):
    return {
        f"{half}/{name}": count for half, count in zip((train, test), counts, strict=True) for name in ("cat", "dog")
    }


NAMES = [
    ("train", "test"), ("train", "val"), ("train", "valid"), ("train", "validation"), ("Train", "Test"),
    ("TRAIN", "TEST"), ("training", "testing"), ("Training", "Validation"), ("trn", "tst"), ("train", "dev"),
    ("train", "eval"), ("train", "holdout"), ("train", "held_out"), ("train_images", "test_images"),
    ("train2017", "val2017"), ("training_set", "test_set"), ("seg_train", "seg_test"), ("cars_train", "cars_test"),
    ("trainset", "testset"), ("01_train", "02_test"), ("TrainImages", "ValImages"), ("train-data", "test-data"),
    ("trainval", "test"), ("Train Set", "Test Set"),
]  # fmt: skip


@pytest.mark.parametrize(("train", "test"), NAMES)
def test_halves_are_known_by_their_names(tmp_path, train, test):
    dataset = read_folder(fill(tmp_path, both(train, test)), progress=False)
    assert dataset.classes == ("cat", "dog")
    assert np.bincount(dataset.train_labels).tolist() == [4, 4]
    assert np.bincount(dataset.test_labels).tolist() == [2, 2]
    assert set(dataset.train_images[:, 0, 0, 0]) == {0, 10}  # no image of the other half
    assert set(dataset.test_images[:, 0, 0, 0]) == {20, 30}


@pytest.mark.parametrize("inner", ["{0}", "images", "data"])
def test_a_half_may_lie_one_folder_deeper_as_archives_have_it(tmp_path, inner):
    halves = [f"{name}/{inner.format(name)}" for name in ("seg_train", "seg_test")]
    dataset = read_folder(fill(tmp_path, both(*halves)), progress=False)
    assert (dataset.classes, len(dataset.train_labels), len(dataset.test_labels)) == (("cat", "dog"), 8, 4)


@pytest.mark.parametrize("val", ["val", "Validation", "dev"])
def test_of_three_halves_test_is_for_testing_and_the_other_is_said_to_be_left_out(tmp_path, capsys, val):
    fill(tmp_path, {**both("train", "test"), **both(val, val, (3, 3))})
    dataset = read_folder(tmp_path)
    assert set(dataset.test_images[:, 0, 0, 0]) == {20, 30}
    assert f"2 classes, 8 training and 4 test images; left out: {val} (6 images)\n" in capsys.readouterr().err


def test_a_test_folder_without_classes_gives_way_to_val(tmp_path, capsys):
    fill(tmp_path, {**both("train", "val"), "test": 5})
    assert len(read_folder(tmp_path).test_labels) == 4
    assert "left out: test (5 images)" in capsys.readouterr().err


@pytest.mark.parametrize("beside", [{}, {"test": 3}, {"test/images": 3}])
def test_train_alone_is_divided_which_is_said(tmp_path, capsys, beside):
    fill(tmp_path, {"train/cat": 5, "train/dog": 5, **beside})
    dataset = read_folder(tmp_path)
    assert (dataset.classes, len(dataset.train_labels), len(dataset.test_labels)) == (("cat", "dog"), 8, 2)
    err = capsys.readouterr().err
    assert "8 training and 2 test images, a fifth of each class being for testing" in err
    assert ("left out: test (3 images)" in err) == bool(beside)


@pytest.mark.parametrize("layout", [
    {"train": 5, "bus": 5, "car": 5}, {"train": 5, "test": 5, "bus": 5}, {"train/old": 3, "train/new": 3, "train": 1,
                                                                       "bus": 5},
    {"bullet_train": 5, "stress_test": 5}, {"train/images": 5, "bus/images": 5, "car/images": 5},
    {"valid": 5, "invalid": 5}, {"cat/a": 3, "cat/b": 3, "dog": 4}, {"cat/images": 4, "dog/images": 4}])  # fmt: skip
def test_what_holds_images_itself_is_a_class_whatever_its_name(tmp_path, layout):
    dataset = read_folder(fill(tmp_path, layout), progress=False)
    assert dataset.classes == tuple(sorted({place.split("/")[0] for place in layout}))
    assert len(dataset.train_labels) + len(dataset.test_labels) == sum(layout.values())


REFUSED = [
    ({"train": 4, "test": 4}, "test, train look like halves .* a folder of images for each class"),
    ({"train/images": 4, "valid/images": 4}, "train, valid look like halves"),
    ({"train/cat": 4, "test/cat": 4}, "look like halves"),
    (both("part1", "part2"), r"part1, part2 hold folders of the same names \(cat, dog\), .* name them train and test"),
    ({**both("a", "b"), **both("c", "c")}, "a, b, c hold folders of the same names"),
    ({f"fold{i}/{name}": 2 for i in range(5) for name in ("cat", "dog")}, "fold0, .* and 1 more hold folders of the"),
    ({**both("A", "B"), "A/bird": 2}, "hold folders of the same names"),
    ({"x/Cat": 2, "x/Dog": 2, "y/cat": 2, "y/dog": 2}, "hold folders of the same names"),
    ({f"{name}/{half}": 3 for name in ("cat", "dog") for half in ("train", "test")}, "classes into them: train/CLASS"),
    (both("test", "val"), "no folder train"),
    (both("train", "query"), "train looks like the images for training, so query"),
    ({"train/cat": 4, "train/dog": 4, "unlabelled": 3}, "so unlabelled cannot be classes"),
    ({**both("train_a", "train_b"), **both("test", "test")}, "train_a, train_b hold folders of the same names"),
    ({**both("train1", "train2"), **both("test", "test")}, "which one is to be read, train1, train2"),
    ({"test": 4, "val": 4}, "no folder train"),
    ({"train/cat": 4}, "train look like halves|found 1"),
    ({f"dataset/{place}": count for place, count in both("train", "test").items()},
     "found 1; perhaps .*dataset is the folder to give"),
    ({"pets/cat": 4, "pets/dog": 4}, "found 1; perhaps .*pets is the folder to give"),
    ({**both("train", "test"), "test/bird": 2}, r"train and test have different classes \(bird\)"),
    ({**both("train", "test"), "train/bird": 2}, r"train and test have different classes \(bird\)"),
    ({**both("train", "test"), "test/bird": 0}, "bird: a class folder without images"),
    ({"train/Cat": 4, "train/dog": 4, "test/cat": 4, "test/dog": 4}, r"\(Cat, cat\); some differ only in case"),
    ({"train/cat": 4, "train/dog": 4, "test/cat": 4}, r"different classes \(dog\)|expected at least two"),
]  # fmt: skip


@pytest.mark.parametrize(("layout", "words"), REFUSED)
def test_what_may_be_halves_or_classes_is_refused_with_what_to_do(tmp_path, layout, words):
    with pytest.raises(DataError, match=words) as caught:
        read_folder(fill(tmp_path / "pets", layout), progress=False)
    assert len(str(caught.value).replace(str(tmp_path), "")) < 240  # three lines of a terminal
    assert str(tmp_path / "pets") in str(caught.value)


def test_a_folder_beside_the_halves_is_left_out_and_said(tmp_path, capsys):
    fill(tmp_path, {**both("train", "test"), "seg_pred": 7, **both("extra", "extra")})
    (tmp_path / "notes.txt").write_text("none", encoding="utf-8")
    assert read_folder(tmp_path).classes == ("cat", "dog")
    err = capsys.readouterr().err
    assert "left out: extra (4 images), seg_pred (7 images), 1 .txt, e.g. notes.txt\n" in err


def test_classes_that_differ_in_case_are_two_and_said_to_be(tmp_path, capsys):
    assert read_folder(fill(tmp_path, {"a": 5, "A": 5, "b": 5})).classes == ("A", "a", "b")
    assert "; A, a are classes of their own\n" in capsys.readouterr().err
