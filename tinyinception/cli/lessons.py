"""The command `lesson`: list, step, check exercises, show solutions, write notebooks, run all."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from time import perf_counter

from tinyinception.cli.parser import UsageError
from tinyinception.course import files
from tinyinception.course.files import Lesson
from tinyinception.terminal import paint, prose_width, say, wrap

INDENT = " " * 5  # below the number of a lesson
WISHES = ("all", "check", "exercises", "notebook", "solution", "start")
STYLES = {True: "green", False: "yellow"}


def run(options: Namespace) -> int:
    """Do what was asked for; 1 where exercises are unsolved."""
    wishes = [flag for flag in WISHES if getattr(options, flag) is not None]
    if options.number is None:
        if wishes not in ([], ["all"], ["all", "notebook"]):
            raise UsageError(f"lesson --{wishes[0]}: of which one? Give its number N")
        if "notebook" in wishes:
            return _notebooks(files.find(), options.notebook)
        return _run_all(files.find()) if options.all else _list(files.find())
    if "all" in wishes:
        raise UsageError("lesson: either a number or --all")
    if len(wishes) > 1:
        raise UsageError(f"lesson: --{wishes[0]} and --{wishes[1]} do not go together")
    lesson = files.lesson(options.number)
    if options.number.strip().isdecimal() and (told := files.moved(lesson.number)):
        say(told)
    if options.check is not None:
        return _check(lesson, options.check or files.answers(lesson))
    if options.solution is not None:
        _solution(lesson, options.solution)
    elif options.exercises is not None:
        print(f"exercises in {files.answers(lesson)}; to check them: tinyinception lesson {lesson.number} --check")
    elif options.notebook is not None:
        from tinyinception.course import notebook

        print(f"notebook in {notebook.write(lesson, options.notebook)}")
    else:
        from tinyinception.course.step import step

        step(lesson, options.start)
    return 0


def _check(lesson: Lesson, answers: str | Path) -> int:
    from tinyinception.course.exercises import OPEN, check, tasks

    fits, solved, count = prose_width(sys.stdout), 0, 0
    for verdict in check(lesson, answers):
        head, *more = str(verdict).split("\n")
        for part in wrap(head, fits, rest="    "):
            print(paint(part, STYLES[verdict.solved], sys.stdout), flush=True)
        for line in more:
            print(*wrap(line, fits, rest=" " * (len(line) - len(line.lstrip()) + 2)), sep="\n", flush=True)
        solved, count = solved + verdict.solved, count + 1
    for task in tasks(lesson):
        if task.level == OPEN:
            told = " ".join(task.text.split("\n\n")[0].split())
            print(*wrap(f"{task.name}: {told}", fits, "  [open] ", "    "), sep="\n")
            print(f"    When you have thought: tinyinception lesson {lesson.number} --solution {task.name}")
    print(f"{solved} of {count} solved")
    if solved < count:
        print(*wrap(f"A solution: tinyinception lesson {lesson.number} --solution NAME", fits), sep="\n")
    return int(solved < count)


def _solution(lesson: Lesson, name: str) -> None:
    from tinyinception.course.exercises import OPEN, solution, tasks
    from tinyinception.course.text import code, prose

    level = next((task.level for task in tasks(lesson) if task.name == name), "")
    text = solution(lesson, name)
    print(prose(text) if level == OPEN else code(text))


def _list(found: dict[int, Lesson]) -> int:
    from tinyinception.course import progress

    fits, kept = prose_width(sys.stdout), progress.read()
    for one in found.values():
        place = kept.get(one.name)
        mark = "" if place is None else "done, " if place == progress.DONE else f"begun, step {place}, "
        title, *more = wrap(f"{one.title} ({mark}{one.minutes} minutes)", fits, f"{one.number:3}  ", INDENT)
        lines = [paint(title, "bold", sys.stdout), *more, *wrap(f"You will know {one.outcome}", fits, INDENT, INDENT)]
        print("\n".join(lines))
    left = [one.number for one in found.values() if kept.get(one.name) != progress.DONE] or list(found)
    begun = "go on" if len(left) < len(found) else "begin"
    hours = sum(one.minutes for one in found.values()) / 60
    print(f"{hours:.1f} hours in all. To {begun}: tinyinception lesson {left[0]}")
    return 0


def _run_all(found: dict[int, Lesson]) -> int:
    for lesson in found.values():
        begin = perf_counter()
        files.run(lesson.path)
        say(f"lesson {lesson.number}: {perf_counter() - begin:.1f} s")
    return 0


def _notebooks(found: dict[int, Lesson], folder: str) -> int:
    from tinyinception.course import notebook

    if Path(folder).suffix == ".ipynb":
        raise UsageError(f"lesson --all --notebook {folder}: name a folder for the notebooks")
    Path(folder).mkdir(parents=True, exist_ok=True)
    for lesson in found.values():
        print(f"notebook in {notebook.write(lesson, folder)}")
    return 0
