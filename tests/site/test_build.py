"""The command that makes the site: what it refuses, what it runs again, and that no half of a site is ever left."""

import json
import os
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from tests.helpers import small_site
from tests.helpers.marks import posix
from tinyinception import cli
from tinyinception.course import files
from tinyinception.errors import ArgumentError, DataError
from tinyinception.site import build as room
from tinyinception.site import execute, keep, place
from tinyinception.site.build import build

if sys.version_info >= (3, 11):
    from tomllib import loads
else:
    from tomli import loads

HELPED = """from tinyinception.course.files import folder, load

plots = load(folder() / "plots" / "01_sums.py")
"""


@pytest.fixture
def small(course, tmp_path, monkeypatch):
    """The folder of a course of lessons 1 and 3, whose sites are small."""
    small_site.keep_small(monkeypatch, tmp_path)
    small_site.add_choices(course)
    return course


@pytest.fixture
def refused(monkeypatch):
    """refused(OUT): the error with which OUT is refused, before any work."""

    def no_work(*_, **__):
        raise AssertionError("it began to work")

    for part in ("_pages", "_explorer"):
        monkeypatch.setattr(room, part, no_work)

    def told(out, **options):
        with pytest.raises(ArgumentError) as refusal:
            build(out, **options)
        assert "\n" not in str(refusal.value)
        return str(refusal.value)

    return told


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_failing_cell_stops_the_build_which_names_lesson_and_cell_and_leaves_nothing(course, tmp_path, monkeypatch):
    small_site.keep_small(monkeypatch, tmp_path)
    out = tmp_path / "sites" / "out"
    with pytest.raises(DataError, match=r"lesson 2, cell 4: .*02_failures\.py, line \d+: ZeroDivisionError") as failed:
        build(out, progress=False)
    assert "tinyinception lesson 2 --start 4" in str(failed.value)
    assert left_in(out.parent) == []


def test_the_second_build_runs_nothing_and_an_edited_lesson_alone_is_run_again(small, tmp_path, capfd):
    out = tmp_path / "out"
    assert build(out, progress=False).executed == (1, 3)
    again = build(out, progress=False)
    assert (again.fresh, again.executed) == (True, ())
    (small / "01_sums.py").write_text(
        (small / "01_sums.py").read_text(encoding="utf-8").replace("a = 2", "a = 5"), encoding="utf-8"
    )
    assert build(out, progress=False).executed == (1,)
    assert "the last 5.0" in (out / "lessons" / "01_sums.html").read_text(encoding="utf-8")
    (out / "lessons" / "01_sums.html").unlink()  # whoever deletes a page gets it again, without a lesson run
    assert build(out, progress=False).executed == ()
    assert (out / "lessons" / "01_sums.html").is_file()
    assert left_in(tmp_path / "here") == []  # what lessons write on the way is not left where the reader works


def test_what_a_lesson_loads_decides_whether_it_is_run_again_and_nothing_else_does(course):
    lesson = files.find()[1]
    (course / "01_sums.py").write_text(lesson.path.read_text(encoding="utf-8") + HELPED, encoding="utf-8")
    for name in ("plots", "results"):
        (course / name).mkdir()
    helper, result, other = course / "plots/01_sums.py", course / "results/long.json", course / "plots/other.py"
    helper.write_text("x = 1\n", encoding="utf-8")
    other.write_text("x = 1\n", encoding="utf-8")
    keys = [execute.key(lesson)]
    for path, text in ((helper, 'stored("long")\n'), (result, "{}"), (result, '{"a": 1}')):
        path.write_text(text, encoding="utf-8")
        keys.append(execute.key(lesson))
    assert len(set(keys)) == 4
    other.write_text("x = 2\n", encoding="utf-8")
    (course / "exercises" / "01_sums.py").write_text("", encoding="utf-8")
    assert execute.key(lesson) == keys[-1]


def test_of_what_is_kept_the_last_two_stay_and_what_fails_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYINCEPTION_DATA", str(tmp_path))
    made = []
    for i, key in enumerate(("aa", "bb", "bb", "cc")):
        folder = keep.kept(
            "thing", key, lambda folder, key=key: made.append(key) or (folder / "x").write_text(key, encoding="utf-8")
        )
        os.utime(folder, (i, i))
    assert made == ["aa", "bb", "cc"]
    assert left_in(tmp_path / "site") == ["thing-bb", "thing-cc"]
    with pytest.raises(ZeroDivisionError):
        keep.kept("thing", "dd", lambda folder: 1 / 0)
    assert left_in(tmp_path / "site") == ["thing-bb", "thing-cc"]


def test_a_folder_that_is_no_site_of_ours_is_not_touched(refused, tmp_path):
    out = tmp_path / "photos"
    out.mkdir()
    (out / "cat.png").write_bytes(b"cat")
    assert "photos holds other things (cat.png)" in refused(out)
    (out / place.MARK).write_text("[]", encoding="utf-8")
    assert "holds other things" in refused(out)
    assert "cat.png is a file; OUT must be a folder" in refused(out / "cat.png")
    assert "cannot be written" in refused(out / "cat.png" / "below")
    assert "NUL" in refused("a\0b")
    assert left_in(out) == [place.MARK, "cat.png"]


def test_a_full_disk_and_a_missing_library_are_told_before_any_work(refused, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(place.shutil, "disk_usage", lambda _: usage(10**9, 10**9, 3_000_000))
        assert "3 MB are left; to build it takes 100 MB" in refused(tmp_path / "out")
    monkeypatch.setattr(room, "find_spec", lambda name: None if name == "furo" else object())
    assert "this needs furo; install it with pip install 'tinyinception[site]'" in refused(tmp_path / "out")
    assert "only must be explorer or pages, got 'lessons'" in refused(tmp_path / "out", only="lessons")
    assert left_in(tmp_path) == []


def test_every_file_that_a_site_is_made_of_comes_with_the_package():
    project = Path(__file__).parents[2] / "pyproject.toml"
    data = loads(project.read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]["tinyinception.site"]
    here = Path(room.__file__).parent
    packed = {path for pattern in data for path in here.glob(pattern)}
    made_of = {path for path in here.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert made_of == {path for path in packed if path.is_file()}
    assert {path.suffix for path in made_of} >= {".css", ".js", ".html", ".svg"}


def test_the_explorer_alone_needs_no_other_library_and_leads_there_from_its_first_page(tmp_path, monkeypatch, capsys):
    small_site.keep_small(monkeypatch, tmp_path)
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    out = tmp_path / "out"
    assert cli.main(["site", str(out), "--only", "explorer", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pages"] == 2
    assert 'href="explorer/index.html"' in (out / "index.html").read_text(encoding="utf-8")
    assert "<p>Lesson\n3 has the story.</p>" in (out / "explorer" / "index.html").read_text(encoding="utf-8")
    assert build(out, only="explorer").fresh


def test_stopped_at_any_time_the_site_of_before_stays_whole(small, tmp_path, monkeypatch):
    out = tmp_path / "sites" / "out"
    build(out, progress=False)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    (small / "01_sums.py").write_text(
        (small / "01_sums.py").read_text(encoding="utf-8").replace("a = 2", "a = 5"), encoding="utf-8"
    )
    whole = room._pages

    def stopped_at_the_end(*args):
        whole(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "_pages", stopped_at_the_end)
    assert cli.main(["site", str(out), "--quiet"]) == 130
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert left_in(out.parent) == ["out"]
    monkeypatch.setattr(room, "_pages", whole)
    monkeypatch.setattr(room.links, "problems", lambda _: ["a.html: links to nothing", "another"])
    with pytest.raises(DataError, match=r"a\.html: links to nothing \(and 1 more\)"):
        build(out, progress=False)
    assert left_in(out.parent) == ["out"]


@posix
def test_a_signal_to_end_leaves_nothing_and_what_a_killed_build_left_is_cleared_away(small, tmp_path, monkeypatch):
    out = tmp_path / "sites" / "out"
    monkeypatch.setattr(room, "_pages", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    assert cli.main(["site", str(out), "--quiet"]) == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert left_in(out.parent) == []
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name, pid in ((".out.killed", gone.pid), (".out.running", os.getpid()), (".other.killed", gone.pid)):
        (out.parent / name).mkdir()
        (out.parent / name / place.MARK).write_text(json.dumps({"unfinished": pid}), encoding="utf-8")
    assert cli.main(["site", str(out), "--only", "explorer", "--quiet"]) == 0
    assert left_in(out.parent) == [".other.killed", ".out.running", "out"]


def test_a_lesson_that_dies_is_named_and_the_other_one_ends(small, tmp_path, monkeypatch):
    dead = (small / "01_sums.py").read_text(encoding="utf-8").replace('print("the first", a)', "import os; os._exit(7)")
    (small / "01_sums.py").write_text(dead, encoding="utf-8")
    running = []
    begin = execute._begin
    monkeypatch.setattr(execute, "_begin", lambda *args: running.append(begin(*args)) or running[-1])
    with pytest.raises(DataError, match="lesson 1 ended with status 7"):
        execute.outputs(list(files.find().values()), progress=False)
    assert running
    assert all(run.process.poll() is not None for run in running)
