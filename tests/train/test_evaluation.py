"""Judging runs: views by literal loops, ensembles, comparisons, pictures, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.tiny_runs import CONFIG, fit, read_log, shades
from tinyinception import data, train
from tinyinception.data import Loader
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.judge.crops import crop_scheme
from tinyinception.judge.scores import score
from tinyinception.judge.statistics import bootstrap_difference
from tinyinception.nn import functional
from tinyinception.tensor import Tensor
from tinyinception.train import evaluation

pytestmark = pytest.mark.usefixtures("tiny_network")

KEYS = [
    "run",
    "model",
    "averaged",
    "data",
    "images",
    "crops",
    "test_accuracy",
    "test_top5",
    "test_loss",
    "ece",
    "logit_gap",
    "calibration",
    "classes",
    "confusion",
]


# -- runs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def shades_by_name(monkeypatch):
    """`data.load` as evaluation uses it, giving the set the tiny runs were trained on, at most `limit` of it."""

    def load(name, limit=None, **_):
        return shades() if limit is None else shades().first(limit)

    monkeypatch.setattr(evaluation, "load", load)


@pytest.fixture
def two(finished, tiny_network, tmp_path):
    """The folders of two runs that differ in seed and length."""
    fit(tmp_path / "other", replace(CONFIG, seed=9, epochs=1, average=None))
    return [finished.run, str(tmp_path / "other")]


def probabilities(folder, pixels, averaged=None):
    """What a run's network says of uint8 pixels, normalised by hand."""
    trained = train.load_run(folder, averaged)
    x = ((pixels / 255 - trained.facts.mean) / trained.facts.std).astype(np.float32)
    return functional.softmax(trained.network(Tensor(x)).logits).numpy().astype(np.float64)


def views_by_loops(images, crops):
    """The crops as the papers put them into words, for square images of 8 pixels and a network of 8."""
    for scale in (9, 10, 11, 13)[: 4 if crops == 144 else 1]:  # 8 * 256 / 224 = 9.14, then 10.29, 11.43, 12.57
        large = np.stack([np.asarray(Image.fromarray(image).resize((scale, scale), Image.BICUBIC)) for image in images])
        for _ in range(3 if crops == 144 else 1):
            square = [
                large[:, :8, :8],
                large[:, :8, -8:],
                large[:, -8:, :8],
                large[:, -8:, -8:],
                large[:, (scale - 8) // 2 :, (scale - 8) // 2 :][:, :8, :8],
            ]
            for view in square + ([images] if crops > 10 else []):
                yield view
                yield view[:, :, ::-1]


@pytest.mark.parametrize("crops", [10, 12, 144])
def test_every_crop_counts_as_much_as_every_other(finished, shades_by_name, tiny_network, crops):
    """Each of the named views shown to the network, one after the other; equal ones too."""
    dataset = shades()
    views = list(views_by_loops(dataset.test_images, crops))
    assert len(views) == crops
    expected = np.mean([probabilities(finished.run, view) for view in views], axis=0)
    trained = train.load_run(finished.run)
    loader = Loader(dataset.test_images, dataset.test_labels, 50, mean=trained.facts.mean, std=trained.facts.std)
    found = score(trained.network, loader, crop_scheme(crops, (8, 8), (8, 8)))
    np.testing.assert_allclose(np.exp(found.log_probabilities), expected, rtol=1e-5)
    report = train.evaluate(finished.run, crops=crops, batch_size=7)
    assert report["crops"] == crops
    assert report["test_loss"] == pytest.approx(-np.log(expected[np.arange(60), dataset.test_labels]).mean(), rel=1e-5)
    assert report["test_accuracy"] == (expected.argmax(axis=1) == dataset.test_labels).mean()


def test_several_runs_are_an_ensemble(two, shades_by_name):
    dataset = shades()
    each = [probabilities(folder, dataset.test_images) for folder in two]
    expected = (each[0] + each[1]) / 2
    report = train.evaluate(two)
    assert report["test_loss"] == pytest.approx(-np.log(expected[np.arange(60), dataset.test_labels]).mean(), rel=1e-5)
    assert report["test_accuracy"] == (expected.argmax(axis=1) == dataset.test_labels).mean()
    assert list(report) == ["runs"] + KEYS[3:]
    for alone, folder in zip(report["runs"], two, strict=True):
        single = train.evaluate(folder)
        assert list(single) == KEYS
        assert alone == {key: single[key] for key in alone}
    assert json.loads(json.dumps(report)) == report
    assert report["test_top5"] == 1  # of three classes


def test_averaged_and_raw_weights_are_measured_apart(finished, shades_by_name, tiny_network):
    labels = shades().test_labels
    for averaged in (False, True):
        p = probabilities(finished.run, shades().test_images, averaged)
        loss = train.evaluate(finished.run, averaged=averaged)["test_loss"]
        assert loss == pytest.approx(-np.log(p[np.arange(60), labels]).mean(), rel=1e-5)
    assert train.evaluate(finished.run, averaged=False)["test_loss"] != loss


def test_comparison_is_the_bootstrap_of_the_right_answers(two, shades_by_name):
    correct = [probabilities(folder, shades().test_images).argmax(axis=1) == shades().test_labels for folder in two]
    found = train.evaluate(two, compare=True)["comparison"]
    expected = bootstrap_difference(*correct)
    assert found["interval"] == [expected.low, expected.high]
    assert (found["first"], found["second"]) == (correct[0].mean(), correct[1].mean())
    assert found["sentence"] == expected.sentence("finished", "other")
    assert "comparison" not in train.evaluate(two)


def test_runs_on_other_images_are_refused(two, shades_by_name, tmp_path):
    fit(tmp_path / "few", replace(CONFIG, epochs=1, limit=30))
    with pytest.raises(ArgumentError, match=r"finished is measured on 60 test images .*few on 30 of shades"):
        train.evaluate([two[0], tmp_path / "few"])
    assert len(train.evaluate([two[0], tmp_path / "few"], "elsewhere")["runs"]) == 2
    assert train.evaluate(tmp_path / "few", "arrays")["images"] == 30  # the run's own data by name are its own data


def test_pixels_are_normalised_as_in_training_whatever_the_data(two, shades_by_name, monkeypatch):
    expected = train.evaluate(two, crops=10)
    foreign = replace(shades(), mean=(0.1, 0.2, 0.3), std=(2.0, 2.0, 2.0))
    monkeypatch.setattr(evaluation, "load", lambda *_, **__: foreign)
    assert train.evaluate(two, "elsewhere", crops=10) == expected


def test_equal_images_from_two_places_are_the_same_images(two, monkeypatch):
    monkeypatch.setattr(evaluation, "load", lambda *_, **__: shades())
    folder = Path(two[1]) / "config.json"
    folder.write_text(folder.read_text(encoding="utf-8").replace('"arrays"', '"cifar10"'), encoding="utf-8")
    assert train.evaluate(two)["images"] == 60
    for change in ({"test_images": shades().test_images[:, ::-1].copy()}, {"test_labels": 2 - shades().test_labels}):
        other = replace(shades(), **change)
        monkeypatch.setattr(evaluation, "load", lambda name, other=other, **_: shades() if name == "arrays" else other)
        with pytest.raises(ArgumentError, match="together they need the same images"):
            train.evaluate(two)


def test_evaluate_repeats_what_the_run_measured(finished, shades_by_name):
    last = read_log(finished.run)[-1]
    columns = {False: "test_accuracy", True: "averaged_test_accuracy", None: "averaged_test_accuracy"}
    for averaged, column in columns.items():
        report = train.evaluate(finished.run, averaged=averaged, batch_size=7)
        assert report["test_accuracy"] == float(last[column])
        assert report["averaged"] == (averaged is not False)
    loss = train.evaluate(finished.run, averaged=False)["test_loss"]
    assert loss == pytest.approx(float(last["test_loss"]), rel=1e-6)
    assert finished.test_accuracy == report["test_accuracy"]
    assert json.loads(json.dumps(report)) == report
    assert sum(map(sum, report["confusion"])) == report["images"] == 60
    assert [c["name"] for c in report["classes"]] == ["dark", "medium", "bright"]
    assert report["classes"][1]["accuracy"] == report["confusion"][1][1] / 20


def test_evaluate_refuses_what_it_cannot_do(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "load", lambda name, **_: data.load(name, limit=5))
    with pytest.raises(ArgumentError, match="crops must be one of 1, 2, 6, 10, 12, 144, got 3"):
        train.evaluate(finished.run, crops=3)
    with pytest.raises(ArgumentError, match=r"drawn has the classes disc, .* was trained for dark, medium, bright"):
        train.evaluate(finished.run, "drawn")
    fit(tmp_path / "plain", replace(CONFIG, epochs=1, average=None))
    with pytest.raises(ArgumentError, match="without a running average"):
        train.evaluate(tmp_path / "plain", averaged=True)


def test_mistakes_are_refused_before_anything_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "load_run", lambda *_: pytest.fail("a run was loaded first"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    for options, message in [
        ({"folder": []}, "no runs given"),
        ({"crops": 3}, "crops must be one of 1, 2, 6, 10, 12, 144, got 3"),
        ({"compare": True}, "needs exactly two runs, got 1"),
        ({"folder": ["a", "b", "c"], "compare": True}, "needs exactly two runs, got 3"),
        ({"pictures": tmp_path / "file"}, "is a file, not a folder"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            train.evaluate(**{"folder": "run", **options})


# -- pictures --------------------------------------------------------------------------------------------------------


def test_pictures_are_written_where_they_are_wanted(two, shades_by_name, tmp_path):
    train.evaluate(two, crops=12, pictures=tmp_path / "new" / "pictures")
    written = sorted((tmp_path / "new" / "pictures").iterdir())
    assert [path.name for path in written] == ["calibration.png", "confusion.png", "crops.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CheckpointError, match="cannot make the folder"):
        train.evaluate(two, pictures=tmp_path / "file" / "pictures")
