"""The page of the studies: what each asks, and how it is run."""

from __future__ import annotations

import json
from dataclasses import fields
from html import escape
from typing import Any

from tinyinception import studies
from tinyinception.course.files import folder
from tinyinception.site.ledger import short
from tinyinception.site.markup import fence, raw
from tinyinception.terminal import many
from tinyinception.train.config import Config


def study_page() -> str:
    """Every built-in study: its question, what it tests, its arms, and where it is said what came out."""
    names = studies.names()
    run = [name for name in names if _ran(name)]
    told = f" Run whole, with what came out: {', '.join(map(_came_out, run))}." if run else ""
    parts = [
        "# Studies",
        f"A study trains networks that differ in one thing, with several seeds, and says how sure their difference is. "
        f"{len(names)} come with the package, each for a sentence of the papers. `tinyinception study NAME --quick` "
        f"takes minutes, on drawn images; `--dry-run` says how long the whole takes on your machine.{told}",
    ]
    for name in names:
        parts += _study(name)
    return "\n\n".join(parts)


def _study(name: str) -> list[str]:
    study = studies.load(name)
    count, seeds = len(study.arms), len(study.seeds)
    rows = "".join(
        f"<tr><th scope='row'>{escape(arm)}</th><td>{_differs(study.arms, arm)}</td></tr>" for arm in study.arms
    )
    base = next(iter(study.arms.values()))
    quote = f"<blockquote>{escape(study.sentence)}</blockquote>" if study.sentence else ""
    where = "; ".join(text for text in (study.where, study.mirrors) if text)
    measures = ", ".join(one.replace("_", " ") for one in study.measures)
    parts = [
        f"## {name}",
        raw(
            f"<p><b>{escape(study.question)}</b></p>{quote}<p class='where'>{escape(where)}</p>"
            f"<p>{many(count, 'arm')}, {many(seeds, 'seed')}: {many(count * seeds, 'training')} of "
            f"{many(base.epochs, 'epoch')} on "
            f"<code>{escape(str(base.data))}</code>; measured: {escape(measures)}.</p>"
            f'<div class="wide"><table class="arms"><tbody>{rows}</tbody></table></div>'
        ),
        fence(f"tinyinception study {name} --quick", "sh"),
    ]
    parts += [f"Run whole: {_came_out(name, 'what came out')}."] if _ran(name) else []
    return parts + _measured(name)


def _ran(name: str) -> bool:
    """Whether results of the whole study are kept, and told."""
    return (folder() / "results" / name / "results.csv").is_file() and (folder() / "studies.md").is_file()


def _came_out(name: str, text: str | None = None) -> str:
    return f"[{text or name}](lessons/studies.md#{name})"


def _differs(arms: dict[str, Config], arm: str) -> str:
    """In which settings an arm differs from the first one."""
    first, this = next(iter(arms.values())), arms[arm]
    told = [
        text
        for one in fields(this)
        if getattr(this, one.name) != getattr(first, one.name)
        for text in _settings(one.name, getattr(this, one.name))
    ]
    told = told or (_settings("model", this.model) if this is first else ["as the first"])
    return ", ".join(f"<code>{escape(text)}</code>" for text in told)


def _settings(name: str, value: Any) -> list[str]:
    """A setting as it would stand in a file, options of a model one by one."""
    if isinstance(value, dict):
        return [f"{key} = {text}" for key, text in value.items()] or [f"no {name.replace('_', ' ')}"]
    return [f"{name} = {value}"]


def _measured(name: str) -> list[str]:
    """A stored result of the same name, which a lesson's experiment measured."""
    path = folder() / "results" / f"{name}.json"
    if not path.is_file():
        return []
    record = json.loads(path.read_text(encoding="utf-8"))
    rows = "".join(_figures("", record["result"]))
    told = (
        f"Measured for a lesson, {record['date']}, on {record['machine']}, in {record['seconds']:,.0f} s: "
        f"<code>{escape(record['command'])}</code>"
    )
    return [
        raw(
            f'<details class="result"><summary>A stored result</summary><p>{told}</p>'
            f'<div class="wide"><table class="figures"><tbody>{rows}</tbody></table></div></details>'
        )
    ]


def _figures(path: str, value: Any) -> list[str]:
    """A row for each leaf of a result, by its path; lists of numbers are leaves."""
    if isinstance(value, dict):
        return [row for key, inner in value.items() for row in _figures(f"{path} {key}".strip(), inner)]
    if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        return [row for i, inner in enumerate(value) for row in _figures(f"{path} {i}".strip(), inner)]
    return [f"<tr><th scope='row'>{escape(path)}</th><td>{escape(short(value))}</td></tr>"]
