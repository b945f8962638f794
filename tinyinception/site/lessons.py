"""A lesson as a page: prose, code, what it put out, predictions to choose, exercises, and the claims it settles."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Collection, Sequence
from html import escape
from itertools import takewhile
from pathlib import Path

from tinyinception.course import glossary, notebook
from tinyinception.course.cells import CHOICE, PREDICT, Cell
from tinyinception.course.claims import Claim
from tinyinception.course.exercises import OPEN, Task, exercises, solution, tasks
from tinyinception.course.files import Lesson
from tinyinception.errors import ArgumentError
from tinyinception.site.execute import Outputs
from tinyinception.site.markup import badge, fence, folded, inline, link_names, plain, raw, waiting

GLOSSARY = re.compile(r"\[([^\]]+)\]\(glossary\.md#([\w-]+)\)")
EXPLORED = {  # the page of the explorer on which a lesson's question can be turned in one's hands
    "autograd": "autograd",
    "convolution_as_product": "convolution",
    "counting": "map",
    "inception_module": "module",
    "googlenet": "map",
    "batch_norm": "batch_norm",
    "two_3x3": "factorization",
    "asymmetric": "factorization",
    "grid_reduction": "reduction",
    "label_smoothing": "smoothing",
    "v2_and_v3": "map",
    "residual": "map",
    "seeing": "seen",
}
LEVELS = {"1": "level 1: straight on", "2": "level 2: a step to find", "3": "level 3: several steps", OPEN: "open"}


class Page:
    """The page of one lesson, piece by piece.

    pages: the stem of each lesson's by its number. explorer: the names of the explorer's pages.
    """

    def __init__(
        self,
        lesson: Lesson,
        outputs: Outputs,
        pages: dict[int, str],
        claims: Sequence[Claim],
        explorer: Collection[str] = (),
    ) -> None:
        self.lesson, self.outputs, self.pages, self.explorer = lesson, outputs, pages, explorer
        self.claims = [claim for claim in claims if claim.lesson == lesson.number]
        self.meanings = glossary.meanings()
        self.gate, self.predictions, self.cell = "", 0, 0

    def text(self) -> str:
        """All of it, in MyST's Markdown."""
        head, *rest = self.lesson.cells()
        title, _, facts = head.text.partition("\n")
        parts = [title, self._bar(), self._prose(facts.strip())]
        for cell in rest:
            parts += self._prediction(cell) if cell.kind == "markdown" else self._code(cell)
        return "\n\n".join([*parts, *self._exercises(), *self._settled()]) + "\n"

    def _bar(self) -> str:
        stem, number, explored = self.lesson.path.stem, self.lesson.number, EXPLORED.get(self.lesson.name)
        explore = f'<a href="../explorer/{explored}.html">in the explorer</a>' if explored in self.explorer else ""
        return raw(
            '<div class="lesson-bar">'
            f'{explore}<a href="notebooks/{stem}.ipynb" download>as notebook</a>'
            f'<a href="programs/{stem}.py" download>as program</a>'
            f"<span>in a terminal: <code>tinyinception lesson {number}</code></span>"
            '<label class="reveal"><input type="checkbox" id="reveal"> show all answers</label></div>'
        )

    def _prose(self, text: str) -> str:
        def explained(link: re.Match) -> str:
            meaning = escape(self.meanings.get(link[2], ""))
            return f'<a class="word" href="glossary.html#{link[2]}" title="{meaning}">{link[1]}</a>'

        return GLOSSARY.sub(explained, link_names(text, self.pages))

    # -- predictions and code ------------------------------------------------------------------------------------------

    def _prediction(self, cell: Cell) -> list[str]:
        """Prose, and where it asks for a prediction its choices as buttons; they open what follows."""
        if cell.prediction is None:
            return self._afterwards(cell.text)
        before, asked, after = cell.text.partition(PREDICT)
        told, asks_next = _last_paragraph(before)
        parts = [*self._afterwards(told), self._prose(asks_next)]
        self.predictions += 1
        self.gate = f"prediction-{self.predictions}"
        question = CHOICE.sub("", after).strip()
        asks = cell.prediction
        buttons = "".join(
            f'<button type="button" data-choice="{letter}"><b>{letter}</b> {inline(text)}</button>'
            for letter, text in asks.choices.items()
        )
        others = "show without choosing" if asks.choices else "I have an answer: show"
        told = "".join(
            f'<li data-choice="{letter}">({letter}) {inline(asks.choices[letter].rstrip("."))}: {inline(sentence)}</li>'
            for letter, sentence in asks.sentences.items()
        )
        answer = (
            '<details class="answer"><summary>The answer</summary>'
            f"<p>It is ({asks.answer}).</p><ul>{told}</ul></details>"
            if asks.choices
            else ""
        )
        html = (
            f'<div class="prediction" id="{self.gate}" data-answer="{asks.answer}">'
            f'<div class="choices" role="group" aria-label="Your prediction">{buttons}'
            f'<button type="button" class="anyway">{others}</button></div>'
            f'<div class="judged" aria-live="polite"></div>{answer}</div>'
        )
        return [*parts, self._prose(f"{asked} {question}"), raw(html)]

    def _afterwards(self, text: str) -> list[str]:
        """Prose, which up to its first heading says what came out, and so waits for the prediction as well."""
        told, *rest = re.split(r"^(?=#)", text, maxsplit=1, flags=re.M)
        parts = [self._prose(told.strip())]
        if self.gate and told.strip():
            parts = waiting(self.gate, parts)
        if rest:
            self.gate = ""
        return [*parts, *(self._prose(one) for one in rest)]

    def _code(self, cell: Cell) -> list[str]:
        """Code, folded where it only draws and checks, and what it put out."""
        source, checks = (cell.text, "") if cell.folded or not self.gate else _apart(cell.text)
        code = fence(source, "python")
        if cell.folded:
            code = _told("Code that draws and checks", source)
        made = self.outputs.cells[self.cell] if self.cell < len(self.outputs.cells) else []
        self.cell += 1
        gate = f' data-gate="{self.gate}"' if self.gate else ""
        put = [raw(f'<div class="output"{gate}>{"".join(map(self._output, made))}</div>')] if made else []
        return [code, *put, *(waiting(self.gate, [_told("Code that checks", checks)]) if checks else [])]

    def _output(self, made: dict[str, str]) -> str:
        if "text" in made:
            return f'<pre tabindex="0">{escape(made["text"], quote=False)}</pre>'
        width, height = _size(self.outputs.folder / made["picture"])
        drawn = ' class="drawn"' if made.get("drawn") else ""
        return (
            f'<a class="picture" href="pictures/{made["picture"]}"><img src="pictures/{made["picture"]}"{drawn} '
            f'alt="{escape(made["told"])}" width="{width}" height="{height}" loading="lazy"></a>'
        )

    # -- exercises and claims ------------------------------------------------------------------------------------------

    def _exercises(self) -> list[str]:
        path, number = self.lesson.beside("exercises"), self.lesson.number
        if not path.is_file():
            return []
        source = path.read_text(encoding="utf-8")
        bodies = {getattr(node, "name", ""): ast.get_source_segment(source, node) for node in ast.parse(source).body}
        known = {one.name: one for one in exercises(self.lesson)}
        told = (
            f"`tinyinception lesson {number} --exercises` says where they are; replace each `...`, and "
            f"`tinyinception lesson {number} --check` shows the first example that fails, and which misunderstanding "
            "gives just that."
        )
        parts = ["## Exercises", told]
        for task in tasks(self.lesson):
            hints = [] if task.name not in known else list(known[task.name].mistakes)
            parts += self._exercise(task, bodies.get(task.name) or "", hints)
        return parts

    def _exercise(self, task: Task, body: str, hints: list[str]) -> list[str]:
        try:
            solved = solution(self.lesson, task.name)
        except ArgumentError:
            solved = ""
        level = f' <span class="level">{LEVELS[task.level]}</span>' if task.level else ""
        parts = [f"### `{task.name}`", raw(f'<div class="asked">{level}{plain(_calls(task.text, task.name))}</div>')]
        if task.level == OPEN:
            return [*parts, folded("Discussion", self._prose(solved), "solution")]
        signature = re.match(r"(?:class|def) [\s\S]*?:\n", body)
        parts.append(fence(f"{signature[0] if signature else body}    return ...", "python"))
        if hints:
            items = "".join(
                f'<details class="hint"><summary>Hint {i}</summary><p>{inline(hint)}</p></details>'
                for i, hint in enumerate(hints, 1)
            )
            told = (
                f"{len(hints)} hints: what usually goes wrong" if len(hints) > 1 else "A hint: what usually goes wrong"
            )
            parts.append(raw(f'<details class="hints"><summary>{told}</summary>{items}</details>'))
        return [*parts, folded("A solution", fence(solved, "python"), "solution")] if solved else parts

    def _settled(self) -> list[str]:
        if not self.claims:
            return []
        rows = "".join(
            f'<li>{badge(claim.ruling)} <a href="../claims.html#{claim.id}">{claim.id}</a> {inline(claim.claim)}</li>'
            for claim in self.claims
        )
        return ["## What this settles", raw(f'<ul class="settled">{rows}</ul>')]


def _last_paragraph(text: str) -> tuple[str, str]:
    """Prose without its last paragraph, and that with what belongs to it: it leads to the question that follows.

    A single one may do no more than say what came out, and stays where it is.
    """
    parts = re.split(r"\n\s*\n", text.strip())
    plain = [i for i, part in enumerate(parts) if not re.match(r"[-*$`#]|\d+\.|\s", part)]
    at = plain[-1] if plain and plain[-1] > 0 else len(parts)
    return "\n\n".join(parts[:at]), "\n\n".join(parts[at:])


def _calls(text: str, name: str) -> str:
    """A docstring in which calls of its function stand between backticks."""
    inner = r"[^()`\n]|\n(?!\s*\n)"
    return re.sub(rf"(?<![`\w.]){name}\((?:{inner}|\((?:{inner}|\((?:{inner})*\))*\))*\)", r"`\g<0>`", text)


def _told(what: str, code: str) -> str:
    """Code behind a line that says what it is for, and how long."""
    count = len(code.splitlines())
    return folded(f"{what} ({count} line{'s' * (count > 1)})", fence(code, "python"), "code")


def _apart(code: str) -> tuple[str, str]:
    """A cell without the assertions at its end, and these, which would give an answer away."""
    body = ast.parse(code).body
    count = len(list(takewhile(lambda one: isinstance(one, ast.Assert), reversed(body))))
    lines = code.split("\n")
    at = body[-count].lineno - 1 if 0 < count < len(body) else len(lines)
    return "\n".join(lines[:at]), "\n".join(lines[at:])


def write(page: Page, source: Path, out: Path) -> None:
    """Write a lesson's page to Sphinx's folder, and its pictures, notebook and program to the site's."""
    lesson, place = page.lesson, out / "lessons"
    for folder in ("pictures", "notebooks", "programs"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    (source / "lessons" / f"{lesson.path.stem}.md").write_text(page.text(), encoding="utf-8")
    for path in page.outputs.folder.glob("*.[pg][ni][gf]"):
        shutil.copyfile(path, place / "pictures" / path.name)
    notebook.write(lesson, place / "notebooks" / f"{lesson.path.stem}.ipynb")
    shutil.copyfile(lesson.path, place / "programs" / lesson.path.name)


def _size(path: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(path) as image:
        return image.size
