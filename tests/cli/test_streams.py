"""Standard streams that are closed, full, broken or of a narrow encoding: commands compute, and end with a status."""

import io
import json
import os
import subprocess
import sys
import warnings

import pytest
from PIL import Image

from tinyinception import terminal
from tinyinception.cli import PIPE_CLOSED, main
from tinyinception.train import Config, fit

posix = pytest.mark.skipif(os.name != "posix", reason="shells of other systems close streams in other ways")
TRAIN = ["train", "--model", "plain_cifar", "--limit", "64", "--epochs", "1", "--batch-size", "32"]


def shell(words, redirections="", **environment):
    """A command in a shell: (status, standard output, standard error)."""
    done = subprocess.run(
        ["sh", "-c", f'"$@" {redirections}', "sh", sys.executable, "-m", "tinyinception", *words],
        env={**os.environ, **environment},
        capture_output=True,
        timeout=240,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a tiny run, r, an image, i.png, and nothing else."""
    place = tmp_path_factory.mktemp("streams")
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        for name in ("stdin", "stdout", "stderr"):
            patch.setattr(sys, name, None)  # the library itself, as under pythonw
        fit(Config.for_data("drawn", model="plain_cifar", limit=64, epochs=1, batch_size=32), place / "r")
        assert sys.stderr is None
    Image.new("RGB", (32, 32)).save(place / "i.png")
    return place


COMMANDS = [
    ["--help"],
    ["--version"],
    ["train", "--help"],
    ["summary", "plain_cifar"],
    ["summary", "plain_cifar", "--json"],
    ["compare", "plain_cifar", "inception_cifar"],
    ["data", "list"],
    ["lesson"],
    ["evaluate", "r"],
    ["predict", "r", "i.png"],
    [*TRAIN, "--out", "NEW"],
]
MISTAKES = [([], 0), (["summry"], 2), (["summary", "nothing"], 1), (["evaluate", "/nowhere"], 1)]


@posix
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_commands_work_with_closed_streams(words, closed, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(trained)
    words = [str(tmp_path / "run") if word == "NEW" else word for word in words]
    status, out, err = shell(words, closed)
    assert status == 0, err
    assert b"Traceback" not in err
    if closed == "2>&-":
        assert out
        assert b"images/s" not in out.partition(b"test accuracy")[0]  # progress has not gone there instead
    if "train" in words and "--help" not in words:
        assert {"config.json", "log.csv", "result.json"} <= {path.name for path in (tmp_path / "run").iterdir()}


@posix
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("words", "status"), MISTAKES)
def test_mistakes_have_their_status_with_closed_streams(words, status, closed):
    assert shell(words, closed)[0] == status


@posix
@pytest.mark.parametrize(
    "full",
    [stream for stream in (">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full") if os.path.exists("/dev/full")],
)
@pytest.mark.parametrize(
    "words",
    [
        ["summary", "plain_cifar"],
        ["summary", "inception_v3", "--json"],
        ["--help"],
        ["lesson"],
        ["evaluate", "/nowhere"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_device_is_an_error_where_the_answer_was_to_go_and_none_elsewhere(words, full, unbuffered):
    status, _, err = shell(words, full, PYTHONUNBUFFERED=unbuffered)
    assert status == (1 if full.startswith(">") or "/nowhere" in words else 0)
    if full == ">/dev/full" and "/nowhere" not in words:
        assert err == b"tinyinception: error: standard output cannot be written: No space left on device\n"


def start(words, **options):
    return subprocess.Popen([sys.executable, "-m", "tinyinception", *words], **options)


@pytest.mark.parametrize("words", [["summary", "inception_v3"], ["--help"], ["lesson"], ["data", "list"]], ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough_is_no_error(words, unbuffered):
    process = start(
        words, env={**os.environ, "PYTHONUNBUFFERED": unbuffered}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == PIPE_CLOSED
    process.stderr.close()


def test_a_reader_of_progress_that_is_gone_does_not_stop_the_training(tmp_path):
    process = start([*TRAIN, "--out", str(tmp_path / "run"), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stderr.close()
    assert json.loads(process.stdout.read())["epochs"] == 1
    assert process.wait() == 0
    process.stdout.close()


NARROW = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONIOENCODING": "latin-1:strict"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


@pytest.mark.parametrize("environment", NARROW, ids=str)
@pytest.mark.parametrize(
    "words",
    [
        ["summary", "inception_cifar"],
        ["--help"],
        ["lesson"],
        ["data", "list"],
        ["lesson", "1", "--check", "nothing.py"],
    ],
    ids=" ".join,
)
def test_characters_that_an_encoding_has_not_are_written_in_others(words, environment):
    done = subprocess.run(
        [sys.executable, "-m", "tinyinception", *words],
        env={**os.environ, **environment},
        capture_output=True,
        timeout=100,
    )
    assert done.returncode == (1 if "--check" in words else 0), done.stderr
    assert b"Traceback" not in done.stderr


def narrow(monkeypatch, name):
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", "strict")
    monkeypatch.setattr(sys, name, stream)
    return stream


def test_classes_of_any_name_can_be_printed_and_are_whole_in_json(monkeypatch):
    names = ["猫 × 2", "caf\udce9"]
    monkeypatch.setattr(
        "tinyinception.train.evaluate",
        lambda *_, **__: {
            "model": "m",
            "data": "d",
            "images": 1,
            "crops": 1,
            "test_accuracy": 1.0,
            "test_loss": 0.0,
            "ece": 0.0,
            "classes": [{"name": name, "accuracy": None, "images": 0} for name in names],
        },
    )
    out = narrow(monkeypatch, "stdout")
    assert main(["evaluate", "r"]) == 0
    assert rb"\u732b \xd7 2" in out.buffer.getvalue()
    assert rb"caf\udce9" in out.buffer.getvalue()
    out = narrow(monkeypatch, "stdout")
    assert main(["evaluate", "r", "--json"]) == 0
    assert [row["name"] for row in json.loads(out.buffer.getvalue())["classes"]] == names


# -- the library -------------------------------------------------------------------------------------------------------


class Broken(io.StringIO):
    """A terminal that is gone."""

    def write(self, *text):
        raise BrokenPipeError(32, "Broken pipe")

    flush = write

    def isatty(self):
        return True


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


STREAMS = {"none": lambda: None, "closed": closed, "broken": Broken}


@pytest.mark.parametrize("stream", STREAMS)
def test_messages_and_bars_are_lost_without_standard_error_and_go_nowhere_else(stream, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", STREAMS[stream]())
    terminal.say("a line")
    with terminal.bar(range(3), shown=True, mininterval=0) as items:
        assert list(items) == [0, 1, 2]
    assert terminal.is_terminal(sys.stderr) == (stream == "broken")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("stream", STREAMS)
def test_training_and_evaluating_need_no_standard_error(stream, monkeypatch, tmp_path, tiny_network, capsys):
    from tests.helpers.tiny_runs import CONFIG, shades

    monkeypatch.setattr(sys, "stderr", STREAMS[stream]())
    result = fit(CONFIG, tmp_path / "run", dataset=shades())
    assert result.epochs == CONFIG.epochs
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
@pytest.mark.parametrize("stream", ["none", "closed"])
def test_a_stream_that_is_missing_is_opened_for_a_command(name, stream, monkeypatch):
    monkeypatch.setattr(sys, name, STREAMS[stream]())
    assert main(["--version"]) == 0
    opened = getattr(sys, name)
    assert opened.read() == "" if name == "stdin" else opened.write("x") == 1
    opened.close()


def test_a_warning_is_one_line(monkeypatch, capsys):
    def warned(options):
        warnings.warn("the disk is full", RuntimeWarning, stacklevel=2)

    monkeypatch.setattr("tinyinception.cli.commands.run_lesson", warned)
    assert main(["lesson"]) == 0
    assert capsys.readouterr().err == "tinyinception: warning: the disk is full\n"
