"""Judging runs: views by literal loops, ensembles, comparisons, pictures, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.tiny_runs import CONFIG, fit, shades
from tinyinception import train
from tinyinception.data import Loader
from tinyinception.errors import ArgumentError, CheckpointError, ShapeError
from tinyinception.nn import functional
from tinyinception.plots import judging as plots
from tinyinception.tensor import Tensor
from tinyinception.train import judge
from tinyinception.train.crops import crop_scheme
from tinyinception.train.scores import score
from tinyinception.train.statistics import bootstrap_difference, calibration

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

    monkeypatch.setattr(judge, "load", load)


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
    monkeypatch.setattr(judge, "load", lambda *_, **__: foreign)
    assert train.evaluate(two, "elsewhere", crops=10) == expected


def test_equal_images_from_two_places_are_the_same_images(two, monkeypatch):
    monkeypatch.setattr(judge, "load", lambda *_, **__: shades())
    folder = Path(two[1]) / "config.json"
    folder.write_text(folder.read_text(encoding="utf-8").replace('"arrays"', '"cifar10"'), encoding="utf-8")
    assert train.evaluate(two)["images"] == 60
    for change in ({"test_images": shades().test_images[:, ::-1].copy()}, {"test_labels": 2 - shades().test_labels}):
        other = replace(shades(), **change)
        monkeypatch.setattr(judge, "load", lambda name, other=other, **_: shades() if name == "arrays" else other)
        with pytest.raises(ArgumentError, match="together they need the same images"):
            train.evaluate(two)


def test_mistakes_are_refused_before_anything_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "load_run", lambda *_: pytest.fail("a run was loaded first"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    for options, message in [
        ({"folder": []}, "no runs given"),
        ({"crops": 3}, "crops must be one of 1, 2, 10, 12, 144, got 3"),
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


def test_the_calibration_curve_shows_accuracy_probability_and_counts():
    bins = calibration([0.1, 0.75, 0.55, 0.95], [False, True, False, False], 4)
    upper, lower = plots.calibration_curve(bins, "a run").axes
    assert [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in upper.patches] == [
        (0, 25, 0),
        (50, 25, 50),
        (75, 25, 0),
    ]
    dots = next(line for line in upper.get_lines() if line.get_marker() == "o")
    np.testing.assert_allclose(np.transpose(dots.get_data()), [(10, 0), (65, 50), (95, 0)])
    assert [bar.get_height() for bar in lower.patches] == [1, 0, 2, 1]
    assert [text.get_text() for text in lower.texts] == ["1", "0", "2", "1"]
    assert upper.get_title() == "a run\nexpected calibration error 33.75%, 4 bins, 4 images"
    with pytest.raises(ShapeError, match="no images"):
        plots.calibration_curve(replace(bins, images=np.zeros(4, int)))


def test_the_picture_of_a_scheme_shows_its_boxes_and_its_views():
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    scheme = crop_scheme(144, (16, 16), (16, 16))
    figure = judge.crops_picture(scheme, image)
    sizes = figure.axes[:5]
    assert [axes.get_title() for axes in sizes] == [f"{n} x {n} pixels" for n in (16, 18, 21, 23, 25)]
    assert [len(axes.patches) for axes in sizes] == [1, 5, 5, 5, 5]
    last = {box.get_label(): box.get_xy() for box in sizes[-1].patches}
    assert last["bottom right"] == pytest.approx((8.5, 8.5), abs=0.7)  # pixel 9 begins half a pixel before its middle
    assert last["top right"] == pytest.approx((8.5, -0.5), abs=0.7)
    tiles = [axes for axes in figure.axes[5:] if axes.get_images()]
    assert len(tiles) == 42
    assert sorted(axes.get_xlabel() for axes in tiles) == ["x 12"] * 2 + ["x 3"] * 40
    np.testing.assert_array_equal(tiles[5].get_images()[0].get_array(), image)
    np.testing.assert_array_equal(tiles[11].get_images()[0].get_array(), image[:, ::-1])
    with pytest.raises(ArgumentError, match="no column for left"):
        plots.crop_views([(image, [])], {"row": {"left": (image, 1)}}, ["right"])


def test_uint8_and_floating_pixels_give_the_same_answers(finished, tiny_network):
    trained = train.load_run(finished.run)
    images = shades().test_images[:6]
    found = [
        score(
            trained.network,
            Loader(pixels, np.zeros(6, np.int64), 6, mean=trained.facts.mean, std=trained.facts.std),
            crop_scheme(10, (8, 8), (8, 8)),
        ).log_probabilities
        for pixels in (images, (images / 255).astype(np.float32))
    ]
    np.testing.assert_allclose(*found, atol=0.02)  # uint8 rounds what lies between two pixels to whole levels
