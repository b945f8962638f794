"""The claims: every computed verdict is the stated one, and what no longer agrees is noticed."""

import math
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tinyinception.course import claims as room
from tinyinception.course.files import folder
from tinyinception.errors import DataError

CLAIMS = {claim.id: claim for claim in room.read()}


# -- the claims themselves -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLAIMS)
def test_the_computed_verdict_and_figures_are_the_stated_ones(weighed, name):
    assert weighed[name].differences == []
    assert weighed[name].agrees


def test_both_lists_are_complete_and_in_order():
    assert list(CLAIMS) == [*(f"A{i}" for i in range(1, 55)), *(str(i) for i in range(1, 65))]


def test_every_claim_says_where_it_is_made_and_has_a_lesson_figures_and_an_id_of_its_own():
    assert len(room.read()) == len(CLAIMS)
    for claim in CLAIMS.values():
        assert min(len(claim.claim), len(claim.truth), len(claim.where)) > 8, claim.id
        assert claim.where[0].isupper(), claim.id
        assert 1 <= claim.lesson <= 22, claim.id
        assert claim.figures, claim.id
        assert claim.kind in room.KINDS, claim.id
        assert not claim.where.startswith("Reading 0"), claim.id


def test_no_two_rows_have_one_function_unless_they_say_so():
    first = {}
    for claim in CLAIMS.values():
        if claim.same_as:
            assert claim.function == CLAIMS[claim.same_as].function, claim.id
        else:
            assert claim.function not in first, f"{claim.id} and {first.get(claim.function)}"
            first[claim.function] = claim.id


@pytest.mark.parametrize("name", CLAIMS)
def test_another_input_makes_another_verdict(weighed, name):
    """It is computed, not stored: every row has a counterfactual, and its function listens to it, and forgets it."""
    claim = CLAIMS[name]
    assert claim.counterfactual
    assert room.suppose(claim).ruling != claim.ruling
    assert room._weigh(claim).finding == weighed[name].finding


@pytest.mark.parametrize("name", CLAIMS)
def test_long_numbers_in_the_text_are_computed_or_printed_in_a_paper(weighed, name):
    """5,713,216,096 in a truth must be a figure of the function, or stand in verdicts/printed.py."""
    known = set(numbers(list(weighed[name].finding.figures.values()))) | set(
        numbers([value for key, value in vars(room.beside("printed")).items() if key.isupper()])
    )
    text = f"{CLAIMS[name].claim} {CLAIMS[name].truth}"
    stated = [int(word.replace(",", "")) for word in re.findall(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d.]*\d)", text)]
    assert set(stated) <= known


def numbers(value):
    """All numbers in nested lists, tuples and mappings."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, (int, float)) else []


# -- what no longer agrees is noticed --------------------------------------------------------------------------------


def test_a_changed_figure_is_noticed(copied):
    claims = copied("claims.toml", "ratio = 2.7778", "ratio = 2.7779")
    (one,) = room.weigh([claims["A1"]])
    assert not one.agrees
    assert one.differences == [f"ratio: stated 2.7779, computed {25 / 9}"]


def test_a_changed_figure_in_a_list_is_noticed(copied):
    claims = copied("claims.toml", "module_3a = [12800, 9936, 13824]", "module_3a = [12800, 9936, 13825]")
    (one,) = room.weigh([claims["A3"]])
    assert one.differences == ["module_3a: stated [12800, 9936, 13825], computed [12800, 9936, 13824]"]


def test_a_figure_that_nobody_computes_is_noticed(copied):
    claims = copied("claims.toml", "{ ratio = 2.7778, ", "{ ratio = 2.7778, area = 25, ")
    assert room.weigh([claims["A1"]])[0].differences == ["area was not computed"]


def test_a_changed_verdict_is_noticed(copied):
    claims = copied("claims.toml", '"true if its first 7x7 is depthwise-separable"', '"true"')
    differences = ["stated true, found true if its first 7x7 is depthwise-separable"]
    assert room.weigh([claims["A8"]])[0].differences == differences


def test_a_changed_function_is_noticed(copied):
    claims = copied("verdicts/factorization.py", "(8, 3), inputs=8)", "(9, 3), inputs=8)")
    differences = room.weigh([claims["A1"]])[0].differences
    assert differences[0] == "stated true, found false"
    assert differences[1].startswith("ratio: ")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('"factorization.area_ratio"', '"factorization.ratio"', "claim A1: there is no function ratio in "),
        ('"factorization.area_ratio"', '"nowhere.area_ratio"', "nowhere.py does not exist"),
        ('"factorization.area_ratio"', '"area_ratio"', "area_ratio.py does not exist"),
    ],
)
def test_a_missing_function_is_one_error(copied, old, new, error):
    claims = copied("claims.toml", old, new)
    with pytest.raises(DataError, match=error):
        room.weigh([claims["A1"]])


def test_a_file_of_verdicts_that_cannot_be_run_is_one_error_with_its_line(copied):
    claims = copied("verdicts/depths.py", "POOLS = (", "POOLS = 1 / 0, (")
    with pytest.raises(DataError, match=r"depths\.py, line 7, cannot be run: ZeroDivisionError"):
        room.weigh([claims["A10"]])


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            'truth = "{cells[0]} / {cells[1]} = {ratio:.4f}."\n',
            "",
            r"claims\.toml: claim A1: .*missing 1 required.*'truth'",
        ),
        (
            'truth = "{cells[0]} / {cells[1]} = {ratio:.4f}."\n',
            'truth = "so"\nproof = 1\n',
            r"claims\.toml: claim A1: .*unexpected.*'proof'",
        ),
        ('id = "A1"\n', "", r"claims\.toml: claim \?: .*'id'"),
        (
            '"true"\ntruth = "{cells',
            '"mostly"\ntruth = "{cells',
            r"claims\.toml: claim A1: the verdict must be true, false, ",
        ),
        (
            '"true"\ntruth = "{cells',
            '"true if"\ntruth = "{cells',
            r"claims\.toml: claim A1: the verdict must .* condition",
        ),
        (
            '"true"\ntruth = "{cells',
            '"truer"\ntruth = "{cells',
            r"claims\.toml: claim A1: the verdict must be true, false, ",
        ),
        (
            'paper = "rethinking"\nwhere = "section 3.1"\nkind = "counted"\nverdict = "true"\n',
            'paper = "nobody"\n',
            "claim A1: there is no 'nobody'",
        ),
        ("counterfactual = { large = 7 }\n", "counterfactual = {}\n", "claim A1: there must be a counterfactual"),
        ("= {ratio:.4f}.", "= 2.7778.", r"claim A1: the truth has 2\.7778\. typed in"),
        ("= {ratio:.4f}.", "is more.", "claim A1: the truth has more typed in"),
        ("= {ratio:.4f}.", "= {ratios:.4f}.", "claim A1: the truth uses ratios, which figures do not state"),
        ('id = "A2"\n', 'id = "A1"\n', "claim A1: stands there twice"),
        ('id = "A1"\n', "id = A1\n", r"claims\.toml: cannot be read: .*\(at line \d+"),
    ],
)
def test_a_bad_row_is_one_error_that_names_it(copied, old, new, error):
    with pytest.raises(DataError, match=error):
        copied("claims.toml", old, new)


def test_without_the_file_or_without_rows_there_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "folder", lambda: tmp_path)
    with pytest.raises(DataError, match=r"claims\.toml: cannot be read: .*No such file"):
        room.read()
    (tmp_path / "claims.toml").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"claims\.toml: cannot be read: 'claim'"):
        room.read()


@pytest.mark.parametrize(
    ("name", "changed", "verdict"),
    [
        ("A7", {"GOOGLENET_FEWER_THAN_ALEXNET": 9, "VGG_OVER_ALEXNET": 3, "GOOGLENET_PARAMS": 7e6}, "false"),
        ("A7", {"GOOGLENET_FEWER_THAN_ALEXNET": 9, "VGG_OVER_ALEXNET": 2, "GOOGLENET_PARAMS": 7e6}, "true"),
        ("A8", {"GOOGLENET_MACS": 1.6e9}, "true if its first 7x7 is plain"),
        ("A9", {"GOOGLENET_TABLE_1": {"conv1": [9.2, 118]}}, "true if it is a plain convolution"),
        ("A16", {"BN_FIG_5_OUTPUTS": {"4c": 608, "4d": 576}}, "false"),
        ("A19", {"V2_OVER_GOOGLENET": 2.6}, "false"),
        ("A20", {"V2_DEPTH": 54}, "true"),
        ("A20", {"V2_DEPTH": 49}, "true if its reductions are counted and four modules of Fig. 6, not five"),
        ("A20", {"V2_DEPTH": 47}, "true if its reductions are left out and five modules of Fig. 6 are counted"),
        ("A24", {"slightly": 0.06}, "false"),
        ("A28", {"RESNET_V2_LINEAR": {"Fig. 17": 1152}}, "false"),
        ("A41", {"BLACKLIST_EFFECT": [0.2, 0.2]}, "false"),
        ("4", {"V3_AUXILIARY": {"faster early": True}, "gains": [0.1, 0.11, 0.12]}, "true"),
        ("4", {"gains": [0.1, 0.11, 0.12]}, "unclear"),
        ("4", {"V3_AUXILIARY": {"faster early": True}, "gains": [-0.1, -0.11, -0.12]}, "unclear"),
        ("6", {"READING_KERNEL_COSTS": {"5x5": 102400, "two 3x3": 73728}}, "true if they are counted for all channels"),
        ("10", {"GOOGLENET_TABLE_1": {"conv1": [5.0, 118]}}, "true"),
        ("15", {"AUXILIARY_AGAINST_VANISHING": {"Going Deeper, section 5": False}}, "false"),
        ("16", {"GOOGLENET_PARAMS": 6e6}, "true"),
        ("22", {"READING_V3_ADDS": ["RMSProp", "Factorized 7x7"]}, "false"),
        ("38", {"LABEL_SMOOTHING_GAIN": 0.3}, "true"),
        ("44", {"densities": [0.5, 1.0]}, "true"),
        ("49", {"BN_DROPOUT": {"single": [0.4]}}, "false"),
        ("61", {"V3_TABLE_3": {"BN-GoogLeNet": [27.3, 8.9, 1.5]}}, "true"),
        ("A3", {"kernel": 3}, "false"),
    ],
)
def test_verdicts_follow_what_is_printed(name, changed, verdict):
    """Had the papers printed something else, or the layers been others, the verdict would be just this one."""
    assert room.suppose(replace(CLAIMS[name], counterfactual=changed)).verdict == verdict


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("A7", {"GOOGLENET_FEWER_THAN_ALEXNET": 11}),
        ("A7", {"VGG_OVER_ALEXNET": 2.8}),
        ("A12", {"LEADERBOARD": {"Clarifai 2013": 11.8}}),
        ("A15", {"BN_MORE": {"layers": 8}}),
        ("A17", {"BN_STEPS": {"BN-Baseline": [13.4e6, 72.7]}}),
        ("A18", {"V3_MACS": 5.1e9}),
        ("A19", {"V2_OVER_GOOGLENET": 2.6}),
        ("A23", {"POOL_FIRST_SAVES": 0.24}),
        ("A24", {"LOWRES_WITHIN": 0.02}),
        ("A25", {"EXAMPLE_LOSSES": [1.48, 2.63]}),
        ("A41", {"V3_TABLE_4": {"144": [18.87, 4.20]}}),
        ("18", {"READING_VALIDATION_TOP5": 4.7}),
        ("53", {"V4_TABLE_4": {"Inception-v4": [17.7, 3.7]}}),
        ("61", {"V3_TABLE_3": {"BN-GoogLeNet": [26.9, None, 1.5]}}),
        ("64", {"LOWRES_TOP1": {"151": 76.5}}),
    ],
)
def test_a_printed_figure_that_is_typed_wrongly_is_noticed(name, read):
    """Also where the verdict stays: what a claim compares with is one of its figures."""
    with room._printed(CLAIMS[name], read):
        assert not room._weigh(CLAIMS[name]).agrees


def test_a_counterfactual_of_a_figure_that_is_not_printed_is_one_error():
    with pytest.raises(DataError, match=r"claim A1: there is no NOWHERE in verdicts/printed\.py"):
        room.suppose(replace(CLAIMS["A1"], counterfactual={"NOWHERE": 1}))


def test_no_printed_figure_is_without_a_use():
    """Each is read by a verdict; what no claim needs goes."""
    texts = [path.read_text(encoding="utf-8") for path in (folder() / "verdicts").glob("*.py")]
    unused = [
        name
        for name in vars(room.beside("printed"))
        if name.isupper() and not any(re.search(rf"\bprinted\.{name}\b", text) for text in texts)
    ]
    assert unused == []


# -- digits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "computed", "expected"),
    [
        (Decimal("0.28"), 0.2849, True),
        (Decimal("0.28"), 0.2851, False),
        (Decimal("0.28"), 0.2751, True),
        (Decimal("0.280"), 0.2806, False),
        (Decimal("0.280"), 0.2804, True),
        (Decimal("2.5"), 2.55, True),
        (Decimal("-2.03"), -2.0306, True),
        (Decimal("-2.03"), 2.0306, False),
        (Decimal("1E-3"), 0.00149, True),
        (Decimal("1E-3"), 0.00151, False),
        (Decimal("12.0"), 12, True),
        (Decimal("0.5"), np.float32(0.5), True),
        (Decimal("1.0"), math.nan, False),
        (Decimal("1.0"), math.inf, False),
        (Decimal("1.0"), [1.0], False),
        (Decimal("1.0"), None, False),
        (Decimal("1.0"), "1.0", False),
        (12800, 12800, True),
        (12800, 12801, False),
        (12800, 12800.4, False),
        (True, True, True),
        (True, False, False),
        ("same", "same", True),
        ("same", "other", False),
        ([Decimal("0.1"), 2], [0.1, 2], True),
        ([Decimal("0.1"), 2], (0.1, 2), True),
        ([1, 2], [1, 2, 3], False),
        ([1, 2], [2, 1], False),
        ([1], 1, False),
        ([[1], [Decimal("2.0")]], [[1], [2.04]], True),
        ([], [], True),
    ],
)
def test_figures_agree_to_the_digits_written(stated, computed, expected):
    assert room.agree(stated, computed) is expected


def test_readme_and_help_say_how_many_there_are():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"(\d+) claims", readme)]
    assert numbers
    assert set(numbers) == {len(CLAIMS)}
