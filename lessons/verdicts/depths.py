"""Verdicts on claims about depth: weight layers on the longest path, counted by building."""

from tinyinception import nn
from tinyinception.course.claims import Finding, beside

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
        },
    )


def v2_layers():
    """Inception-v2 by the letter of its Table 1, without its reductions and one module of Fig. 6, and relatives."""
    added = counted.layers("inception_v2_a")
    parts = {
        "stem": sum(
            n
            for stage, n in added.items()
            if stage.startswith(("conv", "pool"))
        ),
        "fig5": sum(
            n for stage, n in added.items() if stage.startswith("fig5")
        ),
        "fig6_four": sum(added[f"fig6_{i}"] for i in range(1, 5)),
        "fig7": sum(
            n for stage, n in added.items() if stage.startswith("fig7")
        ),
        "linear": added["head"],
    }
    reductions = sum(
        n for stage, n in added.items() if stage.startswith("reduction")
    )
    found = {
        name: counted.counted(name).depth
        for name in ("inception_v2_a", "inception_v2_b", "inception_v3")
    }
    stated = printed.V2_DEPTH
    verdict = (
        "true"
        if stated in found.values()
        else "true if"
        if sum(parts.values()) == stated
        else "false"
    )
    return Finding(
        verdict,
        {
            **parts,
            "sum": sum(parts.values()),
            "reductions": reductions,
            **found,
        },
    )
