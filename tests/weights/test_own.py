"""`weights.save` and `weights.load`: any module under its own names, whole or not at all."""

import pickle

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from tinyinception import models, nn, weights
from tinyinception.errors import ArgumentError, CheckpointError, DtypeError, GraphError
from tinyinception.tensor import Tensor, no_grad


class Own(nn.Module):
    """A network of one's own: a shared layer, a buffer of whole numbers, one of truth values."""

    def __init__(self, width=5):
        self.conv = nn.Conv2d(3, width, 3, padding="same")
        self.norm = nn.BatchNorm2d(width)
        self.again = self.norm
        self.register_buffer("steps", np.array([7, 8]))
        self.register_buffer("seen", np.array([True, False]))

    def forward(self, x):
        return self.again(self.norm(self.conv(x)))


def bare(width=5):
    with nn.shape_only():
        return Own(width)


def test_every_array_comes_back_to_the_bit_with_its_name_and_dtype(tmp_path):
    net = Own()
    net.norm.running_mean[...] = 1 / 3
    weights.save(net, tmp_path / "own.safetensors")
    stored, state = load_file(tmp_path / "own.safetensors"), net.state_dict()
    assert set(stored) == set(state)
    for name, array in state.items():
        assert (stored[name].dtype, stored[name].tobytes()) == (array.dtype, array.tobytes())
    with safe_open(tmp_path / "own.safetensors", "numpy") as file:
        assert file.metadata() == {"format": "tinyinception", "version": "1"}
    other, x = Own(), Tensor(np.random.default_rng(0).standard_normal((2, 6, 6, 3)).astype(np.float32))
    weights.load(other, tmp_path / "own.safetensors")
    with no_grad():
        np.testing.assert_array_equal(other.eval()(x).numpy(), net.eval()(x).numpy())
    assert [path.name for path in tmp_path.iterdir()] == ["own.safetensors"]


def test_float64_stays_float64(tmp_path):
    net = Own().to(np.float64)
    weights.save(net, tmp_path / "own.safetensors")
    assert load_file(tmp_path / "own.safetensors")["conv.weight"].dtype == np.float64
    other = bare()
    other.to(np.float64)
    weights.load(other, tmp_path / "own.safetensors")
    assert other.conv.weight.data.tobytes() == net.conv.weight.data.tobytes()


def test_a_module_without_numbers_gets_them(tmp_path):
    net = models.build("inception_cifar")
    weights.save(net, tmp_path / "cifar.safetensors")
    with nn.shape_only():
        empty = models.build("inception_cifar")
    weights.load(empty, tmp_path / "cifar.safetensors")
    for name, array in empty.state_dict().items():
        np.testing.assert_array_equal(array, net.state_dict()[name])
    empty.train()(Tensor(np.zeros((4, 32, 32, 3), np.float32)))  # running statistics can be written to


def test_loading_writes_into_the_arrays_that_are_there(tmp_path):
    """Optimisers and averages hold on to them."""
    net = Own()
    weights.save(net, tmp_path / "own.safetensors")
    net.conv.weight.data += 1
    kept = net.conv.weight.data, net.norm.running_var
    weights.load(net, tmp_path / "own.safetensors")
    assert net.conv.weight.data is kept[0]
    assert net.norm.running_var is kept[1]


@pytest.mark.parametrize("make", [Own, bare])
def test_one_error_names_everything_and_nothing_changes(make, tmp_path):
    file, state = tmp_path / "odd.safetensors", Own(6).state_dict()
    del state["norm.beta"]
    save_file({**state, "extra": np.zeros(1)}, file)
    net = make()
    before = None if make is bare else net.state_dict()
    with pytest.raises(CheckpointError) as caught:
        weights.load(net, file)
    assert str(caught.value) == (
        f"{file}: this state does not belong to Own: missing: norm.beta; surplus: extra; of another shape: conv.weight "
        "(3x3x3x6, expected 3x3x3x5), conv.bias (6, expected 5), norm.gamma (6, expected 5), norm.running_mean "
        "(6, expected 5), norm.running_var (6, expected 5)"
    )
    if before is None:
        assert all(parameter.data is None for parameter in net.parameters())
    else:
        assert all(np.array_equal(array, before[name]) for name, array in net.state_dict().items())


def test_what_is_no_such_file_is_refused(tmp_path):
    file = tmp_path / "net.safetensors"
    with pytest.raises(CheckpointError, match="there is no such file"):
        weights.load(Own(), file)
    file.write_bytes(pickle.dumps({"conv.weight": 1}))
    with pytest.raises(CheckpointError, match="a pickle, which is never loaded"):
        weights.load(Own(), file)
    weights.save(Own(), file)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="damaged"):
        weights.load(Own(), file)
    save_file(Own().state_dict(), file, {"format": "tinyinception", "version": "2"})
    with pytest.raises(CheckpointError, match="is of version '2' of its format, this library reads version 1"):
        weights.load(Own(), file)
    network = models.build("googlenet_torchvision", num_classes=2)
    weights.save_weights(network, file)
    with pytest.raises(CheckpointError, match=r"the file has the names of googlenet_torchvision\): give it to load_we"):
        weights.load(Own(), file)


def test_what_cannot_be_saved_is_refused(tmp_path):
    file = tmp_path / "net.safetensors"
    with pytest.raises(GraphError, match=r"save: conv\.weight has no numbers"):
        weights.save(bare(), file)
    with pytest.raises(DtypeError, match=r"save: weight must be real to be saved, got complex128"):
        weights.save(nn.Linear(2, 2).to(np.complex128), file)
    with pytest.raises(ArgumentError, match="save: net must be a Module, got dict"):
        weights.save({}, file)
    with pytest.raises(ArgumentError, match="load: net must be a Module, got str"):
        weights.load("net", file)
    (tmp_path / "taken").mkdir()
    with pytest.raises(CheckpointError, match="cannot write"):
        weights.save(Own(), tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_load_weights_knows_our_own_files(tmp_path):
    net, other = Own(), Own()
    weights.save(net, tmp_path / "own.safetensors")
    weights.load_weights(other, tmp_path / "own.safetensors")
    np.testing.assert_array_equal(other.conv.weight.data, net.conv.weight.data)
    with pytest.raises(ArgumentError, match="ignore_aux and drop_background are for published weights"):
        weights.load_weights(other, tmp_path / "own.safetensors", ignore_aux=True)
