"""Stepping through a lesson in a terminal, as in a laboratory: prose, a prediction, code, Enter, output, figure.

Whatever else is typed at a step runs in the lesson's names: everything can be looked at, changed, and run again.
"""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tinyinception.course import claims, glossary, progress
from tinyinception.course.cells import Cell, Prediction
from tinyinception.course.files import Lesson
from tinyinception.course.session import Session, incomplete
from tinyinception.course.text import code, prose
from tinyinception.errors import ArgumentError, DataError
from tinyinception.terminal import is_terminal, paint, prose_width, wrap

BRIEF = "Enter runs the code, ? helps, q leaves."
HELP = """Enter  run this step's code
b      back one step; names keep their values, as in a notebook
r      run the step before again, for instance after you changed a name
l      list this step's code, also where it is folded
s      save what you typed in runs/lessons
q      leave, here and at predictions; your place is kept
?      this help
? WORD what a word means, such as ? logit: from lessons/glossary.md

Anything else is Python, in the lesson's names: an expression is printed, x = 3
changes x, and r then shows what follows. To see a variable that is called b, l,
q, r or s, print it: print(b). Ctrl-C stops what runs, not the lesson. Answer a
prediction with its letter, or with Enter if you would rather see."""


class _Leave(Exception):
    """The reader wants to go."""


@dataclass
class _Step:
    """A cell of code, the prose before it, and the prediction that it answers."""

    cell: Cell
    before: list[Cell] = field(default_factory=list)

    @property
    def prediction(self) -> Prediction | None:
        return next((cell.prediction for cell in reversed(self.before) if cell.prediction is not None), None)


def step(lesson: Lesson, first: int | None = None, ask: Callable[[str], str] = input) -> None:
    """Step through a lesson from code cell `first` on; the cells before it run unseen, for what they define.

    first: None is the beginning, or in a terminal the step where the reader left, if that is wanted.
    ask: asks the reader, as `input` does; at the end of input the lesson runs through without waiting.
    Raises ArgumentError for a cell that does not exist, DataError where a cell fails and nobody is there.
    """
    steps, after = _steps(lesson)
    if first is not None and not 1 <= first <= len(steps):
        raise ArgumentError(f"lesson {lesson.number} has code cells 1 to {len(steps)}, not {first}")
    _Walk(lesson, steps, after, _Reader(ask)).go(first)


def _steps(lesson: Lesson) -> tuple[list[_Step], list[Cell]]:
    steps: list[_Step] = []
    waiting: list[Cell] = []
    for cell in lesson.cells():
        if cell.kind == "code":
            steps.append(_Step(cell, waiting))
            waiting = []
        else:
            waiting.append(cell)
    return steps, waiting


class _Walk:
    """One reader's way through one lesson."""

    def __init__(self, lesson: Lesson, steps: list[_Step], after: list[Cell], reader: _Reader) -> None:
        self.lesson, self.steps, self.after, self.reader = lesson, steps, after, reader
        self.session = Session(lesson)
        self.ran: int | None = None  # the step that ran last

    def go(self, first: int | None) -> None:
        count = len(self.steps)
        begin = f"{self.lesson.path.name}: {count} steps, about {self.lesson.minutes} minutes. {BRIEF}"
        print(*wrap(begin, prose_width(sys.stdout)), sep="\n", end="\n\n")
        place = 0
        try:
            place = (first or self._where_to_begin()) - 1
            for one in self.steps[:place]:
                self.session.run_unseen(one.cell)
            while place < count:
                place = self._visit(place)
                self._keep(place + 1 if place < count else progress.DONE)
            for cell in self.after:
                self.show(prose(cell.text))
            self._settled()
        except _Leave:
            self._keep(place + 1)
            print(f"Go on with: tinyinception lesson {self.lesson.number} --start {place + 1}")

    def _settled(self) -> None:
        """The claims that this lesson settles, if there are any."""
        with suppress(DataError):  # lessons of one's own need no claims
            numbers = [claim.id for claim in claims.read() if claim.lesson == self.lesson.number]
            if numbers:
                told = f"Settled here: {'claim' if len(numbers) == 1 else 'claims'} {', '.join(numbers)}"
                more = f"tinyinception claims {numbers[0]}, or all of them: claims --lesson {self.lesson.number}"
                print(*wrap(f"{told}. To read one: {more}", prose_width(sys.stdout)), sep="\n")

    def _where_to_begin(self) -> int:
        kept = progress.of(self.lesson) if self.reader.present else None
        if kept is None or not 1 < kept <= len(self.steps):
            return 1
        answer = self.reader.ask(f"You were at step {kept} of {len(self.steps)}. Enter goes on there, 1 begins anew: ")
        if (answer or "").strip() in ("q", "quit"):
            raise _Leave
        print()
        return 1 if (answer or "").strip() == "1" else kept

    def _keep(self, place: int) -> None:
        if self.reader.present:
            progress.keep(self.lesson, place)

    # -- one step ------------------------------------------------------------------------------------------------------

    def _visit(self, place: int) -> int:
        """Show a step, do what is typed, and return the step to go to."""
        one, guess = self.steps[place], None
        for cell in one.before:
            self.show(prose(cell.text))
            if cell.prediction is not None:
                guess = self._predict(cell.prediction)
        self.show(self._folded(one.cell) if one.cell.folded else code(one.cell.text))
        while True:
            typed = self.reader.ask(f"[{place + 1}/{len(self.steps)}] ")
            word = (typed or "").strip()
            if not word:
                if self._run(place):
                    self._judge(one.prediction, guess)
                    print()
                    return place + 1
            elif word.lower() in ("q", "quit"):
                raise _Leave
            elif word in ("b", "back"):
                if place:
                    return place - 1
                print("This is the first step.")
            elif word in ("r", "again"):
                if self.ran is None:
                    print("No step has run yet; Enter runs this one.")
                else:
                    self._run(self.ran)
            elif word in ("l", "list"):
                self.show(code(one.cell.text))
            elif word in ("s", "save"):
                print(self._save())
            elif word in ("?", "h", "help"):
                print(HELP)
            elif word.startswith("?"):
                self._explain(word[1:])
            else:
                self._evaluate(typed or "")

    def _folded(self, cell: Cell) -> str:
        lines = sum(bool(line.strip()) for line in cell.text.splitlines())
        told = f"({lines} lines that draw and check; l lists them)" if lines > 1 else "(a line that checks; l lists it)"
        return paint(told, "dim", sys.stdout)

    def _run(self, place: int) -> bool:
        """Whether the cell ran to its end."""
        try:
            self.session.run(self.steps[place].cell)
        except KeyboardInterrupt:
            if not self.reader.here:
                raise
            print("\ninterrupted; Enter runs this step again")
            return False
        except DataError as error:
            if not self.reader.here:
                raise
            print(paint(str(error), "red", sys.stdout))
            return False
        self.ran = place
        return True

    def _evaluate(self, first: str) -> None:
        source = first
        while incomplete(source):
            more = self.reader.ask("... ")
            if more is None:
                break
            if not more.strip() and not incomplete(source + "\n"):
                break
            source += "\n" + more
        if wrong := self.session.evaluate(source.strip("\n")):
            print(paint(wrong, "red", sys.stdout))

    def _explain(self, asked: str) -> None:
        """The glossary's entry for a word."""
        try:
            term, text = glossary.look_up(asked)
        except (ArgumentError, DataError) as error:
            print(*wrap(str(error), prose_width(sys.stdout)), sep="\n")
        else:
            self.show(prose(f"**{term}**\n\n{text}"))

    def _save(self) -> str:
        if not self.session.typed:
            return "Nothing was typed yet that ran."
        path = Path("runs") / "lessons" / f"{self.lesson.path.stem}_typed.py"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(self.session.typed) + "\n", encoding="utf-8")
        except OSError as error:
            return f"{path} cannot be written: {error.strerror or error}"
        return f"what you typed is in {path}"

    # -- predictions ---------------------------------------------------------------------------------------------------

    def _predict(self, asked: Prediction) -> str | None:
        """The letter of a choice, or words where there are none; None for no prediction."""
        letters = list(asked.choices)
        prompt = f"your prediction ({', '.join(letters)}): " if letters else "your prediction: "
        while True:
            typed = (self.reader.ask(prompt) or "").strip()
            if typed.lower() in ("q", "quit"):
                raise _Leave
            if typed == "?":
                print(HELP)
                continue
            if typed.startswith("?"):
                self._explain(typed[1:])
                continue
            if not typed or not letters:
                return typed or None
            letter = re.sub(r"[().\s]", "", typed.lower())
            if letter in letters:
                return letter
            same = [one for one in letters if asked.choices[one].rstrip(".").lower() == typed.rstrip(".").lower()]
            if same:
                return same[0]
            print(f"Please answer {', '.join(letters[:-1])} or {letters[-1]}, or Enter for none.")

    def _judge(self, asked: Prediction | None, guess: str | None) -> None:
        """What became of a prediction, once the output has answered it."""
        if asked is None or (guess is None and not asked.choices):
            return
        if not asked.choices:
            print(paint(f"(you predicted: {guess})", "dim", sys.stdout))
            return
        right = f"({asked.answer}) {asked.choices[asked.answer].rstrip('.')}: {asked.sentences[asked.answer]}"
        lines = [f"It is {right}"]
        if guess == asked.answer:
            lines = [paint("Right", "green", sys.stdout) + f": {right}"]
        elif guess is not None:
            lines = [
                paint("Not so", "yellow", sys.stdout) + f": you said ({guess}) "
                f"{asked.choices[guess].rstrip('.')}: {asked.sentences[guess]}",
                *lines,
            ]
        print()
        for line in lines:
            print(textwrap.fill(line, prose_width(sys.stdout), break_long_words=False, break_on_hyphens=False))

    # -- pages ---------------------------------------------------------------------------------------------------------

    def show(self, text: str) -> None:
        """Print a text, in pages where it is longer than the terminal is high and somebody turns them."""
        for page, left in _pages(text.split("\n"), self.reader.present):
            print("\n".join(page))
            if left:
                typed = self.reader.ask(paint(f"-- {left} more lines: Enter --", "dim", sys.stdout))
                if (typed or "").strip().lower() in ("q", "quit"):
                    raise _Leave
        print()


def _pages(lines: list[str], turned: bool) -> Iterator[tuple[list[str], int]]:
    """Pages of lines and how many follow; one page where nobody turns them."""
    high = max(8, shutil.get_terminal_size().lines - 2) if turned else len(lines)
    while len(lines) > high + 2:  # two lines more are no page
        yield lines[:high], len(lines) - high
        lines = lines[high:]
    yield lines, 0


class _Reader:
    """Asks as long as somebody answers. here: whether somebody still does. present: whether at a terminal."""

    def __init__(self, ask: Callable[[str], str]) -> None:
        self._ask: Callable[[str], str] | None = ask
        self._terminal = ask is input and is_terminal(sys.stdin) and is_terminal(sys.stdout)
        if self._terminal:
            _edit_lines()

    @property
    def here(self) -> bool:
        return self._ask is not None

    @property
    def present(self) -> bool:
        return self.here and self._terminal

    def ask(self, prompt: str) -> str | None:
        if self._ask is None:
            return None
        try:
            return self._ask(prompt)
        except EOFError:
            self._ask = None
            print()
            return None
        except KeyboardInterrupt:  # at a prompt it is how many people leave
            print()
            raise _Leave from None


def _edit_lines() -> None:
    """Arrow keys and a history at the prompt, where Python has them."""
    with suppress(ImportError):  # Windows' own prompt has them
        import readline  # noqa: F401
