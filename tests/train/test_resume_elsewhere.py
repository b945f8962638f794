"""Runs continued from another folder, with data that have moved, and from states that cannot be."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save as to_bytes

from tests.helpers.tiny_runs import CONFIG, bits, fit, shades
from tinyinception import train
from tinyinception.errors import ArgumentError, CheckpointError, DataError
from tinyinception.train import checkpoint, loop
from tinyinception.train.checkpoint import load, save
from tinyinception.train.run import Run

pytestmark = pytest.mark.usefixtures("tiny_network")

OWN = replace(CONFIG, epochs=1, batch_size=4, data="set", average=None)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """tmp_path/here, with a folder of images "set" in it; it is the working folder."""
    place = tmp_path / "here"
    for i, name in enumerate(("cat", "dog")):
        (place / "set" / name).mkdir(parents=True)
        for j in range(10):
            pixels = np.random.default_rng(10 * i + j).integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(place / "set" / name / f"{j}.png")
    (tmp_path / "away").mkdir()
    monkeypatch.chdir(place)
    return place


def begun(out="run"):
    return train.fit(OWN, out, progress=False)


# -- where the data are ------------------------------------------------------------------------------------------------


def test_a_run_is_resumed_and_evaluated_from_any_folder(here, monkeypatch):
    result = begun()
    assert Run(here / "run").config.data == str(here / "set")
    monkeypatch.chdir(here.parent / "away")
    assert train.resume("../here/run", progress=False).test_accuracy == result.test_accuracy
    assert train.evaluate("../here/run", progress=False)["test_accuracy"] == result.test_accuracy
    monkeypatch.chdir(here)
    assert train.evaluate("run", "set", progress=False) == train.evaluate("run", progress=False)


def test_paths_as_they_were_typed_are_found_from_the_folders_above_the_run(here, monkeypatch):
    result = begun()
    run = Run(here / "run")
    run.write_config(replace(run.config, data="set"))
    monkeypatch.chdir(here.parent / "away")
    assert train.evaluate(here / "run", progress=False)["test_accuracy"] == result.test_accuracy
    assert train.resume(here / "run", progress=False).test_accuracy == result.test_accuracy
    assert run.config.data == str(here / "set")


def test_data_that_have_moved_are_asked_for_and_known_again(here):
    begun()
    before = bits("run")
    shutil.move("set", "moved")
    for call in (train.resume, train.evaluate):
        with pytest.raises(DataError, match=r"here/set, the folder of images .* is not there; .*with --data"):
            call("run", progress=False)
    assert train.evaluate("run", "moved", progress=False)["images"] == 4
    train.resume("run", "moved", progress=False)
    assert bits("run") == before
    assert Run(here / "run").config.data == str(here / "moved")
    train.resume("run", progress=False)


def test_other_images_under_the_same_names_are_refused_saying_so(here):
    begun()
    config = Path("run/config.json").read_bytes()
    shutil.copytree("set", "other")
    Image.new("RGB", (8, 8)).save("other/cat/3.png")
    with pytest.raises(CheckpointError, match=r"the checkpoint was made with .*data \w+ '\d+ images, .*', not '\d+ im"):
        train.resume("run", "other", progress=False)
    shutil.copytree("set", "third")
    (Path("third") / "dog").rename("third/wolf")
    with pytest.raises(CheckpointError, match=r"data classes \('cat', 'dog'\), not \('cat', 'wolf'\)"):
        train.resume("run", "third", progress=False)
    assert Path("run/config.json").read_bytes() == config
    os.rename("other/cat/3.png", "set/cat/3.png")
    with pytest.raises(CheckpointError, match="the checkpoint was made with"):
        train.resume("run", progress=False)


def test_a_checkpoint_of_an_older_version_knows_no_digest_and_is_resumed(here):
    begun()
    before = bits("run")
    tensors, state = load(Path("run"))
    for name in ("train", "test"):
        del state["data"][name]
    state["config"]["data"] = "set"
    save(Path("run"), tensors, state)
    train.resume("run", progress=False)
    assert bits("run") == before


def test_the_source_of_a_named_set_is_kept_with_its_whole_path_and_may_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("place").mkdir()
    config = replace(CONFIG, data="cifar10", source="place")
    assert config.located.source == str(tmp_path / "place")
    run = Run(tmp_path)
    assert run.find_data(config.located) == config.located
    Path("place").rmdir()
    assert run.find_data(config.located).source is None


# -- configs that cannot be --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"epochs": true}', "epochs must be a whole number"),
        ('{"seed": false}', "seed must be a whole number"),
        ('{"lr": true}', "lr must be a number"),
        ('{"lr": NaN}', "lr must be a number"),
        ('{"lr": Infinity}', "lr must be a number"),
        ('{"weight_decay": -Infinity}', "weight_decay must be a number"),
        (f'{{"lr": {10**400}}}', "lr must be a number"),
        (f'{{"epochs": {10**400}}}', "epochs must be a whole number"),
        (f'{{"crop": {10**20}}}', "crop must be a whole number"),
        (f'{{"epochs": {"9" * 5000}}}', "config is no JSON"),
        ('{"flip": 1}', "flip must be True, False or None"),
        ('{"data": 5}', "data must be a name, got 5"),
        ('{"data": []}', "data must be a name"),
        ('{"source": 3}', "source must be a name"),
        ('{"data": "a\\u0000b"}', "data must be a path"),
        ('{"source": "\\ud800"}', "source must be a path"),
        ('{"model": {}}', "model must be a name"),
        ('{"colour": 1}', "unknown field of Config"),
        ("[" * 100_000, "config is no JSON: brackets in brackets"),
        ('{"a":' * 100_000, "config is no JSON: brackets"),
        ("[]", "config is no JSON object"),
        ("", "config is no JSON"),
        ("null", "config is no JSON object"),
    ],
    ids=lambda value: value[:24],
)
def test_a_config_that_cannot_be_is_one_error_naming_the_field(tmp_path, text, message):
    with pytest.raises(ArgumentError, match=message):
        train.Config.from_json(text)
    (tmp_path / "config.json").write_text(text, encoding="utf-8")
    for call in (train.resume, train.evaluate, train.load_run):
        with pytest.raises(CheckpointError, match=rf"config\.json cannot be used: .*{message}"):
            call(tmp_path)


@pytest.mark.parametrize("out", ["a\0b", "\ud800", 5, None])
def test_folders_that_no_system_could_have_are_refused(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    for call in (fit, train.resume, train.evaluate):
        if out is not None or call is train.resume:
            with pytest.raises(ArgumentError, match="must be a path"):
                call([out] if call is train.evaluate else out)
    with pytest.raises(CheckpointError, match="File name too long"):
        fit("x" * 300)
    with pytest.raises(CheckpointError, match="File name too long"):
        train.resume("x" * 300)
    assert not list(tmp_path.iterdir())


# -- states that cannot be ---------------------------------------------------------------------------------------------


def altered(folder, finished, change):
    """A copy of a run whose checkpoint has another state, under a valid digest."""
    shutil.copytree(finished.run, folder)
    tensors, state = load(folder)
    change(tensors, state)
    save(folder, tensors, state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(position={}), "position has no batch, correct, epoch"),
        (lambda s: s.update(position=[1]), "position must be an object"),
        (lambda s: s.pop("position"), "position must be an object"),
        (lambda s: s["position"].update(step="3"), r"position\.step must be a whole number of at least 0, got '3'"),
        (lambda s: s["position"].update(step=True), r"position\.step must be a whole number"),
        (lambda s: s["position"].update(epoch=-1), r"position\.epoch must be a whole number of at least 0, got -1"),
        (lambda s: s["position"].update(epoch=10**30), "position must lie in 3 epochs of 3 batches"),
        (lambda s: s["position"].update(batch=1, images=16), "position must lie in 3 epochs of 3 batches"),
        (lambda s: s["position"].update(epoch=2, step=6, batch=4, images=64), "position must lie in 3 epochs"),
        (lambda s: s["position"].update(step=8), r"position\.step must be 9 in epoch 3, batch 0, got 8"),
        (lambda s: s["position"].update(images=16), r"position\.images must be what 0 batches hold, got 16"),
        (
            lambda s: s["position"].update(epoch=2, batch=1, step=7),
            r"position\.images must be what 1 batches hold, got 0",
        ),
        (lambda s: s["position"].update(loss_sum=float("nan")), r"position\.loss_sum must be a number"),
        (lambda s: s["position"].update(seconds=-1), r"position\.seconds must be a number"),
        (lambda s: s["position"].update(colour=1), "position has an unknown colour"),
        (lambda s: s.update(log={}), "log must be a list of 3 rows"),
        (lambda s: s["log"].pop(), "log must be a list of 3 rows, one an epoch, got 2 rows"),
        (lambda s: s["log"].__setitem__(1, "row"), r"log\[1\] must be an object"),
        (lambda s: s["log"][1].pop("lr"), r"log\[1\] has no lr"),
        (lambda s: s["log"][1].update(lr="fast"), r"log\[1\]\.lr must be a number"),
        (lambda s: s["log"][1].update(other=1), r"log\[1\] has an unknown other"),
        (lambda s: s.update(random=None), "set_state"),
        (lambda s: s.update(random={"bit_generator": "PCG64", "state": {"state": "x", "inc": 1}}), "set_state"),
        (lambda s: s["random"]["state"].update(state=-1), "set_state"),
        (lambda s: s["random"]["state"].update(state=10**60), "set_state"),
        (lambda s: s["random"].pop("uinteger"), "set_state"),
        (lambda s: s.update(config=None), "config must be an object"),
    ],
)
def test_a_state_that_cannot_be_is_refused_when_resumed_naming_the_field(tmp_path, finished, change, message):
    altered(tmp_path / "run", finished, lambda tensors, state: change(state))
    with pytest.raises(CheckpointError, match=f"checkpoint.safetensors cannot be used: .*{message}"):
        train.resume(tmp_path / "run", dataset=shades(), progress=False)
    assert not (tmp_path / "run" / "lock.json").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("data"), "data must be an object"),
        (lambda s: s["data"].pop("mean"), "data has no mean"),
        (lambda s: s["data"].update(colour=1), "data has an unknown colour"),
        (lambda s: s["data"].update(name=5), r"data\.name must be a text"),
        (lambda s: s["data"].update(train=5), r"data\.train must be a text"),
        (lambda s: s["data"].update(classes="abc"), r"data\.classes must be a list"),
        (lambda s: s["data"].update(classes=[]), r"data\.classes must be a list that is not empty"),
        (lambda s: s["data"].update(classes=[1, 2, 3]), r"data\.classes must be names, got 1"),
        (lambda s: s["data"].update(image_shape=[8, 8]), r"data\.image_shape must be height, width and channels"),
        (lambda s: s["data"].update(image_shape=[8, 8, -3]), r"data\.image_shape must be a whole number"),
        (lambda s: s["data"].update(mean=[0.5]), r"data\.mean must be 3 numbers, one a channel"),
        (lambda s: s["data"].update(mean=[0.5, None, 0.5]), r"data\.mean must be a number"),
        (lambda s: s["data"].update(std=[0.5, 0, 0.5]), r"data\.std must be a number in \(0, inf\), got 0"),
        (lambda s: s["data"].update(std=[0.5, float("nan"), 0.5]), r"data\.std must be a number"),
    ],
)
def test_data_facts_that_cannot_be_are_refused_by_every_use(tmp_path, finished, change, message):
    altered(tmp_path / "run", finished, lambda tensors, state: change(state))
    for use in (
        train.load_run,
        train.evaluate,
        lambda run: train.resume(run, dataset=shades(), progress=False),
        lambda run: train.predict(run, ["x.png"]),
    ):
        with pytest.raises(CheckpointError, match=f"checkpoint.safetensors cannot be used: .*{message}"):
            use(tmp_path / "run")


@pytest.mark.parametrize("name", ["network/fc.weight", "network/norm.running_var", "average/average/fc.weight"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused_by_every_use_of_them(tmp_path, finished, name, value):
    altered(tmp_path / "run", finished, lambda tensors, state: tensors[name].__setitem__(..., value))
    uses = [train.load_run, train.evaluate, lambda run: train.predict(run, ["x.png"])] * name.startswith("average")
    uses += [lambda run: train.resume(run, dataset=shades(), progress=False)]
    uses += [lambda run: train.load_run(run, averaged=False)] * name.startswith("network")
    for use in uses:
        with pytest.raises(CheckpointError, match=rf"{name.split('/')[-1]} holds NaN or infinity \("):
            use(tmp_path / "run")


def test_averages_that_do_not_cover_the_network_are_refused(tmp_path, finished):
    altered(tmp_path / "run", finished, lambda tensors, state: tensors.pop("average/average/norm.running_mean"))
    for use in (train.load_run, train.evaluate, lambda run: train.resume(run, dataset=shades(), progress=False)):
        with pytest.raises(CheckpointError, match=r"missing: (average/)?norm\.running_mean"):
            use(tmp_path / "run")


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "{", "null", '"x"'], ids=lambda text: text[:3])
def test_a_state_that_is_no_object_is_one_error(tmp_path, text):
    tensors = {"a": np.zeros(3, np.float32)}
    digest = checkpoint._digest(tensors, text)
    (tmp_path / "checkpoint.safetensors").write_bytes(to_bytes(tensors, {"state": text, "sha256": digest}))
    with pytest.raises(CheckpointError, match=r"checkpoint\.safetensors: its state is no JSON"):
        load(tmp_path)


def test_a_header_of_brackets_is_one_error(tmp_path):
    header = b'{"__metadata__": ' + b"[" * 100_000
    (tmp_path / "checkpoint.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(CheckpointError, match="damaged or cannot be read"):
        load(tmp_path)


def test_an_epoch_that_took_no_time_by_a_coarse_clock_is_no_division_by_zero(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "clock", lambda: 1.0)
    assert np.isfinite(fit(tmp_path / "run", replace(CONFIG, epochs=1)).images_per_second)


def test_a_finished_run_has_a_state_that_can_be(finished, tmp_path):
    altered(tmp_path / "run", finished, lambda tensors, state: None)
    assert train.resume(tmp_path / "run", dataset=shades(), progress=False).test_accuracy == finished.test_accuracy
    state = json.loads((tmp_path / "run" / "state.json").read_text(encoding="utf-8"))
    assert state["data"]["train"].startswith("60 images, ")
