"""Attributes of modules: what containers hide, what may take whose place, buffers; and inputs that are no numbers."""

import warnings
from collections import UserList, deque

import numpy as np
import pytest

from tinyinception import models, nn
from tinyinception.errors import ArgumentError, DtypeError, NonFiniteWarning, ShapeError
from tinyinception.tensor import Tensor, is_observed, no_grad


def layer():
    return nn.Linear(2, 2)


CONTAINERS = {
    "list": lambda thing: [thing],
    "tuple": lambda thing: (thing,),
    "dict": lambda thing: {"a": thing},
    "key": lambda thing: {thing: "a"},
    "pairs": lambda thing: [("a", thing)],
    "set": lambda thing: {thing},
    "nested": lambda thing: {"a": ([1, 2], [{"b": (thing,)}])},
    "deque": lambda thing: deque([thing]),
    "UserList": lambda thing: UserList([thing]),
    "frozenset": lambda thing: frozenset([thing]),
    "objects": lambda thing: np.array([None, thing], object),
}
HIDDEN = {
    "Linear": layer,
    "Parameter": lambda: nn.Parameter(np.ones(2, np.float32)),
    "Tensor": lambda: Tensor([1.0], requires_grad=True),
}
WALKS = {
    "parameters": lambda m: list(m.parameters()),
    "modules": lambda m: list(m.modules()),
    "state_dict": lambda m: m.state_dict(),
    "train": lambda m: m.train(),
    "to": lambda m: m.to(np.float64),
    "call": lambda m: m(Tensor(np.ones((1, 2), np.float32))),
    "zero_grad": lambda m: m.zero_grad(),
}


class Appended(nn.Module):
    """What many a course shows: a list that is filled in a loop."""

    def __init__(self, container=None):
        self.first = layer()
        self.layers = []
        if container is not None:
            self.layers.append(container)

    def forward(self, x):
        return self.first(x)


class Watch(nn.Module):
    def forward(self, module, inputs, output):
        return None


# -- containers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("container", CONTAINERS)
def test_what_is_learned_is_refused_in_a_container_at_its_assignment(container, hidden):
    module = Appended()
    noun = "modules" if hidden == "Linear" else "parameters"
    with pytest.raises(ArgumentError, match=rf"Appended\.stack: {noun} in a \w+, here a {hidden}, would not be found"):
        module.stack = CONTAINERS[container](HIDDEN[hidden]())
    assert not hasattr(module, "stack")


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_what_is_appended_later_is_refused_when_the_module_is_used(container, walk):
    module = nn.Sequential(inner=Appended(CONTAINERS[container](layer())))
    with pytest.raises(ArgumentError, match=r"Appended\.layers \(layer inner\): modules in .* one attribute for each"):
        WALKS[walk](module)


def test_what_is_appended_after_the_first_call_is_found_by_the_walks():
    module = Appended()
    module(Tensor(np.ones((1, 2), np.float32)))
    module.layers.append(layer())
    with pytest.raises(ArgumentError, match="Sequential"):
        module.state_dict()


def test_containers_may_hold_what_is_an_attribute_as_well_and_everything_else():
    module = Appended()
    module.second = nn.Sequential(layer(), layer())
    module.order = [module.first, (module.second, module.second[0].weight)]
    module.layers.append(module.second[1])
    module.results = [Tensor([1.0]), Tensor([1.0], requires_grad=True) * 2, "text", None, np.ones(2)]
    module.cycle = cycle = []
    cycle.append(cycle)
    module.names = {"a": (1, 2), "b": nn.Linear}
    module.register_forward_hook(Watch())  # a module, but no part of this one
    assert len(list(module.parameters())) == 6
    module(Tensor(np.ones((1, 2), np.float32)))


# -- replacement -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.ones((2, 2), np.float32), Tensor(np.ones((2, 2))), 1.0, [1.0], "a", nn.ReLU()])
def test_a_parameter_gives_way_to_parameters_only(value):
    net = nn.Sequential(fc=layer())
    before = net[0].weight
    with pytest.raises(
        ArgumentError,
        match=r"Linear\.weight \(layer fc\) is a parameter .* got \w+, .*write "
        r"fc\.weight\.data = \.\.\.",
    ):
        net[0].weight = value
    assert dict(net.named_parameters())["fc.weight"] is before


def test_a_parameter_gives_way_to_another_one_or_to_none():
    module = layer()
    module.weight = new = nn.Parameter(np.eye(2, dtype=np.float32))
    module.bias = None
    assert list(module.named_parameters()) == [("weight", new)]
    np.testing.assert_array_equal(module(Tensor([[1.0, 2.0]])).numpy(), [[1, 2]])
    with pytest.raises(ArgumentError, match=r"Linear\.weight is a parameter .*got Tensor.*layer\.weight\.data"):
        module.weight = module.weight * 2


@pytest.mark.parametrize("value", [Tensor([1.0]), 1.0, abs, nn.Parameter(np.ones(2, np.float32))])
def test_a_module_gives_way_to_modules_only(value):
    net = nn.Sequential(fc=layer())
    with pytest.raises(ArgumentError, match=r"Sequential\.fc is a module and must stay one or become None, got"):
        net.fc = value
    net.fc = nn.ReLU()
    assert [type(child) for child in net.children()] == [nn.ReLU]


def test_what_is_deleted_is_gone():
    norm = nn.BatchNorm2d(2)
    del norm.gamma, norm.running_mean
    assert list(norm.state_dict()) == ["beta", "running_var"]
    assert norm.to(np.float64).running_var.dtype == np.float64


# -- buffers -----------------------------------------------------------------------------------------------------------


def test_a_buffer_keeps_shape_and_dtype():
    norm = nn.BatchNorm2d(2)
    norm.running_mean = np.array([1.0, 2.0])
    assert norm.running_mean.dtype == np.float32
    norm.running_mean = Tensor([3.0, 4.0])
    norm.running_mean = [5, 6]
    np.testing.assert_array_equal(norm.state_dict()["running_mean"], [5, 6])
    for value, error, message in [
        (np.ones(3), ShapeError, r"BatchNorm2d\.running_mean .*shape 2, got 3"),
        (1.0, ShapeError, "got scalar"),
        (None, DtypeError, "got NoneType"),
        ([1, [2]], DtypeError, "got list"),
        ("ab", DtypeError, "got <U2"),
        (np.ones(2, complex), DtypeError, "array of float32, got complex128"),
    ]:
        with pytest.raises(error, match=message):
            norm.running_mean = value
    np.testing.assert_array_equal(norm.running_mean, [5, 6])


def test_a_counter_stays_a_whole_number_and_an_array():
    module = nn.ReLU()
    module.register_buffer("steps", np.zeros((), np.int64))
    module.steps = module.steps + 1  # a NumPy number, no array
    module.to(np.float64)
    assert module.state_dict()["steps"].dtype == np.int64
    assert module.state_dict()["steps"] == 1
    with pytest.raises(DtypeError, match="array of int64, got float64"):
        module.steps = 0.5


@pytest.mark.parametrize("value", [Tensor([1.0]), [1.0], 1.0, None, np.float32(1)])
def test_a_buffer_is_registered_as_an_array(value):
    with pytest.raises(DtypeError, match=r"register_buffer: ReLU\.mean must be a NumPy array, got"):
        nn.ReLU().register_buffer("mean", value)
    with pytest.raises(ArgumentError, match=r"Linear\.weight is a parameter or a module already"):
        layer().register_buffer("weight", np.ones(2))


# -- inputs that are no numbers ----------------------------------------------------------------------------------------


def test_nan_and_infinity_in_images_are_said_once_with_the_first_layer():
    net = models.build("inception_cifar").eval()
    images = np.zeros((2, 32, 32, 3), np.float32)
    images[0, 0, 0] = np.nan
    images[1, 2, 3, 0] = -np.inf
    with no_grad(), pytest.warns(NonFiniteWarning) as told:
        net(Tensor(images))
    first = next(name for name, module in net.named_modules() if isinstance(module, nn.Conv2d))
    assert [str(w.message) for w in told] == [
        f"{net.title}: the input 2x32x32x3 holds 3 NaN and 1 infinite numbers; Conv2d in {first} is the first to "
        "receive it"
    ]
    assert told[0].filename == __file__


@pytest.mark.filterwarnings("error::tinyinception.errors.NonFiniteWarning")
def test_the_warning_can_be_made_an_error_and_leaves_nothing_behind():
    net = nn.Sequential(a=layer(), b=layer())
    with pytest.raises(NonFiniteWarning, match="Linear in a is the first"):
        net(Tensor([[np.nan, 1.0]]))
    assert not is_observed()
    net(Tensor([[1.0, 2.0]]))
    net(Tensor.shape_only(1, 2))
    net.b.weight.data[...] = np.inf
    net(Tensor([[1.0, 2.0]]))  # what layers make of good inputs is not the inputs' fault
    nn.ReLU()(net(Tensor([[1.0, 2.0]])))


def test_any_module_warns_and_gives_the_result_it_would_give():
    net, x = layer(), Tensor([[np.nan, 1.0]])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = net(x)
        net(x)
    assert len(told) == 2
    assert np.isnan(result.numpy()).all()
    assert issubclass(NonFiniteWarning, RuntimeWarning)
