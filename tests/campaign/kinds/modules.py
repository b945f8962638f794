"""Modules put together in ways that Python allows and that would train less than one thinks."""

import copy
from collections import OrderedDict, deque

import numpy as np

from tests.campaign.outcome import Case
from tests.campaign.registry import kind
from tinyinception import nn, optim
from tinyinception.count import summary
from tinyinception.tensor import Tensor

MODULES = "Python: modules"


def sizes(module):
    return sum(p.size for p in module.parameters())


@kind(MODULES, 3)
def in_containers(rng, place):
    """Layers in any container are found, or refused, when they are assigned or at the latest when they are used."""
    count = int(rng.integers(1, 4))
    what = (
        "list",
        "tuple",
        "appended",
        "extended",
        "dict",
        "filled dict",
        "set",
        "deque",
        "nested list",
        "list of pairs",
        "dict of lists",
        "OrderedDict",
        "list of dicts",
        "frozenset",
        "generator",
        "None replaced",
        "lambda",
        "a plain object",
    )[rng.integers(18)]
    use = ("parameters", "state_dict", "call", "optimiser", "train", "to")[rng.integers(6)]

    class Net(nn.Module):
        def __init__(self):
            layers = [nn.Linear(4, 4) for _ in range(count)]
            made = {
                "list": list,
                "tuple": tuple,
                "set": set,
                "deque": deque,
                "frozenset": frozenset,
                "nested list": lambda ls: [[one] for one in ls],
                "dict": lambda ls: {str(i): one for i, one in enumerate(ls)},
                "list of pairs": lambda ls: [("a", one) for one in ls],
                "dict of lists": lambda ls: {"a": list(ls)},
                "OrderedDict": lambda ls: OrderedDict(enumerate(ls)),
                "list of dicts": lambda ls: [{"a": one} for one in ls],
            }
            self.layers = (
                {"filled dict": {}, "appended": [], "extended": []}.get(what)
                if what not in made
                else made[what](layers)
            )
            if what == "appended":
                for one in layers:
                    self.layers.append(one)
            elif what == "extended":
                self.layers += layers
            elif what == "filled dict":
                self.layers.update(enumerate(layers))
            elif what == "generator":
                self.layers = (one for one in layers)
            elif what == "None replaced":
                self.layers = None
                self.layers = layers[0] if count == 1 else nn.Sequential(*layers)
            elif what == "lambda":
                self.layers = lambda x: layers[0](x)
            elif what == "a plain object":
                self.layers = type("Plain", (), {})()
                self.layers.inner = layers
            self.kept = None if what not in ("generator", "lambda", "a plain object") else "out of sight"

        def forward(self, x):
            return x * 1.0

    def go():
        net = Net()
        x = Tensor(np.ones((1, 4), np.float32))
        if use == "state_dict":
            found = sum(a.size for a in net.state_dict().values())
        elif use == "optimiser":
            found = sum(p.size for _, p in optim.SGD(list(net.named_parameters()), lr=0.1).parameters)
        else:
            {"call": lambda: net(x), "train": net.eval, "to": lambda: net.to(np.float64), "parameters": list}[use]()
            found = sizes(net)
        # What a function or a foreign object holds cannot be seen by any library
        assert found == 20 * count or net.kept, f"{found} parameters of {20 * count} are found"

    return Case(f"{count} layers in {what}, then {use}", go)


@kind(MODULES, 2)
def parameters_overwritten(rng, place):
    layer = [nn.Linear(4, 2), nn.Conv2d(4, 2, 1), nn.BatchNorm2d(4)][rng.integers(3)]
    name = next(name for name, _ in layer.named_parameters())
    old = getattr(layer, name)
    values = {
        "a product": lambda: old * 2.0,
        "an array": lambda: np.ones(old.shape, np.float32),
        "a number": lambda: 3.0,
        "a list": lambda: [1.0],
        "a Tensor": lambda: Tensor(np.ones(old.shape, np.float32)),
        "a Parameter": lambda: nn.Parameter(np.ones(old.shape, np.float32)),
        "text": lambda: "w",
        "a Parameter of another shape": lambda: nn.Parameter(np.ones((9, 9), np.float32)),
        "a module": lambda: nn.ReLU(),
        "a float64 Parameter": lambda: nn.Parameter(np.ones(old.shape)),
    }
    what = list(values)[rng.integers(len(values))]

    def go():
        count = len(list(layer.named_parameters()))
        setattr(layer, name, values[what]())
        assert len(list(layer.named_parameters())) == count, f"{name} <- {what}: it is a parameter no longer"
        assert what == "a Parameter" or "of another" in what or "64" in what, f"{what} was accepted"
        x = np.ones((1, 3, 3, 4), np.float32)
        layer(Tensor(x if not isinstance(layer, nn.Linear) else x[0, 0]))
        assert "of another" not in what, "the shape fits nothing, and is not missed"

    return Case(f"{type(layer).__name__}.{name} <- {what}", go)


@kind(MODULES, 1.5)
def applied_twice(rng, place):
    """One operation or layer on two inputs: gradients of both, as NumPy would have them."""
    a, b = (rng.uniform(-2, 2, (2, 3)).astype(np.float32) for _ in range(2))
    from tinyinception import ops
    from tinyinception.tensor import apply

    layer = rng.random() < 0.5
    made = {
        "ReLU": (ops.ReLU, lambda v: (v > 0) * 1.0),
        "Exp": (ops.Exp, np.exp),
        "Tanh": (ops.Tanh, lambda v: 1 - np.tanh(v) ** 2),
        "Power": (lambda: ops.Power(2), lambda v: 2 * v),
    }
    what = list(made)[rng.integers(len(made))]

    def go():
        x, y = Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)
        if layer:
            linear = nn.Linear(3, 1, bias=False)
            (linear(x).sum() + (linear(y) * 2.0).sum()).backward()
            w = linear.weight.data[:, 0]
            np.testing.assert_allclose(x.grad, np.broadcast_to(w, a.shape), rtol=1e-5)
            np.testing.assert_allclose(y.grad, np.broadcast_to(2 * w, a.shape), rtol=1e-5)
            np.testing.assert_allclose(linear.weight.grad[:, 0], a.sum(0) + 2 * b.sum(0), rtol=1e-4, atol=1e-5)
            return
        op = made[what][0]()
        (apply(op, x).sum() + apply(op, y).sum()).backward()
        for tensor, array in ((x, a), (y, b)):
            np.testing.assert_allclose(
                tensor.grad, made[what][1](array), rtol=1e-4, err_msg="gradient of an operation applied twice"
            )

    return Case("a layer applied twice" if layer else f"one {what} applied twice", go)


@kind(MODULES, 1)
def copies(rng, place):
    """A copy of a module learns on its own."""
    import pickle

    net = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.BatchNorm2d(3))
    pickled = rng.random() < 0.5

    def go():
        twin = pickle.loads(pickle.dumps(net)) if pickled else copy.deepcopy(net)
        for (name, p), (_, q) in zip(net.named_parameters(), twin.named_parameters(), strict=True):
            np.testing.assert_array_equal(p.numpy(), q.numpy(), err_msg=name)
            q.data[...] = 7
            assert not (p.numpy() == 7).all(), f"{name} is shared with its copy"
        x = np.ones((1, 2, 2, 3), np.float32)
        assert twin.eval()(Tensor(x)).shape == net.eval()(Tensor(x)).shape

    return Case("pickle" if pickled else "deepcopy", go)


@kind(MODULES, 1.5)
def counted(rng, place):
    """`summary` of modules with odd inputs and results."""
    size = [8, np.int64(8), (8, 8), 8.0, True, -8, 0, "8", None, (8,), 10**7][rng.integers(11)]

    class Two(nn.Module):
        def __init__(self):
            self.conv = nn.Conv2d(3, 4, 3, padding="same")

        def forward(self, x):
            return {"a": self.conv(x), "b": x} if rng.random() < 0.5 else [self.conv(x), None]

    odd = rng.random() < 0.3
    module = Two() if odd else nn.Conv2d(3, 4, 3, padding="same")

    def go():
        counted = summary(module, size)
        assert counted.params == 112
        fine = size in (8, (8, 8), 10**7) and not isinstance(size, bool)
        assert fine or isinstance(size, float) or size is None, f"a size of {size!r} was accepted"
        assert odd or size == 10**7 or counted.macs == 8 * 8 * 27 * 4, f"{counted.macs} multiply-adds"

    return Case(f"summary of {type(module).__name__} at {size!r}", go, also=(TypeError,) if odd else ())
