"""Starting from weights, keeping some of them, and images of any size."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.helpers.tiny_runs import CONFIG, Died, Tiny, bits, die_at, resume, shades
from tinyinception import export, models, nn, train, weights
from tinyinception.errors import ArgumentError, CheckpointError, ShapeError
from tinyinception.tensor import Tensor, no_grad
from tinyinception.train import loop
from tinyinception.train.checkpoint import load
from tinyinception.train.config import Config
from tinyinception.train.pretrained import frozen, start_from
from tinyinception.train.session import Session


def blurred(network, seed=0):
    """A network with running statistics that are neither zeros nor ones, as training leaves them."""
    rng = np.random.default_rng(seed)
    for _, array in network.named_buffers():
        array[...] = rng.uniform(0.5, 1.5, array.shape)
    return network


def taken(network, state, fresh):
    """Whether exactly the layers in `fresh` differ from a state."""
    own = network.state_dict()
    differing = {
        name.rpartition(".")[0]
        for name, array in own.items()
        if array.shape != state[name].shape or (array != state[name]).any()
    }
    return differing == set(fresh)


# -- weights to start from ---------------------------------------------------------------------------------------------

GOOGLENET = ("aux_inception_4a.fc", "aux_inception_4d.fc", "head.fc")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file with TorchVision's names for 7 classes, and the same weights under our names."""
    network, rng = models.build("googlenet_torchvision", num_classes=7), np.random.default_rng(0)
    for module in network.modules():
        module.momentum = 0.5
    with no_grad():
        for _ in range(6):  # so that its statistics are those of coloured noise
            network(Tensor((rng.normal(size=(16, 32, 32, 3)) + rng.normal(size=(16, 1, 1, 3))).astype(np.float32)))
    place = tmp_path_factory.mktemp("weights")
    weights.save_weights(network, place / "all.safetensors")
    weights.save_weights(network, place / "no_aux.safetensors", ignore_aux=True)
    weights.save(network, place / "own.safetensors")
    return place, network.state_dict()


@pytest.mark.parametrize("file", ["all", "own"])
def test_all_weights_are_taken_but_for_last_layers_of_another_number_of_classes(published, file):
    place, state = published
    path = str(place / f"{file}.safetensors")
    same = models.build("googlenet_torchvision", num_classes=7)
    assert start_from(same, path, 7) == f"weights of {path}"
    assert taken(same, state, ())
    other = models.build("googlenet_torchvision", num_classes=3)
    before = other.state_dict()
    assert start_from(other, path, 3) == f"weights of {path}; fresh: {', '.join(GOOGLENET)}"
    assert taken(other, state, GOOGLENET)
    for name in GOOGLENET:
        np.testing.assert_array_equal(other.state_dict()[f"{name}.weight"], before[f"{name}.weight"])


def test_auxiliary_heads_that_the_file_or_the_network_lacks_are_no_mistake(published):
    place, state = published
    network = models.build("googlenet_torchvision", num_classes=7)
    told = start_from(network, str(place / "no_aux.safetensors"), 7)
    assert "fresh: aux_inception_4a." in told
    assert not [
        name
        for name, array in network.state_dict().items()
        if not name.startswith("aux_") and (array != state[name]).any()
    ]
    for file in ("all", "own"):
        bare = models.build("googlenet_torchvision", num_classes=7, aux=False)
        start_from(bare, str(place / f"{file}.safetensors"), 7)
        assert taken(bare, state, ())


def test_inception_v3_starts_from_v3_at_any_size(tmp_path):
    big = blurred(models.build("inception_v3", num_classes=4, aux=False))
    weights.save_weights(big, tmp_path / "v3.safetensors")
    small = models.build("inception_v3_79", num_classes=2, aux=False)
    start_from(small, str(tmp_path / "v3.safetensors"), 2)
    assert taken(small, big.state_dict(), ["head.fc"])


def test_weights_that_do_not_fit_are_one_error(published, tmp_path):
    place, _ = published
    with pytest.raises(CheckpointError, match="does not fit this network: missing: "):
        start_from(models.build("inception_v3", num_classes=7), str(place / "all.safetensors"), 7)
    with pytest.raises(CheckpointError, match="surplus: "):
        start_from(Tiny(3, 3), str(place / "own.safetensors"), 3)
    wide = Tiny(3, 3)
    wide.conv = nn.Conv2d(3, 4, 5, stride=2, bias=False, padding="same")
    weights.save(wide, tmp_path / "wide.safetensors")
    with pytest.raises(CheckpointError, match=r"of another shape: conv\.weight \(5x5x3x4, expected 3x3x3x4\)"):
        start_from(Tiny(3, 3), str(tmp_path / "wide.safetensors"), 3)
    with pytest.raises(CheckpointError, match="there is no such file"):
        start_from(Tiny(3, 3), str(tmp_path / "none.safetensors"), 3)


# -- freezing ----------------------------------------------------------------------------------------------------------


def test_patterns_name_parameters_or_modules():
    for patterns, names in (
        (["conv"], {"conv.weight"}),
        (["*.weight"], {"conv.weight", "aux.weight", "fc.weight"}),
        (["norm", "aux.b*"], {"norm.gamma", "norm.beta", "aux.bias"}),
        ([], set()),
    ):
        network = Tiny(3, 3)
        norms = frozen(network, patterns)
        assert {name for name, p in network.named_parameters() if not p.requires_grad} == names
        assert norms == ([network.norm] if "norm" in patterns else [])
    with pytest.raises(ArgumentError, match=r"freeze: no parameter has a name like 'stm\*'; there are conv\.weight"):
        frozen(Tiny(3, 3), ["stm*"])
    with pytest.raises(ArgumentError, match="no parameter is left to be trained"):
        frozen(Tiny(3, 3), ["*"])
    bare = nn.Sequential(conv=nn.Conv2d(3, 2, 1), norm=nn.BatchNorm2d(2, gamma=False, beta=False))
    assert frozen(bare, ["conv.bias"]) == []
    assert frozen(bare, ["norm", "conv.bias"]) == [bare.norm]


FROZEN = replace(CONFIG, freeze=("conv", "norm"), weight_decay=0.1)


def fit(folder, config, **options):
    return train.fit(config, folder, dataset=shades(), progress=False, **options)


@pytest.fixture
def start(tmp_path):
    """A file that the tiny network starts from, and its state."""
    network = blurred(Tiny(3, 3))
    weights.save(network, tmp_path / "start.safetensors")
    return tmp_path / "start.safetensors", network.state_dict()


@pytest.mark.usefixtures("tiny_network")
def test_what_is_frozen_keeps_its_bits_and_its_statistics_through_training(tmp_path, start):
    file, state = start
    result = fit(tmp_path / "run", replace(FROZEN, weights=file))
    for averaged in (False, True):
        after = train.load_run(result.run, averaged).network.state_dict()
        for name, array in after.items():
            assert (array == state[name]).all() == name.startswith(("conv", "norm")), name
    assert not [name for name in load(tmp_path / "run")[0] if name.startswith("optimizer/momentum/conv")]


@pytest.mark.usefixtures("tiny_network")
def test_a_step_behind_frozen_batch_norm_is_that_of_its_running_statistics(start):
    """Against the same step by hand: features with running statistics, then a linear layer."""
    config = replace(
        FROZEN,
        weights=str(start[0]),
        freeze=("conv", "norm", "aux"),
        schedule="constant",
        lr=0.5,
        weight_decay=0.0,
        label_smoothing=0.0,
    )
    session = Session(config, shades())
    before = session.network.state_dict()
    session.network.drop.p = 0.0
    images, labels = next(session.train_loader.epoch(0))
    session.network.train()
    loop.train_step(session, images, labels)
    other = Tiny(3, 3)
    other.load_state_dict(before)
    features = other.mean(other.eval().norm(other.conv(Tensor(images)))).numpy().astype(np.float64)
    logits = features @ before["fc.weight"] + before["fc.bias"]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    expected = before["fc.weight"] - 0.5 * 1.9 * features.T @ p / len(labels)
    np.testing.assert_allclose(session.network.state_dict()["fc.weight"], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("tiny_network")
@pytest.mark.parametrize("step", [0, 4])
def test_a_finetuned_run_is_resumed_to_the_same_bits_without_the_file(tmp_path, monkeypatch, start, step):
    config = replace(FROZEN, weights=start[0])
    whole = fit(tmp_path / "whole", config)
    with monkeypatch.context() as patch:
        die_at(patch, step)
        with pytest.raises(Died):
            fit(tmp_path / "run", config)
    start[0].unlink()
    resume(tmp_path / "run")
    assert bits(tmp_path / "run") == bits(whole.run)


@pytest.mark.usefixtures("tiny_network")
def test_runs_start_from_exports_and_best_weights_but_not_from_run_folders(tmp_path):
    first = fit(tmp_path / "first", replace(CONFIG, epochs=1))
    with pytest.raises(ArgumentError, match="first is a run; `tinyinception export"):
        fit(tmp_path / "second", replace(CONFIG, weights=first.run))
    export.to_folder(export.from_run(first.run), tmp_path / "exported")
    averaged = train.load_run(first.run).network.state_dict()
    for place in (tmp_path / "exported", tmp_path / "first" / "best.safetensors"):
        session = Session(replace(CONFIG, weights=place), shades())
        assert taken(session.network, averaged, ())


# -- sizes -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def photos(tmp_path):
    """A folder of 24 pictures of two classes, red and blue ones with noise."""
    rng = np.random.default_rng(0)
    for k, name in enumerate(("red", "blue")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(12):
            pixels = rng.integers(0, 120, (50, 60, 3))
            pixels[..., 2 * k] += 120
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photos" / name / f"{i}.png")
    return tmp_path / "photos"


@pytest.mark.usefixtures("tiny_network")
def test_a_folder_is_trained_measured_used_and_exported_at_the_size_that_was_asked_for(tmp_path, photos):
    config = replace(CONFIG, data=str(photos), epochs=4, batch_size=4, input_size=40, lr=0.3)
    result = train.fit(config, tmp_path / "run", progress=False)
    facts = train.load_run(result.run).facts
    assert facts.image_shape == (40, 40, 3)
    assert json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))["input_size"] == 40
    for data in (None, str(photos)):
        assert train.evaluate(result.run, data, progress=False)["test_accuracy"] == result.test_accuracy
    (_, label, answer), (file,) = (
        train.predict_test(result.run, 0, progress=False),
        train.predict(result.run, [photos / "red" / "3.png"]),
    )
    assert {name for name, _ in answer} == {name for name, _ in file} == {"red", "blue"}
    assert label in ("red", "blue")
    assert train.resume(result.run, progress=False).test_accuracy == result.test_accuracy
    assert export.from_run(result.run).image_shape == (40, 40, 3)
    small = train.fit(replace(config, input_size=None, model="inception_cifar"), tmp_path / "small", progress=False)
    assert train.load_run(small.run).facts.image_shape == (32, 32, 3)


def test_a_network_that_cannot_see_such_images_says_which_it_can(tmp_path, photos):
    config = Config(model="inception_v3", data=str(photos), input_size=40, epochs=1)
    with pytest.raises(ShapeError, match=r"inception_v3: images must be at least \d+x\d+, these are 40x40"):
        train.fit(config, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_published_network_is_finetuned_on_a_folder_of_pictures(tmp_path, photos, published):
    """README's example, with generated weights: the head alone learns red from blue."""
    config = Config.for_data(
        str(photos),
        model="googlenet_torchvision",
        model_options={"aux": False, "dropout": 0.0},
        input_size=32,
        weights=str(published[0] / "all.safetensors"),
        freeze=("conv*", "incep*"),
        epochs=6,
        batch_size=4,
        optimizer="adam",
        lr=0.01,
        average=0.5,
    )
    result = train.fit(config, tmp_path / "run", progress=False)
    assert taken(train.load_run(result.run).network, published[1], ["head.fc"])
    assert result.test_accuracy == 1.0
