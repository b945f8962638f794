"""CONTRIBUTING: its example runs, the files that it names are there, and imports point the one way that it says."""

import ast
import re
from graphlib import TopologicalSorter

import numpy as np
import pytest

import tinyinception
from tests.helpers.places import ROOT
from tinyinception import nn
from tinyinception.count import summary
from tinyinception.tensor import Tensor, apply, plain_executor

pytestmark = pytest.mark.usefixtures("one_thread")

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "tinyinception"


@pytest.fixture(scope="module")
def example():
    """The names that the Python block leaves behind."""
    [block] = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert len(block.splitlines()) <= 30
    names = {}
    exec(compile(block, "CONTRIBUTING.md", "exec"), names)
    return names


class Net(nn.Module):
    def __init__(self, op):
        self.op, self.unit = op, nn.ConvUnit(3, 4, 3)

    def forward(self, x):
        return apply(self.op, self.unit(x))


def test_its_operation_is_right_and_its_gradient_too(example):
    np.testing.assert_allclose(example["y"].numpy(), [[0.31326169, 2.12692801]], rtol=1e-6)
    assert example["report"].ok


@pytest.mark.parametrize(
    "declared", [{}, {"keeps": lambda self, wanted: tinyinception.ops.Keeps((True,))}, {"new_arrays": True}]
)
def test_its_operation_is_executed_in_every_way_also_with_what_is_optional(example, declared):
    op = type("Softplus", (example["Softplus"],), declared)()
    x, losses, grads = np.random.default_rng(0).random((2, 6, 6, 3), np.float32), [], []
    tinyinception.manual_seed(0)
    net = Net(op)

    def step(images):
        total = net(images).sum()
        total.backward()
        return total

    def once(call, images):
        for parameter in net.parameters():
            parameter.grad = None
        losses.append(call(images).item())
        grads.append([parameter.grad.copy() for parameter in net.parameters()])

    captured = tinyinception.capture(step, net)
    with plain_executor():
        once(step, Tensor(x))
    for _ in range(4):
        once(captured, x)
    assert len(captured.recordings) == 1
    assert len(set(losses)) == 1
    for other in grads[1:]:
        for one, two in zip(grads[0], other, strict=True):
            np.testing.assert_array_equal(one, two)
    assert [row.op for row in summary(net, 8).rows][-1] == "Softplus"


def test_the_files_that_it_names_are_there():
    spans = [
        s for s in re.findall(r"`([^`\n]+)`", TEXT) if re.fullmatch(r"[\w./{},]+\.(py|md|toml|json)|[\w.]+(/\w+)+/?", s)
    ]
    assert len(spans) > 20
    for span in spans:
        front, braces, back = re.fullmatch(r"([^{]*)(?:\{(.*)\})?(.*)", span).groups()
        for part in (braces or "").split(","):
            name = f"{front}{part}{back}".replace("NN_name", "01_autograd")
            places = (
                ROOT / name,
                PACKAGE / name,
                ROOT / "lessons" / name,
                PACKAGE / "kernels" / name,
                ROOT / "tests/kernels" / name,
            )
            places += (ROOT / "tests/course" / name,)
            assert any(place.exists() for place in places), span


def test_it_is_short():
    assert len(TEXT.splitlines()) <= 150


def imports(body):
    """The names of the package's rooms that are imported when a module is."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module == "tinyinception":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tinyinception."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from imports(node.body + node.orelse)


def test_imports_point_one_way_the_one_it_says():
    known: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        known.setdefault(room, set()).update(imports(ast.parse(file.read_text(encoding="utf-8")).body))
    for room in known:
        known[room].discard(room)
    known["__init__"].clear()  # the public names, each found when it is first asked for
    list(TopologicalSorter(known).static_order())  # CycleError where there is a circle
    said = TEXT.partition("5. Imports point one way: ")[2].partition(";")[0]
    order = re.findall(r"`(\w+)`", said)
    assert len(order) == 13
    for place, room in enumerate(order):
        later = set(order[place + 1 :]) & reached(room, known)
        assert not later, (room, later)


def reached(room, known):
    """All rooms that a room needs, also by way of others."""
    found, stack = set(), [room]
    while stack:
        for other in known.get(stack.pop(), set()) - found:
            found.add(other)
            stack.append(other)
    return found
