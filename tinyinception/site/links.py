"""Whether a finished site stands alone: what it loads lies in it, what it links to is there, pictures have words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote, urlsplit

LOADS = {"src", "srcset", "poster", "data"}  # attributes whose address a browser loads
LOADED = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "manifest", "preconnect", "dns-prefetch"}
IN_CSS = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
IN_SCRIPT = re.compile(
    r"""(?:fetch|import|importScripts|new (?:Worker|EventSource|WebSocket))\(\s*["'`]((?:https?:|wss?:)?//[^"'`]+)"""
)


@dataclass
class _Found:
    """What a page refers to, and the places in it that others may name."""

    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    silent: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = _Found()
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        found = self.found
        found.names |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "img" and not values.get("alt", "").strip() and values.get("role") != "presentation":
            found.silent.append(values.get("src", "")[:80])
        if (
            tag == "svg"
            and values.get("role") == "img"
            and not (values.get("aria-label") or values.get("aria-labelledby"))
        ):
            found.silent.append("an svg picture")
        if style := values.get("style"):
            found.styles.append(style)
        for name, value in values.items():
            if name in LOADS and (tag, name) != ("object", "name"):
                found.loads += [part.split()[0] for part in value.split(",")] if name == "srcset" else [value]
        if link := values.get("href") or values.get("xlink:href"):
            loaded = tag in ("image", "use", "base") or (
                tag == "link" and LOADED & set(values.get("rel", "").lower().split())
            )
            (found.loads if loaded else found.links).append(link)
        self._inside = tag if tag in ("style", "script") else ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            (self.found.styles if self._inside == "style" else self.found.scripts).append(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def problems(site: Path) -> list[str]:
    """What is wrong with the pages, styles and scripts of a folder, each with its file; empty where nothing is."""
    pages = {path.relative_to(site).as_posix(): _read(path) for path in sorted(site.rglob("*.html"))}
    wrong: list[str] = []
    for name, found in pages.items():
        wrong += [f"{name}: a picture without alternative text, {one}" for one in found.silent]
        for address in found.loads:
            wrong += _loaded(site, name, address)
        for text in found.styles:
            wrong += _style(site, name, text)
        for text in found.scripts:
            wrong += _script(name, text)
        for address in found.links:
            wrong += _linked(site, pages, name, address)
    for path in sorted(site.rglob("*.css")):
        wrong += _style(site, path.relative_to(site).as_posix(), path.read_text(encoding="utf-8"))
    for path in sorted(site.rglob("*.js")):
        wrong += _script(path.relative_to(site).as_posix(), path.read_text(encoding="utf-8"))
    return list(dict.fromkeys(wrong))


def _read(path: Path) -> _Found:
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return reader.found


def _is_foreign(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ("", "data", "blob", "about")


def _loaded(site: Path, page: str, address: str) -> list[str]:
    if address.startswith(("data:", "blob:", "#")) or not address:
        return []
    if _is_foreign(address):
        return [f"{page}: loads from a foreign host, {address}"]
    return [] if _target(site, page, address).is_file() else [f"{page}: loads {address}, which is not there"]


def _style(site: Path, page: str, text: str) -> list[str]:
    return [wrong for found in IN_CSS.finditer(text) for wrong in _loaded(site, page, (found[1] or found[2]).strip())]


def _script(page: str, text: str) -> list[str]:
    return [f"{page}: a script asks a foreign host, {found[1]}" for found in IN_SCRIPT.finditer(text)]


def _linked(site: Path, pages: dict[str, _Found], page: str, address: str) -> list[str]:
    if _is_foreign(address) or address.startswith(("data:", "javascript:")):
        return []  # a reader may go there; no page does by itself
    path, _, place = address.partition("#")
    target = _target(site, page, path) if path else site / page
    if not target.is_file():
        return [f"{page}: links to {address}, which is not there"]
    name = target.relative_to(site).as_posix()
    stateful = name.startswith("explorer/")  # there, what follows # is a setting
    if place and name in pages and not stateful and unquote(place) not in pages[name].names | {"top"}:
        return [f"{page}: links to {address}, and {name} has no place of that name"]
    return []


def _target(site: Path, page: str, address: str) -> Path:
    path = normpath(f"./{page.rpartition('/')[0]}/{unquote(urlsplit(address).path)}")
    return site / ("nowhere" if path.startswith("..") else path)  # nothing outside of the site is part of it
