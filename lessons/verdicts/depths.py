"""Verdicts on claims about depth: weight layers on the longest path, counted by building."""

from tinyinception import nn
from tinyinception.course.claims import Finding, beside, when

printed, counted = beside("printed"), beside("counted")
POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.GlobalAvgPool)


def googlenet_layers():
    """GoogLeNet's weight layers, its poolings between modules and before the classifier, its modules."""
    network, depth = (
        counted.network("googlenet"),
        counted.counted("googlenet").depth,
    )
    inside = tuple(
        name
        for name, part in network.named_modules()
        if isinstance(part, nn.Branches)
    )
    pools = [
        name
        for name, part in network.named_modules()
        if isinstance(part, POOLS) and not name.startswith((*inside, "aux_"))
    ]
    fits = (depth, depth + len(pools)) == (
        printed.GOOGLENET_DEPTH,
        printed.GOOGLENET_DEPTH_WITH_POOLS,
    )
    return Finding(
        "true" if fits else "false",
        {
            "depth": depth,
            "with_pools": depth + len(pools),
            "modules": len(inside),
            "in_a_module": 2,
            "before_modules": 1 + 2,
            "pools": [len(pools) - 1, 1],
        },
    )


def v2_layers():
    """Inception-v2's depth: with its reductions or without, with the printed five modules of Fig. 6 or with four."""
    added = counted.layers("inception_v2_a")

    def layers(*starts):
        return sum(n for stage, n in added.items() if stage.startswith(starts))

    parts = {
        "stem": layers("conv", "pool"),
        "fig5": layers("fig5"),
        "fig6_four": sum(added[f"fig6_{i}"] for i in range(1, 5)),
        "fig7": layers("fig7"),
        "linear": added["head"],
    }
    base, fifth, reductions = (
        sum(parts.values()),
        added["fig6_5"],
        layers("reduction"),
    )
    readings = {
        "every row is counted, and the reductions": base + fifth + reductions,
        "its reductions are counted and four modules of Fig. 6, not five": base
        + reductions,
        "its reductions are left out and five modules of Fig. 6 are counted": base
        + fifth,
        "its reductions are left out and four modules of Fig. 6 are counted, not five": base,
    }
    built = {
        name: counted.counted(name).depth
        for name in ("inception_v2_a", "inception_v2_b", "inception_v3")
    }
    assert list(readings.values())[:2] == list(built.values())[:2]
    by_letter = next(iter(readings.values())) == printed.V2_DEPTH
    verdict = (
        "true"
        if by_letter
        else when(
            {
                name: depth == printed.V2_DEPTH
                for name, depth in readings.items()
            }
        )
    )
    return Finding(
        verdict,
        {
            **parts,
            "sum": base,
            "fifth": fifth,
            "reductions": reductions,
            **built,
        },
    )
