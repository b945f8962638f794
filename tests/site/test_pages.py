"""What stands on the pages of the site: lessons, formulae, claims, reference, and links that lead somewhere."""

import inspect
import json
import re

import pytest

from tests.helpers import small_site
from tinyinception.course import files
from tinyinception.course.text import MATH, plain_math
from tinyinception.errors import DataError
from tinyinception.plots.alternative import described, is_drawn
from tinyinception.site import links, markup, mathematics, reference
from tinyinception.site.build import build


@pytest.fixture(scope="module")
def site(small_site_folder):
    """The small course as a site: site(NAME) is the text of a page."""

    def page(name):
        return (small_site_folder / name).read_text(encoding="utf-8")

    page.folder = small_site_folder
    return page


def body(page):
    """A page without the bars around it, in one line."""
    return " ".join(page[page.index('<article role="main"') : page.index("</article>", page.rindex("<h1"))].split())


# -- lessons -----------------------------------------------------------------------------------------------------------


def test_what_comes_after_a_prediction_waits_for_it_up_to_the_next_heading(site):
    page = body(site("lessons/03_choices.html"))
    first, picture, second, more, third = re.findall(r'<div class="output".*?</div>', page)
    assert first == '<div class="output"><pre tabindex="0">first &lt; second</pre></div>'
    opened = '<div class="output" data-gate="prediction-1"><a class="picture" href="pictures/03_sum.png">'
    assert picture.startswith(f'{opened}<img src="pictures/03_sum.png" class="drawn"')
    assert second == '<div class="output" data-gate="prediction-1"><pre tabindex="0">second 4</pre></div>'
    assert more == '<div class="output" data-gate="prediction-1"><pre tabindex="0">as ever</pre></div>'
    assert third == '<div class="output"><pre tabindex="0">third</pre></div>'
    assert '<div data-gate="prediction-1"><p>They are four.</p> </div>' in page  # which gives the answer away
    checks = page.index('<div data-gate="prediction-1"><details class="code"><summary>Code that checks (1 line)')
    assert page.index("assert") > checks
    assert "<p>It is 50 % or so.</p>" in page  # MyST would take a line that begins with % for a comment
    assert 'id="prediction-1" data-answer="b"' in page
    assert page.count('<button type="button" data-choice=') == 2
    assert "<b>a</b> <code>5</code></button>" in page
    assert "(a) 5" not in page.replace("<code>", "").partition("<details")[0]  # a choice stands there once, as a button
    assert '<li data-choice="a">(a) <code>5</code>: claim A1 says so.</li>' in page


def test_a_folded_cell_is_behind_a_click_and_its_picture_is_told_in_words(site):
    page = body(site("lessons/03_choices.html"))
    assert '<details class="code"><summary>Code that draws and checks (6 lines)</summary>' in page
    assert 'alt="Two &amp; two: sum over one."' in page
    width, height = re.search(r'width="(\d+)" height="(\d+)"', page).groups()
    assert int(width) > int(height) > 100
    assert (site.folder / "lessons" / "pictures" / "03_sum.png").is_file()


def test_exercises_have_hints_one_by_one_and_a_folded_solution(site):
    page = body(site("lessons/01_sums.html"))
    assert "<summary>A hint: what usually goes wrong</summary>" in page
    assert "<summary>Hint 1</summary><p>That is a product.</p>" in page
    solution = page.index('<details class="solution"><summary>A solution</summary>')
    assert "x</span> <span" in page[solution:].replace('class="n">', "")
    assert "return ..." in re.sub(r"<[^>]+>", "", page[:solution])


def test_words_lessons_and_claims_are_links_and_a_lesson_has_its_files(site):
    page = body(site("lessons/03_choices.html"))
    assert '<a class="word" href="glossary.html#a-term" title="Says what it means.">term</a>' in page
    assert re.search(r'lesson <a class="[^"]*" href="01_sums.html">', page)
    settled = body(site("lessons/01_sums.html"))
    assert '<span class="verdict false">false</span> <a href="../claims.html#A1">A1</a>' in settled
    notebook = json.loads(site("lessons/notebooks/03_choices.ipynb"))
    assert notebook["nbformat"] == 4
    assert site("lessons/programs/03_choices.py") == small_site.THIRD
    for name in ("notebooks/03_choices.ipynb", "programs/03_choices.py"):
        assert f'<a href="{name}" download>' in page


def test_a_claim_has_quotation_figures_what_would_change_it_and_the_source_that_decides(site):
    page = body(site("claims.html"))
    assert '<article class="claim" id="A1" data-verdict="false" data-kind="derived"' in page
    assert 'data-paper="Said &lt;widely&gt;" data-lesson="1"' in page
    for text in (
        "Two and two are <code>5</code>.",
        "They are 4.",
        "<blockquote>2 + 2 = 5 &amp; more</blockquote>",
        "<code>sum</code></th><td>4</td>",
        "With one = 3 it would be true.",
        'href="lessons/01_sums.html">Lesson 1. Sums</a>',
    ):
        assert text in page
    assert "total = one + 2" in re.sub(r"<[^>]+>", "", page)


def test_a_claim_that_disagrees_stops_the_build(course, tmp_path, monkeypatch):
    small_site.keep_small(monkeypatch, tmp_path)
    small_site.add_choices(course)
    (course / "claims.toml").write_text(small_site.CLAIM.replace("sum = 4", "sum = 5"), encoding="utf-8")
    with pytest.raises(DataError, match="claim A1: sum: stated 5, computed 4"):
        build(tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


# -- formulae ----------------------------------------------------------------------------------------------------------


def test_every_formula_of_the_lessons_is_drawn_and_says_itself_in_words():
    formulae = [
        found[1] or found[2]
        for lesson in files.find().values()
        for cell in lesson.cells()
        if cell.kind == "markdown"
        for found in MATH.finditer(cell.text)
    ]
    assert len(formulae) > 30
    for latex in formulae:
        drawn = mathematics.svg(latex, display=True)
        assert f'aria-label="{markup.escape(plain_math(f"${latex.strip()}$"))}"' in drawn
        assert drawn.count("M") > 3


def test_a_formula_lies_on_the_line_of_the_text_and_one_that_cannot_be_drawn_is_named():
    def below(latex):
        return -float(re.search(r"vertical-align:(-?[\d.]+)em", mathematics.svg(latex))[1])

    assert below("x") == pytest.approx(0.05, abs=0.02)  # only the edge
    assert below("x_k") > below("x")
    assert below(r"\frac{a}{b}") > 0.3
    with pytest.raises(DataError, match=r"formula '\\\\nonsense\{1\}' cannot be drawn"):
        mathematics.svg(r"\nonsense{1}")


def test_a_formula_of_a_page_is_a_picture_in_the_page(site):
    page = body(site("lessons/03_choices.html"))
    assert '<div class="formula"><svg class="formula" role="img" aria-label="c = a/b"' in page
    assert "mathjax" not in "".join(re.findall(r"<script[^>]*>", site("lessons/03_choices.html"))).lower()


# -- links -------------------------------------------------------------------------------------------------------------


def test_the_small_site_stands_alone(site):
    assert '<a href="../lessons/03_choices.html">' in site("explorer/index.html")
    assert links.problems(site.folder) == []


@pytest.mark.parametrize(
    ("html", "told"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "loads from a foreign host, https://cdn.example/x.js"),
        ('<img src="//cdn.example/x.png" alt="x">', "loads from a foreign host"),
        ('<link rel="stylesheet" href="http://fonts.example/f.css">', "loads from a foreign host"),
        ('<link rel="preconnect" href="https://fonts.example">', "loads from a foreign host"),
        ('<img srcset="b.png 1x, https://cdn.example/c.png 2x" src="b.png" alt="x">', "https://cdn.example/c.png"),
        ("<style>p { background: url('https://cdn.example/a.png') }</style>", "loads from a foreign host"),
        ('<style>@import "https://cdn.example/a.css";</style>', "loads from a foreign host"),
        ('<p style="background: url(no.png)">', "loads no.png, which is not there"),
        ('<script>fetch("https://api.example/x")</script>', "a script asks a foreign host, https://api.example/x"),
        ('<iframe src="https://video.example/1"></iframe>', "loads from a foreign host"),
        ('<img src="b.png">', "a picture without alternative text, b.png"),
        ('<img src="b.png" alt=" ">', "a picture without alternative text"),
        ('<svg role="img"><path/></svg>', "a picture without alternative text, an svg picture"),
        ('<a href="other.html">', "links to other.html, which is not there"),
        ('<a href="../outside.html">', "which is not there"),
        ('<a href="below/two.html#nowhere">', "and below/two.html has no place of that name"),
        ('<a href="#nowhere">', "has no place of that name"),
    ],
)
def test_what_a_page_must_not_have_is_found(tmp_path, html, told):
    page(tmp_path / "site", html)
    (tmp_path / "outside.html").write_text("", encoding="utf-8")
    found = links.problems(tmp_path / "site")
    assert len(found) == 1
    assert found[0].startswith("one.html: ")
    assert told in found[0]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://arxiv.example/abs/1409.4842">the paper</a>',
        '<a href="below/two.html#here">there</a> <a href="#top">up</a>',
        '<a href="explorer/map.html#net=v3&layer=2">a setting</a>',
        '<img src="data:image/png;base64,AAAA" alt="inside">',
        '<svg role="img" aria-label="a box"><use href="#box"/></svg> <svg aria-hidden="true"></svg>',
        '<img src="b.png" alt="" role="presentation">',
    ],
)
def test_what_a_page_may_have_is_let_be(tmp_path, html):
    page(tmp_path, html)
    assert links.problems(tmp_path) == []


def page(folder, html):
    """one.html with this text, below/two.html with a place, explorer/map.html, and b.png."""
    (folder / "below").mkdir(parents=True)
    (folder / "explorer").mkdir()
    (folder / "one.html").write_text(html, encoding="utf-8")
    (folder / "below" / "two.html").write_text('<p id="here">', encoding="utf-8")
    (folder / "explorer" / "map.html").write_text("<p>", encoding="utf-8")
    (folder / "b.png").write_bytes(b"")


# -- pieces ------------------------------------------------------------------------------------------------------------


def test_names_of_lessons_and_claims_become_links_but_not_in_code_and_headings():
    known = {4: "04_counting", 5: "05_module"}
    linked = 'lessons [4](04_counting.md) and [5](05_module.md), claim <a href="../claims.html#A3">A3</a>'
    assert markup.link_names("lessons 4 and 5, claim A3", known) == linked
    told = "lessons [4](04_counting.md) (what 5 is), 7 (more) and [5](05_module.md) (6)"
    assert markup.link_names("lessons 4 (what 5 is), 7 (more) and 5 (6)", known) == told
    code = "```\nlesson 4\n```\nlesson\n\n4"
    parted = 'lessons [4](04_counting.md)\nand [5](05_module.md), claim\n<a href="../claims.html#A3">A3</a>'
    assert markup.link_names(f"lessons 4\nand 5, claim\nA3\n\n{code}", known) == f"{parted}\n\n{code}"
    for same in (
        "## Lesson 4",
        "    lesson 4",
        "`lesson 4`",
        "[lesson 4](x.md)",
        "```\nlesson 4\n```",
        "lesson 77",
        "4",
    ):
        assert markup.link_names(same, known) == same


def test_code_with_backticks_stays_one_block():
    assert markup.fence("a\n````\nb", "python") == "`````python\na\n````\nb\n`````"


def test_docstrings_keep_their_code_and_escape_the_rest():
    text = """One < two, and `x`.

        lines = as + they
        are

    - a list
    - of two
    """
    made = markup.plain(text)
    assert made.startswith("<p>One &lt; two, and <code>x</code>.</p><pre>lines = as + they\nare</pre>")
    assert made.count("<li>") == 2


def test_signatures_are_as_in_the_source():
    def short(x: int, *, scale: float = 1.0) -> str:
        """Nothing."""

    def long(first: int, second_argument: str, /, third_argument: float, *more: int, fourth_argument: bool = False):
        """Nothing."""

    assert reference.signature("short", short) == "short(x: int, *, scale: float = 1.0) -> str"
    assert reference.signature("long", long).split("\n") == [
        "long(",
        "    first: int,",
        "    second_argument: str,",
        "    /,",
        "    third_argument: float,",
        "    *more: int,",
        "    fourth_argument: bool = False,",
        ")",
    ]


def test_the_reference_has_every_public_name_with_its_purpose(monkeypatch):
    monkeypatch.setattr(reference, "code", markup.escape)  # its colours take their time
    made = reference.pages()
    for room in reference.ROOMS:
        for name, thing in reference._public(reference.import_module(f"tinyinception.{room}")):
            assert f"## {name}\n" in made[room]
            if inspect.isclass(thing) or (inspect.isroutine(thing) and thing.__name__ != "<lambda>"):
                assert getattr(thing, "__doc__", None), f"{room}.{name} says nothing"
    assert "0x" not in re.sub(
        r"0x[0-9A-F]{2}\b|0x[0-9a-f]{1,8}\b", "", "".join(re.findall(r'signature">[^<]*', made["nn"]))
    )


def test_a_picture_is_told_by_its_titles_axes_and_legends():
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.plot([1, 2], label="ours")
    left.set(title="Cost", xlabel="width", ylabel="time")
    left.legend()
    right.imshow([[1]])
    right.set(title="A dog")
    right.axis("off")
    figure.suptitle("Two of them.")
    assert described(figure) == "Two of them. Cost: time over width; ours. A dog."
    assert not is_drawn(figure)  # turned round for a dark page, a photograph would be a negative
    empty = Figure()
    assert described(empty) == "Picture."
    assert is_drawn(empty)
    for axes in empty.subplots(1, 3):
        axes.imshow([[1]])
    assert described(empty) == "3 pictures."
    same = Figure()
    for axes in same.subplots(1, 3):
        axes.set(xlabel="x")
    assert described(same) == "x (3 times)."
