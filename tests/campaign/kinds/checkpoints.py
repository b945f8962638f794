"""Checkpoint files with other bytes than were saved, and config.json edited by hand."""

import json
import os
import pickle

import numpy as np

from tests.campaign import command
from tests.campaign.outcome import Case, Damaged
from tests.campaign.registry import kind
from tinyinception.train.checkpoint import CHECKPOINT, load

BYTES = "checkpoint: bytes"
CONFIG = "config.json"
USES = (("evaluate",), ("train", "--resume"), ("predict",))


def use(rng, place, run):
    """A command that reads the run, which must fail."""
    words = USES[rng.integers(len(USES))]
    image = [str(place.shared / "images" / "cat" / "0.png")] if words == ("predict",) else []

    def go():
        command.run(*words, str(run), *image)
        raise AssertionError(f"`{' '.join(words)}` accepted it")

    return go


def same_or_refused(place, run):
    """Loading gives what was saved, or an error; padding may change unseen."""

    def go():
        found, state = load(run)
        right, right_state = load(place.shared / "run")
        assert state == right_state
        assert found.keys() == right.keys()
        for name, array in right.items():
            np.testing.assert_array_equal(found[name], array)

    return go


def damaged(run, change):
    path = run / CHECKPOINT
    good = path.read_bytes()
    path.write_bytes(change(good))


@kind(BYTES, 3)
def one_bit(rng, place):
    run = place.run_folder()
    size = (run / CHECKPOINT).stat().st_size
    at, bit = int(rng.integers(2000 if rng.random() < 0.6 else size)), int(rng.integers(8))

    def change(good):
        out = bytearray(good)
        out[at] ^= 1 << bit
        return out

    damaged(run, change)
    return Case(f"bit {bit} of byte {at}", same_or_refused(place, run))


@kind(BYTES, 2)
def some_bytes(rng, place):
    run = place.run_folder()
    count = int(rng.integers(2, 64))

    def change(good):
        out = np.frombuffer(good, np.uint8).copy()
        out[rng.integers(len(good), size=count)] = rng.integers(256, size=count)
        return out.tobytes()

    damaged(run, change)
    return Case(f"{count} random bytes", same_or_refused(place, run))


@kind(BYTES, 2)
def shorter_or_longer(rng, place):
    run = place.run_folder()
    size = (run / CHECKPOINT).stat().st_size
    length = int(rng.choice([0, 1, 7, 8, 9, 100, size - 1, rng.integers(size), rng.integers(size)]))
    if rng.random() < 0.7:
        damaged(run, lambda good: good[:length])
        return Case(f"cut to {length} bytes", use(rng, place, run))
    extra = rng.bytes(int(rng.integers(1, 5000)))
    damaged(run, lambda good: good + extra)
    return Case(f"{len(extra)} bytes appended", use(rng, place, run))


@kind(BYTES, 2)
def zeroed(rng, place):
    run = place.run_folder()
    size = (run / CHECKPOINT).stat().st_size
    length = int(rng.choice([1, 16, 512, 4096]))
    at = int(rng.integers(size - length))
    damaged(run, lambda good: good[:at] + bytes(length) + good[at + length :])
    return Case(f"{length} zeros at {at}", same_or_refused(place, run))


@kind(BYTES, 1)
def something_else(rng, place):
    run = place.run_folder()
    mark = place.folder / "executed"
    text = json.dumps({"__metadata__": {"state": "{}"}}).encode()
    contents = {
        "random bytes": rng.bytes(int(rng.integers(1, 10_000))),
        "a pickle that would run a program": pickle.dumps(_Program(f"touch {mark}"), protocol=2),
        "the header of a safetensors file alone": len(text).to_bytes(8, "little") + text,
        "a header of 2**62 bytes": (1 << 62).to_bytes(8, "little") + b"{}",
        "a header of 100,000 brackets": (100_000).to_bytes(8, "little") + b"[" * 100_000,
        "text": b"not a checkpoint\n" * 10,
    }
    what = list(contents)[rng.integers(len(contents))]
    damaged(run, lambda _: contents[what])
    go = use(rng, place, run)

    def watched():
        try:
            go()
        finally:
            if mark.exists():
                raise Damaged("the pickle was executed")

    return Case(what, watched)


class _Program:
    def __init__(self, line):
        self.line = line

    def __reduce__(self):
        return os.system, (self.line,)


@kind(BYTES, 0.5)
def no_file(rng, place):
    run = place.run_folder()
    path = run / CHECKPOINT
    path.unlink()
    what = ("missing", "a folder", "a dangling link", "a link to itself")[rng.integers(4)]
    if what == "a folder":
        path.mkdir()
    elif what != "missing":
        path.symlink_to(path if "itself" in what else "nothing")
    image = str(place.shared / "images" / "cat" / "0.png")

    def go():
        command.run("predict", str(run), image)  # to resume may mean to begin anew
        raise AssertionError("accepted")

    return Case(what, go)


# -- config.json ---------------------------------------------------------------------------------------------------

WRONG = {  # values that a field does not take
    "model": [7, "no_such_network", "", "inception_v3\n"],
    "data": [7, [], {}],
    "epochs": ["3", 0, -1, 1.5, 1e300],
    "batch_size": ["16", 0, -4, 16.5],
    "optimizer": ["adamw2", 1, ""],
    "lr": ["fast", 0, -0.1],
    "schedule": ["linear", 2],
    "warmup": ["0.1", -0.1, 1.0, 7],
    "weight_decay": ["0", -1e-9, None],
    "label_smoothing": ["0.1", 1.0, -0.1, None],
    "clip": ["1", 0, -1],
    "average": ["0.9", 0, 1, 1.5],
    "crop": ["2", -1, 0.5, None],
    "cutout": ["2", -1, 0.5, None],
    "seed": ["0", -1, 0.5, None],
    "limit": ["32", 0, -1, 1.5],
    "holdout": ["32", 0, -1, 1.5, 10**9],
    "checkpoint_seconds": ["60", 0, -1, None],
}
NEVER = [{}, [], [1], {"a": 1}, float("nan"), float("-inf")]  # nor any other
NUMERIC = [name for name in WRONG if name not in ("model", "data", "optimizer", "schedule")]


@kind(CONFIG, 4)
def a_wrong_value(rng, place):
    run = place.run_folder()
    name = list(WRONG)[rng.integers(len(WRONG))]
    values = WRONG[name] + NEVER + ([True, False] if name in NUMERIC else [])
    value = values[rng.integers(len(values))]
    edited(run, **{name: value})
    return Case(f"{name}: {value!r}", use(rng, place, run))


@kind(CONFIG, 1)
def an_unknown_key(rng, place):
    run = place.run_folder()
    name = ("epoch", "learning_rate", "", "Epochs", "__class__", "data\x00", "é")[rng.integers(7)]
    edited(run, **{name: 1})
    return Case(f"the key {name!r}", use(rng, place, run))


def edited(run, **changes):
    path = run / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


@kind(CONFIG, 1.5)
def no_config(rng, place):
    run = place.run_folder()
    path = run / "config.json"
    text = path.read_bytes()
    contents = {
        "empty": b"",
        "half": text[: len(text) // 2],
        "null": b"null",
        "a list": b"[]",
        "a number": b"17",
        "100,000 brackets": b"[" * 100_000,
        "100,000 objects": b'{"a":' * 100_000,
        "not UTF-8": b'{"model": "\xff\xfe"}',
        "UTF-16": text.decode().encode("utf-16"),
        "a number of 10,000 digits": b'{"epochs": ' + b"9" * 10_000 + b"}",
        "NUL bytes": bytes(200),
        "random bytes": rng.bytes(300),
        "a lone surrogate": b'{"model": "\\ud800"}',
    }
    what = list(contents)[rng.integers(len(contents))]
    path.write_bytes(contents[what])
    return Case(what, use(rng, place, run))


@kind(CONFIG, 0.5)
def no_run(rng, place):
    run = place.run_folder()
    (run / "config.json").unlink()
    places = {
        "no config.json": str(run),
        "an image": str(place.shared / "images" / "cat" / "0.png"),
        "nowhere": "nowhere",
        "a NUL byte": "run\0x",
        "too long a name": "r" * 300,
        "too long a path": "r/" * 3000,
        "the root": "/",
        "a lone surrogate": "run\udce9",
        "nothing": "",
    }
    what = list(places)[rng.integers(len(places))]
    return Case(f"a run folder that is {what}", use(rng, place, places[what]))
