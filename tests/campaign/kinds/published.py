"""Files of published weights: bytes that are no safetensors, and safetensors that are of something else."""

import io
import json
import pickle
import zipfile

import numpy as np

from tests.campaign import command
from tests.campaign.outcome import Case
from tests.campaign.registry import kind
from tests.campaign.shared import CLASSES, NETWORK
from tinyinception import models, nn
from tinyinception.errors import CheckpointError
from tinyinception.weights import load_weights

WEIGHTS = "published weights"


def network():
    with nn.shape_only():
        return models.build(NETWORK, num_classes=CLASSES)


def original(place):
    """(header, the numbers' bytes)."""
    contents = (place.shared / "weights.safetensors").read_bytes()
    size = int.from_bytes(contents[:8], "little")
    return json.loads(contents[8 : 8 + size]), contents[8 + size :]


def write(place, header, numbers):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = place.folder / "weights.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + numbers)
    return path


def refused(rng, place, path):
    image = str(place.shared / "images" / "cat" / "0.png")
    through = rng.random() < 0.5

    def go():
        if through:
            command.run("predict", "--model", NETWORK, "--weights", str(path), image)
        else:
            load_weights(network(), path)
        raise AssertionError("accepted")

    return go


def same(place, path):
    """Loads to the weights of the original."""

    def go():
        found, right = network(), network()
        load_weights(found, path)
        load_weights(right, place.shared / "weights.safetensors")
        found, right = found.state_dict(), right.state_dict()
        for name, array in right.items():
            np.testing.assert_array_equal(found[name], array, err_msg=name)

    return go


@kind(WEIGHTS, 3)
def other_entries(rng, place):
    """One tensor's entry in the header is changed; `predict` does not read those of auxiliary classifiers."""
    header, numbers = original(place)
    unread = ("__metadata__", "aux")
    names = [name for name in header if not name.startswith(unread) and not name.endswith("num_batches_tracked")]
    name = names[rng.integers(len(names))]
    entry = header[name]
    start, end = entry["data_offsets"]
    changes = {
        "offsets beyond the end": {"data_offsets": [start, len(numbers) + 4]},
        "offsets in reverse": {"data_offsets": [end, start]},
        "negative offsets": {"data_offsets": [-4, end]},
        "offsets of text": {"data_offsets": ["0", "4"]},
        "one offset": {"data_offsets": [start]},
        "offsets of another tensor": {"data_offsets": header[names[rng.integers(len(names))]]["data_offsets"]},
        "offsets of 2**64": {"data_offsets": [start, 2**64]},
        "an unknown dtype": {"dtype": "F7"},
        "dtype I32": {"dtype": "I32"},
        "dtype null": {"dtype": None},
        "dtype BOOL": {"dtype": "BOOL"},
        "dtype F64": {"dtype": "F64"},
        "a negative size": {"shape": [-1, *entry["shape"][1:]]},
        "a size more": {"shape": [*entry["shape"], 2]},
        "a huge size": {"shape": [2**62, 4]},
        "shape of text": {"shape": "3x3"},
        "no shape": {"shape": None},
        "a surplus field": {"shape": [int(np.prod(entry["shape"])) + 1]},
    }
    what = list(changes)[rng.integers(len(changes))]
    entry.update(changes[what])
    if what == "offsets of another tensor" and entry["data_offsets"] == [start, end]:
        entry["data_offsets"] = [start + 4, end]
    return Case(f"{name}: {what}", refused(rng, place, write(place, header, numbers)))


@kind(WEIGHTS, 2)
def other_files(rng, place):
    header, numbers = original(place)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02.")
    text = json.dumps(header).encode()
    contents = {
        "empty": b"",
        "seven bytes": bytes(7),
        "a header of 2**63 bytes": (2**63).to_bytes(8, "little") + b"{}",
        "a header of no bytes": bytes(8),
        "a header that is a list": (2).to_bytes(8, "little") + b"[]",
        "100,000 brackets": (100_000).to_bytes(8, "little") + b"[" * 100_000,
        "not UTF-8": (4).to_bytes(8, "little") + b"{\xff}x",
        "half a header": len(text).to_bytes(8, "little") + text[:100],
        "cut": len(text).to_bytes(8, "little") + text + numbers[: int(rng.integers(len(numbers)))],
        "longer": len(text).to_bytes(8, "little") + text + numbers + bytes(int(rng.integers(1, 99))),
        "a pickle": pickle.dumps({"a": [1, 2]}),
        "a zip": zipped.getvalue(),
        "random bytes": rng.bytes(5000),
        "no tensors": (2).to_bytes(8, "little") + b"{}",
        "a header of null": (4).to_bytes(8, "little") + b"null",
    }
    what = list(contents)[rng.integers(len(contents))]
    path = place.folder / "weights.safetensors"
    path.write_bytes(contents[what])
    return Case(what, refused(rng, place, path))


@kind(WEIGHTS, 2)
def other_names(rng, place):
    """Another network's, some missing, some surplus."""
    header, numbers = original(place)
    names = [name for name in header if name != "__metadata__"]
    chosen = [names[i] for i in rng.choice(len(names), int(rng.integers(1, 30)), replace=False)]
    chosen = [name for name in chosen if not name.endswith("num_batches_tracked")] or ["conv1.conv.weight"]
    what = ("renamed", "upper case", "with a NUL byte", "empty", "long", "a twin")[rng.integers(6)]
    for number, name in enumerate(chosen):
        entry = header[name] if what == "a twin" else header.pop(name)
        if what == "a twin":
            entry = {**entry, "shape": [0], "data_offsets": [len(numbers)] * 2}
        header[
            {
                "renamed": f"other.{number}",
                "upper case": name.upper(),
                "with a NUL byte": f"{name}\0",
                "empty": " " * number,
                "long": name * 1000,
                "a twin": f"{name}.twin",
            }[what]
        ] = entry
    return Case(f"{len(chosen)} names {what}", refused(rng, place, write(place, header, numbers)))


@kind(WEIGHTS, 2)
def a_prefix(rng, place):
    """What wrappers put before all names: it is stripped, or the error speaks of it."""
    header, numbers = original(place)
    prefix = ["module.", "_orig_mod.", "model.", "module._orig_mod.", "net.", "model.module.", "state_dict.", "ema."][
        rng.integers(8)
    ]
    path = write(place, {k if k == "__metadata__" else prefix + k: v for k, v in header.items()}, numbers)

    def go():
        refusal = None
        try:
            same(place, path)()
        except CheckpointError as error:
            refusal = error
        if refusal is not None:
            assert "prefix" in str(refusal), f"the error does not help: {refusal}"
            assert "ignore_aux" not in str(refusal), f"the error misleads: {refusal}"
            raise refusal

    return Case(f"all names begin with {prefix}", go)


@kind(WEIGHTS, 1)
def numbers_that_are_none(rng, place):
    header, numbers = original(place)
    names = [name for name in header if name.endswith("weight") and not name.startswith("aux")]
    name, value = names[rng.integers(len(names))], [np.nan, np.inf, -np.inf][rng.integers(3)]
    start, end = header[name]["data_offsets"]
    array = np.frombuffer(numbers[start:end], np.float32).copy()
    array[rng.integers(array.size)] = value
    path = write(place, header, numbers[:start] + array.tobytes() + numbers[end:])
    image = str(place.shared / "images" / "cat" / "0.png")

    def go():
        out = json.loads(command.run("predict", "--model", NETWORK, "--weights", str(path), image, "--json"))
        found = [one["probability"] for one in out["predictions"][0]["classes"]]
        assert abs(sum(found) - 1) < 1e-3, f"probabilities {found}"
        # -inf before a ReLU is a number again, so that finite probabilities need not be wrong
        assert not np.isnan(value), "NaN among the weights was accepted"

    return Case(f"{name} holds {value}", go)


@kind(WEIGHTS, 1)
def other_floats(rng, place):
    """float16 and float64 load, rounded as they must be."""
    from safetensors.numpy import load_file, save_file

    dtype = [np.float16, np.float64][rng.integers(2)]
    tensors = {
        k: v.astype(dtype) if v.dtype == np.float32 else v
        for k, v in load_file(place.shared / "weights.safetensors").items()
    }
    path = place.folder / "weights.safetensors"
    save_file(tensors, path)

    def go():
        found, right = network(), network()
        load_weights(found, path)
        load_weights(right, place.shared / "weights.safetensors")
        for (name, a), (_, b) in zip(found.state_dict().items(), right.state_dict().items(), strict=True):
            np.testing.assert_array_equal(a, b.astype(dtype).astype(np.float32), err_msg=name)

    return Case(f"weights of {np.dtype(dtype)}", go, valid=True)
