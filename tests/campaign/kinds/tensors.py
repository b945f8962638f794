"""Tensors used as Python and NumPy let one use numbers and arrays."""

import copy
import math
import operator
import pickle

import numpy as np

from tests.campaign.outcome import Case
from tests.campaign.registry import kind
from tinyinception import nn
from tinyinception.tensor import Tensor, concat, no_grad

TENSORS = "Python: tensors"


def close(found, right, what="", tolerance=1e-4):
    np.testing.assert_allclose(
        np.asarray(found, np.float64), np.asarray(right, np.float64), rtol=tolerance, atol=1e-5, err_msg=what
    )


@kind(TENSORS, 3)
def data_replaced(rng, place):
    """`.data` set to an array of another dtype, layout or shape: computed with what was set, or refused."""
    cin, cout = int(rng.integers(1, 9)), int(rng.integers(1, 9))
    linear = rng.random() < 0.5
    layer = nn.Linear(cin, cout, bias=False) if linear else nn.Conv2d(cin, cout, 1, bias=False)
    base = rng.integers(1, 9, layer.weight.shape)
    changes = {
        "float64": base.astype(np.float64),
        "int64": base,
        "int8": base.astype(np.int8),
        "float16": base.astype(np.float16),
        "bool": base > 4,
        "complex": base + 0j,
        "big-endian": base.astype(">f4"),
        "object": base.astype(object),
        "a list": base.tolist(),
        "fewer channels": base[..., :-1, :].astype(np.float32),
        "more": np.concatenate([base, base], -1).astype(np.float32),
        "an axis more": base[None].astype(np.float32),
        "flat": base.reshape(-1).astype(np.float32),
        "a number": 3.0,
        "None": None,
        "a Tensor": Tensor(base.astype(np.float32)),
        "text": "weights",
        "in Fortran's order": np.asfortranarray(base, np.float32),
        "every second": np.repeat(base, 2, -1).astype(np.float32)[..., ::2],
        "read-only": _frozen(base.astype(np.float32)),
        "negative strides": base[..., ::-1].astype(np.float32)[..., ::-1],
    }
    what = list(changes)[rng.integers(len(changes))]
    x = rng.integers(0, 5, (3, cin) if linear else (2, 4, 4, cin)).astype(np.float32)
    training = rng.random() < 0.5

    def go():
        value = changes[what]
        layer.weight.data = value
        with np.errstate(all="ignore"):
            y = layer(Tensor(x, requires_grad=training))
        matrix = np.asarray(value.numpy() if isinstance(value, Tensor) else value)
        assert matrix.shape == layer.weight.shape == base.shape, f"{what} was accepted as the weight"
        matrix = matrix.reshape(cin, cout).astype(complex if matrix.dtype.kind == "c" else float)
        close(y.numpy(), (x @ matrix).real, what)
        assert y.numpy().dtype == y.dtype
        if training:
            y.sum().backward()
            close(
                layer.weight.grad.reshape(cin, cout), np.repeat(x.reshape(-1, cin).sum(0)[:, None], cout, 1), "gradient"
            )

    return Case(f"weight of {type(layer).__name__} <- {what}", go)


def _frozen(array):
    array.setflags(write=False)
    return array


@kind(TENSORS, 2)
def in_place_operators(rng, place):
    """On a leaf that a network holds: it is changed, or one is told that it is not."""
    operator = ("+=", "-=", "*=", "/=", "**=", "@=")[rng.integers(6)]
    recording = rng.random() < 0.4
    layer = nn.Linear(3, 3)
    array = rng.uniform(0.5, 2, (3, 3)).astype(np.float32)
    other = (
        [2.0, array, Tensor(array), np.float64(2), 2][rng.integers(5)]
        if operator not in ("**=", "@=")
        else {"**=": 2, "@=": [array, Tensor(array)][rng.integers(2)]}[operator]
    )
    before = layer.weight.data.copy()
    plain = other.numpy() if isinstance(other, Tensor) else other

    def go():
        right = before.copy()
        scope = {"right": right, "plain": plain}
        exec(f"right = right {operator[:-1]} plain", scope)
        weight = layer.weight
        scope = {"weight": weight, "other": other}
        if recording:
            exec(f"weight {operator} other", scope)
        else:
            with no_grad():
                exec(f"weight {operator} other", scope)
        assert not recording or scope["weight"] is not weight, "a leaf was changed under the tape"
        assert scope["weight"] is weight, f"`weight {operator}` left the network as it was"
        right = before.copy()
        result = {"right": right, "plain": plain}
        exec(f"right = right {operator[:-1]} plain", result)
        close(layer.weight.data, result["right"])

    return Case(f"weight {operator} {type(other).__name__} {'while recording' if recording else 'under no_grad()'}", go)


@kind(TENSORS, 2)
def as_a_number(rng, place):
    value = [0.5, -2.75, 3.0, 1e10, 0.0, math.inf][rng.integers(6)]
    one = Tensor([value]) if rng.random() < 0.3 else Tensor(value)
    uses = {
        "format .3f": (lambda t: f"{t:.3f}", f"{value:.3f}"),
        "format e": (lambda t: f"{t:10.2e}", f"{value:10.2e}"),
        "int": (int, int(value) if math.isfinite(value) else None),
        "float": (float, value),
        "round": (round, round(value) if math.isfinite(value) else None),
        "round 1": (lambda t: float(round(t, 1)), round(value, 1)),
        "abs": (lambda t: float(abs(t)), abs(value)),
        "bool": (bool, bool(value)),
        "math.floor": (math.floor, math.floor(value) if math.isfinite(value) else None),
        "%": (lambda t: operator.mod("%.2f", t), f"{value:.2f}"),
        "complex": (complex, complex(value)),
        "np.float64": (np.float64, value),
        "np.mean": (lambda t: float(np.mean(t)), value),
        "-": (lambda t: float(-t), -value),
        "+": (lambda t: float(+t), value),
        "str": (lambda t: bool(str(t)), True),
        "max": (lambda t: float(max(t, Tensor(-1e30))), value),
    }
    what = list(uses)[rng.integers(len(uses))]
    use, right = uses[what]

    def go():
        with np.errstate(all="ignore"):
            found = use(one)
        assert found == right, f"{found!r} in place of {right!r}"

    # Python's own number raises these of infinity, and TypeError of what it does not have
    return Case(f"{what} of {value}", go, also=(TypeError, *((OverflowError, ValueError) if math.isinf(value) else ())))


@kind(TENSORS, 2)
def comparisons(rng, place):
    a, b = rng.integers(0, 3, (2, 3)).astype(np.float32), rng.integers(0, 3, (2, 3)).astype(np.float32)
    x = Tensor(a)
    other, plain = [(Tensor(b), b), (b, b), (1.0, 1.0), (1, 1), (np.float32(1), 1)][rng.integers(5)]
    name = ("==", "!=", "<", "<=", ">", ">=")[rng.integers(6)]
    uses = {
        f"tensor {name} {type(other).__name__}": lambda: (
            np.asarray(eval(f"x {name} other", {"x": x, "other": other})),
            eval(f"a {name} plain", {"a": a, "plain": plain}),
        ),
        "truth of six": lambda: (bool(x), None),
        "in a list": lambda: (x in [Tensor(b)], None if not np.array_equal(a, b) else True),
        "number in tensor": lambda: (2.0 in x, 2.0 in a),
        "assert equal": lambda: (bool(Tensor([1.0]) == Tensor([1.0])), True),
        "unequal": lambda: (bool(Tensor([1.0]) == Tensor([2.0])), False),
        "if not tensor": lambda: (not Tensor([0.0]), True),
    }
    what = list(uses)[rng.integers(len(uses))] if rng.random() < 0.5 else next(iter(uses))

    def go():
        found, right = uses[what]()
        if what == "in a list" and right is None:
            right = False
        assert right is not None, f"the truth of six numbers is {found}"
        np.testing.assert_array_equal(
            np.asarray(getattr(found, "data", found) if isinstance(found, Tensor) else found), right
        )

    return Case(what, go, also=(TypeError, ValueError))  # NumPy says ValueError of the truth of six numbers


@kind(TENSORS, 2)
def made_of_tensors(rng, place):
    """Containers of results: the graph goes on, or one is told that it does not."""
    p = nn.Parameter(np.array([3.0], np.float32))
    a, b = p * 2.0, p * p
    uses = {
        "Tensor([a, b])": lambda: Tensor([a, b]),
        "Tensor((a, b))": lambda: Tensor((a, b)),
        "Tensor([[a], [b]])": lambda: Tensor([[a], [b]]),
        "Tensor([a, 1.0])": lambda: Tensor([a, 1.0]),
        "Tensor(np.array([a, b]))": lambda: Tensor(np.array([a, b])),
        "np.stack": lambda: Tensor(np.stack([a, b])),
        "concat": lambda: concat([a, b], axis=0),
        "np.add": lambda: np.add(a, b),
        "np.exp": lambda: np.exp(a),
        "sum of a list": lambda: sum([a, b]),
        "array + tensor": lambda: np.ones(1, np.float32) + a,
        "list + tensor": lambda: [1.0] + a,
        "np.mean": lambda: np.mean(a),
        "np.sum": lambda: np.sum(a),
        "np.dot": lambda: np.dot(a, b),
        "np.maximum": lambda: np.maximum(a, b),
        "np.asarray": lambda: Tensor(np.asarray(a)),
        "math.exp": lambda: Tensor(math.exp(a)),
    }
    what = list(uses)[rng.integers(len(uses))]
    explicit = what in (
        "np.asarray",
        "np.stack",
        "Tensor(np.array([a, b]))",
        "math.exp",
    )  # NumPy's own, where history ends

    def go():
        result = uses[what]()
        assert explicit or (isinstance(result, Tensor) and result.requires_grad), (
            f"{what} lost the graph: {result!r:.60}"
        )

    return Case(what, go, also=(TypeError,))


@kind(TENSORS, 1.5)
def changed_in_between(rng, place):
    """Numbers that change between forward and backward: the gradient of what was computed, or an error."""
    layer = nn.Linear(3, 3, bias=False)
    start = rng.uniform(0.5, 2, (3, 3)).astype(np.float32)
    layer.weight.data = start.copy()
    x = Tensor(rng.uniform(0.5, 2, (2, 3)).astype(np.float32), requires_grad=True)
    from tinyinception import optim

    def stepped():
        layer.weight.grad = np.ones((3, 3), np.float32)
        optim.SGD(list(layer.named_parameters()), lr=0.5).step()

    ways = {
        "an optimiser's step": stepped,
        "load_state_dict": lambda: layer.load_state_dict({"weight": start + 1}),
        "data replaced": lambda: setattr(layer.weight, "data", start + 1),
    }
    what = list(ways)[rng.integers(len(ways))]

    def go():
        y = (layer(x) * 1.0).sum() if rng.random() < 0.5 else (layer(x) * layer(x)).sum()
        x.grad = None
        y.backward(retain_graph=True)
        right = x.grad.copy()
        ways[what]()
        x.grad, layer.weight.grad = None, None
        y.backward()
        close(x.grad, right)

    return Case(f"{what} between forward and backward", go)


@kind(TENSORS, 1.5)
def deep_graphs(rng, place):
    depth = int(rng.choice([10, 1000, 5000, 20_000]))
    y = x = Tensor([1.0], requires_grad=True)
    for _ in range(depth):
        y = y + 0.001
    ways = {
        "pickle": lambda: pickle.loads(pickle.dumps(y)),
        "deepcopy": lambda: copy.deepcopy(y),
        "copy": lambda: copy.copy(y),
        "repr": lambda: y if repr(y) else None,
        "detach": lambda: y.detach(),
    }
    what = list(ways)[rng.integers(len(ways))]

    def go():
        close(ways[what]().numpy(), y.numpy())
        y.backward()
        assert x.grad == 1.0

    return Case(f"{what} of a graph of {depth}", go)


@kind(TENSORS, 2)
def odd_arguments(rng, place):
    x = Tensor(rng.standard_normal((2, 4)).astype(np.float32))
    n = [
        np.int64(2),
        np.int8(2),
        np.uint16(2),
        2,
        2.0,
        True,
        np.float64(2),
        np.array(2),
        np.array([2]),
        "2",
        None,
        -2,
        0,
        10**30,
        np.bool_(True),
        Tensor(2.0),
    ][rng.integers(16)]
    whole = isinstance(n, (int, np.integer)) and not isinstance(n, (bool, np.bool_)) and n == 2
    uses = {
        "split": lambda: [p.shape for p in x.split(n)] == [(2, 2), (2, 2)],
        "reshape": lambda: x.reshape(4, n).shape == (4, 2),
        "reshape to a tuple": lambda: x.reshape((4, n)).shape == (4, 2),
        "Linear": lambda: nn.Linear(n, 3)(x[:, :2]).shape == (2, 3),
        "Conv2d": lambda: nn.Conv2d(1, n, 1)(x.reshape(1, 2, 4, 1)).shape == (1, 2, 4, 2),
        "kernel": lambda: nn.MaxPool2d(n)(x.reshape(1, 2, 4, 1)).shape == (1, 1, 2, 1),
        "index": lambda: x.transpose(1, 0)[n].shape == x.numpy().T[n].shape,
        "flatten": lambda: x.reshape(1, 1, 2, 4).flatten(n).shape == (1, 1, 8),
        "axis": lambda: x.reshape(1, 2, 4).sum(axis=n).shape == (1, 2),
        "groups": lambda: nn.Conv2d(4, 4, 1, groups=n)(x.reshape(1, 1, 2, 4)).shape == (1, 1, 2, 4),
        "pad": lambda: x.pad([(0, 0), (n, 0)]).shape == (2, 6),
        "shape_only": lambda: Tensor.shape_only(n, 3).shape == (2, 3),
        "BatchNorm2d": lambda: nn.BatchNorm2d(n)(x[:, :2].reshape(1, 1, 2, 2)).shape == (1, 1, 2, 2),
    }
    what = list(uses)[rng.integers(len(uses))]

    def go():
        right = uses[what]()
        assert right, f"{what}({n!r}) gives another shape"
        odd = isinstance(n, (bool, np.bool_, str)) and what != "index"  # NumPy's indices may be of any kind
        assert not odd, f"{n!r} was accepted as a number"

    return Case(
        f"{what} with {type(n).__name__} {n!r:.12}",
        go,
        valid=whole and what != "reshape to a tuple",
        also=(TypeError, IndexError),
    )


@kind(TENSORS, 1)
def odd_powers_and_indices(rng, place):
    a = rng.uniform(0.5, 2, (3, 4)).astype(np.float32)
    x = Tensor(a, requires_grad=True)
    exponent = [2, 0.5, -1, 0, math.inf, -math.inf, math.nan, np.float32(2), True, 10**400, "2", None, 1j][
        rng.integers(13)
    ]
    index = [
        0,
        -1,
        slice(None, None, -1),
        [0, 0],
        [True, False, True],
        np.array([1, 1]),
        a > 1,
        None,
        ...,
        (0, 0),
        (..., 0),
        5,
        1.0,
        "0",
        (0, 0, 0),
        slice(5, 2),
        [],
    ][rng.integers(17)]
    power = rng.random() < 0.4

    def go():
        with np.errstate(all="ignore"):
            y = x**exponent if power else x[index]
            right = a ** np.float32(exponent) if power else a[index]
        np.testing.assert_allclose(y.numpy(), right, rtol=1e-5)
        if not power:
            counted = np.zeros_like(a)
            np.add.at(counted, index, 1)
            y.sum().backward()
            np.testing.assert_allclose(x.grad, counted)

    return Case(f"** {exponent!r:.20}" if power else f"[{index!r:.40}]", go, also=(TypeError, IndexError))
