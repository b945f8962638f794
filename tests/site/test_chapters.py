"""The pages around the lessons, piece by piece: tables, studies that were run, what a shared link shows."""

import re

import pytest

from tinyinception.course import claims
from tinyinception.site import card, ledger, tables, trials
from tinyinception.site.lessons import _last_paragraph

TABLE = """| batch | side | images/s | status | reason |
|---:|---|---:|---|---|
"""


def test_a_benchmarks_table_has_no_empty_column_and_what_was_not_measured_stands_below_it():
    rows = "| 4 | ours | 2.5 | measured |  |\n| 4 | theirs |  | missing | no compiler |\n"
    assert tables.measured(TABLE + rows).strip().split("\n") == [
        "| batch | side | images/s |",
        "| ---: | --- | ---: |",
        "| 4 | ours | 2.5 |",
        "",
        "theirs: missing: no compiler.",
    ]
    short = tables.TITLED.fullmatch(f"**How fast**\n\n{TABLE}{rows}")
    assert tables.measured(short["table"], short["title"]).startswith("**How fast**\n\n| batch | side | images/s |")
    long = tables.measured(TABLE + "| 4 | ours | 2.5 | measured |  |\n" * 13, "How fast")
    assert "<summary>How fast (13 rows)</summary>" in long
    headline = tables.measured("| headline | value |\n|---|---|\n" + "| a | 1 |\n" * 13)
    assert "details" not in headline


def test_a_wide_table_keeps_its_rows_for_a_reader_of_the_screen_and_names_each_cell():
    made = tables.cards("| name | a | b | told |\n|---|---|---|---|\n| `x` | 1 | **2** | its *story* |\n")
    assert re.findall(r'role="(\w+)"', made) == [
        "table", "rowgroup", "row", *["columnheader"] * 3, "rowgroup", "row", "rowheader", "cell", "cell",
    ]  # fmt: skip
    assert '<code>x</code><span class="told">its <em>story</em></span></th>' in made
    assert '<td role="cell" data-name="b"><strong>2</strong></td>' in made


def test_a_study_that_was_run_says_where_what_came_out_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "folder", lambda: tmp_path)
    place, link = tmp_path / "results" / "residual", "[what came out](lessons/studies.md#residual)"
    place.mkdir(parents=True)
    (place / "results.csv").write_text("arm,seed,test_loss\n0.1|a,0,1.5\n", encoding="utf-8")
    assert link not in trials.study_page()  # where there is no page to link to
    (tmp_path / "studies.md").write_text("## residual\n", encoding="utf-8")
    page = trials.study_page()
    assert link in page
    assert "Run whole, with what came out: [residual](lessons/studies.md#residual)." in page
    assert "#smoothing)" not in page


def test_settings_of_an_arm_stand_as_in_a_file():
    assert trials._settings("model_options", {"norm": True, "width": 0.5}) == ["norm = True", "width = 0.5"]
    assert trials._settings("model_options", {}) == ["no model options"]
    assert trials._settings("lr", 0.05) == ["lr = 0.05"]


def test_a_shared_link_shows_title_sentence_and_picture(small_site_folder):
    def head(name):
        text = (small_site_folder / name).read_text(encoding="utf-8").partition("</head>")[0]
        found = dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', text))
        return re.search(r"<title>(.*?)</title>", text)[1], found

    title, said = head("index.html")
    assert title == said["og:title"] == card.TITLE
    assert said["description"].startswith("The Inception papers, made executable:")
    assert said["og:image"] == "pictures/inception_v3.png"
    title, said = head("lessons/03_choices.html")
    assert title == "Lesson 3. Choices &amp; - tinyinception"  # <more> is a tag to Markdown
    assert said["og:title"] == "Lesson 3. Choices &amp;"
    assert said["og:image"] == "pictures/03_sum.png"
    assert said["og:image:alt"] == "Two &amp; two: sum over one."
    assert head("claims.html")[1]["og:image"] == "pictures/inception_v3.png"
    assert head("reference/gradcheck.html")[1]["og:image"] == "../pictures/inception_v3.png"


def test_a_long_description_ends_between_words():
    told = card.description(f"<h1>No</h1><p class='x'>{'word, ' * 60}&amp;</p><p>More.</p>")
    assert told.endswith("word …")
    assert len(told) <= card.MOST + 2
    assert card.description("<h1>No paragraph</h1>") == ""


@pytest.mark.parametrize(
    ("text", "told", "leads"),
    [
        ("Four.", "Four.", ""),
        ("Four.\n\nNow to\nfive.\n", "Four.", "Now to\nfive."),
        ("Four.\n\nNow to\n\n$$ 5 $$\n\n- and six", "Four.", "Now to\n\n$$ 5 $$\n\n- and six"),
        ("Four:\n\n- a\n- b", "Four:\n\n- a\n- b", ""),
        ("", "", ""),
    ],
)
def test_the_paragraph_that_leads_to_the_next_question_does_not_wait(text, told, leads):
    assert _last_paragraph(text) == (told, leads)


def test_every_claims_page_shows_the_function_that_judged_it():
    for claim in claims.read():
        file, _, name = claim.function.partition(".")
        found = ledger._source(claim.function)
        assert found["source"].startswith(("def ", "@"))
        assert f"/{file}.py, line " in found["place"]
        assert f"def {name}(" in found["source"] or file == "studied"
