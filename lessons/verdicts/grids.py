"""Verdicts on claims about grids: what shrinks them, what that costs, what fits."""

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.claims import Finding, beside

printed, counted = beside("printed"), beside("counted")


def table_1_rows():
    """Every row of Inception-v2's stem, run on its printed input: does the next row's input come out?"""
    table = printed.V2_TABLE_1_STEM
    following = [row[3:] for row in table[1:]] + [
        printed.V2_TABLE_1_MODULES[0][2:]
    ]
    misfits = [
        (row, want[0])
        for row, want in zip(table, following, strict=True)
        if grid_after(*row) != want[0]
    ]
    if not misfits:
        return Finding("true", {"misfits": 0})
    (row, wanted), *more = misfits
    padded = grid_after(*row[:2], True, *row[3:])
    return Finding(
        "true if" if padded == wanted and not more else "false",
        {
            "misfits": len(misfits),
            "misfit_input": list(row[3:]),
            "unpadded": grid_after(*row),
            "padded": padded,
        },
    )


def grid_after(layer, stride, padded, grid, channels):
    """Height of what a 3x3 leaves of a square grid."""
    padding = "same" if padded else "valid"
    with nn.shape_only():
        module = (
            nn.MaxPool2d(3, stride=stride, padding=padding)
            if layer == "pool"
            else nn.Conv2d(channels, 8, 3, stride=stride, padding=padding)
        )
    return summary(module, grid, channels=channels).rows[-1].output[0]


def reductions():
    """What Inception-v3's two reductions join, against the grids and channels that Table 1 prints around them."""
    before = [width for _, _, _, width in printed.V2_TABLE_1_MODULES[:2]]
    after = [
        (grid, grid, width)
        for _, _, grid, width in printed.V2_TABLE_1_MODULES[1:]
    ]
    stages = ("Mixed_6a", "Mixed_7a")
    out = [counted.rows("inception_v3", stage)[-1].output for stage in stages]
    parts = [
        [
            counted.rows("inception_v3", f"{stage}.{branch}")[-1].output[-1]
            for branch, _ in getattr(
                counted.network("inception_v3"), stage
            ).named_children()
        ]
        for stage in stages
    ]
    pooled = [joined[-1] for joined in parts]
    return Finding(
        "true" if out == after and pooled == before else "false",
        {
            "parts_17": parts[0],
            "parts_8": parts[1],
            "channels": [output[-1] for output in out],
            "pooled": pooled,
        },
    )


def pool_first():
    """Both orders of pooling and a 1x1 from k to 2k channels, Fig. 9's 35x35x320, and what v3 has in their place."""
    d, k = 35, 320
    with nn.shape_only():
        slow, fast = nn.conv_then_pool(k, 2 * k), nn.pool_then_conv(k, 2 * k)
        three = nn.conv_then_pool(288, 768, kernel_size=3)
    slow, fast, three = (
        summary(module, d, channels=c).macs
        for module, c in ((slow, k), (fast, k), (three, 288))
    )
    formula = [2 * d**2 * k**2, 2 * (d / 2) ** 2 * k**2]
    v3 = counted.cost("inception_v3", "Mixed_6a")[1]
    by_a_quarter = abs(fast / slow - 3 / 4) < abs(fast / slow - 1 / 4)
    return Finding(
        "true" if by_a_quarter else "false",
        {
            "conv_then_pool": slow,
            "formula": formula,
            "pool_then_conv_17x17": fast,
            "left": formula[1] / formula[0],
            "left_17x17": fast / slow,
            "mixed_6a": v3,
            "conv_3x3_then_pool": three,
            "times_mixed_6a": three / v3,
        },
    )


def low_resolution():
    """Inception-v3 for 299, 151 and 79 pixels."""
    names = {
        299: "inception_v3",
        151: "inception_v3_151",
        79: "inception_v3_79",
    }
    macs = {size: counted.counted(name).macs for size, name in names.items()}
    out = {
        stage: counted.rows(names[79], stage)[-1].output
        for stage in (
            "Conv2d_2b_3x3",
            "MaxPool_5a_3x3",
            "Mixed_6a",
            "Mixed_7a",
        )
    }
    first = counted.rows(names[299], "MaxPool_3a_3x3")[-1].output[0]
    within = {
        size: abs(value / macs[299] - 1) <= printed.LOWRES_WITHIN
        for size, value in macs.items()
    }
    return Finding(
        "true" if all(within.values()) else "false",
        {
            "macs_299": macs[299],
            "macs_151": macs[151],
            "macs_79": macs[79],
            "cheaper_79": 1 - macs[79] / macs[299],
            "stem_79": list(out["MaxPool_5a_3x3"]),
            "grids_79": [output[0] for output in out.values()],
            "grid_299_after_first_pool": first,
            "pixels_299_over_79": (299 / 79) ** 2,
        },
    )
