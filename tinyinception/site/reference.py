"""The reference: a page for each room, made of signatures, docstrings and source, so that it cannot be out of date."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import partial
from html import escape
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import tinyinception
from tinyinception.site.ledger import code
from tinyinception.site.markup import plain, raw

# In the order in which a reader meets them.
ROOMS = (
    "tensor", "nn", "nn.functional", "nn.init", "models", "count", "data", "optim", "train", "judge", "studies",
    "plots", "gradcheck", "weights", "export", "ops", "kernels", "course", "errors",
)  # fmt: skip
WIDE = 88  # a longer signature has a line for each argument
INTRO = """# Reference

A page for each room of the package; what stands here is read from the source when this site is built. The shortest way
in is `import tinyinception as ti`, which has the rooms as `ti.nn`, `ti.train` and so on, and what is used most:
"""


def pages() -> dict[str, str]:
    """The Markdown of each page, by its name; `index` leads to the others."""
    rooms = {name: import_module(f"tinyinception.{name}") for name in ROOMS}
    made = {name: _page(name, room) for name, room in rooms.items()}
    listed = "\n".join(f"- [`ti.{name}`]({name}.md): {_first(room)}" for name, room in rooms.items())
    top = [name for name in tinyinception.__all__ if not inspect.ismodule(getattr(tinyinception, name))]
    shown = "\n\n".join(_entry(name, getattr(tinyinception, name), "") for name in sorted(top, key=str.lower))
    tree = "\n".join(["```{toctree}", ":hidden:", *(f"ti.{name} <{name}>" for name in rooms), "```"])
    made["index"] = f"{INTRO}\n{shown}\n\n## Rooms\n\n{listed}\n\n{tree}\n"
    return made


def _first(room: ModuleType) -> str:
    return " ".join((inspect.getdoc(room) or "").split("\n\n")[0].split())


def _page(name: str, room: ModuleType) -> str:
    parts = [f"# ti.{name}", raw(plain(inspect.getdoc(room) or ""))]
    parts += [_entry(one, thing, f"{name}.") for one, thing in _public(room)]
    return "\n\n".join(parts) + "\n"


def _public(room: ModuleType) -> Iterator[tuple[str, Any]]:
    """What a room offers: its `__all__`, or what it defines itself."""
    names = getattr(room, "__all__", None) or [
        name
        for name, thing in vars(room).items()
        if not name.startswith("_") and getattr(thing, "__module__", "") == room.__name__
    ]
    for name in sorted(names, key=lambda name: (not name[:1].isupper(), name.lower())):
        thing = getattr(room, name, None)
        if not isinstance(thing, ModuleType):
            yield name, thing


def _entry(name: str, thing: Any, room: str) -> str:
    """A heading with what a reader needs to call it; a class has its public methods."""
    head = f"## {name}\n\n"
    if inspect.isclass(thing):
        return head + raw(_described(name, thing) + "".join(_methods(thing)) + _source(thing))
    if callable(thing) and not hasattr(thing, "__origin__"):  # which is a type such as Callable[...]
        return head + raw(_described(name, thing) + _source(thing))
    return head + raw(f'<p class="value"><code>{escape(_short(repr(thing)))}</code></p>')


def _described(name: str, thing: Any) -> str:
    doc = inspect.getdoc(thing.func if isinstance(thing, partial) else thing) or ""
    return f'<pre class="signature">{escape(signature(name, thing))}</pre>{plain(doc)}'


def signature(name: str, thing: Any) -> str:
    """How it is called, with types as the source has them; an argument a line where it is long."""
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return f"{name}(...)"
    line = _unquoted(f"{name}{found}")
    if len(line) <= WIDE:
        return line
    parts, kinds = [], [one.kind for one in found.parameters.values()]
    for i, one in enumerate(found.parameters.values()):
        if one.kind is one.KEYWORD_ONLY and one.VAR_POSITIONAL not in kinds and one.KEYWORD_ONLY not in kinds[:i]:
            parts.append("*")
        parts.append(_unquoted(str(one)))
        if one.kind is one.POSITIONAL_ONLY and kinds[i + 1 : i + 2] != [one.POSITIONAL_ONLY]:
            parts.append("/")
    back = found.return_annotation
    told = (
        ""
        if back is found.empty
        else _unquoted(f" -> {back if isinstance(back, str) else inspect.formatannotation(back)}")
    )
    return "\n".join([f"{name}(", *(f"    {part}," for part in parts), f"){told}"])


def _unquoted(text: str) -> str:
    """Annotations are texts, which Python shows in quotes; defaults that are objects without their address."""
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)
    text = re.sub(r"<function (\w+)\.<locals>\.[\w.<>]+( at 0x[0-9a-f]+)?>", r"\1(...)", text)  # what made it
    return re.sub(r" at 0x[0-9a-f]+", "", text).replace("tinyinception.", "")


def _methods(thing: type) -> Iterator[str]:
    """The public methods and properties that a class defines itself and explains."""
    for name, found in vars(thing).items():
        if name.startswith("_"):
            continue
        inner = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
        if not (callable(inner) and getattr(inner, "__doc__", None)):
            continue
        said = f"{name}  (property)" if isinstance(found, property) else _unbound(signature(name, inner))
        yield (
            f'<div class="method"><pre class="signature">{escape(said)}</pre>{plain(inspect.getdoc(inner) or "")}</div>'
        )


def _unbound(text: str) -> str:
    return re.sub(r"\((?:\n\s+)?(?:self|cls)(?:: [\w\[\]]+)?(?:, |,\n(?=\))|(?=\))|,(?=\n))", "(", text, count=1)


def _source(thing: Any) -> str:
    """Where it stands, and its text behind a click."""
    try:
        found = inspect.unwrap(thing)
        lines, first = inspect.getsourcelines(found)
        path = Path(inspect.getsourcefile(found) or "").relative_to(Path(tinyinception.__file__).parent.parent)
    except (OSError, TypeError, ValueError):
        return ""
    return (
        f'<details class="code"><summary>Source: {escape(path.as_posix())}, line {first}</summary>'
        f"{code(''.join(lines))}</details>"
    )


def _short(text: str, most: int = 200) -> str:
    text = _unquoted(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
