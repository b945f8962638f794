"""Prose, formulae, tables and code of a lesson as a terminal shows them."""

from __future__ import annotations

import builtins
import io
import keyword
import re
import sys
import textwrap
import tokenize
from contextlib import suppress

from tinyinception.terminal import has_colour, paint, prose_width, width, wrap

# -- formulae ----------------------------------------------------------------------------------------------------------

FUNCTIONS = ("log", "exp", "ln", "max", "min")
COMMANDS = {
    "times": "×", "cdot": "·", "sum": " Σ", "partial": "∂", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ",
    "epsilon": "ε", "varepsilon": "ε", "eta": "η", "theta": "θ", "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "omega": "ω", "Delta": "Δ", "Gamma": "Γ", "Sigma": "Σ",
    "Omega": "Ω", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "in": "∈", "infty": "∞", "pm": "±", "ldots": "...", "dots": "...",
    "cdots": "...",
    "quad": "   ", "qquad": "      ", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "left": "",
    "right": "", "big": "", "Big": "", "bigl": "", "bigr": "", "displaystyle": "", "mid": "|", "odot": "⊙",
}  # fmt: skip
RAISED = dict(zip("0123456789+-()nTi", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿᵀⁱ", strict=True))
WORDS = ("text", "mathrm", "operatorname", "mathbf", "mathit", "mathcal", "bar", "hat", "tilde")
MATH = re.compile(r"\$\$([\s\S]+?)\$\$|(?<![\\$\w])\$(?! )([^$\n]+(?:\n[^$\n]+)?)(?<! )\$(?!\w)")
TOKEN = re.compile(r"\\([A-Za-z]+|.)|([\s\S])")


def plain_math(text: str) -> str:
    """Formulae between $ and $$ as text of one line: fractions with a stroke, powers raised where there are signs."""

    def shown(found: re.Match) -> str:
        return " ".join(_Formula(found[1] or found[2]).read().replace("∂ ", "∂").split()).replace(" ,", ",")

    return MATH.sub(shown, text)


class _Formula:
    """Reads LaTeX from left to right."""

    def __init__(self, source: str) -> None:
        self._tokens = [found[0] for found in TOKEN.finditer(source)]
        self._place = 0

    def read(self, until: str = "") -> str:
        """The rest as text, up to a bracket that closes."""
        out: list[str] = []
        while self._place < len(self._tokens):
            token = self._next()
            if token == until:
                break
            out.append(self._shown(token))
        return "".join(out)

    def _next(self) -> str:
        self._place += 1
        return self._tokens[self._place - 1]

    def _argument(self) -> str:
        while self._place < len(self._tokens) and self._tokens[self._place].isspace():
            self._place += 1
        if self._place == len(self._tokens):
            return ""
        token = self._next()
        return self.read("}") if token == "{" else self._shown(token)

    def _shown(self, token: str) -> str:
        name = token[1:] if token.startswith("\\") and len(token) > 1 else None
        if token == "{":
            return self.read("}")
        if token in ("^", "_"):
            inner = self._argument().strip()
            if token == "^" and inner and all(sign in RAISED for sign in inner):
                return "".join(RAISED[sign] for sign in inner)
            return token + (inner if re.fullmatch(r"\w+|\W", inner) else f"({inner})")
        if name in ("frac", "tfrac", "dfrac"):
            above, below = self._argument(), self._argument()
            return f"{_grouped(above)}/{_grouped(below)} "
        if name == "sqrt":
            inner = self._argument().strip()
            return f"√{inner}" if re.fullmatch(r"\w+", inner) else f"√({inner})"
        if name in WORDS:
            return self._argument()
        if name in FUNCTIONS:
            return name if self._tokens[self._place : self._place + 1] == ["("] else f"{name} "
        if name is None or name in ("\\",):
            return " " if name else token
        if not name.isalpha():
            return " " if name in ",;:! " else name  # \, is a space, \{ a bracket
        return COMMANDS.get(name, name)


def _grouped(text: str) -> str:
    text = text.strip().replace("∂ ", "∂")
    return text if re.fullmatch(r"[\w∂.^√']+(\([^()]*\))?", text) else f"({text})"


# -- prose -------------------------------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """Markdown for a terminal: paragraphs wrapped, headings and bold words bright where colours are shown."""
    fits = prose_width(sys.stdout)
    return "\n\n".join(_block(block, fits) for block in re.split(r"\n\s*\n", text))


def _block(block: str, fits: int) -> str:
    if block.startswith("|"):
        return "\n".join(_table(block.splitlines(), fits))
    if block.startswith("$$"):
        return "\n".join(wrap(plain_math(block), fits, "    ", "        "))
    if block.startswith(("    ", "```")):  # these keep their lines
        return "\n".join("\n".join(wrap(line, fits, rest="        ")) for line in block.splitlines())
    if heading := re.match(r"#+ (.*)", block):
        rest = block[heading.end() :].lstrip("\n")
        return _bold(_words(heading[1])) + (f"\n{_block(rest, fits)}" if rest else "")
    items = re.split(r"\n(?=(?:[-*]|\d+\.) )", _words(block))
    wrapped = [
        textwrap.fill(
            " ".join(item.split()),
            fits,
            subsequent_indent="  " if len(items) > 1 else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in items
    ]
    return re.sub(r"\*\*(.+?)\*\*", lambda bold: _bold(bold[1]), "\n".join(wrapped), flags=re.S).replace(r"\*", "*")


def _words(text: str) -> str:
    """Without the marks that say nothing in a terminal: links, backticks, slanted letters; formulae as text."""
    text = plain_math(text)
    text = re.sub(r"\[([^\]]+)\]\([^)\s]+\)", r"\1", text)
    text = re.sub(r"`([^`\n]+(?:\n[^`\n]+)?)`", r"\1", text)
    return re.sub(r"(?<![\w*\\])\*(?=[^\s*])([^*]*[^\s*\\])\*(?![\w*])", r"\1", text)


def _table(rows: list[str], fits: int) -> list[str]:
    """A table in columns as narrow as they can be; where it is too wide, its widest cells are wrapped."""
    cells = [[_words(cell.strip()).replace("**", "") for cell in row.strip().strip("|").split("|")] for row in rows]
    cells = [row for row in cells if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    count = max(map(len, cells))
    cells = [row + [""] * (count - len(row)) for row in cells]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    while sum(widths) + 2 * (count - 1) > fits and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    lines: list[str] = []
    for number, row in enumerate(cells):
        parts = [textwrap.wrap(cell, size) or [""] for cell, size in zip(row, widths, strict=True)]
        for i in range(max(map(len, parts))):
            line = [(part[i] if i < len(part) else "").ljust(size) for part, size in zip(parts, widths, strict=True)]
            lines.append("  ".join(line).rstrip())
        if number == 0:
            lines.append(_dim("  ".join("-" * size for size in widths)))
    return lines


# -- code --------------------------------------------------------------------------------------------------------------

# The numbers are those of a terminal's colours. Strings with braces are tokens of their own from Python 3.12 on.
DIM, BOLD, STRING, KEYWORD, BUILTIN, NUMBER = 2, 1, 32, 34, 35, 36
COLOURS = {"COMMENT": DIM, "STRING": STRING, "NUMBER": NUMBER} | dict.fromkeys(
    ("FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END"), STRING
)


def code(text: str) -> str:
    """Code for a terminal: lines that are too long go on below, further to the right and behind another mark.

    In colours where the terminal has them.
    """
    fits, out = width(sys.stdout), []
    space = "" if fits is not None and max(map(len, text.split("\n"))) + 2 > fits else " "
    room = None if fits is None else max(20, fits - 1 - len(space))
    for line, colours in zip(text.split("\n"), _colours(text), strict=True):
        indent = line[: len(line) - len(line.lstrip())]
        first, *rest = wrap(line, room, rest=f"{indent}    ") or [""]
        place = 0
        for mark, piece in [("|", first), *((":", more) for more in rest)]:
            begin = line.find(piece.lstrip(), place)
            place = begin + len(piece.lstrip())
            lead = piece[: len(piece) - len(piece.lstrip())]
            out.append(f"{_dim(mark)}{space}{lead}{_coloured(piece.lstrip(), colours[begin:place])}".rstrip())
    return "\n".join(out)


def _colours(text: str) -> list[list[int]]:
    """The colour of each character of each line; 0 is none."""
    lines = text.split("\n")
    found = [[0] * len(line) for line in lines]
    if has_colour(sys.stdout):
        before = ""
        with suppress(tokenize.TokenError, SyntaxError):  # what is no whole program is coloured as far as it is one
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                colour = _colour(token, before)
                (first, begin), (last, end) = token.start, token.end
                for row in range(first, last + 1) if colour else ():
                    line = found[row - 1]
                    left, right = begin if row == first else 0, end if row == last else len(line)
                    line[left:right] = [colour] * (right - left)
                before = token.string
    return found


def _colour(token: tokenize.TokenInfo, before: str) -> int:
    """The colour of a token by its kind, of a name by what it is; before: the token before it."""
    if token.type != tokenize.NAME:
        return COLOURS.get(tokenize.tok_name[token.type], 0)
    if before in ("def", "class"):
        return BOLD
    if keyword.iskeyword(token.string):
        return KEYWORD
    return BUILTIN if before != "." and hasattr(builtins, token.string) else 0


def _coloured(text: str, colours: list[int]) -> str:
    out, last = [], 0
    for letter, colour in zip(text, colours, strict=True):
        if colour != last:
            out.append(("\033[0m" if last else "") + (f"\033[{colour}m" if colour else ""))
            last = colour
        out.append(letter)
    return "".join(out) + ("\033[0m" if last else "")


def _bold(text: str) -> str:
    return paint(text, "bold", sys.stdout)


def _dim(text: str) -> str:
    return paint(text, "dim", sys.stdout)
