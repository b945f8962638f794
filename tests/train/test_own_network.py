"""Networks and data of one's own: a Module, a function, an import path; arrays."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.tiny_runs import CONFIG, Died, Tiny, bits, die_at, resume, shades
from tinyinception import data, nn, train
from tinyinception.data import Dataset
from tinyinception.errors import ArgumentError, DtypeError, ShapeError
from tinyinception.train.config import Config
from tinyinception.train.run import Run

SHORT = replace(CONFIG, epochs=2)


class Bare(nn.Module):
    """Without convolutions, auxiliary heads and Output: it returns a Tensor."""

    def __init__(self, num_classes=3):
        self.mean = nn.GlobalAvgPool()
        self.fc = nn.Linear(3, num_classes)

    def forward(self, x):
        return self.fc(self.mean(x))


def tiny(num_classes, channels):
    return Tiny(num_classes, channels)


def fit(folder, network, config=SHORT, dataset=None, **options):
    return train.fit(config, folder, network=network, dataset=dataset or shades(), progress=False, **options)


def killed(monkeypatch, folder, network, step=4):
    with monkeypatch.context() as patch:
        die_at(patch, step)
        with pytest.raises(Died):
            fit(folder, network)


def test_a_module_that_returns_logits_is_trained_and_draws_its_pictures(tmp_path):
    result = fit(tmp_path / "run", Bare(), replace(CONFIG, epochs=40, average=None, lr=0.5))
    assert result.test_accuracy > 0.9  # three shades of grey need no more
    config = json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))
    assert (config["model"], config["network"], config["data"]) == ("Bare", "given", "arrays")
    assert {path.name for path in (tmp_path / "run").glob("*.png")} == {
        "activations.png",
        "confusion.png",
        "curves.png",
        "mistakes.png",
    }


def test_a_function_is_found_again_by_its_import_path_when_resumed_and_evaluated(tmp_path, monkeypatch):
    whole = fit(tmp_path / "whole", tiny)
    assert Run(tmp_path / "whole").config.network == f"{__name__}:tiny"
    killed(monkeypatch, tmp_path / "run", tiny)
    assert resume(tmp_path / "run").test_accuracy == whole.test_accuracy
    assert bits(tmp_path / "run") == bits(whole.run)
    report = train.evaluate(tmp_path / "run", data=shades())
    assert report["test_accuracy"] == whole.test_accuracy
    assert isinstance(train.load_run(tmp_path / "run").network, Tiny)


def test_a_class_is_a_function_too_and_a_path_alone_is_enough(tmp_path):
    one = fit(tmp_path / "one", Bare)
    config = replace(SHORT, network=f"{__name__}:Bare", model="Bare")
    other = train.fit(config, tmp_path / "other", dataset=shades(), progress=False)
    assert bits(one.run) == bits(other.run)


def test_what_has_no_import_path_is_to_be_given_again(tmp_path, monkeypatch):
    whole = fit(tmp_path / "whole", lambda num_classes, channels: Tiny(num_classes, channels))
    killed(monkeypatch, tmp_path / "run", lambda num_classes, channels: Tiny(num_classes, channels))
    for use in (
        lambda: resume(tmp_path / "run"),
        lambda: train.load_run(tmp_path / "run"),
        lambda: train.evaluate(tmp_path / "run", data=shades()),
    ):
        with pytest.raises(ArgumentError, match=r"<lambda> was given to train\.fit and has no import path .* again as"):
            use()
    resume(tmp_path / "run", network=Tiny(3, 3))
    assert bits(tmp_path / "run") == bits(whole.run)
    assert train.load_run(tmp_path / "run", network=Tiny(3, 3)).config.model == "<lambda>"
    report = train.evaluate(tmp_path / "run", data=shades(), network=Tiny(3, 3))
    assert report["test_accuracy"] == whole.test_accuracy


def test_ensure_takes_own_networks_and_data(tmp_path):
    first = train.ensure(SHORT, tmp_path / "run", network=tiny, dataset=shades(), progress=False)
    assert train.ensure(SHORT, tmp_path / "run", network=tiny, dataset=shades(), progress=False) == first
    with pytest.raises(ArgumentError, match=r"network .*:tiny', not .*:Bare"):
        train.ensure(SHORT, tmp_path / "run", network=Bare, dataset=shades(), progress=False)


class Wrong(nn.Module):
    def __init__(self, result):
        self.fc, self.result = nn.Linear(3, 5), result

    def forward(self, x):
        logits = self.fc(nn.GlobalAvgPool()(x))
        return {"tuple": (logits, ()), "wide": logits}[self.result]


def test_networks_that_cannot_be_trained_are_refused_before_anything_is(tmp_path):
    cases = [
        ("net", ArgumentError, "network must be a Module, or a function that makes one, got 'net'"),
        (lambda width: None, ArgumentError, "<lambda> needs width; it is called with num_classes and channels"),
        (lambda: 3, ArgumentError, "must return a Module, got int"),
        (Wrong("tuple"), ArgumentError, "Wrong: forward must return logits as a Tensor, or Output"),
        (Wrong("wide"), ShapeError, "Wrong: logits must be N x 3, one for each class, got 2x5 for 2 images"),
    ]
    for network, error, message in cases:
        with pytest.raises(error, match=message):
            fit(tmp_path / "run", network)
    for path, message in (
        ("subprocess:run", "a network of your own, got 'subprocess:run'"),
        ("os:getcwd", "a network of your own"),
        ("nowhere_at_all:Net", "cannot be imported: No mod"),
        (f"{__name__}:Nothing", "cannot be imported"),
        ("tests.helpers.tiny_runs", "must be 'package.module:func"),
        (f"{__name__}:SHORT", "must be a function that makes a Module"),
    ):
        with pytest.raises(ArgumentError, match=message):
            train.fit(replace(SHORT, network=path), tmp_path / "run", dataset=shades(), progress=False)
    with pytest.raises(ArgumentError, match=r"model_options are for networks of models\.names"):
        Config(network="mine:Net", model_options={"dropout": 0.1})
    assert not (tmp_path / "run").exists()


# -- arrays ------------------------------------------------------------------------------------------------------------


def pictures(n=30, shape=(6, 6, 3), dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 256, (n, *shape)).astype(dtype), np.arange(n) % 3


def test_arrays_become_a_data_set_with_a_fifth_of_each_class_for_testing():
    images, labels = pictures()
    made = Dataset.from_arrays(images, labels, ["a", "b", "c"])
    assert (made.name, made.classes, made.image_shape) == ("arrays", ("a", "b", "c"), (6, 6, 3))
    assert np.bincount(made.test_labels).tolist() == [2, 2, 2]
    assert np.bincount(made.train_labels).tolist() == [8, 8, 8]
    rows = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    for part, own in ((made.train_images, made.train_labels), (made.test_images, made.test_labels)):
        assert [rows.pop(image.tobytes()) for image in part] == own.tolist()
    assert not rows
    again = Dataset.from_arrays(images, labels)
    assert again.classes == ("0", "1", "2")
    np.testing.assert_array_equal(again.test_images, made.test_images)


def test_floats_grey_images_and_columns_of_labels_are_understood():
    images, labels = pictures()
    floats = Dataset.from_arrays(images / 255, labels[:, None].astype(np.uint8), test_images=images, test_labels=labels)
    np.testing.assert_array_equal(floats.train_images, images)
    np.testing.assert_array_equal(floats.train_labels, labels)
    assert floats.train_labels.dtype == np.int64
    assert Dataset.from_arrays(images[..., 0], labels).image_shape == (6, 6, 1)


def test_wrong_arrays_are_refused_with_the_remedy():
    images, labels = pictures()
    cases = [
        ((images.transpose(0, 3, 1, 2), labels), ShapeError, r"they come last here: images\.transpose\(0, 2, 3, 1\)"),
        ((images - 128.0, labels), ArgumentError, r"floats must lie in \[0, 1\], got -128 to 127"),
        ((images * np.nan, labels), ArgumentError, r"must lie in \[0, 1\], got nan"),
        ((images, np.eye(3)[labels]), ShapeError, r"of one-hot rows, labels\.argmax\(axis=1\)"),
        ((images, labels.astype(float)), DtypeError, "labels must be whole numbers from 0"),
        ((images, np.array(["a", "b", "c"])[labels]), DtypeError, "np.unique"),
        ((images, labels[:5]), ShapeError, r"labels have shape \(5,\) for 30 images"),
        ((images.tolist(), labels), DtypeError, "images must be a NumPy array, got a list"),
        ((images[0, 0], labels), ShapeError, "N x H x W x C, or N x H x W"),
        ((images, labels - 1), ArgumentError, r"labels\[\d+\] is -1"),
        ((images, labels, ["a", "b"]), ArgumentError, "of 2 classes from 0"),
        ((images, labels, "abc"), ArgumentError, "classes must be a list of names, got 'abc'"),
        ((images[:3], labels[:3]), ArgumentError, "class 0 has one image"),
        ((images.astype(np.int32), labels), DtypeError, "must be uint8"),
    ]
    for arguments, error, message in cases:
        with pytest.raises(error, match=message):
            Dataset.from_arrays(*arguments)
    with pytest.raises(ArgumentError, match="test_images and test_labels go together"):
        Dataset.from_arrays(images, labels, test_images=images)


def test_a_run_on_arrays_says_so_and_wants_them_again(tmp_path, monkeypatch):
    result = fit(tmp_path / "run", Bare, dataset=Dataset.from_arrays(*pictures(60)))
    assert Config.from_json(Path(result.run, "config.json").read_text(encoding="utf-8")).data == "arrays"
    for use in (
        lambda: train.resume(result.run, progress=False),
        lambda: train.evaluate(result.run),
        lambda: train.predict_test(result.run, 0),
        lambda: data.load("arrays"),
    ):
        with pytest.raises(ArgumentError, match=r"data: arrays stands for images that were given to train\.fit"):
            use()
    with pytest.raises(ArgumentError, match="dataset must be a Dataset"):
        fit(tmp_path / "other", Bare, dataset=pictures())
