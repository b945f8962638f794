"""The commands that train, evaluate and predict: flags reach the package, results are printed, places are refused."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyinception import data, train
from tinyinception.cli import main
from tinyinception.kernels import jit


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a tiny run, made through the command line, and what `train --json` printed."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", io.StringIO())
        status = main(
            [
                "train",
                "--model",
                "plain_cifar",
                "--limit",
                "64",
                "--epochs",
                "1",
                "--batch-size",
                "32",
                "--seed",
                "3",
                "--lr",
                "0.01",
                "--out",
                str(folder),
                "--json",
            ]
        )
        assert status == 0
        return folder, sys.stdout.getvalue()


def test_train_flags_reach_the_config(run, monkeypatch):
    calls, threads = [], []
    monkeypatch.setattr(jit, "set_threads", threads.append)

    def fit(config, out, watchers, eager, pictures):
        assert watchers == []
        assert pictures
        calls.append((config, out))
        return train.Result(0.5, 2, 60.0, 1000.0, "runs/x")

    monkeypatch.setattr(train, "fit", fit)
    status, out, _ = run(
        "train",
        "--data",
        "cifar10",
        "--from",
        "disk",
        "--model",
        "plain_cifar",
        "--limit",
        5,
        "--epochs",
        2,
        "--batch-size",
        7,
        "--optimizer",
        "adam",
        "--lr",
        0.25,
        "--schedule",
        "cosine",
        "--seed",
        9,
        "--threads",
        2,
        "--out",
        "runs/x",
    )
    assert status == 0
    assert out == "test accuracy 50.00% after 2 epochs in 60 s (1,000 images/s)\nrun folder runs/x\n"
    expected = train.Config.for_data(
        "cifar10",
        source="disk",
        model="plain_cifar",
        limit=5,
        epochs=2,
        batch_size=7,
        optimizer="adam",
        lr=0.25,
        schedule="cosine",
        seed=9,
    )
    run("train")
    assert calls == [(expected, "runs/x"), (train.Config.for_data("drawn"), None)]
    assert threads == [2]


def test_train_prints_one_json_object(trained):
    folder, out = trained
    result = json.loads(out)
    assert out.count("\n") == 1
    assert list(result) == [
        "test_accuracy",
        "epochs",
        "seconds",
        "images_per_second",
        "run",
        "weights",
        "best_epoch",
        "best_accuracy",
    ]
    assert result["epochs"] == 1
    assert Path(result["run"]) == folder
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["seed"] == 3


def test_resume_of_a_finished_run_repeats_its_result(run, trained):
    folder, out = trained
    status, again, _ = run("train", "--resume", folder, "--json")
    assert status == 0
    assert json.loads(again)["test_accuracy"] == json.loads(out)["test_accuracy"]


def test_evaluate(run, trained):
    folder, printed = trained
    status, out, err = run("evaluate", folder, "--json")
    assert (status, err) == (0, "")
    measured = json.loads(out)
    assert measured["test_accuracy"] == json.loads(printed)["test_accuracy"]
    text = run("evaluate", folder)[1].splitlines()
    assert text[0] == "plain_cifar on drawn, 64 test images"
    assert text[1].startswith(f"test accuracy {measured['test_accuracy']:.2%}")
    assert len(text) == 2 + len(measured["classes"])


def test_evaluate_flags_reach_the_package(run, monkeypatch):
    calls, alone = [], {"test_accuracy": 0.75, "test_top5": 1.0, "test_loss": 0.5, "ece": 0.125}

    def evaluate(folders, data, **options):
        calls.append((folders, data, options))
        return {
            "runs": [{"run": folder, **alone} for folder in folders],
            "data": "pets",
            "images": 8,
            "crops": options["crops"],
            **alone,
            "classes": [{"name": "cat", "images": 8, "accuracy": 0.75}],
            "comparison": {"sentence": "b is better."},
        }

    monkeypatch.setattr(train, "evaluate", evaluate)
    plain = {"crops": 1, "averaged": None, "compare": False, "pictures": None}
    assert run("evaluate", "a")[0] == 0
    assert calls.pop() == (["a"], None, plain)
    for word, averaged in (("raw", False), ("averaged", True)):
        run("evaluate", "a", "--weights", word)
        assert calls.pop() == (["a"], None, {**plain, "averaged": averaged})
    figures = "test accuracy 75.00%   top 5 always right (1 classes)   loss 0.5000   calibration error 12.50%"
    assert run("evaluate", "a", "b", "--data", "pets", "--crops", 144, "--compare", "--pictures", "seen") == (
        0,
        (
            f"ensemble of 2 runs on pets, 8 test images, 144 views of each\n{figures}\n  cat   75.00% of 8\n"
            f"a alone: {figures}\nb alone: {figures}\nb is better.\npictures in seen\n"
        ),
        "",
    )
    assert calls == [(["a", "b"], "pets", {**plain, "crops": 144, "compare": True, "pictures": "seen"})]


def test_predict(run, trained, tmp_path):
    folder, _ = trained
    image = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)).save(image)
    status, out, err = run("predict", folder, image, image, "--top", 3, "--json")
    assert (status, err) == (0, "")
    answer = json.loads(out)
    assert [p["image"] for p in answer["predictions"]] == [str(image)] * 2
    classes = answer["predictions"][0]["classes"]
    assert len(classes) == 3
    assert classes[0]["probability"] >= classes[1]["probability"] >= classes[2]["probability"]
    text = run("predict", folder, image, "--top", 3)[1].splitlines()
    assert text[0] == str(image)
    assert text[1].split() == [f"{classes[0]['probability']:.2%}", *classes[0]["name"].split()]
    status, out, err = run("predict", folder, folder / "log.csv")
    assert (status, out) == (1, "")
    assert "log.csv cannot be read as an image" in err


# -- places that the system refuses ----------------------------------------------------------------------------------

REFUSED = "n" * 300  # the system refuses even to look at such a name, as it does below a folder closed to the user


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--out", REFUSED],
        ["train", "--resume", REFUSED],
        ["train", "--data", f"./{REFUSED}", "--out", "new"],
        ["evaluate", REFUSED],
        ["predict", REFUSED, "cat.png"],
        ["data", "fetch", "mnist", "--from", REFUSED],
        ["summary", "plain_cifar", "--draw", f"{REFUSED}.png"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_place_that_cannot_even_be_looked_at_is_one_error(run, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*words)
    assert (status, out) == (1, "")
    assert err.startswith("tinyinception: error: ")
    assert err.endswith(": File name too long\n")
    assert err.count("\n") == 1
    assert "Errno" not in err
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_pictures_at_a_refused_place_and_a_refused_cache(run, trained, tmp_path, monkeypatch):
    status, out, err = run("evaluate", trained[0], "--pictures", tmp_path / REFUSED)
    assert (status, out) == (1, "")
    assert "pictures: cannot make the folder" in err
    assert err.endswith(": File name too long\n")
    monkeypatch.setenv("TINYINCEPTION_DATA", str(tmp_path / REFUSED))
    assert run("data", "list")[0] == 0
    status, _, err = run("evaluate", trained[0], "--data", "mnist")
    assert status == 1
    assert err == f"tinyinception: error: {tmp_path / REFUSED / 'mnist'} cannot be read: File name too long\n"


def test_what_the_system_refuses_elsewhere_is_one_line_too(run, monkeypatch):
    def fail():
        raise PermissionError(13, "Permission denied", "/closed")

    monkeypatch.setattr(data, "listing", fail)
    assert run("data", "list") == (1, "", "tinyinception: error: [Errno 13] Permission denied: '/closed'\n")
