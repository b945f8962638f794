"""Checkpoints whose digest is right and whose contents are not: made by a program, not by an accident."""

import json

import numpy as np

from tests.campaign import command
from tests.campaign.outcome import Case
from tests.campaign.registry import kind
from tinyinception.train.checkpoint import load, save

STATES = "checkpoint: states"
ODD = [None, 3, -1, "x", "", [], {}, [1, 2], {"a": 1}, True, 1e300, float("nan"), 2**70]


def rewritten(place, change):
    """A run whose checkpoint went through `change(tensors, state)`, with a digest that is valid again."""
    run = place.run_folder()
    tensors, state = load(run)
    change(tensors, state)
    save(run, tensors, state)
    return run


def same_result(place, run, words):
    """Whatever is accepted must end as the run that nobody touched: same figures, same numbers in the checkpoint."""

    def go():
        if words == ("evaluate",):
            found, right = (
                json.loads(command.run("evaluate", str(one), "--json")) for one in (run, place.shared / "run")
            )
            for name in ("test_loss", "test_accuracy"):
                assert found[name] == right[name], f"{name} is {found[name]}, not {right[name]}"
            return
        command.run(*words, str(run))
        found, right = load(run)[0], load(place.shared / "run")[0]
        assert found.keys() == right.keys()
        for name, array in right.items():
            np.testing.assert_array_equal(found[name], array, err_msg=name)

    return go


def pick(rng):
    return [("evaluate",), ("train", "--resume")][rng.integers(2)]


@kind(STATES, 2)
def a_part_of_another_type(rng, place):
    part = ("config", "data", "log", "position", "random")[rng.integers(5)]
    value = ODD[rng.integers(len(ODD))]
    missing = rng.random() < 0.2

    def change(tensors, state):
        state.pop(part) if missing else state.update({part: value})

    return Case(
        f"{part}: {'missing' if missing else repr(value)}", same_result(place, rewritten(place, change), pick(rng))
    )


@kind(STATES, 2)
def a_field_of_another_type(rng, place):
    part = ("data", "position", "random")[rng.integers(3)]
    value = ODD[rng.integers(len(ODD))]
    which = rng.random()
    told = []

    def change(tensors, state):
        name = list(state[part])[int(which * len(state[part]))]
        told.append(name)
        state[part][name] = value

    run = rewritten(place, change)
    return Case(
        f"{part}.{told[0]}: {value!r}", same_result(place, run, pick(rng) if part == "data" else ("train", "--resume"))
    )


@kind(STATES, 1)
def odd_rows_of_the_log(rng, place):
    value = ODD[rng.integers(len(ODD))]

    def change(tensors, state):
        name = list(state["log"][0])[rng.integers(len(state["log"][0]))]
        row = [{**state["log"][0], name: value}, {}, value][rng.integers(3)]
        state["log"] = row if rng.random() < 0.2 else [row]

    return Case(f"a log with {value!r}", same_result(place, rewritten(place, change), ("train", "--resume")))


@kind(STATES, 1.5)
def other_tensors(rng, place):
    names = list(load(place.shared / "run")[0])
    name = names[rng.integers(len(names))]
    what = ("missing", "doubled", "int64", "of bools", "flat", "empty", "under another name")[rng.integers(7)]

    def change(tensors, state):
        array = tensors.pop(name)
        if what == "doubled":
            tensors[name] = array
        if what != "missing":
            key = f"{name}x" if what in ("doubled", "under another name") else name
            tensors[key] = {
                "int64": array.astype(np.int64),
                "of bools": array > 0,
                "flat": array.reshape(-1),
                "empty": array.reshape(-1)[:0],
            }.get(what, array)

    return Case(f"{name}: {what}", same_result(place, rewritten(place, change), pick(rng)))


@kind(STATES, 1)
def weights_that_are_no_numbers(rng, place):
    names = [name for name in load(place.shared / "run")[0] if name.startswith("network/")]
    name, value = names[rng.integers(len(names))], [np.nan, np.inf, -np.inf][rng.integers(3)]

    def change(tensors, state):
        array = tensors[name] = tensors[name].copy()
        array.reshape(-1)[rng.integers(array.size)] = value
        if (averaged := f"average/average/{name.removeprefix('network/')}") in tensors:
            tensors[averaged] = array

    run, words = rewritten(place, change), pick(rng)

    def go():
        command.run(*words, str(run))
        raise AssertionError(f"`{' '.join(words)}` accepted it")

    return Case(f"{name} holds {value}", go)
