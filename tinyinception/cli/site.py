"""The command `site`: the lessons and the explorer as a folder of pages."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import Any

from tinyinception.site.build import build


def answer(options: Namespace) -> tuple[dict[str, Any], list[str]]:
    """What the command came to, as JSON can hold it and as lines."""
    built = build(options.out, only=options.only, progress=not options.quiet)
    told = "nothing has changed" if built.fresh else f"{_lessons(len(built.executed))}, {built.seconds:.0f} s"
    first = built.folder / "index.html"
    lines = [f"{first}: {built.pages} pages, {built.bytes / 1e6:.1f} MB ({told})"]
    return {**asdict(built), "folder": str(built.folder)}, lines


def _lessons(count: int) -> str:
    return f"{count or 'no'} lesson{'s' * (count != 1)} run"
