"""What a user sees of a thing: one line or a few, and in a notebook pictures and tables that fetch nothing."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

import tinyinception as ti
from tinyinception import data, models, nn, optim, plots, train, weights
from tinyinception.train.run import Run
from tinyinception.train.trained import Trained

IMAGE = re.compile(r'src="data:image/png;base64,([^"]+)"')


def layer():
    return nn.Linear(4, 3)


def drawn():
    return data.load("drawn", limit=40)


def pictures(html):
    return [Image.open(io.BytesIO(base64.b64decode(code))) for code in IMAGE.findall(html)]


@pytest.mark.parametrize(
    ("thing", "shown"),
    [
        (lambda: optim.SGD(layer().parameters(), 0.1), "SGD(lr=0.1; parameters: 2, numbers: 15, steps: 0)"),
        (
            lambda: optim.SGD(layer().parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=1e-4),
            "SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.0001; parameters: 2, numbers: 15, steps: 0)",
        ),
        (
            lambda: optim.AdamW(layer().parameters()),
            "AdamW(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01; parameters: 2, numbers: 15, steps: 0)",
        ),
        (
            lambda: optim.Adam(layer().parameters(), amsgrad=True),
            "Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, amsgrad=True; parameters: 2, numbers: 15, steps: 0)",
        ),
        (
            lambda: optim.RMSProp(layer().parameters(), 0.1, momentum=0.0),
            "RMSProp(lr=0.1, decay=0.9, eps=1.0, rule='tensorflow'; parameters: 2, numbers: 15, steps: 0)",
        ),
        (lambda: optim.RunningAverage(layer().parameters()), "RunningAverage(decay=0.9999; arrays: 2, updates: 0)"),
        (lambda: optim.Cosine(0.1, 10), "Cosine(base=0.1, steps=10, warmup=0, final=0.0)"),
        (lambda: optim.Constant(0.1), "Constant(base=0.1)"),
        (drawn, "Dataset('drawn': 40 + 40 images of 32x32x3, 10 classes)"),
        (lambda: drawn().loader("train", 8), "Loader(40x32x32x3 images, batch_size=8; batches: 5)"),
        (
            lambda: drawn().loader("test", 16, shuffle=True, seed=3, augment=[data.RandomFlip()], drop_last=True),
            "Loader(40x32x32x3 images, batch_size=16, shuffle=True, seed=3, transforms=(RandomFlip(p=0.5),), drop_last=True; "
            "batches: 2)",
        ),
        (lambda: data.Cutout(8), "Cutout(size=8, fill=0)"),
        (lambda: data.Normalize((0.5,), (0.25,)), "Normalize(mean=(0.5,), std=(0.25,))"),
        (
            lambda: train.Result(0.9, 3, 60.0, 100.0, "runs/a"),
            "Result(test_accuracy=0.9, epochs=3, seconds=60.0, images_per_second=100.0, run='runs/a', weights='last', "
            "best_epoch=None, best_accuracy=None)",
        ),
        (lambda: Run("runs/a"), "Run('runs/a')"),
        (lambda: nn.Output(ti.Tensor([[1.0]])), "Output(logits=Tensor(1x1, float32, mean 1, std 0), aux=())"),
        (
            lambda: ti.summary("inception_v3"),
            "Summary(inception_v3, input 299x299x3: 23,834,568 parameters, "
            "5,713,216,096 multiply-adds, depth 48; print it for the table)",
        ),
        (lambda: ti.compare(["nin", "vgg16"]), "Comparison(nin, vgg16; print it for the table)"),
        (lambda: nn.BatchNorm2d(8), "BatchNorm2d(8, eps 0.001, momentum 0.1)  16 parameters"),
        (
            lambda: nn.BatchNorm2d(8, eps=1e-5, relu=True),
            "BatchNorm2d(8, eps 1e-05, momentum 0.1, relu)  16 parameters",
        ),
        (lambda: nn.CrossEntropyLoss(label_smoothing=0.1), "CrossEntropyLoss(label_smoothing 0.1, mean)"),
        (lambda: weights.Exported(layer(), "own", ("a", "b"), (8, 9, 3)), "Exported(own, 2 classes, images 8x9x3)"),
    ],
)
def test_a_thing_is_shown_on_one_line_with_what_decides(thing, shown):
    assert repr(thing()) == shown


def test_a_trained_run_is_shown_without_its_network():
    class Facts:
        name, classes = "drawn", ("a", "b")

    shown = repr(Trained(Run("runs/a"), train.Config.for_data("drawn"), Facts(), layer(), True))
    assert shown == "Trained('runs/a': inception_cifar on drawn, 2 classes, averaged parameters)"


def test_an_optimiser_counts_its_steps():
    module = layer()
    optimizer = optim.SGD(module.parameters(), 0.1)
    module(ti.Tensor(np.ones((2, 4), np.float32))).sum().backward()
    optimizer.step()
    assert repr(optimizer).endswith("steps: 1)")


# -- notebooks ---------------------------------------------------------------------------------------------------------


def test_a_network_is_shown_as_its_summary_and_another_module_as_its_tree():
    network = models.build("nin_cifar", channels=1)
    assert network._repr_html_() == ti.summary(network)._repr_html_()
    assert network.training
    assert layer()._repr_html_() == "<pre>Linear(4 -&gt; 3)  15 parameters</pre>"


def test_a_data_set_is_shown_as_sixteen_images_of_all_its_classes():
    dataset = drawn()
    html = dataset._repr_html_()
    found = pictures(html)
    assert len(found) == 16
    for picture in found:
        assert any((np.asarray(picture) == image).all() for image in dataset.train_images)
    assert all(f">{name}<" in html for name in {dataset.classes[i] for i in dataset.train_labels})
    assert "40 + 40 images" in html


def test_images_of_one_channel_and_foreign_names_are_shown_too():
    images = np.arange(3 * 16, dtype=np.uint8).reshape(3, 4, 4, 1)
    labels = np.array([0, 1, 1])
    html = data.Dataset("<b>", images, labels, images, labels, classes=("<i>", "&"))._repr_html_()
    assert [np.asarray(picture).tolist() for picture in pictures(html)] == [
        images[i, ..., 0].tolist() for i in (0, 1, 2)
    ]
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;i&gt;" in html


def test_a_result_is_shown_as_a_table_with_the_curves_of_its_run(tmp_path):
    result = train.Result(0.9123, 3, 61.5, 1234.0, str(tmp_path))
    assert not pictures(result._repr_html_())
    rows = [
        dict.fromkeys(("train_loss", "test_loss", "train_accuracy", "test_accuracy"), 0.5)
        | {"epoch": 1, "averaged_test_accuracy": None}
    ]
    plots.training.curves(rows).savefig(tmp_path / "curves.png")
    html = result._repr_html_()
    assert pictures(html)[0].size == Image.open(tmp_path / "curves.png").size
    assert "test accuracy</th><td>0.9123<" in html
    assert "images per second</th><td>1,234<" in html


def test_nothing_is_fetched():
    for thing in (models.build("nin_cifar"), drawn(), ti.Tensor([1.0]), train.Result(0.9, 3, 60.0, 100.0, "runs/a")):
        assert not re.search(r"(src|href)=\"(?!data:)|url\(|<script|https?:", thing._repr_html_())


def test_showing_a_thing_never_raises():
    network = models.build("nin_cifar")
    object.__setattr__(network, "input_size", "wide")
    dataset = drawn()
    object.__setattr__(dataset, "train_labels", None)
    half_made = train.Result.__new__(train.Result)
    for thing in (network, dataset, half_made, nn.Parameter.__new__(nn.Parameter)):
        assert thing._repr_html_() is None
    assert ti.Tensor.shape_only(2, 3)._repr_html_() == "<pre>Tensor(2x3, float32, shape-only)</pre>"
