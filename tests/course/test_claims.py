"""The claims: every computed verdict is the stated one, and what no longer agrees is noticed."""

import json
import math
import re
import shutil
from decimal import Decimal

import numpy as np
import pytest

from tinyinception.cli import main
from tinyinception.course import claims as room
from tinyinception.course.files import folder
from tinyinception.errors import DataError

CLAIMS = {claim.id: claim for claim in room.read()}


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """copied(file, old, new) -> the claims of a copy of lessons/ in which one text is changed, exactly once."""
    shutil.copy(folder() / "claims.toml", tmp_path)
    shutil.copytree(folder() / "verdicts", tmp_path / "verdicts", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(room, "folder", lambda: tmp_path)

    def change(file, old, new):
        text = (tmp_path / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
        return {claim.id: claim for claim in room.read()}

    return change


# -- the claims themselves -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLAIMS)
def test_the_computed_verdict_and_figures_are_the_stated_ones(weighed, name):
    assert weighed[name].differences == []
    assert weighed[name].agrees


def test_both_lists_are_complete_and_in_order():
    assert list(CLAIMS) == [*(f"A{i}" for i in range(1, 35)), *(str(i) for i in range(1, 40))]


def test_every_claim_says_where_it_is_made_and_has_a_lesson_figures_and_an_id_of_its_own():
    assert len(room.read()) == len(CLAIMS)
    for claim in CLAIMS.values():
        assert min(len(claim.claim), len(claim.truth), len(claim.where)) > 8, claim.id
        assert claim.where[0].isupper(), claim.id
        assert 1 <= claim.lesson <= 20, claim.id
        assert claim.figures, claim.id


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
    claims = copied("claims.toml", "module_3a = [12800, 13824]", "module_3a = [12800, 13825]")
    (one,) = room.weigh([claims["A3"]])
    assert one.differences == ["module_3a: stated ['12800', '13825'], computed [12800, 13824]"]


def test_a_figure_that_nobody_computes_is_noticed(copied):
    claims = copied("claims.toml", "{ ratio = 2.7778 }", "{ ratio = 2.7778, area = 25 }")
    assert room.weigh([claims["A1"]])[0].differences == ["area was not computed"]


def test_a_changed_verdict_is_noticed(copied):
    claims = copied("claims.toml", '"true if input, middle and output have equally many channels"', '"true"')
    assert room.weigh([claims["A2"]])[0].differences == ["stated true, found true if"]


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
        ('truth = "25/9 = 2.7778."\n', "", r"claims\.toml: claim A1: .*missing 1 required.*'truth'"),
        ('truth = "25/9 = 2.7778."\n', 'truth = "25/9"\nproof = 1\n', r"claims\.toml: claim A1: .*unexpected.*'proof'"),
        ('id = "A1"\n', "", r"claims\.toml: claim \?: .*'id'"),
        (
            '"true"\ntruth = "25/9',
            '"mostly"\ntruth = "25/9',
            r"claims\.toml: claim A1: the verdict must be true, false, ",
        ),
        ('"true"\ntruth = "25/9', '"true if"\ntruth = "25/9', r"claims\.toml: claim A1: the verdict must .* condition"),
        (
            '"true"\ntruth = "25/9',
            '"truer"\ntruth = "25/9',
            r"claims\.toml: claim A1: the verdict must be true, false, ",
        ),
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
    ("name", "old", "new", "verdict"),
    [
        ("A4", '"3x1 and 1x3 for 3x3": 0.33', '"3x1 and 1x3 for 3x3": 0.34', "false"),
        (
            "A7",
            "VGG_OVER_ALEXNET = 3",
            "GOOGLENET_FEWER_THAN_ALEXNET, VGG_OVER_ALEXNET, GOOGLENET_PARAMS = 9, 3, 7e6",
            "false",
        ),
        (
            "A7",
            "VGG_OVER_ALEXNET = 3",
            "GOOGLENET_FEWER_THAN_ALEXNET, VGG_OVER_ALEXNET, GOOGLENET_PARAMS = 9, 2, 7e6",
            "true",
        ),
        ("A8", "GOOGLENET_MACS = 1.5e9", "GOOGLENET_MACS = 1.6e9", "false"),
        ("A9", '"conv1": (2.7, 34)', '"conv1": (9.2, 118)', "true"),
        ("A9", '"conv1": (2.7, 34)', '"conv1": (2.7, 35)', "false"),
        ("A10", "GOOGLENET_DEPTH_WITH_POOLS = 22, 27", "GOOGLENET_DEPTH_WITH_POOLS = 22, 26", "false"),
        ("A11", "(7, 144, 1008, 6.67)", "(7, 144, 1009, 6.67)", "false"),
        (
            "A12",
            "GOOGLENET_LESS_ERROR_THAN_SUPERVISION = 0.565",
            "GOOGLENET_LESS_ERROR_THAN_SUPERVISION = 0.567",
            "false",
        ),
        (
            "A15",
            'BN_MORE = {"layers": 9, "params": 0.25',
            'BN_PARAMS = 11.2e6\nBN_MORE = {"layers": 9, "params": 0.6',
            "true",
        ),
        ("A16", '"4c": 576,\n    "4d": 576', '"4c": 608,\n    "4d": 608', "true"),
        ("A16", '"4c": 576,\n    "4d": 576', '"4c": 608,\n    "4d": 576', "false"),
        ("A17", "BN_FASTER = 14", "BN_FASTER = 15", "false"),
        ("A18", "V3_MACS, V3_PARAMS_BELOW = 5e9", "V3_MACS, V3_PARAMS_BELOW = 6e9", "true"),
        ("A19", "V2_OVER_GOOGLENET = 42, 2.5", "V2_OVER_GOOGLENET = 42, 3.7", "true"),
        ("A19", "V2_OVER_GOOGLENET = 42, 2.5", "V2_OVER_GOOGLENET = 42, 2.6", "false"),
        ("A20", "V2_OVER_GOOGLENET = 42, 2.5", "V2_OVER_GOOGLENET = 54, 2.5", "true"),
        ("A20", "V2_OVER_GOOGLENET = 42, 2.5", "V2_OVER_GOOGLENET = 43, 2.5", "false"),
        ("A21", '("conv", 1, False, 35, 192)', '("conv", 1, True, 35, 192)', "true"),
        ("A21", '("conv", 1, False, 73, 64)', '("conv", 1, True, 73, 64)', "false"),
        ("A22", "(6, 5, 17, 768)", "(6, 5, 17, 770)", "false"),
        ("A24", "LOWRES_WITHIN = 0.01", "LOWRES_WITHIN = 0.07", "true"),
        ("A25", "EXAMPLE_LOSSES = (1.47, 2.63)", "EXAMPLE_LOSSES = (1.02, 1.10)", "true"),
        (
            "A27",
            "V3_LR, V3_LR_RATE, V3_LR_EVERY, V3_EPOCHS, V3_CLIP = 0.045, 0.94, 2",
            "V3_LR, V3_LR_RATE, V3_LR_EVERY, V3_EPOCHS, V3_CLIP = 0.045, 0.94, 4",
            "false",
        ),
        ("A28", '"Fig. 17": 1154, "Fig. 19": 2048', '"Fig. 17": 1152, "Fig. 19": 2144', "true"),
        ("A28", '"Fig. 17": 1154, "Fig. 19": 2048', '"Fig. 17": 1152, "Fig. 19": 2048', "false"),
        ("A31", "ALEXNET_NEURONS = 650_000", "ALEXNET_NEURONS = 640_000", "false"),
        ("A34", "BLACKLISTED = 1762", "BLACKLISTED = 1763", "false"),
    ],
)
def test_verdicts_follow_what_is_printed(copied, name, old, new, verdict):
    """Had the papers printed something else, the verdict would be another: it is computed, not stored."""
    claims = copied("verdicts/printed.py", old, new)
    assert room.weigh([claims[name]])[0].finding.verdict == verdict


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


# -- the command -----------------------------------------------------------------------------------------------------


def test_claims_as_json(capsys):
    assert main(["claims", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.count("\n") == 1
    rows = json.loads(captured.out)["claims"]
    assert [row["id"] for row in rows] == list(CLAIMS)
    for row in rows:
        assert list(row) == [
            "id",
            "claim",
            "where",
            "verdict",
            "truth",
            "lesson",
            "function",
            "figures",
            "found",
            "agrees",
            "differences",
            "seconds",
        ]
        assert row["agrees"] is True
        assert row["verdict"].startswith(row["found"])
        assert set(CLAIMS[row["id"]].figures) <= set(row["figures"])
    assert rows[2]["figures"]["extra_weights"] == 284_928


def test_claims_as_text_end_with_a_tally(capsys):
    assert main(["claims"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["A1", "true"]
    assert lines[3] == "     ratio 2.77778"
    assert "     saving_equal 0.28, ratio_growing [0.72, 0.734847, 0.763675, 0.9], saving_if_wider -0.8" in lines
    kinds = [claim.kind for claim in CLAIMS.values()]
    assert re.fullmatch(
        rf"{len(CLAIMS)} claims in [\d.]+ s: " + ", ".join(f"{kinds.count(kind)} {kind}" for kind in room.VERDICTS),
        lines[-1],
    )


def test_a_claim_that_disagrees_is_an_error_of_the_command(copied, capsys):
    copied("claims.toml", "{ ratio = 2.7778 }", "{ ratio = 2.8 }\n# only the first")
    copied("claims.toml", '"true if input, middle and output have equally many channels"', '"false"')
    assert main(["claims", "--json"]) == 1
    captured = capsys.readouterr()
    rows = json.loads(captured.out)["claims"]
    assert [row["id"] for row in rows if not row["agrees"]] == ["A2"]  # 2.8 is right to its digits
    assert captured.err == "tinyinception: error: claim A2: stated false, found true if\n"
    assert main(["claims"]) == 1
    assert "\n A2  DISAGREES: false\n" in capsys.readouterr().out
