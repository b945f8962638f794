"""The checks of exercises, tried on solutions in which one token was changed: each must be refused.

A mutant that computes the same for every argument that the exercise allows is no mistake; EQUIVALENT lists these.
"""

import ast
import copy
import os

import pytest

from tinyinception.course import exercises as room
from tinyinception.course.files import find, load

CAUGHT = 0.9  # of all mutants that are not equivalent
SECONDS = 2.0  # for a mutant that never ends

# (lesson's name, exercise): the mutants, as `python -m tests.course.test_mutants` prints them, that are no mistakes.
EQUIVALENT: dict[tuple[str, str], set[str]] = {
    # divisions without a remainder, by what the exercise says
    ("counting", "conv_parameters"): {"m // groups: FloorDiv to Div"},
    ("googlenet", "widths_of"): {"out // 8: FloorDiv to Div", "eighth // 4: FloorDiv to Div"},
    ("table_1", "weights_of"): {"operations // (grid * grid): FloorDiv to Div"},
    ("two_3x3", "break_even"): {"(k + 1) // 2: FloorDiv to Div", "1: +1"},  # k is odd: (k + 2) // 2 is as much
    ("grid_reduction", "reduction_costs"): {"d // 2: FloorDiv to Div"},
    ("grid_reduction", "narrowest"): {"d // 2: FloorDiv to Div"},
    ("grid_reduction", "side_by_side"): {"d // 2: FloorDiv to Div"},
    ("v2_and_v3", "modules_for"): {"left // 5: FloorDiv to Div", "0: +1"},  # left is a multiple of 5
    # an int() or a later // takes off what comes after the point
    ("two_3x3", "widest_middle"): {"share * 25 * m * n // (9 * (m + n)): FloorDiv to Div"},
    ("low_resolution", "times_cheaper"): {"(side - kernel) // stride: FloorDiv to Div"},
    # both cannot be equal: in units of 32 / 1e6 one side is an even number and the other an odd one
    ("table_1", "consistent"): {"least <= operations_m + 0.5: LtE to Lt", "operations_m - 0.5 <= most: LtE to Lt"},
    # widths are multiples of 8 up to 1024, so weights are multiples of 64
    ("table_1", "repairs"): {"1025: +1", "512: +1"},
    ("auxiliary", "deepest"): {"left >= least * (1 - 1e-12): GtE to Gt"},  # the 1e-12 decides
    ("training", "running_average"): {"1: -1"},  # the mean of the first value and itself
    ("principles", "neighbour_correlation"): {"(0, 1): swap"},  # a correlation has no direction
    ("low_resolution", "shrink"): {"(1, 3): swap"},  # both axes are averaged
    ("low_resolution", "width_of_equal_cost"): {  # squared
        "-(-side // stride): drop the minus",
        "-(-new_side // new_stride): drop the minus",
    },
    ("two_3x3", "stacked"): {"(np.asarray(a, dtype=float), np.asarray(b, dtype=float)): swap"},  # either order is right
    ("seeing", "grad_cam"): {"(0, 1): swap"},  # both axes are summed
    ("seeing", "climb"): {"weights @ x > 0: Gt to GtE"},  # at 0 either slope will do
    ("gradient_checks", "fooled"): {"np.abs(gradient(x, cotangent) - numeric).max() < 1e-06: Lt to LtE"},
}

SWAPS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.Div],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Div],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.MatMult: [],
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
}


def mutants(function):
    """What was changed in words, and the changed definition, for each change of one token."""
    kept = [one.value for one in ast.walk(function) if isinstance(one, ast.keyword) and one.arg == "strict"]
    for number, node in enumerate(ast.walk(function)):
        if node in kept:  # of zip: an assertion
            continue
        for told, change in _changes(node):
            changed = copy.deepcopy(function)
            twin = next(one for i, one in enumerate(ast.walk(changed)) if i == number)
            before = ast.unparse(node)
            change(twin)
            after = ast.unparse(changed)
            if after != ast.unparse(function):
                yield f"{before}: {told}", changed


def _changes(node):
    """What one token of a node may become: words, and the function that changes a copy of the node."""
    if isinstance(node, (ast.BinOp, ast.BoolOp)):
        for other in SWAPS.get(type(node.op), []):
            yield (
                f"{type(node.op).__name__} to {other.__name__}",
                lambda twin, other=other: setattr(twin, "op", other()),
            )
        if isinstance(node, ast.BinOp) and _is_one(node.right) and isinstance(node.op, (ast.Add, ast.Sub)):
            yield "drop the 1", lambda twin: _become(twin, twin.left)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in SWAPS.get(type(node.ops[0]), []):
            yield f"{type(node.ops[0]).__name__} to {other.__name__}", lambda twin, o=other: setattr(twin, "ops", [o()])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "drop the minus", lambda twin: _become(twin, twin.operand)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for step in (1, -1):
            yield f"{step:+}", lambda twin, step=step: setattr(twin, "value", twin.value + step)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield "not", lambda twin: setattr(twin, "value", not twin.value)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "drop .T", lambda twin: _become(twin, twin.value)
    if isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.ctx, ast.Load):
        yield "swap", lambda twin: twin.elts.reverse()


def _become(twin, other):
    """Put another node in a node's place, which its parent goes on to hold."""
    twin.__class__ = other.__class__
    twin.__dict__ = dict(other.__dict__)


def _is_one(node):
    return isinstance(node, ast.Constant) and node.value == 1


def tried(lesson):
    """(exercise, mutant, whether it is caught) for each mutant of a lesson's solutions that is not equivalent."""
    path = lesson.beside("solutions")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checks = {exercise.name: exercise for exercise in room.exercises(lesson)}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name not in checks:
            continue
        exercise = checks[node.name]
        quick = room.Exercise(
            **{**{f: getattr(exercise, f) for f in exercise.__dataclass_fields__}, "seconds": SECONDS, "mistakes": {}}
        )
        bare = copy.deepcopy(node)
        if ast.get_docstring(bare) and len(bare.body) > 1:
            bare.body = bare.body[1:]
        for told, changed in mutants(bare):
            if told in EQUIVALENT.get((lesson.name, node.name), ()):
                continue
            names = vars(load(path))
            try:
                exec(compile(ast.fix_missing_locations(ast.Module([changed], [])), str(path), "exec"), names)
            except Exception:  # it does not even begin
                continue
            yield node.name, told, not room.judge(quick, names[node.name]).solved


def test_the_mutants_of_a_function():
    function = ast.parse("def f(a, k):\n    return (a - k) // 2 + 1 if a < -k else a.T").body[0]
    found = {told for told, _ in mutants(function)}
    assert found == {
        "(a - k) // 2 + 1: Add to Sub", "(a - k) // 2 + 1: drop the 1", "a < -k: Lt to LtE", "a < -k: Lt to GtE",
        "a.T: drop .T", "(a - k) // 2: FloorDiv to Div", "1: +1", "1: -1", "a - k: Sub to Add", "2: +1", "2: -1",
        "-k: drop the minus",
    }  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="a mutant that never ends is stopped by a signal")
@pytest.mark.parametrize("lesson", find().values(), ids=lambda lesson: lesson.path.stem)
def test_checks_refuse_solutions_with_one_token_changed(lesson):
    results = list(tried(lesson))
    survived = [f"{name}: {told}" for name, told, caught in results if not caught]
    assert len(survived) <= (1 - CAUGHT) * len(results), "\n".join(survived)


if __name__ == "__main__":  # the survivors of all lessons, or of those whose names are given
    import sys

    total, lost = 0, 0
    for one in find().values():
        if len(sys.argv) > 1 and one.name not in sys.argv[1:]:
            continue
        found = list(tried(one))
        alive = [(name, told) for name, told, caught in found if not caught]
        total, lost = total + len(found), lost + len(alive)
        print(f"{one.path.stem}: {len(found) - len(alive)} of {len(found)} caught", flush=True)
        for name, told in alive:
            print(f"    {name}: {told!r}")
    print(f"{total - lost} of {total} caught ({(total - lost) / max(1, total):.1%})")
