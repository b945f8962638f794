"""What a page says of itself where somebody shares a link to it: its title, a sentence, a picture."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any

MOST = 200  # characters of the sentence
TITLE = "tinyinception: the Inception papers, made executable"
PICTURE = "pictures/inception_v3.png"  # of a page without one
SHOWS = "Inception-v3 as boxes, module by module, each coloured by its share of the multiply-adds"


def tell(app: Any, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the tags into a page's head: a handler of Sphinx's html-page-context.

    Where the site will lie is not known, so the picture's address is relative, as all others.
    """
    body = context.get("body") or ""
    title = TITLE if name == context.get("root_doc") else plain(context.get("title") or name)
    told = description(body)
    picture, shows = _picture(body) or (context["pathto"](PICTURE, 1), SHOWS)
    said = {
        "og:type": "website",
        "og:site_name": "tinyinception",
        "og:title": title,
        "og:description": told,
        "og:image": picture,
        "og:image:alt": shows,
    }
    tags = [f'<meta property="{key}" content="{escape(value)}">' for key, value in said.items() if value]
    tags += [f'<meta name="description" content="{escape(told)}">'] if told else []
    tags.append('<meta name="twitter:card" content="summary_large_image">')
    context["metatags"] = (context.get("metatags") or "") + "\n".join(tags)
    context["whole_title"] = TITLE if title == TITLE else ""


def description(body: str) -> str:
    """The first paragraph of a page, cut between words where it is long."""
    found = re.search(r"<p(?: [^>]*)?>(.*?)</p>", body, re.S)
    text = plain(found[1]) if found else ""
    return text if len(text) <= MOST else f"{text[:MOST].rpartition(' ')[0].rstrip(',;:')} …"


def _picture(body: str) -> tuple[str, str] | None:
    """The address and the words of the first picture of a page."""
    found = re.search(r"<img [^>]*>", body)
    if found is None:
        return None
    said = dict(re.findall(r'(\w+)="([^"]*)"', found[0]))
    return unescape(said["src"]), unescape(said["alt"])


def plain(html: str) -> str:
    """The text of a piece of HTML, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())
