"""Folders and names that mean harm, or only trouble: hidden files, links in circles, what vanishes, odd names."""

import os
import sys

import numpy as np
import pytest
from PIL import Image

from tinyinception.data import image
from tinyinception.data.folder import read_folder
from tinyinception.errors import DataError, shown

# -- folders -----------------------------------------------------------------------------------------------------------


def fill(folder, names, side=8):
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (side, side), (number, 99, 0)).save(folder / name, format="PNG")
    return folder


PETS = [f"{name}/{i}.png" for name in ("cat", "dog") for i in range(5)]


def total(dataset):
    return len(dataset.train_labels) + len(dataset.test_labels)


def test_hidden_files_and_metadata_are_skipped_at_any_depth(tmp_path, capsys):
    fill(
        tmp_path,
        [
            *PETS,
            ".cache/0.png",
            "__MACOSX/cat/._0.png",
            "cat/.ipynb_checkpoints/0-checkpoint.png",
            "cat/deep/.git/1.png",
            "cat/deep/@eaDir/2.png",
            "dog/._3.png",
            "dog/$RECYCLE.BIN/4.png",
        ],
    )
    for name in ("Thumbs.db", "dog/desktop.ini", "cat/.DS_Store"):
        (tmp_path / name).write_bytes(b"x")
    assert total(read_folder(tmp_path)) == 10
    assert "8 training and 2 test images, a fifth of each class being for testing; left out: 10 hidden\n" in (
        capsys.readouterr().err
    )


def test_what_is_left_out_is_counted_in_one_line(tmp_path, capsys):
    fill(tmp_path, PETS)
    for name in ("dog/photo0.heic", "dog/photo1.HEIC", "cat/notes.txt", "cat/a.eps", "cat/b.psd", "dog/c.x", "README"):
        (tmp_path / name).write_bytes(b"x")
    assert total(read_folder(tmp_path)) == 10
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].endswith("; left out: 2 .heic, 1 without suffix, 1 .eps, 1 .psd, 2 others, e.g. README")
    read_folder(tmp_path, progress=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "suffix",
    [
        ".jfif",
        ".jpe",
        ".JPG",
        ".tif",
        ".webp",
        ".pbm",
        ".jp2",
        ".ico",
        ".tga",
        ".pcx",
        ".ppm",
        ".bmp",
        ".dib",
        ".apng",
        ".pgm",
        ".sgi",
    ],
)
def test_every_suffix_that_pillow_reads_by_itself_is_read(tmp_path, suffix):
    fill(tmp_path, PETS)
    picture = Image.new("1" if suffix == ".pbm" else "RGB", (16, 16), 1)
    picture.save(tmp_path / "dog" / f"new{suffix}")
    assert total(read_folder(tmp_path, progress=False)) == 11


def test_a_class_of_unread_files_says_what_it_holds(tmp_path):
    fill(tmp_path, PETS)
    (tmp_path / "fox").mkdir()
    for i in range(3):
        (tmp_path / "fox" / f"{i}.heic").write_bytes(b"x")
    with pytest.raises(DataError, match=r"fox: a class folder without images; it holds 3 .heic$"):
        read_folder(tmp_path, progress=False)


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only administrators make links")
def test_links_are_followed_but_never_in_circles_and_no_file_is_read_twice(tmp_path, capsys):
    fill(tmp_path / "store", [f"{i}.png" for i in range(5)])
    pets = fill(tmp_path / "pets", PETS)
    (pets / "fox").symlink_to(tmp_path / "store")  # out of the folder, as data stores do it
    (pets / "cat" / "outside.png").symlink_to(tmp_path / "store" / "4.png")
    (pets / "cat" / "again.png").symlink_to("0.png")
    os.link(pets / "dog" / "1.png", pets / "dog" / "hard.png")
    (pets / "cat" / "dead.png").symlink_to("nothing")
    (pets / "cat" / "loop.png").symlink_to("loop.png")
    (pets / "cat" / "up").symlink_to("..")
    (pets / "dog" / "deep").mkdir()
    (pets / "dog" / "deep" / "self").symlink_to(".")
    os.mkfifo(pets / "dog" / "pipe.png")
    dataset = read_folder(pets)
    assert np.bincount(dataset.train_labels).tolist() == [5, 4, 4]
    assert total(dataset) == 16
    err = capsys.readouterr().err
    for words in ("2 dead links", "2 links to folders", "2 second names of a file", "1 no plain files"):
        assert words in err
    for i in range(12):  # each folder links to all others: their paths grow without bound
        (pets / "dog" / f"d{i}").mkdir()
        for j in range(12):
            (pets / "dog" / f"d{i}" / f"to{j}").symlink_to(f"../d{j}")
    assert total(read_folder(pets, progress=False)) == 16


def test_what_vanishes_or_may_not_be_entered_is_one_error(tmp_path, monkeypatch):
    fill(tmp_path, PETS)
    entries = image.os.stat

    def refuse(path, *args, **kwargs):
        if str(path).endswith("3.png") and sys._getframe(1).f_code.co_name == "_open":
            raise FileNotFoundError(2, "No such file or directory")
        return entries(path, *args, **kwargs)

    monkeypatch.setattr(image.os, "stat", refuse)
    with pytest.raises(DataError, match=r"3\.png cannot be read as an image: No such file or directory$"):
        read_folder(tmp_path, progress=False)
    monkeypatch.undo()
    listed = type(tmp_path).iterdir

    def closed(path):
        if path.name == "dog":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(type(tmp_path), "iterdir", closed)
    with pytest.raises(DataError, match=r"dog cannot be read: Permission denied$"):
        read_folder(tmp_path, progress=False)


# -- names -------------------------------------------------------------------------------------------------------------

ODD = ["caf\udce9", "two\nlines", "\x1b[31mred", "-rf", "$$", "n" * 200, "aux", "'\"", "\u202eevil", "a b", "é",
       "%s{0}"]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="Windows allows none of these names")
def test_odd_names_are_read_and_shown_as_printable_text(tmp_path, capsys):
    root = tmp_path / "caf\udce9\x1b[0m"
    for number, name in enumerate(ODD):
        fill(root, [f"{name}/{name[:90]}{i}.png" for i in range(5)], side=8 + number)
    (root / "-rf" / "left\udcff\x1b.txt").write_bytes(b"x")
    dataset = read_folder(root)
    assert total(dataset) == 5 * len(ODD)
    assert sorted(dataset.classes) == sorted(map(shown, ODD))
    assert dataset.name == r"caf\xe9\x1b[0m"
    for text in (*dataset.classes, *capsys.readouterr().err.splitlines()):
        assert text.isprintable()
        text.encode("utf-8")
    broken = root / "two\nlines" / "bad\udce9.png"
    broken.write_bytes(b"x")
    with pytest.raises(DataError) as caught:
        read_folder(root, progress=False)
    assert r"two\nlines/bad\xe9.png cannot be read as an image" in str(caught.value)
    assert str(caught.value).isprintable()


def test_what_shown_shows():
    assert shown("plain é 日本 'x'") == "plain é 日本 'x'"
    assert shown("a\udce9\n\x1b\u202e\ud800\t") == r"a\xe9\n\x1b\u202e\ud800\t"
