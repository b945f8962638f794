"""Lists of modules, the module that does nothing, finding and visiting modules, and freezing them."""

import copy

import numpy as np
import pytest

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.errors import ArgumentError, GraphError, ShapeError
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD, Adam, AdamW, RMSProp
from tinyinception.plots.network import draw
from tinyinception.tensor import Tensor, no_grad

RNG = np.random.default_rng(0)


class Residuals(nn.Module):
    """A network of one's own whose forward loops over a list."""

    def __init__(self, depth=3, width=4):
        self.first = nn.Conv2d(1, width, 3, padding="same")
        self.blocks = nn.ModuleList(nn.ConvUnit(width, width, 3) for _ in range(depth))
        self.last = nn.Linear(width, 2)

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = x + block(x)
        return self.last(x.mean(axis=(1, 2)))


def linears(*names):
    return {name: nn.Linear(1, 1) for name in names}


# -- ModuleList --------------------------------------------------------------------------------------------------------


def test_a_list_of_modules_is_part_of_the_tree():
    net = Residuals()
    assert [name for name, _ in net.named_children()] == ["first", "blocks", "last"]
    assert [name for name, _ in net.named_modules() if name.count(".") == 1] == ["blocks.0", "blocks.1", "blocks.2"]
    assert [n for n, _ in net.named_parameters() if n.startswith("blocks.1")] == [
        "blocks.1.conv.weight",
        "blocks.1.norm.gamma",
        "blocks.1.norm.beta",
    ]
    assert all(not module.training for module in net.eval().modules())
    other = Residuals()
    other.load_state_dict(net.state_dict())
    x = Tensor(RNG.standard_normal((2, 8, 8, 1)).astype(np.float32))
    with no_grad():
        np.testing.assert_array_equal(other.eval()(x).numpy(), net(x).numpy())


def test_it_behaves_as_a_list():
    a, b, c, d = linears("a", "b", "c", "d").values()
    blocks = nn.ModuleList([a])
    assert blocks.append(c).extend([d]).insert(1, b) is blocks
    assert list(blocks) == [a, b, c, d]
    assert len(blocks) == 4
    assert (blocks[0], blocks[-1], blocks["2"]) == (a, d, c)
    assert blocks[1:3] == [b, c]
    assert blocks[::-1] == [d, c, b, a]
    assert blocks.insert(-1, nn.ReLU())[3] is not d
    assert [name for name, _ in blocks.named_children()] == ["0", "1", "2", "3", "4"]
    assert list(nn.ModuleList()) == []
    with pytest.raises(IndexError):
        blocks[5]


def test_what_modules_of_a_list_report_is_their_place_in_the_tree():
    net = Residuals(depth=2)
    paths = {row.name for row in summary(net, 8, channels=1).rows}
    assert {"blocks.0.conv", "blocks.0.norm", "blocks.1.conv"} <= paths
    net.blocks.append(nn.Conv2d(7, 4, 3, padding="same"))
    with pytest.raises(ShapeError, match=r"Conv2d in blocks\.2: "):
        net(Tensor(np.zeros((2, 8, 8, 1), np.float32)))
    assert "\n  blocks: ModuleList" in repr(net)
    assert "\n    2: Conv2d(7 -> 4" in repr(net)


def test_lists_in_lists_and_lists_named_late_know_their_place():
    class Net(nn.Module):
        def forward(self, x):
            return self.outer[0][1](x)

    inner, net = nn.ModuleList([nn.ReLU()]), Net()
    net.outer = nn.ModuleList([inner])
    inner.append(nn.Conv2d(2, 3, 1))
    assert {row.name for row in summary(net, 4, channels=2).rows} == {"outer.0.1"}
    assert net.get_submodule("outer.0.1") is inner[1]


def test_a_copy_of_a_list_is_one():
    net = Residuals()
    twin = copy.deepcopy(net)
    twin.blocks.append(nn.ReLU())
    assert (len(net.blocks), len(twin.blocks)) == (3, 4)
    assert not np.shares_memory(net.blocks[0].conv.weight.data, twin.blocks[0].conv.weight.data)


def test_a_list_has_no_forward_and_says_what_to_do():
    with pytest.raises(ArgumentError, match=r"ModuleList has no forward: call its modules, .* or use Sequential"):
        nn.ModuleList([nn.ReLU()])(Tensor(np.zeros(2)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda blocks: blocks.append(3), "'1' is a int, not a Module"),
        (lambda blocks: blocks.extend([nn.ReLU(), None]), "'2' is a NoneType, not a Module"),
        (lambda blocks: blocks.extend(nn.ReLU()), "modules must be a list of modules, got ReLU"),
        (lambda blocks: blocks.insert(0, np.zeros(2)), "'0' is a ndarray, not a Module"),
        (lambda blocks: blocks.insert("0", nn.ReLU()), "index must be a whole number from -1 to 1, got '0'"),
        (lambda blocks: blocks.insert(2, nn.ReLU()), "index must be a whole number from -1 to 1, got 2"),
    ],
)
def test_what_does_not_belong_in_a_list_is_refused_and_changes_nothing(change, told):
    blocks = nn.ModuleList([nn.ReLU()])
    before = list(blocks)
    with pytest.raises(ArgumentError, match=f"^ModuleList: {told}"):
        change(blocks)
    assert list(blocks) == before


def test_the_error_for_a_plain_list_names_the_right_one():
    with pytest.raises(ArgumentError, match="modules in a list, here a ReLU, would not be found; use ModuleList"):
        nn.ReLU().blocks = [nn.ReLU()]


# -- Identity ----------------------------------------------------------------------------------------------------------


def test_identity_is_what_it_is_given_and_costs_nothing():
    x = Tensor(np.ones((1, 4, 4, 2), np.float32))
    assert nn.Identity()(x) is x
    with_it, without = (
        summary(nn.Sequential(nn.Conv2d(2, 3, 1), *more), 4, channels=2) for more in ([nn.Identity()], [])
    )
    assert (with_it.params, with_it.flops, with_it.activations) == (without.params, without.flops, without.activations)
    assert nn.channels_after(nn.Sequential(nn.Conv2d(2, 3, 1), nn.Identity()), 2) == 3


def test_identity_takes_the_place_of_a_layer():
    with nn.shape_only():
        network = models.build("plain_cifar")
    network.head.dropout = nn.Identity()
    assert network(Tensor.shape_only(2, 32, 32, 3)).logits.shape == (2, 10)
    assert draw(network, 32) is not None


# -- get_submodule and apply -------------------------------------------------------------------------------------------


def test_a_submodule_is_found_by_its_dotted_name():
    with nn.shape_only():
        network = models.build("inception_v3")
    assert network.get_submodule("") is network
    assert network.get_submodule("Mixed_5b.five.conv2_5x5.norm") is network.Mixed_5b.five["conv2_5x5"].norm
    for name, module in network.named_modules():
        assert network.get_submodule(name) is module


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("Mixed_5q", r"^unknown module of Network 'Mixed_5q'; did you mean 'Mixed_5[bcd]'\?"),
        (
            "Mixed_5b.ones",
            r"^unknown module of Network.Mixed_5b 'ones'; did you mean 'one'\? \(known: double, five, one, ",
        ),
        ("Mixed_5b.one.conv.weight", r"Network.Mixed_5b.one.conv has no modules below it, and so no 'weight'"),
        ("Mixed_5b.", "unknown module of Network.Mixed_5b ''"),
        (3, "target must be a dotted name such as 'stem.conv', got 3"),
    ],
)
def test_a_wrong_name_is_refused_where_it_goes_wrong(target, told):
    with nn.shape_only():
        network = models.build("inception_v3")
    with pytest.raises(ArgumentError, match=told):
        network.get_submodule(target)


def test_apply_visits_children_first_and_the_module_itself_last():
    net, seen = Residuals(depth=1), []
    assert net.apply(seen.append) is net
    block = net.blocks[0]
    assert seen == [net.first, block.conv, block.norm, block, net.blocks, net.last, net]
    with pytest.raises(ArgumentError, match="apply: function must be a function of a module, got 'x'"):
        net.apply("x")


# -- freezing ----------------------------------------------------------------------------------------------------------


def step(net, optimizer, labels=(0, 1)):
    x = Tensor(np.random.default_rng(3).standard_normal((2, 8, 8, 1)).astype(np.float32))
    optimizer.zero_grad()
    cross_entropy(net(x), list(labels)).backward()
    optimizer.step()


@pytest.mark.parametrize(
    "make",
    [
        lambda p: SGD(p, 0.1, momentum=0.9, weight_decay=0.1),
        lambda p: AdamW(p, 0.1),
        lambda p: Adam(p, weight_decay=0.1),
        lambda p: RMSProp(p, 0.1, weight_decay=0.1),
    ],
    ids=["SGD", "AdamW", "Adam", "RMSProp"],
)
def test_what_is_frozen_stays_to_the_bit_and_the_rest_learns(make):
    net = Residuals()
    net.blocks.requires_grad_(False)
    net.last.bias.requires_grad_(False)
    optimizer = make(net.named_parameters())
    before = net.state_dict()
    for _ in range(3):
        step(net, optimizer)
    frozen = {name for name, p in net.named_parameters() if not p.requires_grad}
    assert frozen == {n for n, _ in net.named_parameters() if n.startswith("blocks.")} | {"last.bias"}
    for name, parameter in net.named_parameters():
        assert (parameter.grad is None) == (name in frozen)
        assert np.array_equal(parameter.data, before[name]) == (name in frozen), name
    state = optimizer.state_dict()
    assert not any(state[f"{slot}/last.bias"].any() for slot in ("momentum", "mean") if f"{slot}/last.bias" in state)


def test_what_is_frozen_after_a_step_stays_from_then_on_and_learns_again_when_it_may():
    net = Residuals()
    optimizer = SGD(net.named_parameters(), 0.1, momentum=0.9)
    step(net, optimizer)
    assert net.requires_grad_(False) is net
    assert all(p.grad is None for p in net.parameters())  # so that a step now moves nothing
    before = net.state_dict()
    optimizer.step()
    assert all(np.array_equal(p.data, before[name]) for name, p in net.named_parameters())
    assert net.last.weight.requires_grad_() is net.last.weight
    step(net, optimizer)
    assert [name for name, p in net.named_parameters() if not np.array_equal(p.data, before[name])] == ["last.weight"]


def test_gradients_of_what_learns_do_not_depend_on_what_is_frozen():
    def gradients(*frozen):
        nn.random.manual_seed(2)
        net = Residuals()
        for name in frozen:
            net.get_submodule(name).requires_grad_(False)
        step(net, SGD(net.named_parameters(), 0.0))
        return {name: p.grad for name, p in net.named_parameters() if p.grad is not None}

    everything = gradients()
    for frozen in (("first",), ("blocks.1",), ("blocks", "last"), ("first", "blocks.0.norm")):
        some = gradients(*frozen)
        assert 0 < len(some) < len(everything)
        for name, grad in some.items():
            np.testing.assert_array_equal(grad, everything[name], err_msg=name)


def test_a_network_frozen_throughout_has_nothing_to_differentiate():
    net = Residuals().requires_grad_(False)
    with pytest.raises(GraphError, match="no input required a gradient"):
        net(Tensor(np.zeros((2, 8, 8, 1), np.float32))).sum().backward()


def test_summary_counts_what_learns():
    net = Residuals()
    total = summary(net, 8, channels=1).params
    net.first.requires_grad_(False)
    assert summary(net, 8, channels=1).params == total
    assert summary(net, 8, channels=1).params_trainable == total - 3 * 3 * 4 - 4


@pytest.mark.parametrize("value", [0, None, "no"])
def test_whether_it_learns_is_yes_or_no(value):
    for holder in (nn.Linear(2, 2), nn.Linear(2, 2).weight):
        with pytest.raises(ArgumentError, match="requires_grad must be True or False, got "):
            holder.requires_grad_(value)
