"""What a reader of the claims reads: that it cannot say anything else than what was computed.

Numbers and comparisons come from figures, conditions from the functions. What is left, names and fields, is compared
with said.txt, the sentences as somebody has read them: `python tests/course/test_claims_said.py` writes it anew.
"""

import re
from decimal import Decimal
from pathlib import Path
from string import Formatter

import pytest

from tinyinception.course import claims as room
from tinyinception.course import sentences
from tinyinception.course.sentences import OPPOSITES, fill, typed
from tinyinception.errors import DataError

SAID = Path(__file__).parent / "said.txt"
CLAIMS = {claim.id: claim for claim in room.read()}
WORDED = [name for name, claim in CLAIMS.items() if "|" in claim.truth]
CONDITIONAL = [name for name, claim in CLAIMS.items() if claim.ruling == "true if"]


def said(one):
    """A claim as it is read, one line."""
    return f"{one.claim.id} | {one.claim.verdict} | {one.truth}"


def written(truth):
    """(field as it stands in the template, how it reads alone) of every field."""
    return re.findall(r"\{[^{}]*\}", truth)


# -- the sentences of all claims ---------------------------------------------------------------------------------------


def test_every_sentence_is_what_somebody_has_read(weighed):
    assert [said(one) for one in weighed.values()] == SAID.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", CLAIMS)
def test_a_number_written_in_place_of_its_field_is_refused(weighed, name):
    """Also the right one: tomorrow it would be wrong."""
    truth, figures = CLAIMS[name].truth, weighed[name].finding.figures
    tried = 0
    for field in written(truth):
        number = fill(field, figures)
        if re.fullmatch(r"[-+\d.,]+(?: %)?(?:(?:,| and) [-+\d.,]+(?: %)?)*", number):
            wrong = truth.replace(field, re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), number), 1)
            assert typed(wrong), wrong
            tried += 1
    assert tried or not re.search(r"\d", sentences.NAMES.sub("", weighed[name].truth))


@pytest.mark.parametrize("name", WORDED)
def test_a_comparison_the_wrong_way_round_is_refused(weighed, name):
    truth, figures = CLAIMS[name].truth, weighed[name].finding.figures
    for first, second in re.findall(r"\{[^{}]*:-?([a-z ]+)\|([a-z ]+)\}", truth):
        with pytest.raises(DataError, match="no pair of OPPOSITES"):
            fill(truth.replace(f"{first}|{second}", f"{second}|{first}"), figures)
        if first in sentences.COMPARISONS:
            assert typed(re.sub(rf"\{{[^{{}}]*{first}\|{second}\}}", second, truth))


@pytest.mark.parametrize("name", CONDITIONAL)
def test_another_condition_is_noticed(weighed, name):
    claim, finding = CLAIMS[name], weighed[name].finding
    words = claim.verdict.split()
    for i in range(2, len(words)):
        other = " ".join([*words[:i], "not", *words[i:]])
        assert finding.verdict != other
    assert finding.verdict == claim.verdict


# The six sentences of a review that 266 tests let pass, all at once: (claim, as it is here, made wrong).
WRONG = [
    ("A2", "they cost {ratio_growing!l:.3f} of", "they cost .72, .753, .764 and .90 of"),
    ("A7", "a ratio of {alexnet_over_googlenet:.1f}", "a ratio of 7.8"),
    ("A23", "{times_mixed_6a:.2f} times as much", "7.06 times as much"),
    ("28", "from {measured_p_right[0]:.2f} to {measured_p_right[1]:.2f}", "from 0.83 to 0.92"),
    ("28", "from {measured_p_right[0]:.2f} to {measured_p_right[1]:.2f}",
     "from {measured_p_right[1]:.2f} to {measured_p_right[0]:.2f}"),
    ("28", "{change_measured:lowers|raises}", "raises"),
    ("A15", "{params_more:a.0p} {params_more:fewer|more}", "16 % {params_more:fewer|more}"),
    ("A15", "{params_more:a.0p} {params_more:fewer|more}", "{params_more:a.0p} fewer"),
    ("A20", "its reductions are left out and four modules of Fig. 6 are counted, not five",
     "its reductions are counted and five modules of Fig. 6 are counted, not four"),
    ("A3", "{extra_weights:fewer|more}", "{extra_weights:-fewer|more}"),
    ("A22", "{parts_17[0]} + {parts_17[1]}", "{parts_17[1]} + {parts_17[0]}"),
    ("A37", "{by_table:.1f}", "{counted:.1f}"),
    ("31", "a convolution such as 3x3", "a convolution such as 1x1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong"), WRONG)
def test_a_wrong_sentence_is_noticed(tmp_path, monkeypatch, name, right, wrong):
    text = (room.folder() / "claims.toml").read_text(encoding="utf-8")
    begin = text.index(f'id = "{name}"\n')
    assert text[begin:].count(right) >= 1
    (tmp_path / "claims.toml").write_text(text[:begin] + text[begin:].replace(right, wrong, 1), encoding="utf-8")
    place = room.folder()
    monkeypatch.setattr(room, "folder", lambda: tmp_path)
    if right in CLAIMS[name].truth and typed(wrong) != typed(right):
        with pytest.raises(DataError, match=rf"claim {name}: the truth has .* typed in"):
            room.read()
        return
    (claim,) = (claim for claim in room.read() if claim.id == name)
    monkeypatch.setattr(room, "folder", lambda: place)
    (one,) = room.weigh([claim])
    assert not one.agrees or said(one) not in SAID.read_text(encoding="utf-8").splitlines()


def test_fields_are_stated_figures(weighed):
    for name, claim in CLAIMS.items():
        used = {re.split(r"[.\[]", field)[0] for _, field, _, _ in Formatter().parse(claim.truth) if field}
        assert used <= set(claim.figures) <= set(weighed[name].finding.figures), name
        assert all(not isinstance(value, float) for value in claim.figures.values()), name  # Decimals have digits
        assert isinstance(CLAIMS["A1"].figures["ratio"], Decimal)


# -- templates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "figures", "expected"),
    [
        ("{n:,} weights", {"n": 12800}, "12,800 weights"),
        ("{n}", {"n": 9}, "9"),
        ("{n:w} modules", {"n": 9}, "Nine modules"),
        ("of {n:w}, {none:w}", {"n": 48, "none": 0}, "Of 48, none"),
        ("{x:.2f}", {"x": 2.7778}, "2.78"),
        ("{x:.1p}", {"x": 0.2908}, "29.1 %"),
        ("{x:+.1p}", {"x": -0.163}, "-16.3 %"),
        ("{x:a.0p} {x:less|more}", {"x": -0.0615}, "6 % less"),
        ("{x:.1M} million", {"x": 401_937_408}, "401.9 million"),
        ("{x:.2G}", {"x": 5_713_216_096}, "5.71"),
        ("{x:,.1M}", {"x": 2_438_553_600}, "2,438.6"),
        ("{x}", {"x": 4.20}, "4.2"),
        ("{v:.1f}", {"v": [1.0, 2.0]}, "1.0, 2.0"),
        ("{v!l:.0p}", {"v": [0.1, 0.2, 0.3]}, "10 %, 20 % and 30 %"),
        ("{v!l}", {"v": ["a", "b"]}, "A and b"),
        ("{v[1][0]}x{v[1][0]}", {"v": [[1], [33]]}, "33x33"),
        ("{3a:.3f}", {"3a": 0.625}, "0.625"),
        ("it {x:cannot|can}", {"x": False}, "It cannot"),
        ("it {x:-cannot|can}", {"x": False}, "It can"),
        ("{x:below|above|1}", {"x": 0.9}, "Below"),
        ("{x:-fewer|more}", {"x": -1}, "More"),
        ("so. {word} it is", {"word": "small"}, "So. Small it is"),
    ],
)
def test_templates(template, figures, expected):
    assert fill(template, figures) == expected


@pytest.mark.parametrize(
    ("template", "figures"),
    [
        ("{x}", {}),
        ("{x:more|less}", {"x": 1}),
        ("{x:less|fewer}", {"x": 1}),
        ("{x:less|more}", {"x": 0}),
        ("{x:less|more}", {"x": None}),
        ("{x:.2q}", {"x": 1.0}),
        ("{x:.2f}", {"x": True}),
        ("{x!r}", {"x": 1.0}),
        ("{v[3]}", {"v": [1]}),
        ("{x", {"x": 1}),
    ],
)
def test_what_cannot_be_written_is_one_error(template, figures):
    with pytest.raises(DataError):
        fill(template, figures)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("two 3x3 for a 5x5 of Inception-v3 and VGG-16, section 3.1, Tables 2 and 4, claim A41, top-1", []),
        ("on the 35x35 grid, in 3a, n x n, of 2014, Going Deeper", []),
        ("it has 7.0 million", ["7.0"]),
        ("35x35 cells", ["35", "35"]),
        ("twelve times fewer", ["twelve", "fewer"]),
        ("1,502 and more", ["1,502", "more"]),
        ("{n} Higher", ["Higher"]),
    ],
)
def test_typed_numbers_and_comparisons_are_found(text, found):
    assert typed(text) == found


def test_opposites_have_one_order():
    assert not {(b, a) for a, b in OPPOSITES} & set(OPPOSITES)


if __name__ == "__main__":
    SAID.write_text("".join(f"{said(one)}\n" for one in room.weigh(list(CLAIMS.values()))), encoding="utf-8")
