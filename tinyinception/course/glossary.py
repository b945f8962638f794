"""The glossary: what a word means that lessons use. `lessons/glossary.md` has an entry for each, under `## Term`."""

from __future__ import annotations

import re

from tinyinception.course.files import folder
from tinyinception.errors import ArgumentError, DataError, nearest


def read() -> dict[str, str]:
    """Each term with its explanation, in Markdown; DataError where there is no glossary."""
    path = folder() / "glossary.md"
    try:
        _, *sections = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.M)
    except OSError as error:
        raise DataError(f"{path}: the glossary cannot be read: {error.strerror or error}") from None
    entries = (section.partition("\n") for section in sections)
    return {term.strip(): text.strip() for term, _, text in entries}


def meanings() -> dict[str, str]:
    """What each term means as plain text, by the anchor of its heading; nothing where there is no glossary."""
    if not (folder() / "glossary.md").is_file():
        return {}
    return {
        re.sub(r"[^\w-]", "", term.lower().replace(" ", "-")): re.sub(r'[*`"]', "", " ".join(meaning.split()))
        for term, meaning in read().items()
    }


def look_up(asked: str) -> tuple[str, str]:
    """A term and its explanation, by the term, its plural, or beginnings of its words, such as `batch norm`.

    ArgumentError where there is none, which names the nearest, or more than one.
    """
    entries, asked = read(), asked.strip()
    words = _words(asked)
    whole = [term for term in entries if _words(term) in (words, _words(asked.lower().removesuffix("s")))]
    found = whole or [
        term for term in entries if words and all(any(one.startswith(word) for one in _words(term)) for word in words)
    ]
    if len(found) == 1:
        return found[0], entries[found[0]]
    if found:
        raise ArgumentError(f"{asked}: which one? {', '.join(found)}")
    near = nearest(asked.lower(), [term.lower() for term in entries])
    hint = f"; did you mean {near!r}?" if near else ""
    raise ArgumentError(f"the glossary has no {asked!r}{hint}")


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
