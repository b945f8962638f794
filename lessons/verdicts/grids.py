"""Verdicts on claims about grids: what shrinks them, what that costs, what fits."""

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.claims import Finding, beside, when

printed, counted = beside("printed"), beside("counted")


def table_1_rows(last_padded=False):
    """Every row of Inception-v2's stem, run on its printed input: does the next row's input come out?"""
    table = list(printed.V2_TABLE_1_STEM)
    if last_padded:
        table[-1] = (*table[-1][:2], True, *table[-1][3:])
    following = [row[3:] for row in table[1:]] + [
        printed.V2_TABLE_1_MODULES[0][2:]
    ]
    misfits = [
        (row, want)
        for row, want in zip(table, following, strict=True)
        if grid_after(*row) != want[0]
    ]
    if not misfits:
        return Finding("true", {"misfits": 0})
    (row, wanted), *more = misfits
    padded = grid_after(*row[:2], True, *row[3:])
    fits = padded == wanted[0] and not more
    return Finding(
        "true if that row is padded, which it does not say"
        if fits
        else "false",
        {
            "misfits": len(misfits),
            "misfit_input": list(row[3:]),
            "misfit_wanted": list(wanted),
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
            "around": [
                list(shape)
                for shape in [
                    (printed.V2_TABLE_1_MODULES[0][2],) * 2 + (before[0],),
                    *out,
                ]
            ],
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
    saved = 1 - formula[1] / formula[0]
    return Finding(
        "true" if round(saved, 2) == printed.POOL_FIRST_SAVES else "false",
        {
            "conv_then_pool": slow,
            "formula": formula,
            "pool_then_conv_17x17": fast,
            "grid": [d, d, k],
            "widths": [288, 768],
            "left": formula[1] / formula[0],
            "saved": saved,
            "said": printed.POOL_FIRST_SAVES,
            "left_17x17": fast / slow,
            "mixed_6a": v3,
            "conv_3x3_then_pool": three,
            "times_mixed_6a": three / v3,
        },
    )


LOW = {299: "inception_v3", 151: "inception_v3_151", 79: "inception_v3_79"}


def by_size():
    """Multiply-adds of Inception-v3 for 299, 151 and 79 pixels, and what those for 299 and 79 differ in."""
    macs = {size: counted.counted(name).macs for size, name in LOW.items()}
    stages = ("Conv2d_2b_3x3", "MaxPool_5a_3x3", "Mixed_6a", "Mixed_7a")
    out = {stage: counted.rows(LOW[79], stage)[-1].output for stage in stages}
    first = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3")
    of_first = {
        size: sum(counted.cost(LOW[size], stage)[1] for stage in first)
        for size in (299, 79)
    }
    return {
        "sizes": list(LOW),
        "macs_299": macs[299],
        "macs_151": macs[151],
        "macs_79": macs[79],
        "change_151": macs[151] / macs[299] - 1,
        "change_79": macs[79] / macs[299] - 1,
        "stem_79": list(out["MaxPool_5a_3x3"]),
        "stem_299": list(counted.rows(LOW[299], "MaxPool_5a_3x3")[-1].output),
        "grids_79": [output[0] for output in out.values()],
        "first_layers": [of_first[299], of_first[79]],
        "first_layers_save": of_first[299] - of_first[79],
        "first_layers_share": (of_first[299] - of_first[79]) / macs[299],
    }


def low_resolution(slightly=0.1):
    """Whether the smallest is slightly cheaper, and whether by what the paper allows."""
    found, within = by_size(), printed.LOWRES_WITHIN
    change = found["change_79"]
    verdict = when(
        {
            'only "slightly cheaper" is meant, not the 1 %': -slightly
            < change
            < 0
            and found["change_151"] == 0,
            "the 1 % is meant": abs(change) <= within,
        }
    )
    return Finding(
        verdict, {**found, "allowed": within, "slightly_is_within": slightly}
    )


def same_size_and_cost(sizes=(299, 151, 79)):
    """Whether the networks for these sizes put out the same grids at the same cost."""
    found = by_size()
    grids = [
        list(counted.rows(LOW[size], "MaxPool_5a_3x3")[-1].output)
        for size in sizes
    ]
    costs = [counted.counted(LOW[size]).macs for size in sizes]
    same = all(grid == grids[0] for grid in grids) and len(set(costs)) == 1
    return Finding("true" if same else "false", found)


def cheaper_unchanged():
    """Inception-v3 with its layers as they are, on 79 and on 151 pixels."""
    v3 = counted.network("inception_v3")
    macs = {size: summary(v3, size).macs for size in (299, 151, 79)}
    times = {size: macs[299] / macs[size] for size in (151, 79)}
    says = printed.LOWRES_CHEAPER
    return Finding(
        "true" if round(times[79]) == says else "false",
        {
            "sizes": [299, 151, 79],
            "macs_79": macs[79],
            "times_79": times[79],
            "times_151": times[151],
            "pixels_79": (299 / 79) ** 2,
            "pixels_151": (299 / 151) ** 2,
            "printed": says,
        },
    )


def nearly_as_good(near=2.0):
    """Accuracy with 79 pixels against that with 299, as Table 2 prints them."""
    table = printed.LOWRES_TOP1
    lost = table[299] - table[79]
    return Finding(
        "true" if lost < near else "false",
        {
            "sizes": [79, 299],
            "accuracy": [table[79], table[151], table[299]],
            "change": -lost,
            "nearly_is_within": near,
        },
    )
