"""Exports of trained runs: the folder for the model hub, its card, the way back, and the command `export`."""

import json
import shutil
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from huggingface_hub import ModelCard
from safetensors.numpy import load_file

from tests.helpers.onnx_twin import exported as onnx_session
from tests.helpers.onnx_twin import first
from tinyinception import cli, data, export, models, nn, train, weights
from tinyinception.data import Dataset
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.export import card
from tinyinception.tensor import Tensor, no_grad
from tinyinception.train import loop
from tinyinception.train.network import build
from tinyinception.train.run import Run
from tinyinception.train.session import DataFacts

ODD = ("cat | dog", "naïve 猫 😀", "```", "a\nb", '"quoted" \\', "")
FILES = ["README.md", "config.json", "model.safetensors"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run that kept a running average, on six classes with odd names, and its test images."""
    rng = np.random.default_rng(0)
    labels = np.arange(96) % 6
    images = (rng.integers(0, 60, (96, 24, 24, 3)) + 30 * labels[:, None, None, None]).astype(np.uint8)
    dataset = Dataset("odd | `data`", images[:48], labels[:48], images[48:], labels[48:], ODD)
    config = train.Config(model="inception_cifar", epochs=2, batch_size=16, average=0.5, seed=4, label_smoothing=0.2)
    folder = tmp_path_factory.mktemp("runs") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "draw_pictures", lambda *_: None)  # whose fonts do not know these names
        train.fit(config, folder, dataset=dataset, progress=False)
    return folder, dataset


@pytest.fixture(scope="module")
def out(run, tmp_path_factory):
    """The run's export."""
    folder = tmp_path_factory.mktemp("out") / "new" / "folder"
    export.to_folder(export.from_run(run[0]), folder)
    return folder


def logits(network, images):
    with no_grad():
        return network(Tensor(images)).logits.numpy()


def command(capsys, *words):
    """Exit status, standard output, standard error."""
    status = cli.main(["export", *map(str, words)])
    return status, *capsys.readouterr()


# -- the folder --------------------------------------------------------------------------------------------------------


def test_what_was_exported_gives_the_same_logits_to_the_bit(run, out):
    folder, dataset = run
    trained, back = train.load_run(folder), weights.from_export(out)
    assert sorted(path.name for path in out.iterdir()) == FILES
    images = back.normalize(dataset.test_images)
    np.testing.assert_array_equal(images, next(dataset.loader("test", 48).epoch(0))[0])
    assert logits(back.network, images).tobytes() == logits(trained.network, images).tobytes()
    assert not back.network.training
    assert (back.model, back.classes, back.image_shape) == ("inception_cifar", ODD, (24, 24, 3))
    assert (back.mean, back.std) == (dataset.mean, dataset.std)


def test_the_running_average_is_what_is_exported_where_the_run_kept_one(run, out):
    folder, dataset = run
    images = weights.from_export(out).normalize(dataset.test_images)
    averaged, raw = (logits(train.load_run(folder, flag).network, images) for flag in (True, False))
    np.testing.assert_array_equal(logits(weights.from_export(out).network, images), averaged)
    assert not np.array_equal(averaged, raw)
    origin = json.loads((out / "config.json").read_text(encoding="utf-8"))["origin"]
    measured = train.load_run(folder)
    assert origin["averaged"] is True
    right = (averaged.argmax(axis=1) == dataset.test_labels).mean()
    assert origin["test_accuracy"] == pytest.approx(right)
    assert origin["config"]["label_smoothing"] == measured.config.label_smoothing == 0.2


def test_the_card_is_one_that_the_hub_reads(run, out):
    """Its front matter by huggingface-hub's own reader, and the figures in its text."""
    text = (out / "README.md").read_text(encoding="utf-8")
    facts = ModelCard(text).data
    assert (facts.library_name, facts.pipeline_tag) == ("tinyinception", "image-classification")
    (result,) = facts.eval_results
    recorded = json.loads((run[0] / "result.json").read_text(encoding="utf-8"))
    assert (result.dataset_name, result.metric_type) == ("odd | `data`", "accuracy")
    assert result.metric_value == recorded["test_accuracy"]
    assert f"| test accuracy | {recorded['test_accuracy']:.2%} |" in text
    assert "| epochs | 2 |" in text
    assert "| data | `` odd \\| `data` `` |" in text
    assert "The command of its training" not in text  # the data were given to train.fit: no command has them
    listed = text.split("```json\n")[1].split("\n```")[0]
    assert tuple(json.loads(listed)) == ODD


def test_the_card_has_the_command_of_a_run_that_a_command_can_repeat(run, tmp_path):
    shutil.copytree(run[0], tmp_path / "run")
    there = Run.open(tmp_path / "run")
    there.write_config(replace(there.config, data="drawn"))
    assert (
        "\ntinyinception train --model inception_cifar --data drawn --epochs 2 --batch-size 16 "
        "--label-smoothing 0.2 --average 0.5 --seed 4\n"
    ) in card.card(export.from_run(tmp_path / "run"))


def test_names_that_no_yaml_or_utf8_could_hold(tmp_path):
    odd = "\u2028\x85\x7f\udcff\U0001f600\t'\"\\"
    origin = {
        "data": odd,
        "averaged": False,
        "test_accuracy": 0.5,
        "epochs": 1,
        "epochs_planned": 2,
        "seconds": 3.0,
        "command": f"train {odd}",
    }
    network = models.build("plain_cifar", num_classes=2)
    export.to_folder(weights.Exported(network, "plain_cifar", (odd, "b"), (32, 32, 3), origin=origin), tmp_path)
    back = weights.from_export(tmp_path)
    assert (back.classes, back.origin["data"]) == ((odd, "b"), odd)
    (result,) = ModelCard((tmp_path / "README.md").read_text(encoding="utf-8")).data.eval_results
    assert result.dataset_name.replace("\ufffd", "\udcff") == odd or result.dataset_name == odd
    assert "| epochs | 1 of 2: training was not finished |" in card.card(back)
    with pytest.raises(ArgumentError, match="no mean and std are known"):
        back.normalize(np.zeros((1, 32, 32, 3), np.uint8))


def test_an_earlier_export_is_replaced_and_nothing_else(run, tmp_path):
    new = export.from_model("plain_cifar", num_classes=3)
    export.to_folder(export.from_run(run[0]), tmp_path)
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    export.to_folder(new, tmp_path)
    assert weights.from_export(tmp_path).model == "plain_cifar"
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    (tmp_path / "config.json").unlink()  # as after an export that was interrupted
    export.to_folder(new, tmp_path)
    (tmp_path / "full" / "empty").mkdir(parents=True)
    for place, message in (
        (run[0], "is not empty and holds no earlier export"),
        (tmp_path / "notes.txt", "is a file"),
        (tmp_path / "full", "is not empty and holds no earlier export"),
    ):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(ArgumentError, match=message):
            export.to_folder(new, place)
        assert sorted(tmp_path.rglob("*")) == before
    export.to_folder(new, tmp_path / "full" / "empty")


def test_the_accuracy_is_that_of_the_parameters_that_are_exported(run, monkeypatch):
    from tinyinception.export import source

    tensors, state = source.load(run[0])
    log = [{**state["log"][-1], "test_accuracy": 0.5, "averaged_test_accuracy": 0.25}]
    monkeypatch.setattr(source, "load", lambda folder: (tensors, {**state, "log": log}))
    assert export.from_run(run[0]).origin["test_accuracy"] == 0.25


def test_a_run_without_an_epoch_says_so(run, tmp_path, monkeypatch):
    from tinyinception.export import source

    tensors, state = source.load(run[0])
    monkeypatch.setattr(source, "load", lambda folder: (tensors, {**state, "log": []}))
    text = card.card(export.from_run(run[0]))
    assert "| test accuracy | not measured yet |" in text
    assert "| epochs | 0 of 2: training was not finished |" in text
    assert "model-index" not in text


class Own(nn.Module):
    """A network that is in no registry."""

    def __init__(self, width):
        self.conv = nn.ConvUnit(3, width, 3, stride=2)
        self.head = nn.classifier(width, 2)

    def forward(self, x):
        return nn.Output(self.head(self.conv(x)))


def test_a_network_of_ones_own_comes_back_into_one_built_alike(tmp_path):
    network = Own(4).eval()
    export.to_folder(weights.Exported(network, "Own", ("a", "b"), (9, 9, 3), (0.5,) * 3, (0.5,) * 3), tmp_path)
    with pytest.raises(ArgumentError, match=r"Own is no network of models\.names\(\); build it yourself"):
        weights.from_export(tmp_path)
    with nn.shape_only():
        other = Own(4)
    back = weights.from_export(tmp_path, network=other)
    images = np.random.default_rng(0).standard_normal((2, 9, 9, 3)).astype(np.float32)
    assert logits(back.network, images).tobytes() == logits(network, images).tobytes()
    with pytest.raises(CheckpointError, match=r"of another shape: conv\.conv\.weight"):
        weights.from_export(tmp_path, network=Own(5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda config: "{", "is no export of this library"),
        (lambda config: json.dumps({**config, "library_name": "timm"}), "is no export of this library"),
        (lambda config: json.dumps({**config, "format_version": 2}), "is of version 2 of its format"),
        (lambda config: json.dumps({name: config[name] for name in config if name != "mean"}), "it does not say mean"),
        (lambda config: json.dumps({**config, "classes": ["a"]}), r"head\.fc\.weight \(.*x6, expected .*x1\)"),
        (lambda config: json.dumps({**config, "options": {"dropuot": 1}}), "there is no dropuot; did you mean dropout"),
    ],
)
def test_a_folder_that_is_no_export(change, message, out, tmp_path):
    for name in FILES:
        (tmp_path / name).write_bytes((out / name).read_bytes())
    values = json.loads((out / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(change(values), encoding="utf-8")
    with pytest.raises((ArgumentError, CheckpointError), match=message):
        weights.from_export(tmp_path)


# -- the command -------------------------------------------------------------------------------------------------------


def test_a_run_becomes_a_folder_a_file_and_onnx(run, tmp_path, capsys):
    """Three doors, one network: the same top 1 on every test image, and logits as close as floats are."""
    folder, dataset = run
    for place in ("v1.0/", "net.safetensors", "net.ONNX"):
        status, printed, err = command(capsys, folder, f"{tmp_path}/{place}", "--json")
        assert (status, err) == (0, "")
        answer = json.loads(printed)
        assert (answer["model"], answer["classes"], answer["image_shape"]) == ("inception_cifar", 6, [24, 24, 3])
    assert (answer["kind"], answer["opset"]) == ("onnx", export.OPSET)
    back = weights.from_export(tmp_path / "v1.0")
    other = models.build("inception_cifar", num_classes=6)
    weights.load(other, tmp_path / "net.safetensors")
    images = back.normalize(dataset.test_images)
    ours = logits(back.network, images)
    assert logits(other.eval(), images).tobytes() == ours.tobytes()
    session = onnxruntime.InferenceSession(tmp_path / "net.ONNX")
    (theirs,) = session.run(None, {"images": first(images)})
    assert np.abs(ours - theirs).max() < 1e-5 * np.abs(ours).max()
    np.testing.assert_array_equal(ours.argmax(axis=1), theirs.argmax(axis=1))
    said = {key: value for key, value in session.get_modelmeta().custom_metadata_map.items()}
    assert tuple(json.loads(said["classes"])) == ODD
    assert json.loads(said["mean"]) == list(dataset.mean)
    assert json.loads(said["image_shape"]) == [24, 24, 3]
    assert "(pixel - mean) / std" in said["preprocessing"]


def test_an_export_is_a_source_too(out, tmp_path, capsys):
    status, printed, _ = command(capsys, out, tmp_path / "again.onnx")
    assert status == 0
    assert "input images: N x 3 x 24 x 24" in printed
    assert "output logits: N x 6" in printed


def test_a_run_at_another_size_and_one_of_grey_images(run, tmp_path, monkeypatch):
    assert export.from_run(run[0], input_size=40).image_shape == (40, 40, 3)
    facts = DataFacts("grey", ("a", "b"), (32, 32, 1), (0.5,), (0.25,))
    trained = train.load_run(run[0])
    network = build(train.Config(model="plain_cifar"), facts).eval()
    from tinyinception.export import source

    monkeypatch.setattr(source, "load_run", lambda folder: replace(trained, facts=facts, network=network))
    grey = export.from_run(run[0])
    session = onnx_session(grey.network, grey.image_shape, tmp_path / "grey.onnx")
    assert session.get_inputs()[0].shape == ["N", 1, 32, 32]


def test_a_model_by_name(tmp_path, capsys):
    sized = ("--classes", 3, "--input-size", 20, "--json")
    status, printed, _ = command(capsys, "plain_cifar", tmp_path / "p.onnx", *sized)
    assert (status, json.loads(printed)["image_shape"]) == (0, [20, 20, 3])
    status, printed, _ = command(capsys, "plain_cifar", tmp_path / "p", "--classes", 3)
    assert (status, printed.startswith("plain_cifar with 3 classes in ")) == (0, True)
    assert weights.from_export(tmp_path / "p").origin["weights"] == "fresh"
    file = tmp_path / "p" / "model.safetensors"
    assert command(capsys, "plain_cifar", tmp_path / "q", "--classes", 3, "--weights", file)[0] == 0
    again, before = load_file(tmp_path / "q" / "model.safetensors"), load_file(file)
    assert {name: array.tobytes() for name, array in again.items()} == {
        name: array.tobytes() for name, array in before.items()
    }


def test_published_weights_by_name(tmp_path, capsys):
    network = models.build("googlenet_torchvision", num_classes=4)
    weights.save_weights(network, tmp_path / "published.safetensors")
    words = ("googlenet_torchvision", tmp_path / "g", "--weights", tmp_path / "published.safetensors")
    assert command(capsys, *words)[0] == 0
    back = weights.from_export(tmp_path / "g")
    assert (back.model, back.image_shape, back.mean) == ("googlenet_torchvision", (224, 224, 3), (0.5, 0.5, 0.5))
    assert (back.options, back.classes) == ({"aux": False}, ("0", "1", "2", "3"))
    images = np.random.default_rng(0).standard_normal((1, 64, 64, 3)).astype(np.float32)
    assert logits(back.network, images).tobytes() == logits(network.eval(), images).tobytes()
    assert command(capsys, *words, "--classes", 5)[2].endswith("are for 4, not 5\n")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["RUN", "net.pt"], 2, "FILE must end in .onnx or .safetensors, got "),
        (["RUN", "net.pth"], 2, "a folder whose name has a dot ends in /"),
        (["RUN"], 2, "the following arguments are required: FILE|DIR"),
        (["RUN", "net.onnx", "--classes", "3"], 2, "--classes goes with the name of a network, not with a folder"),
        (["RUN", "net.onnx", "--weights", "w"], 2, "--weights goes with the name of a network"),
        (["RUN", "net.onnx", "--input-size", "0"], 1, "input_size must be a whole number of at least 1, got 0"),
        (["OUT", "net.onnx", "--input-size", "32"], 2, "--input-size goes with a run"),
        (["RUN", "RUN"], 1, "is not empty and holds no earlier export"),
        (
            ["inception_cifra", "net.onnx"],
            1,
            "unknown run folder or model 'inception_cifra'; did you mean 'inception_c",
        ),
        (["runs/none", "net.onnx"], 1, "there is no folder runs/none"),
        (["TMP", "net.onnx"], 1, "is no run"),
        (["plain_cifar", "net.onnx", "--weights", "none.safetensors"], 1, "none.safetensors: there is no such file"),
        (
            ["vgg16", "net.onnx", "--input-size", "8", "--classes", "2"],
            1,
            "images must be at least 32x32, these are 8x8",
        ),
    ],
)
def test_mistakes_of_the_command(words, status, message, run, out, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = {"RUN": run[0], "OUT": out, "TMP": tmp_path}
    got, printed, err = command(capsys, *(places.get(word, word) for word in words))
    assert (got, printed, err.count("\n"), message in err) == (status, "", 1, True), err
    assert not list(tmp_path.iterdir())


def test_a_run_of_the_drawn_set_agrees_on_every_test_image(tmp_path, capsys):
    """The whole way from the command line: train, export, onnxruntime on the images of the data set."""
    run = tmp_path / "run"
    assert (
        cli.main(
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
                "--out",
                str(run),
                "--json",
            ]
        )
        == 0
    )
    assert command(capsys, run, tmp_path / "net.onnx")[0] == 0
    trained = train.load_run(run)
    images, _ = next(data.load("drawn", limit=64, progress=False).loader("test", 64).epoch(0))
    ours = logits(trained.network, images)
    (theirs,) = onnxruntime.InferenceSession(tmp_path / "net.onnx").run(None, {"images": first(images)})
    assert np.abs(ours - theirs).max() < 1e-5 * np.abs(ours).max()
    np.testing.assert_array_equal(ours.argmax(axis=1), theirs.argmax(axis=1))
