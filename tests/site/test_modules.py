"""The published modules as the pages have them are those of the papers' tables."""

from tinyinception.models.bn_inception import WIDTHS as BN_WIDTHS
from tinyinception.models.googlenet import WIDTHS
from tinyinception.site.modules import published
from tinyinception.site.pages import factorization, reduction


def outputs(module):
    """The widths of all convolutions, branch after branch."""
    return [conv["outputs"] for branch in module["branches"] for step in branch["steps"] for conv in step]


def test_widths_are_those_of_the_papers_tables():
    by_name = {(m["network"], m["name"]): m for m in published()}
    for name, widths in WIDTHS.items():
        assert outputs(by_name["GoogLeNet", name]) == list(widths)
    for name, (n1, r3, n3, rd, nd, proj) in BN_WIDTHS.items():
        expected = [n1, r3, n3, rd, nd, nd, proj] if n1 else [r3, n3, rd, nd, nd]
        assert outputs(by_name["BN-Inception", name]) == expected
    last = by_name["Inception-v3", "7c"]
    assert (last["grid"], last["inputs"]) == (8, 2048)
    assert [len(step) for step in last["branches"][2]["steps"]] == [1, 1, 2]


def test_large_kernels_and_what_stands_for_them_are_found():
    points = factorization.data()["factorization"]["modules"]

    def found(network, kind, kernel):
        of = (network, kind, kernel)
        return [p for p in points if (p["network"], p["kind"], p["kernel"]) == of]

    fives = found("GoogLeNet", "one", 5)
    assert [(p["module"], p["m"], p["n"]) for p in fives] == [(name, w[3], w[4]) for name, w in WIDTHS.items()]
    doubles = found("BN-Inception", "stack", 5)
    assert [(p["m"], p["c"], p["n"]) for p in doubles] == [(w[3], w[4], w[4]) for w in BN_WIDTHS.values()]
    assert [(p["module"], p["m"], p["c"], p["n"]) for p in found("Inception-v3", "stack", 5)] == [
        ("5b", 64, 96, 96),
        ("5c", 64, 96, 96),
        ("5d", 64, 96, 96),
        ("6a", 64, 96, 96),
    ]
    pairs = found("Inception-v3", "pair", 7)
    assert [p["module"] for p in pairs] == [name for name in ("6b", "6c", "6d", "6e") for _ in range(3)] + ["7a"]
    assert [(p["m"], p["c"], p["n"]) for p in pairs[:3]] == [(128, 128, 192), (128, 128, 128), (128, 128, 192)]


def test_modules_that_halve_the_grid_are_found():
    halving = reduction.data()["reduction"]
    assert [(m["name"], m["inputs"], m["outputs"], m["padding"]) for m in halving] == [
        ("BN-Inception 3c", 320, 576, "same"),
        ("BN-Inception 4e", 608, 1056, "same"),
        ("Inception-v3 6a", 288, 768, "valid"),
        ("Inception-v3 7a", 768, 1280, "valid"),
    ]
