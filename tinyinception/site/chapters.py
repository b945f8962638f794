"""The pages around the lessons: start, glossary, Which Inception?, studies, benchmarks, an operation of one's own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import Any

from tinyinception import studies
from tinyinception.course.files import Lesson, folder
from tinyinception.site.keep import PACKAGE
from tinyinception.site.ledger import short
from tinyinception.site.markup import fence, inline, link_names, raw
from tinyinception.train.config import Config

CLONE = PACKAGE.parent  # README, CONTRIBUTING and the benchmarks are in a clone alone
START = """# tinyinception

The Inception papers, made executable: GoogLeNet, BN-Inception, Inception-v2, v3 and v4 and Inception-ResNet, on a small
autograd engine and kernels that you can read in a weekend. Counts are exact, every gradient is checked, and the smaller
networks train on a laptop's CPU.

```sh
python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/tinyinception train
```

From a clone, that installs it and trains an Inception network, in some minutes. This steps through the first lesson:

```sh
.venv/bin/tinyinception lesson 0
```
"""
DOORS = (
    (
        "I am new to this",
        "From what a picture is to a network that learns, in twenty minutes; you predict before you see.",
        (
            ("Lesson 0", "lessons/{0}.html"),
            ("Glossary", "lessons/glossary.html"),
            ("All lessons", "lessons/index.html"),
        ),
    ),
    (
        "I know PyTorch",
        "The same words, and an autograd engine that can be read whole; an operation of your own in 25 lines.",
        (
            ("Lesson 1: autograd by hand", "lessons/{1}.html"),
            ("Reference", "reference/index.html"),
            ("Your own operation", "operation.html"),
        ),
    ),
    (
        "I teach",
        "Every page opens from a USB stick. Settings of the explorer are in its address, so that you can send them.",
        (
            ("Explorer", "explorer/index.html"),
            ("Lesson 5: the module", "lessons/{5}.html"),
            ("Studies for a class", "studies.html"),
        ),
    ),
    (
        "I have read the papers",
        "What they say, weighed sentence by sentence, and which of the networks of one name is which.",
        (
            ("Claims", "claims.html"),
            ("Which Inception?", "lessons/which_inception.html"),
            ("Benchmarks", "benchmarks.html"),
        ),
    ),
)


@dataclass(frozen=True)
class Places:
    """Where Sphinx reads pages, and where the site is made; pages: the stem of each lesson's by number."""

    source: Path
    out: Path
    pages: dict[int, str]

    def write(self, name: str, text: str) -> None:
        path = self.source / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.rstrip() + "\n", encoding="utf-8")


def write(places: Places, lessons: Sequence[Lesson], explorer: bool) -> None:
    """All of them; explorer: whether there is one to link to."""
    chapters = ["lessons/index", "claims", "studies"]
    if benchmarks(places):
        chapters.append("benchmarks")
    if operation(places):
        chapters.append("operation")
    chapters.append("reference/index")
    course(places, lessons)
    glossary(places)
    which(places)
    came_out(places)
    places.write("studies", study_page())
    start(places, [*chapters], explorer)


# -- start -------------------------------------------------------------------------------------------------------------


def start(places: Places, chapters: Sequence[str], explorer: bool) -> None:
    """The first page: what it is, two commands, a picture, and where to go on."""
    from tinyinception.plots import draw

    (places.out / "pictures").mkdir(exist_ok=True)
    draw("inception_v3", path=places.out / "pictures" / "inception_v3.png")
    known = {f"{chapter}.html" for chapter in chapters} | {f"lessons/{stem}.html" for stem in places.pages.values()}
    known |= {"lessons/glossary.html", "lessons/which_inception.html"} | (
        {"explorer/index.html"} if explorer else set()
    )
    doors = []
    for title, told, links in DOORS:
        targets = [
            (name, re.sub(r"\{(\d+)\}", lambda n: places.pages.get(int(n[1]), ""), link)) for name, link in links
        ]
        items = "".join(f'<li><a href="{link}">{name}</a></li>' for name, link in targets if link in known)
        doors.append(f'<section class="door"><h3>{title}</h3><p>{told}</p><ul>{items}</ul></section>')
    picture = (
        '<figure><img src="pictures/inception_v3.png" alt="Inception-v3 as boxes, module by module, with widths and '
        'grids, each coloured by its share of the multiply-adds"><figcaption>Inception-v3, coloured by where the '
        "multiply-adds go: <code>tinyinception summary inception_v3 --draw inception_v3.png</code>.</figcaption>"
        "</figure>"
    )
    if explorer:
        picture = picture.replace("</figcaption>", ' <a href="explorer/index.html">Click through it</a>.</figcaption>')
    tree = ["```{toctree}", ":hidden:", ":maxdepth: 2", *chapters, "```"]
    page = [START, raw(picture), "## Where do you come from?", raw(f'<div class="doors">{"".join(doors)}</div>')]
    places.write("index", "\n\n".join([*page, "\n".join(tree)]))


# -- lessons -----------------------------------------------------------------------------------------------------------


def course(places: Places, lessons: Sequence[Lesson]) -> None:
    """The list of the lessons, in their order, with what each is for."""
    rows = "".join(
        f'<li value="{one.number}"><a href="{one.path.stem}.html">{inline(one.title)}</a> '
        f'<span class="minutes">{one.minutes} minutes</span><p>You will know {inline(one.outcome)}</p></li>'
        for one in lessons
    ).replace("glossary.md#", "glossary.html#")
    hours = sum(one.minutes for one in lessons) / 60
    extra = [name for name in ("glossary", "which_inception", "studies") if (folder() / f"{name}.md").is_file()]
    entries = [f"{one.number}. {one.title} <{one.path.stem}>" for one in lessons] + extra
    tree = "\n".join(["```{toctree}", ":hidden:", *entries, "```"])
    told = (
        f"{hours:.0f} hours in all. Each asks you to predict before it shows; choose, and the output appears. They "
        "also run in a terminal, `tinyinception lesson 1`, and as notebooks."
    )
    places.write("lessons/index", f"# Lessons\n\n{told}\n\n{raw(f'<ol class=course>{rows}</ol>')}\n\n{tree}")


def glossary(places: Places) -> None:
    """The words, each with a place of its own."""
    path = folder() / "glossary.md"
    if path.is_file():
        places.write("lessons/glossary", link_names(path.read_text(encoding="utf-8"), places.pages))


def which(places: Places) -> None:
    """Which Inception?, with a field into which to type what is known of a network."""
    path = folder() / "which_inception.md"
    if not path.is_file():
        return
    head, _, rest = path.read_text(encoding="utf-8").partition("\n\n")
    chooser = (
        '<form class="chooser" role="search"><label>Which one do you have? Type its number of parameters, or where it '
        'comes from <input type="search" name="known" placeholder="23851784, slim, timm, facenet, 5x5"></label>'
        '<output class="chosen" aria-live="polite"></output></form>'
    )
    rest = re.sub(
        r"`tinyinception claims (A\d+)`",
        r'<a href="../claims.html#\1">`tinyinception claims \1`</a>',
        link_names(rest, places.pages),
    )
    places.write("lessons/which_inception", "\n\n".join([head, raw(chooser), rest]))


# -- studies -----------------------------------------------------------------------------------------------------------


def study_page() -> str:
    """Every built-in study: its question, what it tests, its arms, and what lessons have measured of it."""
    names = studies.names()
    parts = [
        "# Studies",
        f"A study trains networks that differ in one thing, with several seeds, and says how sure their difference is. "
        f"{len(names)} come with the package, each for a sentence of the papers. `tinyinception study NAME --quick` "
        "takes minutes, on drawn images; `--dry-run` says how long the whole takes on your machine.",
    ]
    if (folder() / "studies.md").is_file():
        parts.append("What those that were run on CIFAR-10 came to: [Studies: what came out](lessons/studies.md).")
    for name in names:
        parts += _study(name)
    return "\n\n".join(parts)


def came_out(places: Places) -> None:
    """What those that were run came to, with their pictures."""
    page = folder() / "studies.md"
    if not page.is_file():
        return

    def picture(found: re.Match) -> str:
        name = f"study-{found['study']}.png"
        shutil.copyfile(page.parent / found["file"], places.out / "pictures" / name)
        return raw(f'<img src="../pictures/{name}" alt="{escape(found["shows"])}" loading="lazy">')

    (places.out / "pictures").mkdir(exist_ok=True)
    pictures = r"^!\[(?P<shows>[^\]]*)\]\((?P<file>results/(?P<study>\w+)/[^)]+)\)$"
    text = re.sub(pictures, picture, page.read_text(encoding="utf-8"), flags=re.M)
    places.write("lessons/studies", link_names(text, places.pages))


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
            f"<p>{count} arms, {seeds} seeds: {count * seeds} trainings of {base.epochs} epochs on "
            f"<code>{escape(str(base.data))}</code>; measured: {escape(measures)}.</p>"
            f'<div class="wide"><table class="arms"><tbody>{rows}</tbody></table></div>'
        ),
        fence(f"tinyinception study {name} --quick", "sh"),
    ]
    return parts + _measured(name)


def _differs(arms: dict[str, Config], arm: str) -> str:
    """In which settings an arm differs from the first one."""
    first, this = next(iter(arms.values())), arms[arm]
    told = [
        f"{one.name} = {_setting(getattr(this, one.name))}"
        for one in fields(this)
        if getattr(this, one.name) != getattr(first, one.name)
    ]
    told = told or [f"model = {_setting(this.model)}" if this is first else "as the first"]
    return ", ".join(f"<code>{escape(text)}</code>" for text in told)


def _setting(value: Any) -> str:
    return (
        ", ".join(f"{key} {text}" for key, text in value.items()) or "none" if isinstance(value, dict) else str(value)
    )


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


# -- what only a clone has ---------------------------------------------------------------------------------------------


def benchmarks(places: Places) -> bool:
    """The page that the benchmarks write, with its pictures; whether there is one."""
    page = CLONE / "benchmarks" / "README.md"
    if not page.is_file():
        return False
    (places.out / "figures").mkdir(exist_ok=True)

    def picture(found: re.Match) -> str:
        shutil.copyfile(page.parent / found[2], places.out / found[2])
        return raw(f'<img src="{found[2]}" alt="{escape(found[1])}: the benchmark\'s picture" loading="lazy">')

    text = re.sub(r"^!\[([^\]]*)\]\((figures/[^)]+)\)$", picture, page.read_text(encoding="utf-8"), flags=re.M)
    places.write("benchmarks", text)
    return True


def operation(places: Places) -> bool:
    """An operation of one's own, as CONTRIBUTING has it; whether there is one."""
    page = CLONE / "CONTRIBUTING.md"
    if not page.is_file():
        return False
    text = page.read_text(encoding="utf-8")
    engine = re.search(r"^## The engine\n(.*?)^Below lie the kernels", text, re.M | re.S)
    added = re.search(r"^An \*\*operation\*\* (.*?)^A \*\*kernel\*\*", text, re.M | re.S)
    if engine is None or added is None:
        return False
    parts = ["# Your own operation", f"An operation {added[1].strip()}", "## Where it goes", engine[1].strip()]
    places.write("operation", "\n\n".join(parts))
    return True
