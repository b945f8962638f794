"""The explorer's pages as files: what is written, one look in pages and pictures, nothing from elsewhere."""

import json
import re
from dataclasses import replace
from fnmatch import fnmatchcase
from html.parser import HTMLParser

import pytest
from matplotlib.colors import to_hex

from tinyinception import count, models, nn
from tinyinception.errors import ArgumentError
from tinyinception.plots import colours
from tinyinception.site import explorer, figures, networks, seen, source
from tinyinception.site.explorer import Page

LOOK = (explorer.STATIC / "look.css").read_text(encoding="utf-8")


@pytest.fixture
def two_pages(tmp_path, monkeypatch):
    """Pages "one" and "two" with files of their own; returns how often their data were made."""
    made = []

    def data(name):
        def make():
            made.append(name)
            return {name: {"text": "</script>\u2028"}, f"{name}-more": [1.5]}

        return make

    static = tmp_path / "static"
    static.mkdir()
    for name in (*explorer.SHARED, "page.html"):
        (static / name).write_bytes((explorer.STATIC / name).read_bytes())
    for name in ("one", "two"):
        (static / f"{name}.html").write_text(f"<p>{name}</p>", encoding="utf-8")
        (static / f"{name}.js").write_text("", encoding="utf-8")
    found = [Page(name, 1, f"Page {name} & more", "A sentence.", data(name)) for name in ("one", "two")]
    monkeypatch.setattr(explorer, "STATIC", static)
    monkeypatch.setattr(explorer, "pages", lambda: found)
    return made


def test_pages_are_written_and_data_made_once(tmp_path, two_pages, monkeypatch):
    told = []
    for _ in range(2):
        explorer.write(tmp_path, told.append)
    assert two_pages == ["one", "two"]
    assert told == ["Page one & more", "Page two & more"]
    folder = tmp_path / "explorer"
    assert "<h1>Page one &amp; more</h1>" in (folder / "one.html").read_text(encoding="utf-8")
    assert 'href="two.html"' in (folder / "index.html").read_text(encoding="utf-8")
    monkeypatch.setattr(explorer, "sources", lambda: "other")
    explorer.write(tmp_path, told.append, only=["two"], home="../index.html")
    assert two_pages == ["one", "two", "two"]
    assert 'href="../index.html"' in (folder / "two.html").read_text(encoding="utf-8")


def test_data_files_are_one_assignment_each(tmp_path, two_pages):
    explorer.write(tmp_path)
    text = (tmp_path / "explorer" / "data" / "one.js").read_text(encoding="utf-8")
    head, value = text.split("=", 1)
    assert head == 'Explorer.data["one"]'
    assert json.loads(value.rstrip(";\n")) == {"text": "</script>\u2028"}
    assert "\u2028" not in text


def test_data_of_a_page_have_its_name(tmp_path, monkeypatch):
    page = Page("one", 1, "One", "A sentence.", lambda: {"one": 1, "other": 2})
    monkeypatch.setattr(explorer, "pages", lambda: [page])
    with pytest.raises(ArgumentError, match="data of one must be called"):
        explorer.write(tmp_path)


def test_unknown_pages_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match="unknown pages: maps"):
        explorer.write(tmp_path, only=["maps"])


def test_every_page_has_its_files_and_says_what_it_is_for():
    found = explorer.pages()
    assert [page.name for page in found][:2] == ["map", "field"]
    assert len({page.name for page in found}) == len({page.title for page in found}) == len(found)
    for page in found:
        assert page.sentence.endswith((".", "?"))
        for end in ("html", "js", "svg"):
            assert (explorer.STATIC / f"{page.name}.{end}").is_file(), f"{page.name}.{end}"


class Addresses(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


READ = [path for path in sorted(explorer.STATIC.iterdir()) if path.suffix in (".html", ".css", ".js", ".svg")]


@pytest.mark.parametrize("path", READ, ids=lambda path: path.name)
def test_nothing_is_asked_from_elsewhere(path):
    """No foreign address in what a page, a style or a program loads; the name of SVG is an identifier, no address."""
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "fetch(" not in text
    assert 'type="module"' not in text
    addresses = Addresses()
    addresses.feed(text)
    for address in (*addresses.found, *re.findall(r"url\(([^)]*)\)", text), *re.findall(r"@import\s+(\S+)", text)):
        assert not re.match(r"[\"'`]?(https?:)?//", address), address


def in_look(name):
    """Colours of a variable in light and in dark."""
    return re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\);", LOOK).groups()


def test_pages_have_the_colours_of_pictures():
    for kind, colour in colours.BRANCHES.items():
        assert in_look(f"branch-{kind}")[0] == colour.lower()
    for i, colour in enumerate((*colours.SERIES[:4], colours.ORANGE), 1):
        assert in_look(f"series-{i}")[0] == colour.lower()
    for name in ("CARD", "FRAME", "JOIN"):
        assert in_look(name.lower())[0] == getattr(colours, name).lower()
    assert in_look("wire")[0] == colours.INK.lower()
    palette = colours.costs()
    assert [in_look(f"cost-{i}")[0] for i in range(9)] == [to_hex(palette(i / 8)) for i in range(9)]


def luminance(colour):
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_can_be_told_from_the_paper_and_from_each_other(theme):
    """Text 4.5 to 1 on paper and cards, as WCAG asks; cost farther from the paper step by step."""
    for name in ("ink", "muted", "accent", "good", "bad"):
        for ground in ("paper", "card", "raised"):
            assert contrast(in_look(name)[theme], in_look(ground)[theme]) >= 4.5, (name, ground)
    assert contrast(in_look("on-accent")[theme], in_look("accent")[theme]) >= 4.5
    for ground in ("paper", "card"):
        assert contrast(in_look("focus")[theme], in_look(ground)[theme]) >= 3
    away = [contrast(in_look(f"cost-{i}")[theme], in_look("paper")[theme]) for i in range(9)]
    assert away == sorted(away)


# -- where a part of a network comes from ----------------------------------------------------------------------------


def test_a_module_knows_the_call_and_the_block_that_built_it():
    _, origins = source.trace("inception_v3")
    mixed = origins["Mixed_6c"]
    assert mixed.block.co_name == "inception_factorized"
    assert source.figure(mixed.block).startswith("Rethinking, Fig. 6")
    assert source.text(mixed.block).startswith("@named\ndef inception_factorized(")
    call = mixed.call
    assert call.file == "models/inception_v3.py"
    assert "inception_factorized(" in call.text
    lines = (source.ROOT / call.file).read_text(encoding="utf-8").splitlines()
    assert [line.strip() for line in call.text.splitlines()] == [
        line.strip() for line in lines[call.first - 1 : call.last]
    ]
    first = origins["Conv2d_1a_3x3"]
    assert first.block is None
    assert first.call.text.startswith('"Conv2d_1a_3x3": unit(channels, 32, 3')


@pytest.mark.parametrize(
    ("network", "path", "told"),
    [
        ("googlenet", "inception_4a", "Going Deeper, Fig. 2b and Table 1"),
        ("inception_v4", "Mixed_5c", "Inception-v4, Fig. 4: Inception-A"),
        ("inception_v4", "Mixed_6a", "Inception-v4, Fig. 7: Reduction-A"),
        ("inception_resnet_v1", "block8_1", "Inception-v4, Fig. 13: Inception-ResNet-C"),
        ("inception_resnet_v2", "Conv2d_7b_1x1", "as released; in no figure of Inception-v4"),
        ("inception_v3", "MaxPool_5a_3x3", "Rethinking, Table 1; it has a 3x3 convolution here"),
        ("inception_v3_79", "Conv2d_4a_3x3", "Rethinking, Table 2"),
        ("googlenet_torchvision", "inception_3a", "Going Deeper, Fig. 2b and Table 1; here the 5x5 is a 3x3"),
        ("googlenet_slim", "inception_5b", "Going Deeper, Fig. 2b and Table 1; here the 5x5 is a 3x3"),
        ("vgg16", "grid", ""),
        ("inception_cifar", "mixed_4", ""),
    ],
)
def test_figures_of_the_papers(network, path, told):
    assert figures.of(network, path) == told


def test_every_entry_of_the_figures_is_of_a_part_of_a_network():
    """No pattern that nothing matches, nor one that others have taken everything from."""
    used = set()
    with nn.shape_only():
        for name in models.names():
            for path in [path for path, _ in models.build(name).named_children()]:
                used.add(next((i for i, entry in enumerate(figures.FIGURES) if matches(entry, name, path)), None))
    assert [entry for i, entry in enumerate(figures.FIGURES) if i not in used] == []


def matches(entry, name, path):
    return fnmatchcase(name, entry[0]) and fnmatchcase(path, entry[1])


def test_what_a_docstring_says_of_a_figure_is_told_without_what_it_says_besides():
    _, origins = source.trace("inception_v4_cifar")
    blocks = {path: source.figure(origin.block) for path, origin in origins.items() if origin.block}
    assert blocks["mixed_16.0"] == "Rethinking, Fig. 5"
    assert blocks["mixed_8.0"] == "Rethinking, Fig. 6"


def test_pages_are_made_anew_when_a_function_changes_that_they_take_from_a_lesson(tmp_path, monkeypatch):
    before, own = explorer.sources(), seen.lesson("seeing")
    copy = replace(own, path=tmp_path / own.path.name)
    text = own.path.read_text(encoding="utf-8")
    monkeypatch.setattr(seen, "lesson", lambda _: copy)
    copy.path.write_text(text.replace("# Lesson 20. Seeing", "# Lesson 20. Looking"), encoding="utf-8")
    assert explorer.sources() == before
    assert "def grad_cam(" in text
    copy.path.write_text(text.replace("def grad_cam(", "def grad_cam(more, ", 1), encoding="utf-8")
    assert explorer.sources() != before


@pytest.mark.parametrize("name", ["googlenet", "inception_v4"])
def test_a_network_as_data_is_whole(name):
    """Every box of every picture once, boxes that add up to the network, and nothing that JSON does not hold."""
    data = networks.network(name)
    assert json.loads(json.dumps(data)) == json.loads(explorer.script("x", data).split("=", 1)[1].rstrip(";\n"))
    paths = [path for stage in data["stages"] for path, _, _ in stage["units"]]
    assert len(set(paths)) == len(paths)
    for scene in data["scenes"]:
        assert [what for kind, *_, what in scene["boxes"] if kind == "unit"] == paths
        cards = [what for kind, *_, what in scene["boxes"] if kind in ("card", "aux")]
        assert sorted(cards) == list(range(len(data["stages"])))
        assert all(0 <= n <= max(scene["size"]) for box in scene["boxes"] for n in box[1:5])
    rows = [dict(zip(data["fields"], row, strict=True)) for row in data["layers"]]

    def macs(path):
        return sum(row["macs"] for row in rows if row["name"] == path or row["name"].startswith(f"{path}."))

    found = sum(
        len(stage["names"]) * macs(path)
        for stage in data["stages"]
        for path, _, _ in stage["units"]
        if not stage["aux"]
    )
    assert found == data["plain"]["macs"] == count.summary(name).macs
    assert all(stage["call"] for stage in data["stages"])
