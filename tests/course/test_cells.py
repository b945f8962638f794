"""How a lesson's file is read: cells, folded ones, predictions with choices and their answers."""

import pytest

from tinyinception.course import files
from tinyinception.course.cells import Cell, Prediction, parse
from tinyinception.errors import DataError

ASKED = """# %% [markdown]
# Some prose.
#
# **Predict:** how many weights has a 7x7
# from 3 to 64 channels?
#
# - (a) 147
# - (b) 2,688, or a number
#   that is near
# - (c) 9,408
#
# <!-- answer: c
# a: that is one filter; there are
#    64 of them.
# b: which no layer has.
# c: 7 × 7 × 3 × 64.
# -->

# %% tags=["hide-input"]
x = 1
"""


def test_a_prediction_has_choices_an_answer_and_a_sentence_for_each():
    asked, folded = parse(ASKED)
    assert asked.prediction == Prediction(
        {"a": "147", "b": "2,688, or a number that is near", "c": "9,408"},
        "c",
        {"a": "that is one filter; there are 64 of them.", "b": "which no layer has.", "c": "7 × 7 × 3 × 64."},
    )
    assert asked.text.endswith("- (c) 9,408")
    assert folded == Cell("code", "x = 1", 20, folded=True)


def test_a_prediction_without_choices_is_answered_in_words():
    asked = parse("# %% [markdown]\n# **Predict:** more or less?\n")[0]
    assert asked.prediction == Prediction()
    assert parse("# %% [markdown]\n# Nothing is asked.\n")[0].prediction is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("answer: c", "answer: d", "got choices a, b, c, the answer 'd', sentences a, b, c"),
        ("# b: which", "# which", "sentences a, c"),
        ("# - (c) 9,408\n", "", "got choices a, b, the answer 'c'"),
        ("**Predict:**", "**Guess:**", "line 2: an answer without"),
    ],
)
def test_a_prediction_that_cannot_be_judged_is_refused_with_its_line(old, new, message):
    with pytest.raises(DataError) as caught:
        parse(ASKED.replace(old, new))
    assert message in str(caught.value)
    assert "line 2" in str(caught.value)


def test_an_error_in_a_lesson_names_its_file(course):
    path = course / "01_sums.py"
    path.write_text(path.read_text(encoding="utf-8") + ASKED.replace("answer: c", "answer: d"), encoding="utf-8")
    with pytest.raises(DataError, match=r"01_sums\.py: line \d+: a prediction has two to five choices"):
        files.find()
