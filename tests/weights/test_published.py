"""Published weights: what `load_weights` accepts and refuses, the way back, and `predict` with them.

That names, shapes and layouts are PyTorch's is shown in models/test_networks_pytorch.py; the tables of names are in
test_layout.py.
"""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from tests.fixtures.weight_rule import weight
from tests.helpers.places import FIXTURES
from tinyinception import cli, models, nn, weights
from tinyinception.errors import ArgumentError, CheckpointError, DataError, GraphError, NonFiniteError
from tinyinception.tensor import Tensor, no_grad
from tinyinception.weights.names import TABLES

FACTS = json.loads(np.load(FIXTURES / "networks_pytorch.npz")["facts"].tobytes())
CLASSES = 7


def bare(model="googlenet_torchvision", num_classes=CLASSES, **options):
    with nn.shape_only():
        return models.build(model, num_classes=num_classes, **options)


def generated(model="googlenet_torchvision", classes=CLASSES, dtype=np.float32):
    """A state_dict as PyTorch would have it, counters and auxiliary classifiers included."""
    state = {}
    for name, shape in FACTS["names"][model].items():
        sized = [classes if n == 1000 else n for n in shape]
        state[name] = np.array(123) if name.endswith("tracked") else weight(name, tuple(sized)).astype(dtype)
    return state


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    file = tmp_path_factory.mktemp("weights") / "googlenet.safetensors"
    save_file(generated(), file)
    return file


def changed(stored, tmp_path, **changes):
    """A copy of the file with other tensors, None for none; dots are written as two underscores."""
    state = load_file(stored)
    for name, array in changes.items():
        state.pop(name.replace("__", "."), None)
        if array is not None:
            state[name.replace("__", ".")] = array
    save_file(state, tmp_path / "changed.safetensors")
    return tmp_path / "changed.safetensors"


# -- load and save -----------------------------------------------------------------------------------------------------


def test_loading_gives_every_tensor_in_our_layout_and_leaves_the_counters_out(stored):
    network, state = bare(), generated()
    weights.load_weights(network, stored)
    own = network.state_dict()
    np.testing.assert_array_equal(own["conv1.conv.weight"], state["conv1.conv.weight"].transpose(2, 3, 1, 0))
    np.testing.assert_array_equal(
        own["inception_4b.five.conv2_3x3.norm.gamma"], state["inception4b.branch3.1.bn.weight"]
    )
    np.testing.assert_array_equal(
        own["inception_5b.pool.proj.norm.running_var"], state["inception5b.branch4.1.bn.running_var"]
    )
    np.testing.assert_array_equal(own["aux_inception_4d.fc.bias"], state["aux2.fc2.bias"])
    np.testing.assert_array_equal(own["head.fc.weight"], state["fc.weight"].T)
    assert all(array.flags.c_contiguous for array in own.values())
    assert len(own) == sum(not name.endswith("tracked") for name in state)


@pytest.mark.parametrize("model", ["googlenet_torchvision", "inception_v3"])
def test_saving_what_was_loaded_gives_the_file_back(model, tmp_path):
    state = generated(model)
    save_file(state, tmp_path / "theirs.safetensors")
    network = bare(model)
    weights.load_weights(network, tmp_path / "theirs.safetensors")
    weights.save_weights(network, tmp_path / "ours.safetensors")
    ours = load_file(tmp_path / "ours.safetensors")
    assert ours.keys() == state.keys()
    for name, array in state.items():
        assert (ours[name].dtype, ours[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(ours[name], 0 if name.endswith("tracked") else array)
    assert {path.name for path in tmp_path.iterdir()} == {"theirs.safetensors", "ours.safetensors"}


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_numbers_become_the_networks_dtype(dtype, stored, tmp_path):
    network = bare().to(np.float64)
    file = changed(stored, tmp_path, fc__weight=np.full((CLASSES, 1024), 1 / 3, dtype))
    weights.load_weights(network, file)
    assert {array.dtype for array in network.state_dict().values()} == {np.dtype(np.float64)}
    assert (network.state_dict()["head.fc.weight"] == np.float64(dtype(1 / 3))).all()


def test_bfloat16_becomes_float32(stored, tmp_path):
    """The upper half of a float32, as PyTorch stores it; NumPy and safetensors' NumPy side know no such numbers."""
    wanted = np.array([1.0, -2.5, 0.15625, 2.0**127, -0.0, 2.0**-133, np.inf], np.float32)
    halves = (wanted.view(np.uint32) >> 16).astype(np.uint16)
    data = stored.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    start, end = header["fc.bias"]["data_offsets"]
    header = {name: entry for name, entry in header.items() if name != "fc.bias"}
    for entry in header.values():
        if entry.get("data_offsets", (0,))[0] > start:
            entry["data_offsets"] = [n - (end - start) for n in entry["data_offsets"]]
    body = data[8 + size :][:start] + data[8 + size + end :]
    header["fc.bias"] = {"dtype": "BF16", "shape": [CLASSES], "data_offsets": [len(body), len(body) + 2 * CLASSES]}
    text = json.dumps(header).encode()
    file = tmp_path / "bfloat.safetensors"
    file.write_bytes(len(text).to_bytes(8, "little") + text + body + halves.tobytes())
    network = bare()
    weights.load_weights(network, file)
    np.testing.assert_array_equal(network.state_dict()["head.fc.bias"], wanted)


def test_one_error_names_everything_and_nothing_changes(stored, tmp_path):
    file = changed(
        stored,
        tmp_path,
        conv2__bn__running_mean=None,
        fc__bias=np.zeros(CLASSES + 2, np.float32),
        extra__weight=np.zeros(3, np.float32),
        conv3__bn__bias=np.zeros(192, np.int64),
    )
    network = models.build("googlenet_torchvision", num_classes=CLASSES)
    before = network.state_dict()
    with pytest.raises(CheckpointError) as caught:
        weights.load_weights(network, file)
    assert str(caught.value) == (
        f"{file} does not fit this googlenet_torchvision: missing: conv2.bn.running_mean; surplus: extra.weight; "
        f"of another shape: fc.bias (9, expected 7); of another dtype than F16, BF16, F32, F64: conv3.bn.bias (I64)"
    )
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_long_lists_are_cut(stored):
    with pytest.raises(CheckpointError, match=r"missing: conv1\.conv\.weight.* and \d+ more; surplus: ") as caught:
        weights.load_weights(bare("googlenet_torchvision"), _v3_file(stored.parent))
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("model", sorted({known.model for known in weights.SETS}))
def test_a_file_of_another_network_is_recognised(model, tmp_path):
    """From names alone, with and without auxiliary classifiers, by `load_weights` and before it by `predict`."""
    named = [name for name in FACTS["names"][model] if not name.endswith("tracked")]
    for names in (named, [name for name in named if not name.startswith(("aux", "Aux"))]):
        save_file(dict.fromkeys(names, np.zeros(1, np.float32)), tmp_path / "file.safetensors")
        for other in sorted({known.model for known in weights.SETS}):
            with pytest.raises(CheckpointError) as caught:
                weights.load_weights(bare(other), tmp_path / "file.safetensors")
            hint = f"(the file has the names of {model})"
            assert (hint in str(caught.value)) == (other != model)
            last = {known: plan.last for known, plan in TABLES.items()}
            if last[other] != last[model]:
                with pytest.raises(CheckpointError) as caught:
                    weights.predict(other, tmp_path / "file.safetensors", [tmp_path / "none.png"])
                assert hint in str(caught.value)


def _v3_file(folder):
    save_file({"Conv2d_1a_3x3.conv.weight": np.zeros((32, 3, 3, 3), np.float32)}, folder / "v3.safetensors")
    return folder / "v3.safetensors"


def test_auxiliary_classifiers_are_dropped_only_on_demand(stored, tmp_path):
    network = bare(aux=False)
    with pytest.raises(CheckpointError, match=r"surplus: aux1\.conv.* \(ignore_aux=True leaves auxiliary"):
        weights.load_weights(network, stored)
    weights.load_weights(network, stored, ignore_aux=True)
    weights.save_weights(network, tmp_path / "without.safetensors")
    assert not [name for name in load_file(tmp_path / "without.safetensors") if name.startswith("aux")]
    whole = models.build("googlenet_torchvision", num_classes=CLASSES)
    with pytest.raises(CheckpointError, match=r"missing: aux1\.conv.* \(ignore_aux=True leaves auxiliary"):
        weights.load_weights(whole, tmp_path / "without.safetensors")
    before = whole.state_dict()
    weights.load_weights(whole, stored, ignore_aux=True)
    for name, array in whole.state_dict().items():
        assert np.array_equal(array, before[name]) == (name.startswith("aux_")), name


def test_an_auxiliary_classifier_that_nobody_publishes(tmp_path):
    network = bare("inception_v4", aux=True)
    with pytest.raises(CheckpointError, match=r"no published names for aux_Mixed_6h\.reduce, aux_Mixed_6h\.conv"):
        weights.save_weights(network, tmp_path / "v4.safetensors")
    save_file({"x": np.zeros(1, np.float32)}, tmp_path / "x.safetensors")
    with pytest.raises(CheckpointError, match=r"without a published name: aux_Mixed_6h\.reduce"):
        weights.load_weights(network, tmp_path / "x.safetensors")


def test_the_background_class_is_dropped_only_on_demand(tmp_path):
    file, state = tmp_path / "background.safetensors", generated(classes=CLASSES + 1)
    save_file(state, file)
    with pytest.raises(CheckpointError, match=r"expected 7x1024.*\(drop_background=True leaves class 0 out\)"):
        weights.load_weights(
            bare(aux=False),
            changed(file, tmp_path, **{name.replace(".", "__"): None for name in state if name.startswith("aux")}),
        )
    network = bare()
    weights.load_weights(network, file, drop_background=True)
    own = network.state_dict()
    np.testing.assert_array_equal(own["head.fc.weight"], state["fc.weight"][1:].T)
    np.testing.assert_array_equal(own["aux_inception_4a.fc.bias"], state["aux1.fc2.bias"][1:])
    with pytest.raises(CheckpointError, match=r"fc\.weight \(8x1024, expected 9x1024\)"):
        weights.load_weights(bare(num_classes=CLASSES + 1), file, drop_background=True)


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_what_is_no_weights_file_is_refused(tmp_path):
    network, mark = bare(), tmp_path / "loaded"
    for name, begin in (("model.pth", b""), ("model.safetensors", b""), ("zipped.safetensors", b"PK\x03\x04")):
        (tmp_path / name).write_bytes(begin + pickle.dumps(Touch(mark)))
        with pytest.raises(CheckpointError, match=rf"{name} is no safetensors file.*a pickle, which is never loaded"):
            weights.load_weights(network, tmp_path / name)
    assert not mark.exists()
    assert pickle.loads(pickle.dumps(Touch(mark))) is None
    assert mark.exists()  # which shows that the test would have noticed
    with pytest.raises(CheckpointError, match="there is no such file"):
        weights.load_weights(network, tmp_path / "none.safetensors")
    whole = tmp_path / "cut.safetensors"
    save_file({"a": np.zeros(1000, np.float32)}, whole)
    whole.write_bytes(whole.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="damaged"):
        weights.load_weights(network, whole)
    with pytest.raises(GraphError, match=r"conv1\.conv\.weight has no numbers"):
        weights.save_weights(network, tmp_path / "none.safetensors")


def test_a_failed_save_keeps_the_older_file(stored, tmp_path):
    network = bare()
    weights.load_weights(network, stored)
    (tmp_path / "taken").mkdir()
    with pytest.raises(CheckpointError, match="cannot write"):
        weights.save_weights(network, tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


# -- preprocessing -----------------------------------------------------------------------------------------------------


def test_published_is_found_by_name_and_by_network():
    assert weights.published("inception_v3").name == "inception_v3.tv_in1k"
    assert weights.published("inception_v3.gluon_in1k").mean == (0.485, 0.456, 0.406)
    assert weights.published(bare("vgg16")).name == "vgg16.imagenet1k_v1"
    with pytest.raises(ArgumentError, match=r"did you mean 'inception_v4'"):
        weights.published("inception_v44")
    with pytest.raises(ArgumentError, match="no files are published"):
        weights.published(bare("inception_cifar"))


def test_nothing_is_done_to_images_inside(stored):
    """A network with loaded weights computes on what it is given: its first convolution sees the very same numbers."""
    network, seen = bare(aux=False).eval(), []
    weights.load_weights(network, stored, ignore_aux=True)
    network.conv1.conv.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].numpy()))
    x = np.random.default_rng(0).normal(size=(1, 40, 40, 3)).astype(np.float32)
    with no_grad():
        network(Tensor(x))
    np.testing.assert_array_equal(seen[0], x)


# -- predict -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path):
    """300 x 400, every pixel's colour by its place."""
    y, x = np.mgrid[:300, :400]
    Image.fromarray(np.stack([y * 255 // 300, x * 255 // 400, (x + y) % 256], -1).astype(np.uint8)).save(
        tmp_path / "picture.png"
    )
    return tmp_path / "picture.png"


def test_predict_classifies_as_the_network_does_with_the_published_preprocessing(stored, picture):
    """The twin: Pillow's own scaling and cropping, mean and std by hand, a softmax in float64."""
    with Image.open(picture) as image:
        scaled = image.resize((341, 256), Image.Resampling.BILINEAR).crop((58, 16, 282, 240))
    network = models.build("googlenet_torchvision", num_classes=CLASSES).eval()
    weights.load_weights(network, stored)
    with no_grad():
        logits = network(Tensor((np.asarray(scaled, np.float32)[None] / 255 - 0.5) / 0.5)).logits.numpy()[0]
    expected = np.exp(logits.astype(np.float64) - logits.max())
    expected /= expected.sum()
    names = [f"class {i}" for i in range(CLASSES)]
    for answer in weights.predict("googlenet_torchvision", stored, [picture, picture], classes=names, top=3):
        assert [name for name, _ in answer] == [names[k] for k in np.argsort(-expected)[:3]]
        np.testing.assert_allclose([p for _, p in answer], np.sort(expected)[::-1][:3], rtol=1e-4)
    assert {name for name, _ in weights.predict("googlenet_torchvision", stored, [picture], top=9)[0]} == set("0123456")


def test_predict_refuses(stored, picture, tmp_path):
    def predict(images=(picture,), file=stored, **options):
        return weights.predict("googlenet_torchvision", file, images, **options)

    with pytest.raises(DataError, match=r"2 class names were given, but the weights in .* have 7 classes"):
        predict(classes=["a", "b"])
    with pytest.raises(ArgumentError, match="top must be"):
        predict(top=0)
    with pytest.raises(ArgumentError, match="no files given"):
        predict(images=())
    with pytest.raises(DataError, match="cannot be read as an image"):
        predict(images=(stored,))
    with pytest.raises(CheckpointError, match=r"missing: fc\.bias"):
        predict(file=_v3_file(tmp_path))
    with pytest.raises(NonFiniteError, match="no finite probabilities"):
        predict(file=changed(stored, tmp_path, fc__bias=np.full(CLASSES, np.nan, np.float32)))


def test_class_names_are_lines(tmp_path):
    file = tmp_path / "names.txt"
    file.write_text("tench\n great white shark \r\nhen\n\n", encoding="utf-8")
    assert weights.read_classes(file) == ["tench", "great white shark", "hen"]
    for text in ("", "a\n\nb\n"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match="every line"):
            weights.read_classes(file)
    with pytest.raises(DataError, match="cannot be read as class names"):
        weights.read_classes(tmp_path)


def test_the_command_prints_the_top_five_and_says_what_it_does_to_images(stored, picture, tmp_path, capsys):
    names = tmp_path / "names.txt"
    names.write_text("\n".join("ABCDEFG") + "\n", encoding="utf-8")
    words = ["predict", "--model", "googlenet_torchvision", "--weights", str(stored), "--classes-file", str(names)]
    expected = weights.predict("googlenet_torchvision", stored, [picture], classes=list("ABCDEFG"))[0]
    assert cli.main([*words, str(picture)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [str(picture), *(f"  {p:7.2%}  {name}" for name, p in expected)]
    assert len(expected) == 5
    assert err == (
        "preprocessing of googlenet_torchvision.imagenet1k_v1: shorter side to 256 (bilinear), central "
        "224x224, RGB in 0 to 1 with mean 0.5 and std 0.5\n"
    )
    assert cli.main([*words, "--json", str(picture)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["model"], answer["weight_set"]) == ("googlenet_torchvision", "googlenet_torchvision.imagenet1k_v1")
    assert [c["name"] for c in answer["predictions"][0]["classes"]] == [name for name, _ in expected]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--weights", "w.safetensors", "a.png"], 2, "--weights needs --model"),
        (["--model", "vgg16", "run", "a.png"], 2, "--model goes with --weights FILE"),
        (["--classes-file", "names.txt", "run", "a.png"], 2, "--classes-file goes with --weights FILE"),
        (["--model", "vgg16", "--weights", "w.safetensors"], 2, "the following arguments are required: IMAGE"),
        ([], 2, "the following arguments are required: RUN, IMAGE"),
        (["--model", "vgg61", "--weights", "w.safetensors", "a.png"], 1, "did you mean 'vgg16'"),
        (["--model", "vgg16", "--weights", "/nowhere/w.safetensors", "a.png"], 1, "there is no such file"),
    ],
)
def test_mistakes_of_the_command(words, status, message, capsys):
    assert cli.main(["predict", *words]) == status
    out, err = capsys.readouterr()
    assert (out, message in err, err.count("\n")) == ("", True, 1)
