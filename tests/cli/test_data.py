"""The commands that meet a user's own data: what train says of a folder, predict with files and --test, data list."""

import json
import os
import sys

import numpy as np
import pytest
from PIL import Image

from tinyinception import data, train
from tinyinception.cli import main
from tinyinception.errors import ArgumentError


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """A folder of two classes, one with a name that steers terminals, and a file that is no image."""
    root = tmp_path_factory.mktemp("data") / "pets"
    for name, bright in (("cat", 40), ("dog\x1b[1m" if os.name != "nt" else "dog", 200)):
        (root / name).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (40, 40), (bright, bright, i)).save(root / name / f"{i}.png")
    (root / "cat" / "photo.heic").write_bytes(b"x")
    return root


@pytest.fixture(scope="module")
def trained(pets, tmp_path_factory):
    """A run on this folder, made through the command line, with what it printed."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        told = {}
        for name in ("stdout", "stderr"):
            told[name] = open(folder.parent / name, "w+", encoding="utf-8")  # noqa: SIM115
            patch.setattr(sys, name, told[name])
        status = main(
            [
                "train",
                "--model",
                "plain_cifar",
                "--data",
                str(pets),
                "--epochs",
                "1",
                "--batch-size",
                "4",
                "--out",
                str(folder),
                "--json",
            ]
        )
        assert status == 0
    for file in told.values():
        file.close()
    return folder


def test_training_says_what_it_read_beside_the_answer(trained):
    assert json.loads((trained.parent / "stdout").read_text(encoding="utf-8"))["run"] == str(trained)
    told = (trained.parent / "stderr").read_text(encoding="utf-8")
    assert (
        "pets: 2 classes, 16 training and 4 test images, a fifth of each class being for testing; left out: "
        "1 .heic, e.g. cat/photo.heic\n"
    ) in told
    written = [(trained / name).read_text(encoding="utf-8") for name in ("config.json", "state.json")]
    assert "\x1b[1m" not in "".join([told, *written])


def test_predict_classifies_a_test_image_of_the_runs_own_data(run, trained, pets, tmp_path):
    dataset = data.load(str(pets), progress=False)
    for number in (0, 3):
        Image.fromarray(dataset.test_images[number]).save(tmp_path / "same.png")
        (expected,) = train.predict(trained, [tmp_path / "same.png"])
        label = dataset.classes[dataset.test_labels[number]]
        status, out, err = run("predict", trained, "--test", number)
        assert status == 0
        assert "pets: 2 classes" in err
        assert out.splitlines() == [
            f"test image {number} of pets: {label}",
            *(f"  {p:7.2%}  {name}" for name, p in expected),
        ]
        answer = json.loads(run("predict", trained, "--test", number, "--top", 1, "--json")[1])
        assert answer == {
            "run": str(trained),
            "predictions": [
                {
                    "image": f"test image {number} of pets",
                    "class": label,
                    "classes": [{"name": expected[0][0], "probability": expected[0][1]}],
                }
            ],
        }


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--test", "4"], 1, "test must be at most 3, the last test image of pets, got 4"),
        (["--test", "-1"], 1, "test must be a whole number of at least 0, got -1"),
        (["cat.png", "--test", "7"], 2, "either IMAGE or --test N, not both"),
        (["--test", "x"], 2, "argument --test: invalid int value: 'x'"),
        (["--test", "0", "--top", "0"], 1, "top must be a whole number of at least 1"),
        (["--weights", "w.safetensors", "--model", "vgg16", "--test", "0"], 2, "--test goes with a run"),
    ],
)
def test_mistakes_with_test_are_one_line(run, trained, words, status, message):
    got, out, err = run("predict", trained, *words)
    assert (got, out) == (status, "")
    assert err.splitlines()[-1].startswith("tinyinception: error: ")
    assert message in err


def test_predict_test_refuses_data_that_changed(trained, pets, monkeypatch):
    with pytest.raises(ArgumentError, match="whole number"):
        train.predict_test(trained, True)
    other = data.load("drawn", limit=5)
    monkeypatch.setattr("tinyinception.train.images.load", lambda *args, **options: other)
    with pytest.raises(ArgumentError, match=r"drawn has other classes or sizes now than when .*tiny was trained"):
        train.predict_test(trained, 0)


@pytest.mark.skipif(os.name == "nt", reason="Windows allows none of these names")
@pytest.mark.parametrize("name", ["caf\udce9.png", "two\nlines.png", "\x1b[2J.png", "\u202egnp.png"])
def test_names_of_files_are_printed_safely(run, trained, tmp_path, name):
    Image.fromarray(np.full((40, 40), 7, np.uint8)).save(tmp_path / "plain.png")
    os.rename(tmp_path / "plain.png", tmp_path / name)
    status, out, err = run("predict", trained, tmp_path / name)
    assert status == 0
    for text in (out, err):
        text.encode("utf-8")
        assert all(line.isprintable() for line in text.splitlines())
        assert len([line for line in text.splitlines() if ".png" in line]) == 1
    answer = json.loads(run("predict", trained, tmp_path / name, "--json")[1])["predictions"][0]
    assert answer["image"] == str(tmp_path / name).replace("\udce9", r"\xe9")
    (tmp_path / name).write_bytes(b"x")
    status, out, err = run("predict", trained, tmp_path / name)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.rstrip("\n").isprintable()


def test_data_list_fits_into_80_columns_and_json_has_the_full_addresses(run, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYINCEPTION_DATA", str(tmp_path))
    status, out, err = run("data", "list")
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert out.splitlines()[2].endswith("170.1 MB  cs.toronto.edu")
    rows = json.loads(run("data", "list", "--json")[1])["data"]
    assert rows[1]["source"] == "https://www.cs.toronto.edu/~kriz"
