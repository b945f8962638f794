"""The pictures of a run: what is drawn is what was given."""

import subprocess
import sys

import numpy as np
import pytest

from tinyinception import nn
from tinyinception.errors import ShapeError
from tinyinception.plots import training as plots
from tinyinception.tensor import Tensor
from tinyinception.train import pictures

ROWS = [
    {
        "epoch": epoch,
        "train_loss": 2.0 / epoch,
        "test_loss": 2.2 / epoch,
        "train_accuracy": 0.2 * epoch,
        "test_accuracy": 0.25 * epoch,
        "averaged_test_accuracy": 0.26 * epoch,
    }
    for epoch in (1, 2, 3)
]


def lines(axes):
    return {line.get_label(): list(zip(*line.get_data(), strict=True)) for line in axes.get_lines()}


def test_curves_show_every_column_against_its_epoch_in_percent():
    loss, accuracy = plots.curves(ROWS, "a run").axes
    assert lines(loss) == {
        "training (with label smoothing)": [(1, 2.0), (2, 1.0), (3, 2.0 / 3)],
        "test": [(1, 2.2), (2, 1.1), (3, 2.2 / 3)],
    }
    drawn = lines(accuracy)
    assert [y for _, y in drawn["training (augmented images)"]] == pytest.approx([20, 40, 60])
    assert [y for _, y in drawn["test"]] == pytest.approx([25, 50, 75])
    assert [y for _, y in drawn["test, averaged parameters"]] == pytest.approx([26, 52, 78])
    assert [axes.get_xlabel() for axes in (loss, accuracy)] == ["epoch", "epoch"]
    assert [axes.get_ylabel() for axes in (loss, accuracy)] == ["cross-entropy (nats)", "accuracy (%)"]


def test_curves_without_average_have_no_such_line():
    _, accuracy = plots.curves([{**row, "averaged_test_accuracy": None} for row in ROWS[:1]]).axes
    assert lines(accuracy).keys() == {"training (augmented images)", "test"}


def test_confusion_matrix_has_the_true_class_in_rows_and_prints_counts():
    counts = np.array([[8, 2, 0], [0, 5, 5], [0, 0, 0]])
    axes = plots.confusion_matrix(counts, ["a", "b", "c"], "title").axes[0]
    shown = np.asarray(axes.get_images()[0].get_array())
    np.testing.assert_allclose(shown**2, [[0.8, 0.2, 0], [0, 0.5, 0.5], [0, 0, 0]], atol=1e-12)
    assert {(text.get_position(), text.get_text()) for text in axes.texts} == {
        ((0, 0), "8"),
        ((1, 0), "2"),
        ((1, 1), "5"),
        ((2, 1), "5"),
    }
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    assert axes.get_ylabel() == "true class"


def test_confusion_matrix_of_a_hundred_classes_has_neither_numbers_nor_names():
    axes = plots.confusion_matrix(np.eye(100, dtype=int), [f"class {i}" for i in range(100)]).axes[0]
    assert not axes.texts
    assert not any("class" in label.get_text() for label in axes.get_xticklabels())
    with pytest.raises(ShapeError, match=r"expected 3 x 3 for 3 classes"):
        plots.confusion_matrix(np.eye(4, dtype=int), ["a", "b", "c"])


def tiles(figure):
    return [np.asarray(axes.get_images()[0].get_array()) for axes in figure.axes if axes.get_images()]


@pytest.mark.parametrize("channels", [1, 3])
def test_activations_show_the_image_and_of_each_stage_the_maps_that_vary_most(channels):
    image = np.random.default_rng(0).integers(0, 256, (8, 8, channels)).astype(np.uint8)
    many = np.random.default_rng(1).standard_normal((4, 4, 12)) * np.arange(12)
    shown = tiles(plots.activations(image, {"first": np.zeros((8, 8, 2)), "last": many}, "title"))
    np.testing.assert_array_equal(shown[0], image.squeeze())
    assert len(shown) == 1 + 2 + 10
    order = sorted(range(12), key=lambda channel: -many[..., channel].std())
    for tile, channel in zip(shown[3:], order, strict=False):
        np.testing.assert_array_equal(tile, many[..., channel])
    with pytest.raises(ShapeError, match="maps of last must be H x W x C"):
        plots.activations(image, {"last": many[0]})


def test_activations_of_a_network_without_maps_are_the_image_alone():
    assert len(tiles(plots.activations(np.zeros((8, 8, 3), np.uint8), {}))) == 1


def test_stages_are_what_the_first_unit_and_the_last_part_of_each_size_put_out():
    network = nn.Sequential(
        nn.ConvUnit(3, 4, 3),
        nn.ConvUnit(4, 6, 3),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 5, 1),
        nn.Flatten(),
        nn.Linear(5 * 16, 2),
    )
    image = np.random.default_rng(0).standard_normal((1, 8, 8, 3), np.float32)
    network.train()
    found = pictures.stages(network, image)
    assert network.training
    network.eval()
    steps, x = [], Tensor(image)
    for part in network:
        x = part(x)
        steps.append(x.numpy())
    assert list(found) == ["0", "1", "3"]
    for name, maps in found.items():
        np.testing.assert_array_equal(maps, steps[int(name)][0])


@pytest.mark.parametrize("channels", [1, 3])
def test_mistakes_say_truth_answer_and_probability_in_the_order_given(channels):
    images = np.random.default_rng(0).integers(0, 256, (7, 8, 8, channels)).astype(np.uint8)
    figure = plots.mistakes(images, np.arange(7) % 2, 1 - np.arange(7) % 2, np.linspace(0.9, 0.3, 7), ["cat", "dog"])
    shown = tiles(figure)
    assert len(shown) == 7
    for tile, image in zip(shown, images, strict=True):
        np.testing.assert_array_equal(tile, image.squeeze())
    assert [axes.get_title() for axes in figure.axes[:2]] == ["cat\nsaid dog, 90%", "dog\nsaid cat, 80%"]


def test_no_mistakes_is_said_in_words():
    none = np.zeros(0, np.int64)
    figure = plots.mistakes(np.zeros((0, 8, 8, 3), np.uint8), none, none, none, ["cat", "dog"])
    assert [text.get_text() for text in figure.texts if "every" in text.get_text()] == [
        "every test image was classified correctly"
    ]


def test_drawing_uses_no_global_state_and_no_display(tmp_path):
    """pyplot would choose a window system and keep every figure alive; the import alone must not load matplotlib."""
    code = (
        "import sys; from tinyinception.plots import training as plots; assert 'matplotlib' not in sys.modules; "
        "import numpy as np; plots.activations(np.ones((8, 8, 3), np.uint8), {}).savefig(sys.argv[1]); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "activations.png")], check=True)
    assert (tmp_path / "activations.png").read_bytes().startswith(b"\x89PNG")
