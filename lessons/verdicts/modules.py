"""Verdicts on claims about the widths of modules: read off built ones."""

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.claims import Finding, beside
from tinyinception.errors import ShapeError
from tinyinception.tensor import Tensor

printed, counted = beside("printed"), beside("counted")


def share_by_depth(only=()):
    """The share of 3x3 and 5x5 filters in what GoogLeNet's modules put out."""
    modules = {
        name.removeprefix("inception_"): getattr(
            counted.network("googlenet"), name
        )
        for name in counted.network("googlenet").stages
        if name.startswith("inception_")
        and (not only or name.removeprefix("inception_") in only)
    }
    share = {
        name: (width(module.three) + width(module.five)) / module.out_channels
        for name, module in modules.items()
    }
    values = list(share.values())
    rises = values == sorted(values) and values[0] < values[-1]
    return Finding("true" if rises else "false", share)


def width(branch):
    """Channels that a branch of convolutions puts out."""
    return list(branch)[-1].out_channels


def naive_module(r3=96, r5=16, dear=2.0):
    """3a with and without reductions, on 28x28x192, and a second naive one of the same widths after it."""
    widths = {"n1": 64, "n3": 128, "n5": 32}
    with nn.shape_only():
        naive = nn.naive_inception(192, **widths)
        second = nn.naive_inception(naive.out_channels, **widths)
        reduced = nn.inception(192, **widths, r3=r3, r5=r5, pool_proj=32)
    before, after = (
        summary(naive, 28, channels=192),
        summary(reduced, 28, channels=192),
    )
    five = [
        sum(row.macs for row in s.rows if row.name.startswith("five"))
        for s in (before, after)
    ]
    grows = second.out_channels > naive.out_channels > 192
    return Finding(
        "true" if grows and before.macs > dear * after.macs else "false",
        {
            "times": before.macs / after.macs,
            "dear_is_above": dear,
            "naive_macs": before.macs,
            "reduced_macs": after.macs,
            "input": [28, 28, 192],
            "naive_parts": [*widths.values(), 192],
            "branch_5x5_macs": five,
            "naive_channels": [192, naive.out_channels, second.out_channels],
            "reduced_channels": reduced.out_channels,
        },
    )


def bn_outputs():
    """Channels of BN-Inception's 4c and 4d by the printed widths (Caffe's port), and with TF-slim's projection."""
    names, stages = (
        ("bn_inception", "bn_inception_slim"),
        ("inception_4c", "inception_4d"),
    )
    out = [
        [
            getattr(counted.network(name), stage).out_channels
            for stage in stages
        ]
        for name in names
    ]
    whole, narrow = (
        counted.network(name).inception_4c.pool.proj.out_channels
        for name in names
    )
    stated = [
        printed.BN_FIG_5_OUTPUTS[stage.removeprefix("inception_")]
        for stage in stages
    ]
    condition = f"true if their pooling projection has {narrow} channels instead of the printed {whole}"
    return Finding(
        "true"
        if out[0] == stated
        else condition
        if out[1] == stated
        else "false",
        {
            "by_printed_widths": out[0],
            "with_96": out[1],
            "projections": [whole, narrow],
        },
    )


def residual_widths():
    """Whether the linear 1x1 of Figs. 17 and 19 can be added to what the block takes in."""
    needed = {
        "Fig. 17": block_width("inception_resnet_v2_paper", "block17_1"),
        "Fig. 19": block_width("inception_resnet_v2_paper", "block8_1"),
    }
    fits = [
        can_add(printed.RESNET_V2_LINEAR[figure], width)
        for figure, width in needed.items()
    ]
    released = [
        block_width("inception_resnet_v2", stage)
        for stage in ("block17_1", "block8_1")
    ]
    return Finding(
        "true" if all(fits) else "false",
        {
            "parts_17": parts("inception_resnet_v2_paper", "Mixed_6a"),
            "parts_8": parts("inception_resnet_v2_paper", "Mixed_7a"),
            "printed": list(printed.RESNET_V2_LINEAR.values()),
            "needed": list(needed.values()),
            "released": released,
        },
    )


def block_width(name, stage):
    """Channels that a residual block takes in and puts out: those of the stage before it."""
    stages = list(counted.network(name).stages)
    return counted.rows(name, stages[stages.index(stage) - 1])[-1].output[-1]


def can_add(one, other):
    """Whether two grids of so many channels can be added."""
    try:
        Tensor.shape_only(1, 4, 4, one) + Tensor.shape_only(1, 4, 4, other)
    except ShapeError:
        return False
    return True


def parts(name, stage):
    """Channels that each branch of a stage puts out."""
    branches = [
        path
        for path, _ in getattr(counted.network(name), stage).named_children()
    ]
    return [
        counted.rows(name, f"{stage}.{branch}")[-1].output[-1]
        for branch in branches
    ]
