"""The pages around the lessons: start, glossary, Which Inception?, benchmarks, an operation of one's own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import dedent

from tinyinception.course.files import Lesson, folder
from tinyinception.course.glossary import meanings
from tinyinception.site import tables
from tinyinception.site.keep import PACKAGE
from tinyinception.site.markup import inline, link_names, raw
from tinyinception.site.trials import study_page

CLONE = PACKAGE.parent  # README, CONTRIBUTING and the benchmarks are in a clone alone
START = """# tinyinception

The Inception papers, made executable: GoogLeNet, BN-Inception, Inception-v2, v3 and v4 and Inception-ResNet, on a small
autograd engine and kernels that you can read in a weekend. Counts are exact, every gradient is checked, and the smaller
networks train on a laptop's CPU.
"""
COMMANDS = """In a clone, this installs it and trains an Inception network, in some minutes:

```sh
python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/tinyinception train
```

And this steps through the first lesson:

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
    doors, ways = [], []
    for number, (title, told, links) in enumerate(DOORS, 1):
        targets = [
            (name, re.sub(r"\{(\d+)\}", lambda n: places.pages.get(int(n[1]), ""), link)) for name, link in links
        ]
        items = "".join(f'<li><a href="{link}">{name}</a></li>' for name, link in targets if link in known)
        doors.append(
            f'<section class="door" id="door-{number}"><h3>{title}</h3><p>{told}</p><ul>{items}</ul></section>'
        )
        ways.append(f'<a href="#door-{number}">{title}</a>')
    picture = (
        '<img src="pictures/inception_v3.png" class="drawn" width="1920" height="1080" alt="Inception-v3 as boxes, '
        'module by module, with widths and grids, each coloured by its share of the multiply-adds">'
    )
    caption = (
        "Inception-v3, coloured by where the multiply-adds go: <code>tinyinception summary inception_v3 --draw "
        "inception_v3.png</code>."
    )
    if explorer:
        picture = f'<a href="explorer/index.html">{picture}</a>'
        caption += ' <a href="explorer/index.html">Click through it</a>.'
    figure = f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"
    tree = ["```{toctree}", ":hidden:", ":maxdepth: 2", *chapters, "```"]
    page = [
        START,
        raw(f'<nav class="ways" aria-label="Where do you come from?">{"".join(ways)}</nav>'),
        COMMANDS,
        raw(figure),
        "## Where do you come from?",
        raw(f'<div class="doors">{"".join(doors)}</div>'),
    ]
    places.write("index", "\n\n".join([*page, "\n".join(tree)]))


# -- lessons -----------------------------------------------------------------------------------------------------------


def course(places: Places, lessons: Sequence[Lesson]) -> None:
    """The list of the lessons, in their order, with what each is for."""
    rows = "".join(
        f'<li value="{one.number}"><a href="{one.path.stem}.html">{inline(one.title)}</a> '
        f'<span class="minutes">{one.minutes} minutes</span>'
        f"<p>{inline(one.outcome[:1].upper() + one.outcome[1:])}</p></li>"
        for one in lessons
    ).replace("glossary.md#", "glossary.html#")
    hours = sum(one.minutes for one in lessons) / 60
    extra = [name for name in ("glossary", "which_inception", "studies") if (folder() / f"{name}.md").is_file()]
    entries = [f"{one.number}. {one.title} <{one.path.stem}>" for one in lessons] + extra
    tree = "\n".join(["```{toctree}", ":hidden:", *entries, "```"])
    told = (
        f"{hours:.0f} hours in all. Each asks you to predict before it shows; choose, and the output appears. They "
        "also run in a terminal, `tinyinception lesson 1`, and as notebooks. Below each: what you know afterwards."
    )
    places.write("lessons/index", f"# Lessons\n\n{told}\n\n{raw(f'<ol class=course>{rows}</ol>')}\n\n{tree}")


def glossary(places: Places) -> None:
    """The words, each with a place of its own."""
    path = folder() / "glossary.md"
    if not path.is_file():
        return
    head, words = re.split(r"^(?=## )", path.read_text(encoding="utf-8") + "\n", maxsplit=1, flags=re.M)
    first = {anchor[0].upper(): anchor for anchor in reversed(list(meanings()))}
    letters = "".join(f'<a href="#{first[letter]}">{letter}</a>' for letter in sorted(first))
    page = [head.strip(), raw(f'<nav class="letters" aria-label="By letter">{letters}</nav>')]
    places.write("lessons/glossary", "\n\n".join([*page, link_names(words, places.pages)]))


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
    rest = tables.TABLE.sub(lambda found: raw(tables.cards(found[0])), rest)
    places.write("lessons/which_inception", "\n\n".join([head, raw(chooser), rest]))


# -- studies -----------------------------------------------------------------------------------------------------------


def came_out(places: Places) -> None:
    """What those that were run came to, with their pictures and rows."""
    page = folder() / "studies.md"
    if not page.is_file():
        return

    def picture(found: re.Match) -> str:
        name = f"study-{found['study']}.png"
        shutil.copyfile(page.parent / found["file"], places.out / "pictures" / name)
        return raw(f'<img src="../pictures/{name}" alt="{escape(found["shows"])}" loading="lazy">')

    def rows(found: re.Match) -> str:
        name = f"study-{found['study']}.csv"
        shutil.copyfile(page.parent / found["file"], places.out / "pictures" / name)
        return f'<a href="../pictures/{name}" download>{escape(found["shows"])}</a>'

    (places.out / "pictures").mkdir(exist_ok=True)
    kept = r"\[(?P<shows>[^\]]*)\]\((?P<file>results/(?P<study>\w+)/[^)]+\.%s)\)"
    text = re.sub(rf"^!{kept % 'png'}$", picture, page.read_text(encoding="utf-8"), flags=re.M)
    text = re.sub(kept % "csv", rows, text)
    places.write("lessons/studies", link_names(text, places.pages))


# -- what only a clone has ---------------------------------------------------------------------------------------------


def benchmarks(places: Places) -> bool:
    """The page that the benchmarks write, with its pictures; whether there is one."""
    page = CLONE / "benchmarks" / "README.md"
    if not page.is_file():
        return False
    (places.out / "figures").mkdir(exist_ok=True)

    def picture(found: re.Match) -> str:
        shutil.copyfile(page.parent / found[2], places.out / found[2])
        told = f"{escape(found[1])}: the benchmark's picture"
        return raw(f'<a href="{found[2]}"><img src="{found[2]}" class="drawn" alt="{told}" loading="lazy"></a>')

    text = re.sub(r"^!\[([^\]]*)\]\((figures/[^)]+)\)$", picture, page.read_text(encoding="utf-8"), flags=re.M)
    text = tables.TITLED.sub(lambda found: tables.measured(found["table"], found["title"] or ""), text)
    text = re.sub(
        r"^(?: {4}.+\n)+",
        lambda found: raw(f'<pre class="machine">{escape(dedent(found[0]))}</pre>') + "\n",
        text,
        flags=re.M,
    )
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
