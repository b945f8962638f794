"""Pieces of the fast recipes in a run: rates of groups, a whitened layer, Muon, Lookahead; resumed, and replayed."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.tiny_runs import CONFIG, Died, bits, die_at, fit, resume, shades
from tinyinception import nn, train, weights
from tinyinception.data import Normalize
from tinyinception.errors import ArgumentError
from tinyinception.nn.init import whitening
from tinyinception.tensor import Tensor
from tinyinception.train.checkpoint import load
from tinyinception.train.session import Session
from tinyinception.train.step import train_step


class Small(nn.Module):
    """A convolution with a bias, batch-norm, one more convolution, and a linear layer."""

    def __init__(self, num_classes=3, channels=3, width=24):
        self.first = nn.Conv2d(channels, width, 2)
        self.gelu = nn.GELU()
        self.unit = nn.ConvUnit(width, 6, 3)
        self.mean = nn.GlobalAvgPool()
        self.fc = nn.Linear(6, num_classes, bias=False)

    def forward(self, x):
        return self.fc(self.mean(self.unit(self.gelu(self.first(x)))))


class Deep(nn.Module):
    """Takes no image below 3x3."""

    def __init__(self, num_classes=3, channels=3):
        self.first = nn.Conv2d(channels, 4, 3)
        self.mean = nn.GlobalAvgPool()
        self.fc = nn.Linear(4, num_classes)

    def forward(self, x):
        return self.fc(self.mean(self.first(x)))


RECIPE = replace(
    CONFIG,
    optimizer="muon",
    lr=0.1,
    bias_lr=2.0,
    head_lr=0.5,
    lookahead=2,
    whiten=1,
    alternating_flip=True,
    border="reflect",
    early_size=7,
    average=None,
)


class Seen(train.Watcher):
    """The first layer after each epoch."""

    def __init__(self):
        self.kernels, self.biases = [], []

    def begin(self, session, run):
        self.network = session.network

    def epoch(self, row):
        self.kernels.append(self.network.first.weight.numpy().copy())
        self.biases.append(self.network.first.bias.numpy().copy())


def test_the_first_layer_whitens_the_training_images_and_its_bias_learns_for_as_long_as_it_is_told(tmp_path):
    seen = Seen()
    fit(tmp_path, RECIPE, network=Small, watchers=[seen])
    data = shades()
    images = Normalize(data.mean, data.std)(data.train_images)
    expected = whitening(images)(np.random.default_rng(0), (2, 2, 3, 24), np.dtype(np.float32))
    for kernel in seen.kernels:
        np.testing.assert_array_equal(kernel, expected)
    # the slow weights may still move it in the epoch after: it is not a gradient that does
    assert np.abs(seen.biases[0]).max() > 0
    without = Seen()
    fit(tmp_path / "b", replace(RECIPE, lookahead=None), network=Small, watchers=[without])
    assert np.abs(without.biases[0]).max() > 0
    np.testing.assert_array_equal(without.biases[1], without.biases[0])
    np.testing.assert_array_equal(without.biases[2], without.biases[0])


@pytest.mark.parametrize("step", [1, 4, 8])
def test_a_run_with_all_of_it_is_resumed_to_the_same_bits_and_replay_has_those_of_eager_steps(
    tmp_path, monkeypatch, step
):
    fit(tmp_path / "whole", RECIPE, network=Small)
    with monkeypatch.context() as patch:
        die_at(patch, step)
        with pytest.raises(Died):
            fit(tmp_path / "died", RECIPE, network=Small)
    resume(tmp_path / "died", network=Small)
    assert bits(tmp_path / "died") == bits(tmp_path / "whole")
    if step == 1:
        fit(tmp_path / "eager", RECIPE, network=Small, eager=True)
        assert bits(tmp_path / "eager") == bits(tmp_path / "whole")


def test_lookahead_s_slow_weights_are_tested_kept_and_loaded_and_the_fast_ones_resumed(tmp_path):
    """9 steps in rounds of 2, so that at the end of every other epoch, and of all, the fast ones are elsewhere."""

    class Slow(train.Watcher):
        def begin(self, session, run):
            self.session, self.after = session, []

        def epoch(self, row):
            state = self.session.optimizer.state_dict()
            slow = {name.removeprefix("slow/"): a for name, a in state.items() if name.startswith("slow/")}
            self.after.append({**self.session.network.state_dict(), **slow})

    seen = Slow()
    result = fit(tmp_path, RECIPE, network=Small, watchers=[seen])
    rows, data = seen.session.log, shades()
    images = Normalize(data.mean, data.std)(data.test_images)
    for row, slow in zip(rows, seen.after, strict=True):
        network = Small().eval()
        network.load_state_dict(slow)
        logits = network(Tensor(images)).numpy().astype(np.float64)
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        right = chances[np.arange(len(images)), data.test_labels]
        assert row["test_accuracy"] == (logits.argmax(axis=1) == data.test_labels).mean()
        np.testing.assert_allclose(row["test_loss"], -np.log(right).mean(), rtol=1e-5)
    assert (result.weights, result.test_accuracy) == ("slow", rows[-1]["test_accuracy"])
    loaded = train.load_run(tmp_path, network=Small).network.state_dict()
    best = Small()
    weights.load(best, tmp_path / "best.safetensors")
    tensors, _ = load(tmp_path)
    for name, array in seen.after[-1].items():
        np.testing.assert_array_equal(loaded[name], array)
        np.testing.assert_array_equal(best.state_dict()[name], seen.after[result.best_epoch - 1][name])
    assert (tensors["network/unit.conv.weight"] != seen.after[-1]["unit.conv.weight"]).any()


class Sizes(train.Watcher):
    """What the network is given, training and testing."""

    def begin(self, session, run):
        self.seen: list[tuple[int, ...]] = []
        session.network.register_forward_hook(self.note)

    def note(self, network, args, out):
        if network.training:
            self.seen.append(args[0].shape[1:3])


@pytest.mark.parametrize(("epochs", "early"), [(None, 1), (2, 2), (0, 0), (9, 3)])
def test_the_first_epochs_are_trained_on_squares_of_the_images(tmp_path, epochs, early):
    sizes = Sizes()
    fit(tmp_path, replace(CONFIG, early_size=6, early_epochs=epochs), network=Deep, watchers=[sizes])
    assert sizes.seen == [(6, 6)] * 3 * early + [(8, 8)] * 3 * (3 - early)  # 3 steps an epoch, 3 epochs


def test_the_squares_of_a_step_are_windows_of_its_images_and_of_another_step_others():
    session = Session(replace(CONFIG, early_size=6), shades(), Deep, eager=True)
    images, _ = next(session.train_loader.epoch(0))
    first, again, other = (session.early(images, replace(session.position, step=step)) for step in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    for image, square in zip(images, first, strict=True):
        windows = [image[i : i + 6, j : j + 6] for i in range(3) for j in range(3)]
        assert any(np.array_equal(window, square) for window in windows)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"early_size": 9}, "early_size: 9x9 pixels do not fit images of 8x8"),
        ({"early_size": 2, "network": Deep}, "early_size: Deep cannot be trained on 2x2 pixels"),
    ],
)
def test_squares_that_fit_neither_images_nor_network_are_refused_before_anything_is_written(tmp_path, changes, words):
    network = changes.pop("network", Small)
    with pytest.raises(ArgumentError, match=words):
        fit(tmp_path / "run", replace(CONFIG, **changes), network=network)
    assert not (tmp_path / "run").exists()


def test_epochs_of_squares_without_their_size_are_refused():
    with pytest.raises(ArgumentError, match="early_epochs: goes with early_size"):
        replace(CONFIG, early_epochs=1)


def test_rates_are_those_of_biases_linear_layers_and_kernels():
    """The first step of Nesterov's momentum moves a parameter by lr (1 + momentum) g."""
    config = train.Config(
        batch_size=16, bias_lr=6.4, head_lr=0.01, lr=0.1, momentum=0.85, weight_decay=0.0, schedule="constant"
    )
    session = Session(config, shades(), Small, eager=True)
    before = session.network.state_dict()
    images, labels = next(iter(session.train_loader.epoch(0)))
    train_step(session, images, labels)
    for name, parameter in session.network.named_parameters():
        lr = {1: 6.4, 2: 0.01, 4: 0.1}[parameter.ndim]
        moved = before[name] - parameter.numpy()
        np.testing.assert_allclose(moved, 1.85 * lr * parameter.grad, rtol=1e-3, atol=1e-5, err_msg=name)


def test_the_usual_rates_of_sgd_and_rmsprop_come_equally_far():
    """By the papers' eps of 1, RMSProp divides small gradients by 1 or so: another rate would be another recipe."""
    moved = {}
    for optimizer in ("sgd", "rmsprop"):
        session = Session(train.Config(optimizer=optimizer, batch_size=16, weight_decay=0.0), shades(), Small)
        weight = dict(session.network.named_parameters())["fc.weight"]
        before = weight.numpy().copy()
        for _ in range(30):
            for parameter in session.network.parameters():
                parameter.grad = np.full(parameter.shape, 1e-3, np.float32)
            session.optimizer.step()
        moved[optimizer] = before - weight.numpy()
    assert moved["sgd"].min() > 0
    np.testing.assert_allclose(moved["rmsprop"], moved["sgd"], rtol=0.3)


def test_without_rates_of_their_own_all_parameters_are_in_one_group():
    for optimizer in ("sgd", "adam", "rmsprop"):
        session = Session(train.Config(optimizer=optimizer, batch_size=16), shades(), Small)
        assert len({id(group) for group in session.optimizer._group_of.values()}) == 1
    muon = Session(train.Config(optimizer="muon", batch_size=16), shades(), Small).optimizer
    assert muon.lr == 0.24
    assert {name: group.lr[0] for name, group in muon._group_of.items()} == pytest.approx(
        {"first.weight": 0.24, "unit.conv.weight": 0.24}
        | dict.fromkeys(("first.bias", "unit.norm.gamma", "unit.norm.beta", "fc.weight"), 0.1)
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"optimizer": "adam", "momentum": 0.9}, "momentum: adam has none, it goes with sgd, rmsprop, muon"),
        ({"whiten": 1, "weights": "a.safetensors"}, "whiten: goes with fresh weights"),
        ({"alternating_flip": True, "flip": False}, "alternating_flip: goes with flip, which is off"),
        ({"border": "mirror"}, r"unknown border 'mirror'.*known: edge, reflect, zero"),
        ({"whiten": -1}, r"whiten must be a whole number in \[0"),
        ({"lookahead": 0}, r"lookahead must be a whole number in \[1"),
        ({"bias_lr": 0.0}, r"bias_lr must be a number in \(0"),
        ({"head_lr": "a"}, r"head_lr must be a number in \(0"),
        ({"momentum": 1.0}, r"momentum must be a number in \(0, 1\)"),
        ({"alternating_flip": None}, "alternating_flip must be True"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, told):
    with pytest.raises(ArgumentError, match=told):
        train.Config(**changes)


@pytest.mark.parametrize("width", [26, 7])
def test_a_first_layer_that_cannot_whiten_is_refused_by_name(tmp_path, width):
    def network(num_classes, channels):
        return Small(num_classes, channels, width)

    with pytest.raises(ArgumentError, match=r"whiten: first cannot whiten: .* at most 24, got"):
        fit(tmp_path, RECIPE, network=network)
    with pytest.raises(ArgumentError, match="whiten: Sequential has no convolution"):
        fit(tmp_path, RECIPE, network=nn.Sequential(flat=nn.Flatten(), fc=nn.Linear(192, 3)))


def test_a_config_from_before_these_settings_still_fits():
    config = train.Config()
    old = json.loads(config.to_json())
    for name in ("bias_lr", "head_lr", "momentum", "lookahead", "whiten", "border", "alternating_flip"):
        del old[name]
    assert config.differences(old) == []
    assert train.Config.from_json(json.dumps(old)) == config
