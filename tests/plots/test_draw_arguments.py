"""What `draw` is given: one clear error for what does not fit, defaults of built networks, and the command line."""

import json

import numpy as np
import pytest

from tinyinception import draw, models, nn
from tinyinception.cli import main
from tinyinception.errors import ArgumentError, ShapeError


def test_clear_errors(tmp_path):
    block = nn.ConvUnit(3, 8, 3)
    cases = [
        (("inception_v4",), {"color": "flops"}, "color must be one of macs, params, kind, got 'flops'"),
        ((block,), {}, "needs input_size"),
        ((block, 8), {"num_classes": 5}, "num_classes goes with the name"),
        (("inception_v5",), {}, "did you mean 'inception_v"),
        ((nn.ReLU(), 8), {}, "nothing to draw"),
        ((block, 8), {"path": tmp_path / "x.doc"}, r"x\.doc must end in a format .* png"),
        ((block, 8), {"path": tmp_path / "none" / "x.png"}, "cannot write"),
    ]
    for arguments, options, message in cases:
        with pytest.raises(ArgumentError, match=message):
            draw(*arguments, **options)
    with pytest.raises(ShapeError, match="at least 75x75"):
        draw("inception_v4", 20)


def test_defaults_come_from_a_built_network_and_it_stays_as_it_was():
    model = models.build("plain_cifar", channels=1).eval()
    before = model.state_dict()
    figure = draw(model, title="grey")
    assert figure.texts[1].get_text().startswith("32×32×1 ")
    assert not any(module.training for module in model.modules())
    assert all(np.array_equal(value, before[name]) for name, value in model.state_dict().items())


def test_auxiliary_classifiers_that_the_input_does_not_fit_are_left_out():
    assert "auxiliary" in draw("googlenet", 224).texts[1].get_text()
    assert "auxiliary" not in draw("googlenet", 288).texts[1].get_text()


def test_on_the_command_line(tmp_path, capsys):
    for name, start in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")):
        path = tmp_path / name
        assert main(["summary", "plain_cifar", "--draw", str(path)]) == 0
        assert path.read_bytes().startswith(start)
        assert capsys.readouterr().out.endswith(f"\npicture in {path}\n")
    assert main(["summary", "plain_cifar", "--draw", str(tmp_path / "b.png"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "plain_cifar"
    assert main(["summary", "plain_cifar", "--draw", str(tmp_path / "b.txt")]) == 1
    assert "must end in a format" in capsys.readouterr().err
