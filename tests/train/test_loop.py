"""Training: the loop, what is refused before work is lost, and what can be done with a finished run."""

import gc
import json
import os
import tracemalloc
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.tiny_runs import CONFIG, bits, fit, read_log, shades
from tinyinception import data, nn, train
from tinyinception.errors import (
    ArgumentError,
    CheckpointError,
    DataError,
    ShapeError,
    TinyInceptionError,
)
from tinyinception.nn import functional
from tinyinception.optim import Triangular
from tinyinception.tensor import Tensor
from tinyinception.train import loop, pictures
from tinyinception.train.checkpoint import load
from tinyinception.train.config import RECIPES
from tinyinception.train.crops import crop_scheme
from tinyinception.train.run import Run
from tinyinception.train.scores import Scores, log_probabilities, score
from tinyinception.train.session import Session

pytestmark = pytest.mark.usefixtures("tiny_network")


# -- the loop ------------------------------------------------------------------------------------------------------


def test_a_run_learns_and_leaves_everything_in_its_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "draw_pictures", pictures.draw_pictures)
    result = fit(tmp_path / "run", replace(CONFIG, epochs=12, average=None, lr=0.3, checkpoint_seconds=60))
    assert result.test_accuracy > 0.9
    assert result.epochs == 12
    assert result.run == str(tmp_path / "run")
    rows = read_log(result.run)
    assert [int(row["epoch"]) for row in rows] == list(range(1, 13))
    assert [int(row["step"]) for row in rows] == list(range(3, 37, 3))
    assert float(rows[-1]["test_accuracy"]) == result.test_accuracy
    assert result.seconds == pytest.approx(sum(float(row["seconds"]) for row in rows))
    assert {row["averaged_test_accuracy"] for row in rows} == {""}
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "activations.png",
        "best.safetensors",
        "checkpoint.safetensors",
        "config.json",
        "confusion.png",
        "curves.png",
        "live.html",
        "log.csv",
        "mistakes.png",
        "result.json",
        "state.json",
        "steps.csv",
    ]
    assert json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8")) == asdict(result)
    for picture in (tmp_path / "run").glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_equal_configs_give_equal_bits(tmp_path, finished):
    fit(tmp_path / "same")
    assert bits(tmp_path / "same") == bits(finished.run)


def test_the_seed_decides_both_the_first_weights_and_the_order_of_images():
    five, six = (Session(replace(CONFIG, seed=seed), shades()) for seed in (5, 6))
    assert (five.network.conv.weight.data != six.network.conv.weight.data).any()
    assert (five.train_loader.order(0) != six.train_loader.order(0)).any()


def test_every_step_uses_the_rate_of_the_schedule_at_that_step(tmp_path, monkeypatch):
    rates = []
    real = loop.train_step
    monkeypatch.setattr(loop, "train_step", lambda s, x, y: (real(s, x, y), rates.append(s.optimizer.lr))[0])
    fit(tmp_path / "run", replace(CONFIG, lr=0.9, warmup=0.5))
    assert rates == [Triangular(0.9, steps=9, peak=4)(step) for step in range(9)]
    assert [float(row["lr"]) for row in read_log(tmp_path / "run")] == rates[2::3]


def test_log_row_holds_means_over_the_epoch(tmp_path, monkeypatch):
    steps = []
    monkeypatch.setattr(loop, "train_step", lambda session, x, y: steps.append((len(y), len(steps))) or (len(steps), 8))
    fit(tmp_path / "run", replace(CONFIG, epochs=1))
    row = read_log(tmp_path / "run")[0]
    assert [size for size, _ in steps] == [16, 16, 16]
    assert float(row["train_loss"]) == 2.0
    assert float(row["train_accuracy"]) == 0.5


def one_step(config):
    session = Session(config, shades())
    before = session.network.state_dict()
    images, labels = next(session.train_loader.epoch(0))
    loss, correct = loop.train_step(session, images, labels)
    return session, before, images, labels, loss, correct


def test_a_step_is_the_gradient_of_smoothed_loss_plus_weighted_auxiliary_loss_plus_decay():
    """Against the same step written out by hand; SGD's first Nesterov step is p - lr (1 + momentum) g."""
    config = replace(CONFIG, lr=0.5, schedule="constant", aux_weight=0.7, label_smoothing=0.2, weight_decay=0.01)
    session, before, images, labels, loss, correct = one_step(config)
    another = Session(config, shades())
    other = another.network
    with nn.random.using(another.generator):
        logits, (aux,) = other(Tensor(images))
    target = np.full((16, 3), 0.2 / 3, np.float32)
    target[np.arange(16), labels] += 0.8
    main = -(functional.log_softmax(logits) * Tensor(target)).sum() / 16
    (main - (functional.log_softmax(aux) * Tensor(target)).sum() * (0.7 / 16)).backward()
    assert loss == pytest.approx(main.item(), rel=1e-6)
    assert correct == (logits.numpy().argmax(axis=1) == labels).sum()
    for name, parameter in other.named_parameters():
        gradient = parameter.grad + (0.01 * before[name] if parameter.ndim >= 2 else 0)
        np.testing.assert_allclose(
            session.network.state_dict()[name], before[name] - 0.5 * 1.9 * gradient, rtol=1e-4, atol=1e-6
        )


def test_auxiliary_heads_count_as_the_network_says_unless_the_config_does():
    assert Session(CONFIG, shades()).aux_weight == 0.3
    assert Session(replace(CONFIG, aux_weight=0.0), shades()).aux_weight == 0.0
    session, before, *_ = one_step(replace(CONFIG, aux_weight=0.0, weight_decay=0.0))
    np.testing.assert_array_equal(session.network.state_dict()["aux.weight"], before["aux.weight"])


def test_the_learning_rate_follows_the_schedule_and_the_gradient_norm_is_clipped():
    config = replace(CONFIG, warmup=0.5, lr=0.9, clip=1e-3, weight_decay=0.0)
    session, before, *_ = one_step(config)
    assert session.optimizer.lr == pytest.approx(0.9 / 5)  # 9 steps, the peak at step 4, rising from zero at step -1
    norm = np.sqrt(
        sum(
            ((array - before[name]) ** 2).sum()
            for name, array in session.network.state_dict().items()
            if "running" not in name
        )
    )
    assert norm == pytest.approx(0.18 * 1.9 * 1e-3, rel=1e-2)


def test_measuring_changes_nothing(finished):
    session = Session(CONFIG, shades())
    before, random_before = session.network.state_dict(), nn.random.get_state()
    first, second = (score(session.network, session.test_loader).log_probabilities for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert session.network.training
    assert nn.random.get_state() == random_before
    for name, array in session.network.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_memory_does_not_grow_with_the_steps():
    session = Session(replace(CONFIG, epochs=100), shades())
    images, labels = next(session.train_loader.epoch(0))

    def run(steps):
        for _ in range(steps):
            loop.train_step(session, images, labels)
        gc.collect()
        alive = sum(issubclass(type(thing), (Tensor, nn.Module)) for thing in gc.get_objects())  # proxies may be dead
        return alive, tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before, growths = run(200), []
        for _ in range(8):  # what Python and NumPy keep of small objects for the next ones fills up; a leak does not
            after = run(200)
            growths.append(after[1] - before[1])
            if after[0] == before[0] and growths[-1] < 5_000:
                break
            before = after
    finally:
        tracemalloc.stop()
    assert growths[-1] < 5_000, growths
    assert after[0] == before[0]


# -- refused before work is lost -----------------------------------------------------------------------------------


def test_a_run_is_never_overwritten(tmp_path):
    fit(tmp_path / "run", replace(CONFIG, epochs=1))
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(ArgumentError, match=r"already holds a run; continue it with .*--resume"):
        fit(tmp_path / "run")
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ArgumentError, match="not empty"):
        fit(tmp_path / "notes")
    with pytest.raises(ArgumentError, match="is a file"):
        fit(tmp_path / "notes" / "thesis.txt")


def test_an_unwritable_folder_is_refused_before_data_are_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "load_data", lambda *_: pytest.fail("data were loaded first"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(CheckpointError, match="cannot make the folder"):
        train.fit(CONFIG, tmp_path / "file" / "run")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(CheckpointError, match=r"config.json: Permission denied"):
        train.fit(CONFIG, tmp_path / "run")


def test_a_run_that_cannot_start_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(ShapeError, match="at least"):
        train.fit(CONFIG, tmp_path / "run", dataset=shades(side=4), progress=False)
    with pytest.raises(TinyInceptionError, match="no such folder"):
        train.fit(replace(CONFIG, data="./nowhere"), tmp_path / "run", progress=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", 1.5),
        ("batch_size", 0),
        ("lr", 0.0),
        ("lr", float("nan")),
        ("lr", "fast"),
        ("warmup", 1.0),
        ("weight_decay", -1e-9),
        ("label_smoothing", 1.0),
        ("aux_weight", -0.1),
        ("clip", 0.0),
        ("average", 1.0),
        ("crop", -1),
        ("cutout", 2.5),
        ("seed", -1),
        ("limit", 0),
        ("checkpoint_seconds", 0.0),
        ("flip", "yes"),
        ("model", None),
    ],
)
def test_every_bad_value_is_refused_by_name(name, value):
    with pytest.raises(ArgumentError, match=f"^{name} must be .*{value!r}"):
        train.Config(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "near"),
    [
        ("model", "inception_cifr", "inception_cifar"),
        ("optimizer", "sdg", "sgd"),
        ("schedule", "cosin", "cosine"),
        ("epoch", 3, "epochs"),
    ],
)
def test_unknown_names_suggest_the_nearest(name, value, near):
    with pytest.raises(ArgumentError, match=rf"did you mean ('{near}'|{near})\?"):
        train.Config.for_data("drawn", **{name: value})


def test_a_config_survives_json_and_follows_the_data_set():
    config = train.Config.for_data("cifar10", optimizer="adam", crop=0)
    assert train.Config.from_json(config.to_json()) == config
    assert config.epochs != train.Config().epochs
    assert config.lr != train.Config().lr
    for text in ("{", "[1]", '{"colour": 1}'):
        with pytest.raises(ArgumentError, match=r"config is no JSON|there is no colour"):
            train.Config.from_json(text)


def test_every_recipe_is_for_a_known_data_set_and_valid():
    assert set(RECIPES) <= set(data.names())
    for name, recipe in RECIPES.items():
        config = train.Config.for_data(name)
        assert {field: getattr(config, field) for field in recipe} == recipe


# -- scores, evaluate, predict -------------------------------------------------------------------------------------


@given(seed=st.integers(0, 10_000), n=st.integers(1, 12), k=st.integers(2, 7))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_scores_against_counting_by_hand(seed, n, k):
    rng = np.random.default_rng(seed)
    values, labels = rng.permuted(np.tile(np.arange(k), (n, 1)), axis=1) * -1.0, rng.integers(0, k, n)
    scores = Scores(values, labels)
    ranked = [sorted(range(k), key=lambda c, row=row: -row[c]) for row in values]
    for top in range(1, k + 1):
        assert scores.top(top) == sum(y in r[:top] for r, y in zip(ranked, labels, strict=True)) / n
    assert scores.accuracy == scores.top(1)
    assert scores.loss == pytest.approx(-sum(values[i][y] for i, y in enumerate(labels)) / n)
    by_hand = np.zeros((k, k), int)
    for r, y in zip(ranked, labels, strict=True):
        by_hand[y][r[0]] += 1
    np.testing.assert_array_equal(scores.confusion, by_hand)


def test_mirrored_crops_average_probabilities(finished):
    trained = train.load_run(finished.run)
    loader = replace(shades(), mean=trained.facts.mean, std=trained.facts.std).loader("test", 16)
    images = loader.normalize(loader.images)
    straight, mirror = (np.exp(log_probabilities(trained.network, x)) for x in (images, images[:, :, ::-1].copy()))
    assert np.abs(straight - mirror).max() > 1e-3
    both = np.exp(score(trained.network, loader, crop_scheme(2, (8, 8), (8, 8))).log_probabilities)
    np.testing.assert_allclose(both, (straight + mirror) / 2, rtol=1e-5)


@pytest.fixture
def shades_by_name(monkeypatch):
    """`data.load` as train uses it, giving the set the finished run was trained on."""
    monkeypatch.setattr("tinyinception.train.judge.load", lambda *_, **__: shades())


def test_evaluate_repeats_what_the_run_measured(finished, shades_by_name):
    last = read_log(finished.run)[-1]
    columns = {False: "test_accuracy", True: "averaged_test_accuracy", None: "averaged_test_accuracy"}
    for averaged, column in columns.items():
        report = train.evaluate(finished.run, averaged=averaged, batch_size=7)
        assert report["test_accuracy"] == float(last[column])
        assert report["averaged"] == (averaged is not False)
    loss = train.evaluate(finished.run, averaged=False)["test_loss"]
    assert loss == pytest.approx(float(last["test_loss"]), rel=1e-6)
    assert finished.test_accuracy == report["test_accuracy"]
    assert json.loads(json.dumps(report)) == report
    assert sum(map(sum, report["confusion"])) == report["images"] == 60
    assert [c["name"] for c in report["classes"]] == ["dark", "medium", "bright"]
    assert report["classes"][1]["accuracy"] == report["confusion"][1][1] / 20


def test_the_running_average_takes_in_every_step_and_is_measured_beside_the_last_parameters(finished):
    assert load(Path(finished.run))[0]["average/updates"] == 9
    last, average = (train.load_run(finished.run, averaged).network for averaged in (False, True))
    before = average.state_dict()
    assert all((array != before[name]).any() for name, array in last.state_dict().items())

    session = Session(CONFIG, shades())
    session.restore(Run(Path(finished.run)), *load(Path(finished.run)))
    for measured, network in zip(loop.measure(session), (last, average), strict=True):
        np.testing.assert_array_equal(measured.log_probabilities, score(network, session.test_loader).log_probabilities)
    np.testing.assert_array_equal(session.network.state_dict()["fc.weight"], last.state_dict()["fc.weight"])


def test_evaluate_refuses_what_it_cannot_do(finished, tmp_path, monkeypatch):
    monkeypatch.setattr("tinyinception.train.judge.load", lambda name, **_: data.load(name, limit=5))
    with pytest.raises(ArgumentError, match="crops must be one of 1, 2, 10, 12, 144, got 3"):
        train.evaluate(finished.run, crops=3)
    with pytest.raises(ArgumentError, match=r"drawn has the classes disc, .* was trained for dark, medium, bright"):
        train.evaluate(finished.run, "drawn")
    fit(tmp_path / "plain", replace(CONFIG, epochs=1, average=None))
    with pytest.raises(ArgumentError, match="without a running average"):
        train.evaluate(tmp_path / "plain", averaged=True)


def test_predict_classifies_files_as_the_network_classifies_their_pixels(finished, tmp_path):
    from PIL import Image

    dataset = shades()
    files = [tmp_path / f"{i}.png" for i in range(5)]
    for file, pixels in zip(files, dataset.test_images, strict=False):
        Image.fromarray(pixels).save(file)
    trained = train.load_run(finished.run)
    normalized = (dataset.test_images[:5] / 255 - trained.facts.mean) / trained.facts.std
    expected = functional.softmax(trained.network(Tensor(normalized.astype(np.float32))).logits).numpy()
    for answer, row in zip(train.predict(finished.run, files, top=2), expected, strict=True):
        assert [name for name, _ in answer] == [dataset.classes[k] for k in np.argsort(-row)[:2]]
        assert [p for _, p in answer] == pytest.approx(sorted(row, reverse=True)[:2], rel=1e-5)


def test_predict_refuses_what_is_no_image(finished, tmp_path):
    (tmp_path / "text.png").write_text("no image", encoding="utf-8")
    with pytest.raises(DataError, match=r"text.png cannot be read as an image"):
        train.predict(finished.run, [tmp_path / "text.png"])
    with pytest.raises(ArgumentError, match="top must be a whole number of at least 1"):
        train.predict(finished.run, [tmp_path / "text.png"], top=0)
    with pytest.raises(ArgumentError, match="no files"):
        train.predict(finished.run, [])
