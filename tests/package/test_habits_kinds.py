"""Calls that do not fit and names that are not there, as kinds: all that is public answers in the package's words."""

import abc
import copy
import inspect
import pickle

import numpy as np
import pytest

import tinyinception as ti
from tinyinception import data, export, habits, judge, models, nn, optim, plots, remedies, train, weights
from tinyinception.errors import ArgumentError, CallError, DtypeError, TinyInceptionError

F = nn.functional
# made by nobody, or only by the package
NO_CALLS = {
    "Module",
    "Output",
    "Schedule",
    "Transform",
    "Optimizer",
    "Row",
    "Result",
    "Trained",
    "Exported",
    "Calibration",
    "Difference",
    "PairedDifference",
    "Judgement",
    "Scheme",
    "Published",
}
NO_CALLS |= {"Watcher", "Info", "SETS"}
NO_ARGUMENTS = {"shape_only", "names", "listing", "cache_dir"}


def public(room):
    """The public classes and functions of a room that have arguments to get wrong."""
    return [
        (f"{room.__name__}.{name}", getattr(room, name))
        for name in room.__all__
        if name not in NO_CALLS | NO_ARGUMENTS and callable(getattr(room, name))
    ]


CALLABLE = [pair for room in (nn, F, optim, data, judge, train, weights, export, plots) for pair in public(room)] + [
    ("ti.Tensor", ti.Tensor),
    ("build", models.build),
    ("list_models", models.list_models),
    ("manual_seed", ti.manual_seed),
    ("from_arrays", data.Dataset.from_arrays),
    ("for_data", lambda **options: train.Config.for_data("drawn", **options)),
    ("summary", ti.summary),
    ("compare", ti.compare),
    ("check", ti.check),
    ("draw", ti.draw),
    ("load_weights", ti.load_weights),
    ("concat", ti.concat),
]


@pytest.mark.parametrize("call", [call for _, call in CALLABLE], ids=[name for name, _ in CALLABLE])
def test_an_unknown_argument_is_named_by_every_public_function_and_class(call):
    with pytest.raises((CallError, ArgumentError), match="flavour"):
        call(flavour="vanilla")


@pytest.mark.parametrize(
    "method", ["sum", "mean", "max", "argmax", "reshape", "transpose", "flatten", "pad", "split", "backward"]
)
def test_an_unknown_argument_is_named_by_every_method_of_a_tensor(method):
    with pytest.raises(CallError, match=f"^{method}: there is no flavour"):
        getattr(ti.Tensor([1.0]), method)(flavour=1)


@pytest.mark.parametrize(
    "method", ["to", "train", "state_dict", "load_state_dict", "parameters", "named_parameters", "requires_grad_"]
)
def test_an_unknown_argument_is_named_by_every_method_of_a_module(method):
    with pytest.raises(CallError, match=f"^{method}: there is no flavour"):
        getattr(nn.Linear(2, 3), method)(flavour=1)


IMAGES = np.zeros((2, 8, 8, 3), np.float32)
LAYERS = {
    layer.__class__.__name__: layer
    for layer in (
        *(nn.Conv2d(3, 2, 3), nn.ConvUnit(3, 2, 3), nn.Linear(3, 2), nn.BatchNorm2d(3), nn.ReLU(), nn.Dropout()),
        *(nn.MaxPool2d(2), nn.AvgPool2d(2), nn.GlobalAvgPool(), nn.Flatten(), nn.Sequential(nn.ReLU())),
        models.build("nin_cifar"),
    )
}
LAYERS |= {name: getattr(F, name) for name in ("relu", "softmax", "dropout", "batch_norm", "global_avg_pool")}


@pytest.mark.parametrize("given", [IMAGES, [[1.0]], None, "cat.png"], ids=["array", "list", "None", "str"])
@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_no_tensor_is_refused_by_every_layer(layer, given):
    with pytest.raises(DtypeError, match=rf"{type(given).__name__}; wrap (arrays|an array) in Tensor"):
        LAYERS[layer](given)


def test_the_error_is_of_both_families():
    with pytest.raises(TypeError):
        nn.Conv2d(3, 8, 3, 1)
    with pytest.raises(ValueError, match="by name"):
        nn.Conv2d(3, 8, 3, 1)
    with pytest.raises(AttributeError):
        _ = nn.Softmax


def test_a_module_of_ones_own_is_explained_too():
    class Own(nn.Module):
        def __init__(self, width, *, depth=2):
            self.width, self.depth = width, depth

        def forward(self, x, other):
            return x

    assert (Own(3).width, Own(3, depth=4).depth) == (3, 4)
    with pytest.raises(CallError, match=r"^Own: depth must be given by name, as in depth=\.\.\., got 2 by position"):
        Own(3, 4)
    with pytest.raises(CallError, match=r"^Own: there is no detph; did you mean depth\?"):
        Own(3, detph=4)
    for call in (Own(3), nn.Sequential(Own(3))):
        with pytest.raises(CallError, match=r"^Own: other must be given; it takes x and other"):
            call(ti.Tensor([1.0]))


def test_arguments_of_any_number_are_never_missing():
    @habits.named
    def many(first, *others, last, **options):
        return others

    assert many(1, 2, 3, last=4, more=5) == (2, 3)
    with pytest.raises(CallError, match=r"^many: last must be given; it takes first and any number of others, and by"):
        many(1, 2)


def test_a_type_error_from_inside_a_call_is_left_alone():
    class Broken(nn.Module):
        def __init__(self, width):
            self.size = width + "wide"

    class Late(nn.Module):
        def forward(self, x):
            return len(3)

    with pytest.raises(TypeError, match="unsupported operand") as caught:
        Broken(3)
    assert not isinstance(caught.value, TinyInceptionError)
    for call in (Late(), nn.Sequential(Late())):
        with pytest.raises(TypeError, match=r"object of type 'int' has no len\(\)") as caught:
            call(ti.Tensor([1.0]))
        assert not isinstance(caught.value, TinyInceptionError)
    foreign = nn.Identity()
    foreign.forward = np.add
    with pytest.raises(TypeError):
        foreign(ti.Tensor([1.0]))


def test_signatures_stay_what_they_are_for_editors_and_tools():
    assert list(inspect.signature(nn.Conv2d).parameters)[:4] == ["in_channels", "out_channels", "kernel_size", "stride"]
    assert list(inspect.signature(F.relu).parameters) == ["x"]
    assert "Convolution" in nn.Conv2d.__doc__
    assert nn.Conv2d.__init__.__name__ == "__init__"


def test_modules_mix_with_other_base_classes():
    class Backbone(nn.Module, abc.ABC):
        @abc.abstractmethod
        def forward(self, x): ...

    class Own(Backbone):
        def forward(self, x):
            return x

    assert isinstance(Own(), nn.Module)
    with pytest.raises(TypeError, match="abstract"):
        Backbone()


def test_things_that_answer_for_missing_names_can_still_be_copied_and_pickled():
    layer, tensor = nn.Conv2d(3, 4, 3), ti.Tensor([1.0, 2.0])
    optimizer, schedule = optim.SGD(layer.parameters(), 0.1), optim.Cosine(0.1, 10)
    dataset = data.load("drawn", limit=20)
    for thing in (layer, tensor, optimizer, schedule, dataset, dataset.loader("train", 8)):
        assert type(pickle.loads(pickle.dumps(thing))) is type(thing)
        assert type(copy.deepcopy(thing)) is type(thing)
    assert not hasattr(layer, "fit")
    assert getattr(tensor, "view", None) is None


def test_an_unknown_name_is_an_attribute_error_that_python_can_add_a_guess_to():
    with pytest.raises(AttributeError, match=r"^Tensor has no attribute reshap$") as caught:
        _ = ti.Tensor([1.0]).reshap
    assert (caught.value.name, type(caught.value.obj)) == ("reshap", ti.Tensor)


THINGS = {
    "TENSOR": ti.Tensor([1.0]),
    "MODULE": nn.ReLU(),
    "OPTIMIZER": optim.SGD([nn.Parameter(np.ones(2))], 0.1),
    "SCHEDULE": optim.Cosine(0.1, 10),
    "OPTIM": optim,
    "NN": nn,
    "FUNCTIONAL": F,
    "DATA": data,
    "TOP": ti,
    "MODELS": models,
    "DATASET": data.load("drawn", limit=20),
    "INIT": nn.init,
    "TRAIN": train,
    "WEIGHTS": weights,
    "EXPORT": export,
    "LOADER": data.load("drawn", limit=20).loader("train", 8),
}


@pytest.mark.parametrize("table", THINGS)
def test_no_remedy_is_for_a_name_that_exists(table):
    thing = THINGS[table]
    assert [name for name in getattr(remedies, table) if name in dir(thing)] == []


def test_every_rename_leads_to_an_argument_that_something_has():
    own = {name for _, call in CALLABLE if not hasattr(call, "func") for name in inspect.signature(call).parameters}
    own |= {
        name
        for method in ("backward", "flatten", "split", "sum")
        for name in inspect.signature(getattr(ti.Tensor, method)).parameters
    }
    own |= {"size", "sizes", "axes", "dropout", "state"}
    assert {ours for words in remedies.ARGUMENTS.values() for ours in words} - own == set()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("from tinyinception import zeros", "ti.Tensor(np.zeros(...))"),
        ("from tinyinception import Tensor, Conv2d", "write ti.nn.Conv2d"),
        ("from tinyinception import Tensr", "did you mean Tensor?"),
        ("from tinyinception.nn import Dense", "Linear(in_features, out_features)"),
        ("from tinyinception.nn import conv2d", "did you mean Conv2d?"),
        ("from tinyinception.nn.functional import nll_loss", "cross_entropy"),
        ("from tinyinception.data import DataLoader", "dataset.loader"),
        ("from tinyinception.optim import lr_scheduler", "optimizer.lr = schedule(step)"),
        ("from tinyinception.train import Trainer", "write fit(config"),
        ("from tinyinception.weights import from_pretrained", "load_weights"),
        ("from tinyinception.models import InceptionV3", "build('inception_v3'"),
        ("from tinyinception.train import nonsense", "there is no such name"),
    ],
)
def test_from_import_says_what_to_write_too(typed, told):
    with pytest.raises(ImportError) as caught:
        exec(typed, {})
    assert isinstance(caught.value, TinyInceptionError)
    name = typed.rpartition(" ")[2]
    assert str(caught.value).startswith(f"cannot import {name} from tinyinception")
    assert told in str(caught.value)


def test_a_name_that_is_asked_for_in_another_way_is_an_attribute_error():
    for room in (ti, nn, F, train, weights, export):
        assert not hasattr(room, "zeros_")
        with pytest.raises(AttributeError):
            _ = room.zeros_
    exec("from tinyinception.models import inception_v3, build; from tinyinception import nn, train, Tensor", {})


def test_names_are_near_whatever_their_case_and_nothing_is_guessed():
    for typed, meant in (("Inception_V3", "inception_v3"), ("inceptionv3", "inception_v3"), ("resnet50", None)):
        with pytest.raises(ArgumentError) as caught:
            models.build(typed)
        assert (f"did you mean {meant!r}" in str(caught.value)) if meant else "did you mean" not in str(caught.value)
    for typed in ("inception_v3.tv_in1k", "hf_hub:timm/inception_v3.tv_in1k", "timm/inception_v3.tv_in1k"):
        with pytest.raises(ArgumentError, match=r"'inception_v3', and 'tv_in1k' names weights: weights.load_weights"):
            models.build(typed)
    with pytest.raises(ArgumentError, match="did you mean 'cifar10'"):
        data.load("CIFAR10")


def test_a_room_that_is_called_says_so_and_is_a_room_still():
    from tinyinception import tensor

    assert tensor.Tensor is ti.Tensor
    with pytest.raises(CallError, match="room of the package, not a function"):
        tensor([1.0])


@pytest.mark.parametrize(("target", "dtype"), [("cpu", None), ("float64", np.float64), (np.float32, np.float32)])
def test_a_target_is_the_cpu_or_a_dtype(target, dtype):
    found = habits.target_dtype("to", target)
    assert found is None if dtype is None else found == dtype


class Device:
    """What torch.device looks like."""

    def __init__(self, kind):
        self.type = kind

    def __repr__(self):
        return f"device(type={self.type!r})"


@pytest.mark.parametrize("target", ["cuda", "cuda:1", "mps", Device("cuda"), None, 3, "nonsense", "f4,,", [1]])
def test_other_targets_are_refused(target):
    for thing in (nn.Linear(2, 3), ti.Tensor([1.0])):
        with pytest.raises(TinyInceptionError, match=r"^to: (there is only the CPU|target must be a dtype)"):
            thing.to(target)


def test_a_device_that_is_the_cpu_changes_nothing():
    layer = nn.Linear(2, 3)
    weight = layer.weight.data
    assert layer.to(Device("cpu")) is layer
    assert layer.weight.data is weight
