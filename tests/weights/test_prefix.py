"""Weights whose names all have a prefix, as training tools put in front of them, and hints that are never wrong."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tinyinception import models, nn, weights
from tinyinception.errors import CheckpointError
from tinyinception.weights.file import class_count

PREFIXES = ["module.", "_orig_mod.", "model.", "net.", "module._orig_mod.", "a.b.c.", "features.", "fc.", "AuxLogits."]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The weights of a small-headed GoogLeNet, by name."""
    nn.random.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "plain.safetensors"
    weights.save_weights(models.build("googlenet_torchvision", num_classes=3), file)
    return load_file(file)


def written(tensors, place, prefix=""):
    save_file({prefix + name: array for name, array in tensors.items()}, place / "weights.safetensors")
    return place / "weights.safetensors"


def bare(name="googlenet_torchvision", **options):
    with nn.shape_only():
        return models.build(name, **{"num_classes": 3, **options})


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prefix_of_all_names_is_left_out_and_said(stored, tmp_path, prefix):
    file, said = written(stored, tmp_path, prefix), []
    network = bare()
    weights.load_weights(network, file, say=said.append)
    assert said == [f"{file}: all names begin with {prefix!r}, which was left out"]
    np.testing.assert_array_equal(network.state_dict()["head.fc.bias"], stored["fc.bias"])
    np.testing.assert_array_equal(network.state_dict()["aux_inception_4a.fc.bias"], stored["aux1.fc2.bias"])
    assert class_count("googlenet_torchvision", file) == 3


def test_halves_behind_a_prefix_are_read_too(stored, tmp_path):
    network, said = bare(), []
    weights.load_weights(network, written(stored, tmp_path), say=said.append)
    assert said == []
    half = {name: array.astype(np.float16) if array.dtype == np.float32 else array for name, array in stored.items()}
    weights.load_weights(network, written(half, tmp_path, "module."))
    np.testing.assert_array_equal(network.state_dict()["head.fc.bias"], half["fc.bias"].astype(np.float32))


def refusal(file, network, **options):
    with pytest.raises(CheckpointError) as caught:
        weights.load_weights(network, file, **options)
    return str(caught.value).removeprefix(f"{file} does not fit this ")


def test_what_does_not_fit_behind_a_prefix_is_said_with_the_prefix(stored, tmp_path):
    tensors = {name: array for name, array in stored.items() if name != "conv1.conv.weight"}
    assert refusal(written(tensors, tmp_path, "module."), bare()) == (
        "googlenet_torchvision, behind the prefix 'module.' of all its names: missing: conv1.conv.weight"
    )


def test_a_prefix_of_some_names_only_is_left_where_it_is(stored, tmp_path):
    mixed = {("" if name.startswith("fc") else "module.") + name: array for name, array in stored.items()}
    said = refusal(written(mixed, tmp_path), bare())
    assert said.startswith("googlenet_torchvision: missing: conv1.conv.weight")
    assert "surplus: module." in said


def test_another_network_is_recognised_behind_a_prefix(stored, tmp_path):
    file = written(stored, tmp_path, "module.")
    hint = " (the file has the names of googlenet_torchvision behind the prefix 'module.')"
    assert refusal(file, bare("inception_v4")).endswith(hint)
    with pytest.raises(CheckpointError) as caught:
        weights.predict("inception_v4", file, ["none.png"])
    assert str(caught.value).endswith(f"missing: last_linear.bias{hint}")


def test_hints_are_only_given_where_they_help(stored, tmp_path):
    aux, background = "ignore_aux=True leaves auxiliary classifiers alone", "drop_background=True leaves class 0 out"
    no_aux = {name: array for name, array in stored.items() if not name.startswith("aux")}
    no_conv = {name: array for name, array in no_aux.items() if name != "conv1.conv.weight"}
    assert refusal(written(no_aux, tmp_path), bare()).endswith(f" ({aux})")
    assert "(" not in refusal(written(no_conv, tmp_path), bare())
    assert refusal(written(stored, tmp_path), bare(num_classes=2, aux=False)).endswith(f" ({aux}, {background})")
    assert refusal(written(stored, tmp_path), bare(num_classes=2)).endswith(f" ({background})")
    assert "True" not in refusal(written(stored, tmp_path), bare(num_classes=5))
    assert refusal(written(stored, tmp_path), bare(num_classes=2), ignore_aux=True).endswith(f" ({background})")


def test_an_empty_file_is_refused(tmp_path):
    assert refusal(written({}, tmp_path), bare()).startswith("googlenet_torchvision: missing: conv1.conv.weight")
