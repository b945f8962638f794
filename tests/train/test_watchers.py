"""Who watches a training: the interface, steps.csv, live.html, TensorBoard; and none of it can cost the training."""

import builtins
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.helpers.tiny_runs import CONFIG, Died, bits, die_at, fit, read_log, resume
from tinyinception import train
from tinyinception.errors import ArgumentError
from tinyinception.train import loop
from tinyinception.train.live import chart
from tinyinception.train.watchers import StepLog, Watcher, read_steps

pytestmark = pytest.mark.usefixtures("tiny_network")


class Noting(Watcher):
    def __init__(self):
        self.events = []

    def begin(self, session, run):
        self.events.append(("begin", session.position.step, run.folder.name))

    def step(self, session):
        self.events.append(("step", session.position.step, session.loss))

    def epoch(self, row):
        self.events.append(("epoch", row["epoch"]))

    def end(self, result):
        self.events.append(("end", result))

    def close(self):
        self.events.append(("close",))


def test_a_watcher_is_told_everything_in_order_and_changes_nothing(tmp_path, finished):
    noting = Noting()
    result = fit(tmp_path / "run", watchers=[noting])
    assert bits(result.run) == bits(finished.run)
    kinds = [event[0] for event in noting.events]
    assert kinds == ["begin", *["step", "step", "step", "epoch"] * 3, "end", "close"]
    assert [event[1] for event in noting.events if event[0] == "step"] == list(range(1, 10))
    assert noting.events[-2] == ("end", result)
    losses = [event[2] for event in noting.events if event[0] == "step"]
    assert sum(losses[:3]) / 3 == pytest.approx(float(read_log(result.run)[0]["train_loss"]))


def test_watchers_are_told_where_a_run_goes_on_and_closed_when_it_dies(tmp_path, monkeypatch):
    first, second = Noting(), Noting()
    with monkeypatch.context() as patch:
        die_at(patch, 4)
        with pytest.raises(Died):
            fit(tmp_path / "run", watchers=[first])
    assert [event[0] for event in first.events][-2:] == ["step", "close"]
    resume(tmp_path / "run", watchers=[second])
    assert second.events[0] == ("begin", 4, "run")
    assert [event[1] for event in second.events if event[0] == "step"] == [5, 6, 7, 8, 9]


@pytest.mark.parametrize("event", ["begin", "step", "epoch", "end", "close"])
def test_a_watcher_that_fails_costs_one_line(tmp_path, capsys, finished, event):
    class Clumsy(Watcher):
        pass

    def fail(*_):
        raise RuntimeError("no\nroom")

    setattr(Clumsy, event, fail)
    result = fit(tmp_path / "run", watchers=[Clumsy()])
    assert bits(result.run) == bits(finished.run)
    assert capsys.readouterr().err == f"Clumsy watches no longer, training goes on: RuntimeError in {event}: no room\n"


def test_what_is_no_watcher_is_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"watchers must be train\.Watcher objects, got <built-in function print>"):
        fit(tmp_path / "run", watchers=[print])


# -- steps.csv ---------------------------------------------------------------------------------------------------------


class Every(StepLog):
    def __init__(self):
        super().__init__(every=2)


def without_speed(path):
    return [{name: value for name, value in row.items() if name != "images_per_second"} for row in read_steps(path)]


def test_steps_are_logged_with_loss_and_rate_and_the_same_after_a_resume(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "StepLog", Every)
    noting, config = Noting(), replace(CONFIG, checkpoint_seconds=1000)
    fit(tmp_path / "whole", config, watchers=[noting])
    rows = read_steps(tmp_path / "whole" / "steps.csv")
    assert [row["step"] for row in rows] == [2, 4, 6, 8]
    assert [row["epoch"] for row in rows] == [1, 2, 2, 3]
    losses = {event[1]: event[2] for event in noting.events if event[0] == "step"}
    assert [row["loss"] for row in rows] == [losses[row["step"]] for row in rows]
    assert rows[2]["lr"] == float(read_log(tmp_path / "whole")[1]["lr"])
    assert all(row["images_per_second"] > 0 for row in rows)
    with monkeypatch.context() as patch:
        die_at(patch, 5)  # the last checkpoint is of step 3, the last row of step 4
        with pytest.raises(Died):
            fit(tmp_path / "run", config)
    assert [row["step"] for row in read_steps(tmp_path / "run" / "steps.csv")] == [2, 4]
    with open(tmp_path / "run" / "steps.csv", "a", encoding="utf-8") as file:
        file.write("6,2,0.")  # killed while it wrote
    resume(tmp_path / "run")
    assert without_speed(tmp_path / "run" / "steps.csv") == without_speed(tmp_path / "whole" / "steps.csv")


# -- live.html ---------------------------------------------------------------------------------------------------------


class Strict(HTMLParser):
    """Every element is closed in its turn; addresses are noted."""

    def __init__(self):
        super().__init__()
        self.open, self.addresses = [], []

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(page):
    parser = Strict()
    parser.feed(page)
    assert parser.open == []
    assert parser.addresses == []
    assert "http" not in page.replace("http-equiv", "")
    return page


def test_the_page_shows_curves_while_training_runs_and_rests_at_the_end(tmp_path):
    pages = []

    class Look(Watcher):
        def epoch(self, row):
            pages.append((tmp_path / "run" / "live.html").read_text(encoding="utf-8"))

        def begin(self, session, run):
            session.facts = replace(session.facts, name="<b>&")

    result = fit(tmp_path / "run", watchers=[Look()])
    last = (tmp_path / "run" / "live.html").read_text(encoding="utf-8")
    for page in (*pages, last):
        parsed(page)
        assert "<title>inception_cifar on &lt;b&gt;&amp;</title>" in page
        assert page.count("<polyline") >= 1
    assert all('http-equiv="refresh"' in page for page in pages)
    assert "refresh" not in last
    assert f"Finished: test accuracy {result.test_accuracy:.2%} after 3 epochs" in last
    points = re.findall(r'points="([^"]*)"', last)
    assert [len(line.split()) for line in points] == [9, 3, 3, 3, 3]  # losses of steps, of epochs; three accuracies


def test_a_chart_puts_points_where_they_belong():
    text = chart({"a<b": ("#000", [(0, 1.0), (5, 3.0), (10, 2.0)]), "empty": ("#111", [])})
    assert 'points="56.0,212.0 342.0,12.0 628.0,112.0"' in text
    assert "a&lt;b" in text
    assert "empty" not in text
    assert chart({"none": ("#111", [])}) == "<p>Nothing yet.</p>"
    assert "nan" not in chart({"one": ("#000", [(3, 2.0)])})


# -- TensorBoard -------------------------------------------------------------------------------------------------------


def scalars(folder):
    """What an event file says, by tag: (step, value); read with the library's own record format and messages."""
    from tensorboardX.proto.event_pb2 import Event

    found, starts = {}, []
    for path in sorted((folder / "tensorboard").iterdir(), key=lambda path: path.stat().st_mtime_ns):
        contents, at = path.read_bytes(), 0
        while at < len(contents):
            size = int.from_bytes(contents[at : at + 8], "little")
            event = Event.FromString(contents[at + 12 : at + 12 + size])
            at += 12 + size + 4
            if event.HasField("session_log"):
                starts.append(event.step)
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found, starts


def test_tensorboard_gets_the_rows_and_the_steps(tmp_path, monkeypatch):
    result = fit(tmp_path / "run", watchers=[train.TensorBoard(every=2)])
    found, starts = scalars(tmp_path / "run")
    rows = read_log(result.run)
    for name in ("train_loss", "test_accuracy", "averaged_test_accuracy", "lr"):
        assert [step for step, _ in found[f"epoch/{name}"]] == [3, 6, 9]
        assert [value for _, value in found[f"epoch/{name}"]] == pytest.approx([float(row[name]) for row in rows])
    assert [step for step, _ in found["step/loss"]] == [2, 4, 6, 8]
    assert starts == []
    with monkeypatch.context() as patch:
        die_at(patch, 4)
        with pytest.raises(Died):
            fit(tmp_path / "again", watchers=[train.TensorBoard(every=1)])
    resume(tmp_path / "again", watchers=[train.TensorBoard(every=1)])
    found, starts = scalars(tmp_path / "again")
    assert starts == [5]
    assert [step for step, _ in found["step/loss"]] == list(range(1, 10))


def test_tensorboard_that_is_not_installed_is_one_line(monkeypatch, capsys):
    real = builtins.__import__

    def absent(name, *rest, **named):
        if name.startswith("tensorboardX"):
            raise ImportError(name)
        return real(name, *rest, **named)

    from tinyinception.cli import main

    monkeypatch.setattr(builtins, "__import__", absent)
    assert main(["train", "--log", "tensorboard"]) == 1
    assert capsys.readouterr().err == (
        "tinyinception: error: log: TensorBoard needs tensorboardX; install it with pip install 'tinyinception[log]'\n"
    )
