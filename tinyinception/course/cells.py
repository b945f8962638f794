"""Programs in the percent format: `# %%` begins a cell of code, `# %% [markdown]` one of prose in comments.

`# %% tags=["hide-input"]` begins a folded cell, which draws and checks: its code is shown on request. A cell of prose
may ask for a prediction, with choices and their answer:

    # **Predict:** how many?
    #
    # - (a) one
    # - (b) two
    #
    # <!-- answer: b
    # a: that is one too few.
    # b: one, and one more.
    # -->
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tinyinception.errors import DataError

MARK = re.compile(r"# %%(?P<tail>.*)")
PREDICT = "**Predict:**"
ANSWER = re.compile(r"\n*<!--\s*answer:(?P<body>.*?)-->", re.S)
CHOICE = re.compile(r"^- \((?P<letter>[a-e])\) (?P<text>.+(?:\n  .+)*)", re.M)
SENTENCE = re.compile(r"^(?P<letter>[a-e]):\s*(?P<text>.+(?:\n(?![a-e]:).+)*)", re.M)


@dataclass(frozen=True)
class Prediction:
    """What a reader is asked to predict: choices by letter, the right letter, and a sentence for each choice.

    Without choices the reader answers in words, and nobody judges.
    """

    choices: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    sentences: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """A cell: `kind` is markdown or code, `text` its prose or source, `line` where that begins in the file, from 1.

    folded: whether its code is of no interest to most. prediction: what a cell of prose asks for; the answer is not in
    the text.
    """

    kind: str
    text: str
    line: int
    folded: bool = False
    prediction: Prediction | None = None


def parse(source: str) -> list[Cell]:
    """The cells of a program; what stands before the first mark is code, and empty cells are left out.

    Raises DataError where a prediction has choices and not one sentence for each, or no right one.
    """
    cells: list[Cell] = []
    lines: list[str] = []
    kind, start, folded = "code", 1, False

    def close() -> None:
        blank = next((i for i, line in enumerate(lines) if line.strip()), 0)  # errors then name the file's own lines
        text, prediction = "\n".join(lines[blank:]), None
        if kind == "markdown":
            text = re.sub(r"^# ?", "", text, flags=re.M)
            text, prediction = _prediction(text, start + blank)
        if text.strip():
            cells.append(Cell(kind, text.strip("\n").rstrip(), start + blank, folded, prediction))

    for number, line in enumerate(source.splitlines(), 1):
        if mark := MARK.match(line):
            close()
            kind, start, lines = "markdown" if "[markdown]" in mark["tail"] else "code", number + 1, []
            folded = "hide-input" in mark["tail"]
        else:
            lines.append(line)
    close()
    return cells


def _prediction(text: str, line: int) -> tuple[str, Prediction | None]:
    """The text without the answer, and what it asks to predict."""
    found = ANSWER.search(text)
    if PREDICT not in text:
        if found:
            raise DataError(f"line {line}: an answer without {PREDICT}")
        return text, None
    if found is None:
        return text, Prediction()
    shown = text[: found.start()] + text[found.end() :]
    asked = shown[shown.index(PREDICT) :]
    choices = {choice["letter"]: " ".join(choice["text"].split()) for choice in CHOICE.finditer(asked)}
    answer, _, body = found["body"].strip().partition("\n")
    sentences = {one["letter"]: " ".join(one["text"].split()) for one in SENTENCE.finditer(body)}
    answer = answer.strip()
    if not 2 <= len(choices) <= 5 or answer not in choices or sentences.keys() != choices.keys():
        raise DataError(
            f"line {line}: a prediction has two to five choices (a) to (e), a right one and a sentence for each; "
            f"got choices {', '.join(choices) or 'none'}, the answer {answer!r}, "
            f"sentences {', '.join(sentences) or 'none'}"
        )
    return shown, Prediction(choices, answer, sentences)
