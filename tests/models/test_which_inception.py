"""The page of variants states what the networks are: its table and the figures in its prose."""

import re

import pytest

from tests.helpers.places import ROOT
from tinyinception import models
from tinyinception.count import summary

PAGE = (ROOT / "lessons" / "which_inception.md").read_text(encoding="utf-8")
ROWS = re.findall(
    r"^\| `(\w+)` \| (\d+) \| ([\d,*]+) \| ([\d,*]+) \| ([\d,]+|-) \| ([\d,]+) \| (\d+) \|", PAGE, re.MULTILINE
)


def number(text):
    return int(text.replace(",", "").strip("*"))


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_table(row):
    """Each column has its own convention; bold is what the network has itself."""
    name, size, gamma, bare, heads, macs, depth = row
    counted = summary(name)
    assert counted.input == (int(size), int(size), 3)
    assert [number(n) for n in (gamma, bare, macs, depth)] == [
        counted.conventions.affine,
        counted.conventions.tf_train,
        counted.macs,
        counted.depth,
    ]
    assert {number(n) for n in (gamma, bare) if n.startswith("**")} == {counted.params}
    late = {"aux": True} if name in ("inception_v4", "inception_resnet_v2") else {}
    training = summary(models.build(name, **late), training=True).conventions.affine
    assert heads == ("-" if training == counted.conventions.affine else f"{training:,}")


def test_the_table_has_every_inception_of_the_papers():
    papers = {name for name in models.names() if models.info(name).num_classes == 1000}
    others = {name for name in papers if name.startswith(("alexnet", "nin", "vgg"))}
    assert {row[0] for row in ROWS} == papers - others


def test_the_figures_in_the_prose():
    def params(name, classes=1000):
        return summary(name, num_classes=classes).params

    def macs(name):
        return summary(name).macs

    first = next(row for row in summary("googlenet").rows if row.op == "Conv2d")
    assert (first.params - 64, round(first.macs / 1e6)) == (9408, 118)
    halves = [row for row in summary("googlenet_separable").rows if row.op == "Conv2d"][:2]
    assert (sum(row.params for row in halves) - 64, round(sum(row.macs for row in halves) / 1e5)) == (2712, 340)
    assert round(macs("inception_resnet_v2") / macs("inception_v4"), 2) == 1.07
    assert round(macs("inception_resnet_v2_paper") / macs("inception_v4"), 2) == 0.76
    faces = params("inception_resnet_v1_facenet", 8631)
    assert f"{faces:,}" in PAGE
    assert f"{faces - (512 + 1) * 8631:,}" in PAGE
    blocks = models.build("inception_resnet_v2").stages
    assert [sum(s.startswith(b) for s in blocks) for b in ("block35", "block17", "block8")] == [10, 20, 10]
    assert 5 + 3 + 4 * 40 + 3 * 2 + 2 == summary("inception_resnet_v2").depth == 136 + 40
    for name, more in (
        ("inception_v3", 2049),
        ("googlenet", 1025),
        ("inception_v4", 1537),
        ("inception_resnet_v2", 1537),
    ):
        assert params(name, 1001) - params(name) == more
        assert f"{more:,}" in PAGE
