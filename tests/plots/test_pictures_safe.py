"""No picture costs a result: whatever matplotlib is set to, and whatever the names in a picture are."""

import json
import os
import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from tests.helpers.places import ROOT
from tests.helpers.tiny_runs import CONFIG, fit, shades
from tinyinception import nn, plots, train
from tinyinception.errors import ArgumentError, PictureError
from tinyinception.plots import training
from tinyinception.plots.file import write, write_each
from tinyinception.plots.style import as_text, style
from tinyinception.train import evaluation, loop, pictures

NAMES = [
    "$$",
    "$a",
    r"$\frac$",
    "a_b^c",
    "\\",
    "100 %",
    "two\nlines",
    "\udcff",
    "x" * 300,
    "\N{CAT FACE}",
    "\N{HEBREW LETTER ALEF}",
    "\0",
    "",
]
PNG = b"\x89PNG"
IMAGE = np.zeros((8, 8, 3), np.uint8)


def labels(names):
    k = len(names)
    return [
        text.get_text()
        for text in training.confusion_matrix(np.eye(k, dtype=int), names, names[0]).axes[0].get_yticklabels()
    ]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_stand_in_any_picture(name, tmp_path):
    black = np.zeros((1, 8, 8, 3), np.uint8)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding="same"))
    made = {
        "confusion": lambda: training.confusion_matrix(np.eye(2, dtype=int), [name, "b"], name),
        "mistakes": lambda: training.mistakes(black, [0], [1], [0.9], [name, name]),
        "activations": lambda: training.activations(black[0], {name: np.ones((2, 2, 3))}, name),
        "network": lambda: plots.draw(network, 8, title=name),
    }
    assert write_each(tmp_path, made) == ""
    assert all((tmp_path / f"{file}.png").read_bytes().startswith(PNG) for file in made)


def test_names_are_shown_as_they_are_and_what_cannot_be_shown_is_escaped():
    assert labels(["$a$", "a_b", "\\alpha"]) == ["$a$", "a_b", "\\alpha"]
    assert as_text("two\nlines \udcff") == r"two\nlines \udcff"
    assert as_text("x" * 300) == "x" * 119 + "…"
    with style(**{"text.usetex": False}):
        figure = training.confusion_matrix(np.eye(2, dtype=int), ["$x$", "b"])
    assert not any(text.get_parse_math() for text in figure.axes[0].get_yticklabels())


def test_the_users_own_settings_have_no_say_and_are_left_alone(tmp_path):
    """The same bytes under settings that would need TeX, another font, or a figure of another size."""

    def draw(path):
        with style():
            write(training.activations(IMAGE, {"conv": np.ones((2, 2, 3))}, "title"), path, "test")
        return path.read_bytes()

    plain = draw(tmp_path / "plain.png")
    odd = {"text.usetex": True, "font.family": ["No Such Font"], "savefig.dpi": 30, "axes.titlesize": 40}
    with matplotlib.rc_context(odd):
        assert draw(tmp_path / "odd.png") == plain
        assert {key: matplotlib.rcParams[key] for key in odd} == odd


def test_what_matplotlib_raises_is_one_error_and_other_pictures_are_drawn(tmp_path):
    def broken():
        raise RuntimeError("no\nglyphs")

    failed = write_each(tmp_path, {"a": broken, "b": lambda: training.activations(IMAGE, {}), "c": broken})
    assert failed == "not drawn: a.png, c.png; matplotlib cannot draw this picture: RuntimeError: no glyphs"
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]
    with pytest.raises(PictureError, match="RuntimeError: no glyphs"), style():
        broken()
    with pytest.raises(ArgumentError, match=r"path must be a path, got '.*null"), style():
        write(training.activations(IMAGE, {}), "null\0.png", "draw")


@pytest.mark.usefixtures("tiny_network")
def test_the_result_is_written_before_the_pictures_and_whatever_becomes_of_them(tmp_path, monkeypatch, capsys):
    found = []

    def curves(*_):
        found.append((tmp_path / "run" / "result.json").exists())
        raise MemoryError

    monkeypatch.setattr(loop, "draw_pictures", pictures.draw_pictures)
    monkeypatch.setattr(training, "curves", curves)
    result = fit(tmp_path / "run", CONFIG)
    assert found == [True]
    written = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    assert written["test_accuracy"] == result.test_accuracy
    assert capsys.readouterr().err.splitlines() == [
        "not drawn: curves.png; matplotlib cannot draw this picture: MemoryError:"
    ]
    assert (tmp_path / "run" / "mistakes.png").exists()


@pytest.mark.usefixtures("tiny_network")
def test_evaluation_gives_its_report_where_its_pictures_fail_and_makes_their_folder_first(
    tmp_path, monkeypatch, capsys, finished
):
    monkeypatch.setattr(evaluation, "load", lambda *_, **__: shades())
    monkeypatch.setattr(training, "confusion_matrix", lambda *_: 1 / 0)
    report = train.evaluate(finished.run, pictures=tmp_path / "pictures")
    assert report["test_accuracy"] == finished.test_accuracy
    assert capsys.readouterr().err.startswith("not drawn: confusion.png; matplotlib cannot draw this picture: ZeroDiv")
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"calibration.png"}
    monkeypatch.setattr(evaluation, "load_run", lambda *_: pytest.fail("a run was loaded first"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="pictures: cannot make the folder"):
        train.evaluate(finished.run, pictures=tmp_path / "file" / "pictures")


CHILD = """
import sys
import tests.helpers.tiny_runs as t
from tinyinception import models
models.build = t.build_tiny
t.fit(sys.argv[1])
"""


@pytest.mark.parametrize(
    "environment",
    [
        {"MPLBACKEND": "module://no_such_module.backend"},
        {"MPLBACKEND": "nonsense"},
        {"MPLBACKEND": "tkagg"},
        {"MATPLOTLIBRC": "text.usetex: True\nfont.family: No Such Font\nbackend: gtk4agg\n"},
        {"MATPLOTLIBRC": "text.usetex True\n: : :\nfigure.dpi: many\n"},
        {"MATPLOTLIBRC": "\udcff\udcfe"},
        {"MPLCONFIGDIR": "/dev/null/none"},
    ],
    ids=lambda e: "-".join(e),
)
def test_no_environment_keeps_a_training_from_its_end(tmp_path, environment):
    if text := environment.get("MATPLOTLIBRC"):
        (tmp_path / "matplotlibrc").write_bytes(os.fsencode(text))
        environment = {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc")}
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "run")],
        cwd=ROOT,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )
    assert child.returncode == 0, child.stderr
    assert len(child.stderr.splitlines()) <= 1, child.stderr
    assert (tmp_path / "run" / "result.json").exists()
    if not child.stderr:
        assert {path.name for path in (tmp_path / "run").glob("*.png")} == {
            "activations.png",
            "confusion.png",
            "curves.png",
            "mistakes.png",
        }


@pytest.mark.parametrize("backend", ["nonsense", "module://no_such_module.backend"])
@pytest.mark.parametrize(
    "code",
    [
        "from tinyinception.cli import main; main(['summary', 'single_5x5_cifar', '--draw', sys.argv[1]])",
        "from tinyinception.plots import draw_graph; from tinyinception import Tensor\n"
        "draw_graph(Tensor([1.0], requires_grad=True) * 2.0, sys.argv[1])",
        "from tinyinception.course import pictures\nfigure, axes = pictures.figure()\n"
        "axes.loglog([1, 2], [3, 4], label='$x^2$'); axes.legend(); figure.savefig(sys.argv[1])",
    ],
)
def test_no_backend_keeps_a_first_picture_from_being_drawn(tmp_path, backend, code):
    child = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}", str(tmp_path / "x.png")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": backend},
        capture_output=True,
        check=False,
        text=True,
    )
    assert (child.returncode, child.stderr) == (0, "")
    assert (tmp_path / "x.png").read_bytes().startswith(PNG)


def test_the_users_backend_is_still_the_users():
    code = (
        "import os, sys; from tinyinception.plots.style import style\nwith style(): pass\n"
        "import matplotlib; assert matplotlib.rcParams['backend'] == os.environ['MPLBACKEND'] == 'svg'"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "svg"}
    )


def test_drawing_a_network_names_its_parts_as_they_are():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding="same"))
    with matplotlib.rc_context({"text.usetex": True}):
        figure = plots.draw(network, 8, title="$x$")
    assert "$x$" in [text.get_text() for text in figure.texts]
    assert not any(text.get_usetex() for text in figure.texts)
