"""lessons/glossary.md: sorted, no term twice, every link from a lesson resolves, and the lessons it names exist."""

import re

import pytest

from tinyinception.course import glossary
from tinyinception.course.files import find, folder

LESSONS = find()
LINK = re.compile(r"\[[^\]]+\]\(\s*glossary\.md(?:#(?P<anchor>[^)\s]*))?\)")


def entries():
    """The explanation of each term, by term, in the file's order; a list, since a term may be there twice."""
    _, *sections = re.split(r"^## ", (folder() / "glossary.md").read_text(encoding="utf-8"), flags=re.M)
    return [
        (title.strip(), " ".join(text.split())) for title, _, text in (section.partition("\n") for section in sections)
    ]


def anchor(term):
    """As pages that show Markdown make it: small letters, hyphens for spaces, no other signs."""
    return re.sub(r"[^\w\- ]", "", term.lower()).replace(" ", "-")


def test_terms_are_sorted_and_none_is_there_twice():
    anchors = [anchor(term) for term, _ in entries()]
    words = [term.lower() for term, _ in entries()]
    assert len(anchors) >= 60
    assert words == sorted(words)
    assert len(set(anchors)) == len(anchors)


def test_each_explanation_is_a_few_sentences_and_names_a_lesson_that_exists():
    for term, text in entries():
        named = re.search(r"\*Lessons? (?P<first>\d+)(?: and (?P<second>\d+))?\.\*$", text)
        assert named, term
        assert {int(number) for number in named.groups() if number} <= {*LESSONS, 8}, term
        sentences = re.findall(r"[.!?](?=\s|$)", text[: named.start()])
        assert 1 <= len(sentences) <= 4, term


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.path.stem)
def test_every_link_to_the_glossary_resolves(lesson):
    known = {anchor(term) for term, _ in entries()}
    prose = "\n".join(cell.text for cell in lesson.cells() if cell.kind == "markdown")
    assert prose.count("](glossary.md") == len(LINK.findall(prose)), "a link that is not understood"
    for link in LINK.finditer(prose):
        assert link["anchor"] in known, link[0]


def test_the_first_lesson_and_its_words_are_linked():
    prose = "\n".join(cell.text for cell in LESSONS[0].cells() if cell.kind == "markdown")
    assert len({link["anchor"] for link in LINK.finditer(prose)}) >= 10


def test_each_term_is_found_by_its_name_its_plural_and_beginnings_of_its_words():
    assert all(" ".join(glossary.look_up(term)[1].split()) == text for term, text in entries())
    for asked in ("receptive fields", "Receptive-field", "recep field"):
        assert glossary.look_up(asked)[0] == "Receptive field"
