"""The explorer: pages on which a reader clicks and drags, computed by the package, that open from disk without network.

A page is added by three files, and no list has to be changed:

- `pages/NAME.py` with `PAGE = Page("NAME", ORDER, "Title", "One sentence.", data)`, where `data()` returns a mapping
  from names to values of JSON: what it has under NAME is there when the page opens (`Explorer.data.NAME`), anything
  else is read when the page asks for it (`Explorer.load(other)`). Names of files: begin the others with "NAME-";
- `static/NAME.html`, what stands on the page below its title, without numbers;
- `static/NAME.js`, plain JavaScript that fills it, see the head of `static/explorer.js`; where that would be too long,
  some of it in `static/NAME-....js`, which are read before it.

A style of the page's own may lie in `static/NAME.css`, and its small picture for the overview in `static/NAME.svg`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from string import Template
from typing import Any

from tinyinception.errors import ArgumentError
from tinyinception.files import digest_of, replace_file

STATIC = Path(__file__).parent / "static"
SHARED = ("look.css", "explorer.css", "explorer.js", "chart.js")
MADE = "made.json"  # beside the data: of which sources those of each page were made
Data = Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """A page of the explorer.

    name: of its files. order: its place in the overview. sentence: what a reader can do there. data: makes the contents
    of its data files, by their names.
    """

    name: str
    order: int
    title: str
    sentence: str
    data: Callable[[], Data]

    @property
    def file(self) -> str:
        return f"{self.name}.html"


def pages() -> list[Page]:
    """All pages, in the order of the overview."""
    package = import_module("tinyinception.site.pages")
    found = [import_module(f"{package.__name__}.{module.name}").PAGE for module in iter_modules(package.__path__)]
    return sorted(found, key=lambda page: (page.order, page.name))


def write(
    out: Path, progress: Callable[[str], None] | None = None, *, only: Collection[str] = (), home: str = ""
) -> list[Page]:
    """Write OUT/explorer/*.html with all that they need beside them; returns the pages.

    progress: called with the title of each page whose data are made; those made before from the same sources are kept.
    only: names of pages, all unless given. home: the address, as seen from the pages, of the site around them.
    Raises ArgumentError for names that no page has.
    """
    every = pages()
    if unknown := set(only) - {page.name for page in every}:
        raise ArgumentError(f"explorer: unknown pages: {', '.join(sorted(unknown))}")
    chosen = [page for page in every if not only or page.name in only]
    folder = Path(out) / "explorer"
    for name in ("static", "data"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        replace_file(folder / "static" / name, (STATIC / name).read_bytes())
    now, made = sources(), _read(folder / "data" / MADE)
    for page in chosen:
        if made.get(page.name) != now:
            if progress:
                progress(page.title)
            _write_data(folder / "data", page)
            made[page.name] = now
            replace_file(folder / "data" / MADE, json.dumps(made).encode())
        _write_page(folder, page, chosen, home)
    _write_overview(folder, chosen, home)
    return chosen


def script(name: str, value: Any) -> str:
    """The text of a data file: one line of JavaScript, since pages on a disk can read no JSON."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"Explorer.data[{json.dumps(name)}]={text};\n".replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _write_data(folder: Path, page: Page) -> None:
    data = page.data()
    if page.name not in data or any(name != page.name and not name.startswith(f"{page.name}-") for name in data):
        raise ArgumentError(f"explorer: data of {page.name} must be called {page.name!r} and {page.name + '-...'!r}")
    for old in folder.glob(f"{page.name}-*.js"):
        if old.stem not in data:
            old.unlink()
    for name, value in data.items():
        replace_file(folder / f"{name}.js", script(name, value).encode())


def _write_page(folder: Path, page: Page, chosen: list[Page], home: str) -> None:
    here = chosen.index(page)
    neighbours = [("← ", chosen[here - 1], "")] if here else []
    neighbours += [("", chosen[here + 1], " →")] if here + 1 < len(chosen) else []
    links = "".join(
        f'<a href="{other.file}">{before}{escape(other.title)}{after}</a>' for before, other, after in neighbours
    )
    own, style = STATIC / f"{page.name}.css", ""
    if own.is_file():
        replace_file(folder / "static" / own.name, own.read_bytes())
        style = f'<link rel="stylesheet" href="static/{own.name}">'
    scripts = f'<script src="data/{page.name}.js"></script>'
    for source in (*sorted(STATIC.glob(f"{page.name}-*.js")), STATIC / f"{page.name}.js"):
        replace_file(folder / "static" / source.name, source.read_bytes())
        scripts += f'\n<script src="static/{source.name}"></script>'
    body = (STATIC / f"{page.name}.html").read_text(encoding="utf-8")
    trail = _trail(home) + '<a href="index.html">Explorer</a>'
    words = {"body": body, "trail": trail, "neighbours": links, "scripts": scripts, "style": style}
    _fill(folder / page.file, page.name, page.title, page.sentence, words)


def _write_overview(folder: Path, chosen: list[Page], home: str) -> None:
    items = "\n".join(
        f'<li><a href="{page.file}">{_picture(page)}<h2>{escape(page.title)}</h2>'
        f"<p>{escape(page.sentence)}</p></a></li>"
        for page in chosen
    )
    trail = _trail(home) or '<a href="index.html" aria-current="page">tinyinception</a>'
    sentence = "Click through the networks, drag what they are made of, and see what each change costs."
    words = {
        "body": f'<ul class="pages">\n{items}\n</ul>',
        "trail": trail,
        "neighbours": "",
        "scripts": "",
        "style": "",
    }
    _fill(folder / "index.html", "index", "Explorer", sentence, words)


def _fill(path: Path, name: str, title: str, sentence: str, words: dict[str, str]) -> None:
    template = Template((STATIC / "page.html").read_text(encoding="utf-8"))
    replace_file(path, template.substitute(words, name=name, title=escape(title), sentence=escape(sentence)).encode())


def _trail(home: str) -> str:
    return f'<a href="{escape(home)}">tinyinception</a>' if home else ""


def _picture(page: Page) -> str:
    path = STATIC / f"{page.name}.svg"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def sources() -> str:
    """A digest of what data are made of: the package, the weights that it ships, and the functions that pages take from
    a lesson, wherever that lies; and which trained networks show."""
    from tinyinception.site import seen

    room = Path(__file__).parent
    shipped = digest_of([*room.parent.rglob("*.py"), *seen.FOLDER.iterdir()], room.parent)
    return " ".join((shipped, sha256(seen.taken().encode()).hexdigest(), *seen.sets()))


def _read(path: Path) -> dict[str, str]:
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return made if isinstance(made, dict) else {}
