"""One declaration of each setting: Config's checks, its JSON and TOML, its docstring, and the flags of `train`."""

import json
import re
from dataclasses import asdict, replace

import pytest

from tinyinception import data, models, train
from tinyinception.cli import main, training
from tinyinception.cli.parser import COMMANDS, UsageError, parse
from tinyinception.errors import ArgumentError
from tinyinception.kernels import jit
from tinyinception.train.config import OF_RUNS, Config

OTHER = {
    "model": "plain_cifar",
    "data": "cifar10",
    "source": "disk",
    "epochs": 2,
    "batch_size": 7,
    "optimizer": "muon",
    "lr": 0.25,
    "bias_lr": 6.5,
    "head_lr": 0.5,
    "momentum": 0.8,
    "lookahead": 5,
    "schedule": "cosine",
    "warmup": 0.1,
    "weight_decay": 1e-4,
    "label_smoothing": 0.2,
    "aux_weight": 0.4,
    "clip": 2.0,
    "average": 0.999,
    "flip": True,
    "alternating_flip": True,
    "border": "reflect",
    "whiten": None,
    "crop": 4,
    "cutout": 8,
    "early_size": 28,
    "early_epochs": 1,
    "seed": 9,
    "limit": 5,
    "holdout": 7,
    "checkpoint_seconds": 5.0,
    "model_options": {"dropout": 0.3},
    "weights": "w.safetensors",
    "freeze": ("stem", "a*"),
    "patience": 3,
}


def trained(monkeypatch, *words):
    """The config with which `tinyinception train WORDS` calls `train.fit`."""
    calls = []
    monkeypatch.setattr(jit, "set_threads", lambda n: None)
    monkeypatch.setattr(
        train,
        "fit",
        lambda config, out, **_: calls.append(config) or train.Result(0.5, 2, 60.0, 1000.0, "runs/x"),
    )
    status = main(["train", *map(str, words)])
    return calls[0] if status == 0 else status


def test_every_field_of_config_is_a_flag_and_says_in_help_what_it_is(capsys):
    main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for name, one in Config.settings().items():
        assert name in Config.__doc__
        if name not in OF_RUNS:
            assert f"{one.name_of_flag(name)}" in text
            assert " ".join(f"{one.help}{one.told}".split()) in text
    for group in ("data:", "network:", "recipe:", "run:"):
        assert group in text


def test_flags_give_every_field(monkeypatch):
    config = Config.for_data("cifar10", **{name: value for name, value in OTHER.items() if name != "data"})
    assert set(OTHER) | {"input_size", "network", *OF_RUNS} == set(asdict(config))
    assert trained(monkeypatch, *config.flags()) == config
    assert trained(monkeypatch) == Config.for_data("drawn")
    assert trained(monkeypatch, "--flip").flip is True
    own = Config(data="photos", input_size=79, network="mine:Net")
    assert trained(monkeypatch, *own.flags()[2:]) == replace(own, model="inception_cifar")


def test_what_is_off_by_default_can_be_said_to_be_off(monkeypatch, capsys):
    config = Config(lookahead="off", whiten="off", clip="off", average="off", holdout="off", patience="off")
    assert config == Config()
    words = [word for name in ("whiten", "clip") for word in (f"--{name}", "off")]
    assert trained(monkeypatch, *words) == Config.for_data("drawn")
    assert trained(monkeypatch, "--clip", "of") == 2
    assert "argument --clip: invalid float value: 'of'" in capsys.readouterr().err
    for name in ("epochs", "lr", "limit"):
        with pytest.raises(ArgumentError, match=f"{name} must be a"):
            Config(**{name: "off"})


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("dropout=0.2", 0.2),
        ("aux=False", False),
        ("aux=false", False),
        ("widths=(3, 4)", (3, 4)),
        ("widths=[3]", [3]),
        ("convention=slim", "slim"),
        ("towers=2", 2),
        ("convention='a b'", "a b"),
        ("x=", ""),
    ],
)
def test_model_options_are_parsed_as_python_or_toml_write_them(word, value):
    name = word.partition("=")[0]
    options = parse(["train", "--model-option", word, "--model-option", "other=1"])
    assert training.given(options)["model_options"] == {name: value, "other": 1}


def test_model_options_reach_the_network_and_wrong_ones_are_refused_by_name():
    assert Config(model="alexnet", model_options={"towers": 1}).model_options == {"towers": 1}
    for options, message in (
        ({"colour": 1}, "there is no colour; it takes by name num_classes, channels, dropout, .* and"),
        ({"num_classes": 5}, "has no option num_classes"),
        ({"dropout": object()}, "dropout must be something that JSON can hold"),
        ([1], "model_options must be options by name"),
    ):
        with pytest.raises(ArgumentError, match=message):
            Config(model_options=options)
    for model, option, value, message in (
        ("inception_v3", "aux", "no", "aux must be True or False, got 'no'"),
        ("inception_cifar", "dropout", "much", "dropout must be a number, got 'much'"),
        ("inception_cifar", "unit", "ConvUnit", "unit must be a function, which no text stands for"),
        ("inception_resnet_v2", "scales", [1], "scales must be as many numbers as by default"),
        ("inception_v2", "reading", 3, "reading must be a text, got 3"),
    ):
        with pytest.raises(ArgumentError, match=message):
            Config(model=model, model_options={option: value})
    with pytest.raises(UsageError, match="must be NAME=VALUE, got 'dropout'"):
        parse(["train", "--model-option", "dropout"])


def test_a_config_survives_json_whatever_it_holds():
    for config in (
        Config(**{**OTHER, "source": None, "data": "photos", "input_size": 64}),
        Config(model="inception_resnet_v2", model_options={"scales": [0.1, 0.2, 0.3]}, extended=((3, 2),)),
    ):
        again = Config.from_json(config.to_json())
        assert again == config
        assert not config.differences(json.loads(config.to_json()))


def test_configs_from_before_a_field_was_there_still_load():
    old = {"model": "plain_cifar", "data": "mine", "epochs": 2, "lr": 0.1}
    config = Config.from_json(json.dumps(old))
    assert (config.model_options, config.freeze, config.weights, config.patience) == ({}, (), None, None)
    assert config.input_size == 32  # which all folders had then
    full = {**asdict(config)}
    for name in ("model_options", "freeze", "weights", "patience", "input_size", "network", *OF_RUNS):
        del full[name]
    assert config.differences(full) == []
    assert Config.from_json('{"data": "cifar10"}').input_size is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("freeze", "stem", "freeze must be a list of texts"),
        ("freeze", [1], "freeze must be a list"),
        ("patience", 0, r"patience must be a whole number in \[1"),
        ("input_size", 0, "input_size must be a whole number"),
        ("network", 5, "network must be a name"),
        ("weights", 5, "weights must be a name"),
        ("extended", [3], "extended must be a list of pairs"),
        ("ranks", 1, r"ranks must be a whole number in \[2"),
        ("weights", "a\0b", "weights must be a path"),
    ],
)
def test_bad_values_of_the_new_fields_are_refused_by_name(name, value, message):
    with pytest.raises(ArgumentError, match=message):
        Config(data="folder", **{name: value})


def test_named_data_sets_have_their_own_size():
    for name in data.names():
        with pytest.raises(ArgumentError, match=f"^input_size: only folders of images are scaled, {name} has"):
            Config(data=name, input_size=64)


def test_a_folder_is_scaled_to_what_the_network_was_made_for(tmp_path):
    for name, size in (("inception_cifar", 32), ("inception_v3_79", 79), ("googlenet", 224)):
        assert models.info(name).input_size == (size, size)
        assert Config(model=name, data=str(tmp_path)).located.input_size == size
        assert Config(model=name, data=str(tmp_path), input_size=64).located.input_size == 64
    assert Config(data="cifar10").located.input_size is None


# -- files of settings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["json", "toml"])
def test_settings_from_a_file_and_flags_before_them(tmp_path, monkeypatch, kind):
    config = Config.for_data(
        "mnist",
        model="plain_cifar",
        optimizer="adam",
        model_options={"dropout": 0.3},
        seed=3,
        flip=False,
        freeze=("stem",),
    )
    file = tmp_path / f"config.{kind}"
    file.write_text(
        config.to_json()
        if kind == "json"
        else 'data = "mnist"\nmodel = "plain_cifar"\noptimizer = "adam"\nseed = 3\nflip = false\n'
        'freeze = ["stem"]\n[model_options]\ndropout = 0.3\n',
        encoding="utf-8",
    )
    assert trained(monkeypatch, "--config", file) == config
    assert trained(monkeypatch, "--config", file, "--seed", 4, "--flip") == replace(config, seed=4, flip=True)
    assert trained(monkeypatch, "--config", file, "--optimizer", "sgd").lr == 0.1  # adam's rate is no rate for it
    assert trained(monkeypatch, "--config", file, "--model", "nin_cifar").model_options == {}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", '{"epoch": 3}', "unknown setting in .*a.json: 'epoch'; did you mean 'epochs'"),
        ("a.toml", "epoch = 3", "unknown setting in .*a.toml: 'epoch'; did you mean 'epochs'"),
        ("a.json", "{", "is no JSON"),
        ("a.toml", "=", "is no TOML"),
        ("a.toml", "epochs = 'x'", "epochs must be a whole number"),
        ("none.toml", None, "cannot be read: No such file"),
    ],
)
def test_a_file_of_settings_that_cannot_be_used_is_one_line(tmp_path, monkeypatch, capsys, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert trained(monkeypatch, "--config", tmp_path / name) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert re.search(message, err), err


# -- other people's words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("--learning-rate", "'--lr'"),
        ("--learning_rate", "'--lr'"),
        ("--lr_scheduler", "'--schedule'"),
        ("--image_size", "'--input-size'"),
        ("--early_stopping", "'--patience'"),
        ("--resume_from_checkpoint", "'--resume'"),
        ("--run", "'--out'"),
        ("--name", "'--out'"),
        ("--log-dir", "'--out'"),
        ("--drop_rate", "'--model-option dropout=X'"),
        ("--output", "'--out'"),
        ("--dataset", "'--data'"),
        ("--batch", "'--batch-size'"),
        ("--bs", "'--batch-size'"),
        ("--num-epochs", "'--epochs'"),
        ("--wd", "'--weight-decay'"),
        ("--tensorboard", "'--log tensorboard'"),
        ("--dropout=0.2", "'--model-option dropout=X'"),
        ("--ema", "'--average'"),
        ("--pretrained", "'--weights FILE'"),
        ("--img-size", "'--input-size'"),
        ("--arch", "'--model'"),
        ("--epoch", "'--epochs'"),
        ("--lable-smoothing", "'--label-smoothing'"),
        ("--tread", "'--threads'"),
    ],
)
def test_other_peoples_words_are_known(word, meant):
    with pytest.raises(UsageError, match=rf"^unknown flag {word!r}; did you mean {meant}\? \(see"):
        parse(["train", word, "3"])


@pytest.mark.parametrize(
    ("word", "remark"),
    [
        ("--device", "this runs on the CPU"),
        ("--workers", "batches are prepared beside the training"),
        ("--amp", "this computes in float32"),
        ("--num_workers", "batches are prepared beside the training"),
        ("--nesterov", "sgd has Nesterov momentum 0.9"),
        ("--val_split", "a folder without test/"),
        ("--wandb", "in Python, train.fit(..., watchers=[...])"),
        ("--verbose", None),
        ("--profile", None),
        ("--frobnicate", None),
    ],
)
def test_nothing_is_guessed(word, remark):
    with pytest.raises(UsageError) as told:
        parse(["train", word, "x"])
    assert str(told.value).startswith(f"unknown flag {word!r}{f': {remark}' if remark else ' (see'}")
    assert "did you mean" not in str(told.value)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_suggests_a_flag_that_it_has_not(command):
    with pytest.raises(UsageError) as told:
        parse([command, "--optimiser", "x"])
    assert ("did you mean '--optimizer'" in str(told.value)) == (command == "train")
