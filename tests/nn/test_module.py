"""Modules as trees of named parameters: order, state, modes, hooks, and the errors of each."""

import copy
import json

import numpy as np
import pytest

from tinyinception import nn
from tinyinception.errors import ArgumentError, CheckpointError, DtypeError, GraphError, ShapeError
from tinyinception.tensor import Hook, Tensor, observe


class Leaf(nn.Module):
    """A parameter, a buffer, a parameter: the order in which they must be listed."""

    def __init__(self, value=0.0):
        self.first = nn.Parameter(np.full((2, 3), value, np.float32))
        self.register_buffer("middle", np.full(3, value + 1, np.float32))
        self.last = nn.Parameter(np.full(3, value + 2, np.float32))

    def forward(self, x):
        return x @ self.first + self.last


class Tree(nn.Module):
    def __init__(self):
        self.z = Leaf(0.0)
        self.scale = nn.Parameter(np.ones(3, np.float32))
        self.a = Leaf(10.0)
        self.note = "attributes of other kinds are no members"
        self.table = np.zeros(4)

    def forward(self, x):
        return self.z(x) * self.scale + self.a(x)


NAMES = ["z.first", "z.middle", "z.last", "scale", "a.first", "a.middle", "a.last"]


def test_members_are_listed_in_order_of_definition():
    tree = Tree()
    assert list(tree.state_dict()) == NAMES
    assert [name for name, _ in tree.named_parameters()] == [n for n in NAMES if "middle" not in n]
    assert [name for name, _ in tree.named_buffers()] == ["z.middle", "a.middle"]
    assert [name for name, _ in tree.named_modules()] == ["", "z", "a"]
    assert list(tree.children()) == [tree.z, tree.a]


def test_a_shared_parameter_or_module_is_listed_once_and_collects_both_gradients():
    tree = Tree()
    tree.a.first = tree.z.first
    tree.again = tree.z
    assert [name for name, _ in tree.named_parameters()] == ["z.first", "z.last", "scale", "a.last"]
    x = np.arange(8, dtype=np.float32).reshape(4, 2)
    tree(Tensor(x)).sum().backward()
    np.testing.assert_allclose(tree.z.first.grad, 2 * x.T @ np.ones((4, 3)))


def test_modules_in_a_list_are_refused_since_they_would_not_be_found():
    with pytest.raises(ArgumentError, match=r"Tree\.layers.*list.*Sequential"):
        Tree().layers = [Leaf(), Leaf()]


def test_state_round_trip_copies_into_the_existing_arrays():
    source, target = Tree(), Tree()
    rng = np.random.default_rng(0)
    for parameter in source.parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape)
    source.z.middle[...] = 7
    views = [parameter.data for parameter in target.parameters()]
    buffer = target.z.middle
    state = {name: array.astype(np.float64) for name, array in reversed(source.state_dict().items())}
    target.load_state_dict(state)
    for name, array in source.state_dict().items():
        loaded = target.state_dict()[name]
        assert loaded.dtype == np.float32
        np.testing.assert_array_equal(loaded, array)
    assert all(view is parameter.data for view, parameter in zip(views, target.parameters(), strict=True))
    assert buffer is target.z.middle
    source.state_dict()["scale"][...] = 99
    state["scale"][...] = 99
    assert source.scale.data.max() < 99
    assert target.scale.data.max() < 99


def test_one_error_lists_everything_that_does_not_fit_and_nothing_changes():
    tree = Tree()
    before = tree.state_dict()
    bad = {**before, "z.last": np.zeros(4, np.float32), "a.first": np.zeros((2, 3), complex), "extra": np.zeros(1)}
    bad["z.first"] = bad["z.first"] + 1
    del bad["scale"]
    with pytest.raises(CheckpointError) as caught:
        tree.load_state_dict(bad)
    for told in (
        "Tree",
        "missing: scale",
        "surplus: extra",
        "z.last (4, expected 3)",
        "a.first (complex128, expected float32)",
    ):
        assert told in str(caught.value)
    for name, array in tree.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.complex64])
def test_numbers_of_another_kind_are_refused_where_weights_are_expected(dtype):
    tree = Tree()
    with pytest.raises(CheckpointError, match=rf"another kind of number: scale \({np.dtype(dtype)}, expected float32"):
        tree.load_state_dict({**tree.state_dict(), "scale": np.zeros_like(tree.scale.data, dtype)})


def test_a_long_list_of_problems_is_cut():
    with pytest.raises(CheckpointError, match="and 12 more"):
        Tree().load_state_dict({**Tree().state_dict(), **{f"extra{i}": np.zeros(1) for i in range(20)}})


def test_train_and_eval_reach_every_module():
    tree = Tree()
    assert all(module.training for module in tree.modules())
    assert tree.eval() is tree
    assert not any(module.training for module in tree.modules())
    tree.z.train()
    assert (tree.training, tree.z.training, tree.a.training) == (False, True, False)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_to_converts_parameters_and_buffers_and_forgets_gradients(dtype):
    tree = Tree()
    tree(Tensor(np.ones((1, 2), np.float32))).sum().backward()
    assert tree.to(dtype) is tree
    assert {array.dtype for array in tree.state_dict().values()} == {np.dtype(dtype)}
    assert all(parameter.grad is None for parameter in tree.parameters())
    assert tree(Tensor(np.ones((1, 2), dtype))).dtype == dtype
    with pytest.raises(DtypeError, match="int64"):
        tree.to(np.int64)


def test_zero_grad_forgets_gradients():
    tree = Tree()
    tree(Tensor(np.ones((1, 2), np.float32))).sum().backward()
    assert all(parameter.grad is not None for parameter in tree.parameters())
    tree.zero_grad()
    assert all(parameter.grad is None for parameter in tree.parameters())


def test_forward_hooks_see_inputs_and_output_until_removed():
    tree, seen = Tree(), []
    remove = tree.z.register_forward_hook(lambda module, inputs, output: seen.append((module, inputs, output)))
    x = Tensor(np.ones((1, 2), np.float32))
    tree(x)
    ((module, inputs, output),) = seen
    assert module is tree.z
    assert inputs == (x,)
    assert output.shape == (1, 3)
    remove()
    tree(x)
    assert len(seen) == 1


def test_operations_and_errors_carry_the_dotted_path():
    paths = []

    class Paths(Hook):
        def after(self, op, inputs, output):
            paths.append(op.path)

    outer = nn.Sequential(body=Tree())
    with observe(Paths()):
        outer(Tensor(np.ones((1, 2), np.float32)))
    assert paths == ["body.z", "body.z", "body", "body.a", "body.a", "body"]
    with pytest.raises(ShapeError, match=r"MatMul in body\.z"):
        outer(Tensor(np.ones((1, 5), np.float32)))
    with observe(Paths()):  # the error above must not leave its path behind
        Tensor([1.0]).exp()
    assert paths[-1] == ""


def test_repr_is_a_tree_with_sizes():
    text = repr(nn.Sequential(conv=nn.Conv2d(3, 8, (1, 7), stride=2, padding="same"), pool=nn.MaxPool2d(2)))
    assert text.splitlines() == [
        "Sequential  176 parameters",
        "  conv: Conv2d(3 -> 8, 1x7, stride 2, padding same)  176 parameters",
        "  pool: MaxPool2d(2x2, stride 2, padding 0)",
    ]


def test_a_deep_copy_shares_nothing():
    tree = Tree()
    twin = copy.deepcopy(tree)
    twin.z.first.data += 1
    twin.z.middle += 1
    assert list(twin.state_dict()) == NAMES
    assert not (tree.z.first.data == twin.z.first.data).any()
    assert not (tree.z.middle == twin.z.middle).any()


def test_shape_only_modules_have_shapes_and_no_data():
    with nn.shape_only():
        layer = nn.Sequential(nn.Conv2d(4096, 65536, 7, padding="same"), nn.BatchNorm2d(65536))  # 52 GB with data
    assert [p.shape for p in layer.parameters()] == [(7, 7, 4096, 65536), (65536,), (65536,), (65536,)]
    assert all(p.data is None and p.requires_grad for p in layer.parameters())
    assert sum(strides for _, b in layer.named_buffers() for strides in b.strides) == 0
    assert layer(Tensor.shape_only(2, 8, 8, 4096)).shape == (2, 8, 8, 65536)
    assert nn.Conv2d(1, 1, 1).weight.data is not None
    with pytest.raises(GraphError, match="shape-only"):
        layer.state_dict()


def test_an_undefined_forward_names_the_class():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty does not define forward"):
        Empty()(1)


def test_the_seed_fixes_what_is_drawn_and_the_state_continues_it():
    nn.random.manual_seed(3)
    first = nn.Conv2d(3, 4, 3, padding="same").weight.data
    state = json.loads(json.dumps(nn.random.get_state()))
    after = nn.Conv2d(3, 4, 3, padding="same").weight.data
    nn.random.manual_seed(3)
    generator = nn.random.generator()
    np.testing.assert_array_equal(nn.Conv2d(3, 4, 3, padding="same").weight.data, first)
    assert not np.array_equal(first, after)
    nn.random.manual_seed(4)
    assert not np.array_equal(nn.Conv2d(3, 4, 3, padding="same").weight.data, first)
    nn.random.set_state(state)
    np.testing.assert_array_equal(nn.Conv2d(3, 4, 3, padding="same").weight.data, after)
    assert nn.random.generator() is generator


@pytest.mark.parametrize("state", [None, {}, {"bit_generator": "PCG64"}, {"bit_generator": "MT19937", "state": {}}])
def test_a_wrong_random_state_is_refused(state):
    with pytest.raises(ArgumentError, match=r"set_state.*PCG64"):
        nn.random.set_state(state)


@pytest.mark.parametrize("seed", [-1, 1.5, None, "0"])
def test_a_wrong_seed_is_refused(seed):
    with pytest.raises(ArgumentError, match="seed must be a whole number"):
        nn.random.manual_seed(seed)
