"""Builds the site: runs what has changed, has Sphinx make the pages, checks every link, and puts it all in place."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import tinyinception
from tinyinception.course import claims, files
from tinyinception.errors import ArgumentError, DataError
from tinyinception.files import digest_of
from tinyinception.site import card, chapters, execute, keep, ledger, lessons, links, place, seen
from tinyinception.terminal import bar, say

PARTS = ("explorer", "pages")
NEEDS = {"sphinx": "sphinx", "myst_parser": "myst-parser", "furo": "furo"}
THEME = Path(__file__).parent / "theme"
STATIC = Path(__file__).parent / "static"
SETTINGS: dict[str, Any] = {
    "project": "tinyinception",
    "author": "The tinyinception authors",
    "extensions": ["myst_parser", "tinyinception.site.mathematics"],
    "myst_enable_extensions": ["dollarmath"],
    "myst_disable_syntax": ["myst_line_comment", "myst_block_break", "myst_target"],  # a line may begin with %
    "myst_heading_anchors": 3,
    "suppress_warnings": ["myst.header", "myst.xref_missing", "toc.not_included"],  # our own check of links is stricter
    "html_theme": "furo",
    "html_title": "tinyinception",
    "html_math_renderer": "tinyinception",
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_search_summary": False,  # it reads pages, which a browser forbids on a disk
    "html_show_copyright": False,
    "html_show_sphinx": False,
    "html_use_opensearch": "",
    "html_css_files": ["look.css", "pages.css"],
    "html_js_files": ["pages.js"],
    "html_domain_indices": False,
    "html_use_index": False,
    "pygments_style": "a11y-light",
}
SIDEBAR = ("brand", "search", "scroll-start", "explorer", "navigation", "scroll-end")


@dataclass(frozen=True)
class Built:
    """What a build came to. executed: numbers of the lessons that were run. fresh: whether there was nothing to do."""

    folder: Path
    pages: int
    bytes: int
    seconds: float
    executed: tuple[int, ...] = ()
    fresh: bool = False


def build(out: str | Path, *, only: str | None = None, progress: bool = True) -> Built:
    """Make OUT a site, or bring it up to date; only: one of PARTS, and what else lies there stays.

    Raises ArgumentError for an OUT that cannot be written or is not ours, or a library that is missing, before any
    work; DataError for a lesson that fails, a formula that cannot be drawn, a claim that disagrees, a link to nothing.
    """
    begun = time.monotonic()
    if only not in (None, *PARTS):
        raise ArgumentError(f"site: only must be {' or '.join(PARTS)}, got {only!r}")
    path, mark = place.known(out)
    if only != "explorer":
        _require()
    key = _key()
    keys = {part: key for part in PARTS if only in (None, part)}
    kept = {} if mark is None else {part: made for part, made in mark.get("keys", {}).items() if part in PARTS}
    if mark is not None and kept.items() >= keys.items() and place.whole(path, mark):
        return Built(path, *_size(path), time.monotonic() - begun, fresh=True)
    with place.replacing(path) as made:
        executed: tuple[int, ...] = ()
        if only is not None and mark is not None:
            shutil.copytree(path, made, dirs_exist_ok=True, ignore=shutil.ignore_patterns(place.MARK))
            keys = {**kept, **keys}
        if only != "pages":
            _explorer(made, progress, "../index.html" if "pages" in keys else "")
        if only != "explorer":
            executed = _pages(made, progress)
        elif "pages" not in keys:
            shutil.copyfile(THEME / "door.html", made / "index.html")
        if wrong := links.problems(made):
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise DataError(f"site: {wrong[0]}{more}")
        place.mark(made, version=tinyinception.__version__, keys=keys)
        pages, size = _size(made)
    return Built(path, pages, size, time.monotonic() - begun, executed)


def _require() -> None:
    if missing := [name for module, name in NEEDS.items() if find_spec(module) is None]:
        raise ArgumentError(
            f"site: this needs {', '.join(missing)}; install it with pip install 'tinyinception[site]', or build the "
            "explorer alone, with --only explorer"
        )


def _key() -> str:
    """A hash of all that a site is made of."""
    place = files.folder()
    clone = chapters.CLONE
    more = [
        clone / "CONTRIBUTING.md",
        clone / "benchmarks" / "README.md",
        *(clone / "benchmarks" / "figures").glob("*.png"),
    ]
    return keep.digest(
        keep.of_package(room=True),
        *seen.sets(),
        digest_of((path for path in place.rglob("*.*") if path.is_file() and path.suffix != ".pyc"), place),
        digest_of((path for path in more if path.is_file()), clone),
    )


def _size(folder: Path) -> tuple[int, int]:
    """How many pages there are, and how many bytes of files."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return sum(path.suffix == ".html" for path in found), sum(path.stat().st_size for path in found)


def _explorer(made: Path, progress: bool, home: str) -> None:
    from tinyinception.site import explorer

    def make(folder: Path) -> None:
        explorer.write(folder, lambda title: say(f"explorer: {title}") if progress else None, home=home)

    key = keep.digest(keep.of_package(room=True), explorer.sources(), home)
    shutil.rmtree(made / "explorer", ignore_errors=True)
    shutil.copytree(keep.kept("explorer", key, make) / "explorer", made / "explorer")
    for path in () if home else (made / "explorer").glob("*.html"):  # what is around it is not there
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'<a href="\.\./[^"]*">(.*?)</a>', r"\1", text, flags=re.S), encoding="utf-8")


def _pages(made: Path, progress: bool) -> tuple[int, ...]:
    """All pages that Sphinx makes; the numbers of the lessons that were run for them."""
    from tinyinception.site import reference

    found = list(files.find().values())
    outputs, executed = execute.outputs(found, progress=progress)
    stems = {lesson.number: lesson.path.stem for lesson in found}
    with tempfile.TemporaryDirectory(prefix="tinyinception-pages-") as work:
        places = chapters.Places(Path(work) / "source", made, stems)
        (places.source / "lessons").mkdir(parents=True)
        explorer = {path.stem for path in (made / "explorer").glob("*.html")}
        read = claims.read() if (files.folder() / "claims.toml").is_file() else []
        for lesson in found:
            page = lessons.Page(lesson, outputs[lesson.name], stems, read, explorer)
            lessons.write(page, places.source, made)
        titles = {lesson.number: lesson.title for lesson in found}
        places.write("claims", ledger.page(ledger.weighed(progress), titles, stems))
        for name, text in reference.pages().items():
            places.write(f"reference/{name}", text)
        chapters.write(places, found, bool(explorer))
        _sphinx(places.source, made, Path(work), progress, bool(explorer))
    return tuple(lesson.number for lesson in executed)


def _sphinx(source: Path, out: Path, work: Path, progress: bool, explorer: bool) -> None:
    """Have Sphinx make HTML of what lies in `source`; its warnings are said."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    static = work / "static"
    shutil.copytree(THEME / "static", static)
    shutil.copyfile(STATIC / "look.css", static / "look.css")
    said = io.StringIO()
    settings = {
        **SETTINGS,
        "html_static_path": [str(static)],
        "templates_path": [str(THEME / "templates")],
        "html_sidebars": {"**": [f"sidebar/{part}.html" for part in SIDEBAR if explorer or part != "explorer"]},
        "release": tinyinception.__version__,
    }
    count = 2 * sum(1 for _ in source.rglob("*.md"))
    with patch_docutils(), docutils_namespace(), bar(total=count, desc="pages", shown=progress) as shown:
        app = Sphinx(source, None, out, work / "doctrees", "html", settings, status=None, warning=said, freshenv=True)
        app.connect("source-read", lambda *_: shown.update() and None)
        app.connect("html-page-context", lambda *_: shown.update() and None)
        app.connect("html-page-context", card.tell)
        app.build()
    for line in re.sub(r"\x1b\[[\d;]*m", "", said.getvalue()).splitlines():
        say(f"tinyinception: warning: {line.replace(f'{source}/', '').removeprefix('WARNING: ')}")
    if app.statuscode:
        raise DataError("site: Sphinx could not make the pages")
    for left in (".buildinfo", "objects.inv"):
        (out / left).unlink(missing_ok=True)
