"""Folders of images: halves under many names, things beside the images, and names that are not honest text."""

import contextlib
import io
import json
import os

from PIL import Image

from tests.campaign import command
from tests.campaign.outcome import Case
from tests.campaign.registry import kind
from tinyinception.data import read_folder

FOLDERS = "image folders"
TRAIN = ("train", "training", "Train", "TRAIN", "Training", "train_set", "seen")
TEST = ("test", "val", "valid", "validation", "Test", "testing", "Validation", "eval", "dev", "holdout", "unseen")


def fill(folder, names=("cat", "dog"), count=4, suffix=".png", **options):
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            Image.new("RGB", (8, 8), (30 * i, 99 * number, 7)).save(folder / name / f"{i}{suffix}", **options)


def read(folder):
    """(data set, what was said)."""
    with contextlib.redirect_stderr(io.StringIO()) as told:
        return read_folder(folder), told.getvalue()


def total(dataset):
    return len(dataset.train_labels) + len(dataset.test_labels)


@kind(FOLDERS, 3)
def halves_under_other_names(rng, place):
    root = place.folder / "set"
    names = [TRAIN[rng.integers(len(TRAIN))], TEST[rng.integers(len(TEST))]]
    if rng.random() < 0.3:
        names.append(next(name for name in ("val", "test", "extra") if name not in names))
    if rng.random() < 0.3:
        names[rng.integers(len(names))] = f"part{rng.integers(9)}"
    for name in names:
        fill(root / name)

    def go():
        classes = read(root)[0].classes
        assert classes == ("cat", "dog"), f"the classes are {classes}"

    return Case(f"cat and dog below {', '.join(names)}", go)


@kind(FOLDERS, 1)
def halves_with_other_classes(rng, place):
    root = place.folder / "set"
    fill(root / "train", ("cat", "dog"))
    fill(
        root / ("test", "val", "valid")[rng.integers(3)],
        [("cat",), ("cat", "cow"), ("Cat", "Dog"), ("a", "b", "c")][rng.integers(4)],
    )

    def go():
        raise AssertionError(f"the classes are {read(root)[0].classes}")

    return Case("train and test do not have the same classes", go)


@kind(FOLDERS, 2)
def hidden_things(rng, place):
    """Copies that tools and systems leave behind are no images of the set."""
    root = place.folder / "set"
    fill(root)
    where = (
        "cat/.ipynb_checkpoints/0-checkpoint.png",
        ".git/x.png",
        "cat/.thumbnails/0.png",
        "__MACOSX/cat/0.png",
        "cat/._0.png",
        "cat/a/.hidden/b/0.png",
        "cat/__MACOSX/._0.png",
        "cat/.DS_Store",
        "dog/Thumbs.db",
        "labels.csv",
    )
    chosen = [where[i] for i in rng.choice(len(where), int(rng.integers(1, 4)), replace=False)]
    for name in chosen:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / name, "PNG")

    def go():
        dataset = read(root)[0]
        assert dataset.classes == ("cat", "dog"), f"the classes are {dataset.classes}"
        assert total(dataset) == 8, f"{total(dataset)} images in place of 8"

    return Case(f"beside the images: {', '.join(chosen)}", go, valid=True)


@kind(FOLDERS, 2)
def suffixes(rng, place):
    """An image is read, or it is said that it is not."""
    root = place.folder / "set"
    fill(root)
    suffix, format_ = [
        (".jfif", "JPEG"),
        (".JPG", "JPEG"),
        (".Png", "PNG"),
        (".jpe", "JPEG"),
        (".dib", "BMP"),
        (".pbm", "PPM"),
        (".pnm", "PPM"),
        (".tga", "TGA"),
        (".ico", "ICO"),
        (".apng", "PNG"),
        (".jp2", "JPEG2000"),
        (".png.bak", "PNG"),
        ("", "PNG"),
    ][rng.integers(13)]
    for i in range(3):
        Image.new("RGB", (16, 16)).save(root / "dog" / f"photo{i}{suffix}", format_)

    def go():
        dataset, told = read(root)
        known = suffix and suffix != ".png.bak"
        assert total(dataset) == 11 or not known or suffix.lower() in told.lower(), (
            f"3 files {suffix} are left out unsaid"
        )

    return Case(f"photo0{suffix or ' without a suffix'} ({format_})", go)


@kind(FOLDERS, 1.5)
def names_that_are_not_utf8(rng, place):
    root = place.folder / "set"
    fill(root)
    here = os.fsencode(root)
    if rng.random() < 0.5:
        os.rename(here + b"/cat/0.png", here + b"/cat/caf\xe9.png")
    else:
        os.rename(here + b"/cat", here + b"/ch\xe2t\xff")
    through = rng.random() < 0.3

    def go():
        if through:
            train(root)
        assert total(read(root)[0]) == 8

    return Case("a file or class whose name is not UTF-8", go)


def train(root):
    """All the way to pictures and a result, on the command line."""
    answer = command.run(
        "train",
        "--model",
        "single_5x5_cifar",
        "--data",
        str(root),
        "--epochs",
        "1",
        "--batch-size",
        "4",
        "--out",
        "run",
        "--json",
    )
    assert json.loads(answer)["epochs"] == 1
    with open("run/result.json", encoding="utf-8") as file:
        json.load(file)


@kind(FOLDERS, 0.7)
def names_that_mean_something(rng, place):
    """To matplotlib, to a shell, to a path or to a terminal."""
    root = place.folder / "set"
    names = [
        "$$",
        "$x",
        "$\\frac{1}{0}$",
        "a_b^c",
        "\\alpha",
        "100%",
        "#1",
        "&amp;",
        "a b",
        "it's",
        '"',
        "日本",
        "x" * 120,
        "{0}",
        "-x",
        "\x1b[31m",
    ]
    chosen = [names[i] for i in rng.choice(len(names), 2, replace=False)]
    fill(root, chosen)
    return Case(f"classes {chosen}", lambda: train(root), valid=True, seconds=120.0)


@kind(FOLDERS, 2)
def not_a_set(rng, place):
    root = place.folder / "set"
    what = (
        "empty",
        "one class",
        "a class without images",
        "images only",
        "a damaged image",
        "one image each",
        "a FIFO",
        "a file",
        "missing",
        "a loop of links",
        "an EPS image",
        "a NUL byte",
        "too long a name",
    )[rng.integers(13)]
    if what in ("empty", "images only"):
        root.mkdir()
    elif what != "missing":
        fill(root, ("cat",) if what == "one class" else ("cat", "dog"), 1 if what == "one image each" else 4)
    if what == "a class without images":
        (root / "cow").mkdir()
    elif what == "images only":
        Image.new("RGB", (8, 8)).save(root / "a.png")
    elif what == "a damaged image":
        (root / "cat" / "0.png").write_bytes((root / "cat" / "0.png").read_bytes()[:40])
    elif what == "a FIFO":
        os.mkfifo(root / "cat" / "pipe.png")
    elif what == "a file":
        root = root / "cat" / "0.png"
    elif what == "a loop of links":
        (root / "cat" / "again").symlink_to("..")
    elif what == "an EPS image":
        (root / "cat" / "x.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    name = {"a NUL byte": "a\0b", "too long a name": "x" * 300}.get(what, root)

    def go():
        dataset = read(name)[0]
        assert what in ("a FIFO", "a loop of links"), f"accepted with {total(dataset)} images"
        assert total(dataset) == 8, f"{total(dataset)} images in place of 8"

    return Case(what, go, seconds=20.0)
