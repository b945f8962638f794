"""Verdicts on what is said of results and reasons: looked up in the papers' words and tables."""

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.claims import Finding, beside

printed, counted = beside("printed"), beside("counted")


def factorising_improves():
    """Whether the two networks of Rethinking's Fig. 2 can tell: is one of them without factorised convolutions?"""
    figure = printed.FIG_2
    plain = [name for name in figure if name == "5x5"]
    better = max(value for name, value in figure.items() if name not in plain)
    verdict = (
        "unclear"
        if not plain
        else "true"
        if better > figure["5x5"]
        else "false"
    )
    return Finding(
        verdict,
        {
            "accuracy": list(figure.values()),
            "networks": len(figure),
            "without": len(plain),
        },
    )


def one_by_one():
    """What Network in Network has its 1x1 for, by GoogLeNet's paper."""
    saves = printed.NIN_PURPOSE == "saving parameters"
    with nn.shape_only():
        with_1x1 = nn.units.chain(3, [(192, 5), (160, 1), (96, 1)])
        without = nn.units.chain(3, [(96, 5)])
    params = [summary(unit, 32).params for unit in (without, with_1x1)]
    return Finding(
        "true" if saves else "false",
        {
            "purpose": printed.NIN_PURPOSE,
            "params": params,
            "change": params[1] - params[0],
        },
    )


def seven_networks():
    """What GoogLeNet's seven networks differ in, by section 7."""
    differ = [name for name, does in printed.SEVEN_DIFFER.items() if does]
    only = set(differ) == {"sampling", "order of images"}
    return Finding(
        "true" if only else "false",
        {
            "differ_in": differ,
            "same": [
                name for name, does in printed.SEVEN_DIFFER.items() if not does
            ],
            "networks": 7,
        },
    )


def average_pooling(slightly=1.0):
    """The gain that GoogLeNet's paper reports for an average in place of fully connected layers; and what it saves."""
    gain, (side, width), classes = (
        printed.GOOGLENET_POOLING_GAIN,
        (7, 1024),
        printed.CLASSES,
    )
    return Finding(
        "true" if 0 < gain < slightly else "false",
        {
            "gain": gain,
            "slightly_is_below": slightly,
            "flat": side * side * width * classes,
            "averaged": width * classes,
            "grid": [side, side, width],
        },
    )


def covariate_shift():
    """Whether those who tested it agree that batch-norm helps because it reduces internal covariate shift."""
    said = printed.BN_REDUCES_SHIFT
    verdict = (
        "true"
        if all(said.values())
        else "unclear"
        if any(said.values())
        else "false"
    )
    return Finding(
        verdict,
        {
            "for": [n for n, s in said.items() if s],
            "against": [n for n, s in said.items() if not s],
        },
    )


def shift_defined():
    """What internal covariate shift is, by the paper that names it."""
    return Finding(
        "true" if printed.SHIFT_COMES_FROM == "mini-batches" else "false",
        {"comes_from": printed.SHIFT_COMES_FROM},
    )


def dropout_dropped():
    """Dropout of BN-Inception, in single networks and in the ensemble's."""
    shares = printed.BN_DROPOUT
    none = {kind: max(values) == 0 for kind, values in shares.items()}
    verdict = (
        "true"
        if all(none.values())
        else "true if single networks are meant"
        if none["single"]
        else "false"
    )
    return Finding(
        verdict,
        {
            "single": list(shares["single"]),
            "ensemble": list(shares["ensemble"]),
        },
    )


def halved(within=0.05):
    """The errors of the ensembles of Inception-v3 and GoogLeNet."""
    new, old = (
        printed.V3_ENSEMBLE_TOP5["test"],
        printed.LEADERBOARD["GoogLeNet 2014"],
    )
    return Finding(
        "true" if abs(new / old - 0.5) <= within else "false",
        {
            "errors": [new, old],
            "ratio": new / old,
            "half_is_within": within,
            "off": abs(new / old - 0.5),
        },
    )


PAIRS = (
    ("Inception-ResNet-v1", "Inception-v3"),
    ("Inception-ResNet-v2", "Inception-v4"),
)


def residual_gains():
    """Points of error by which each residual network is better than its pair, in Tables 2 and 4: top-1, top-5."""
    return [
        round(table[plain][i] - table[residual][i], 2)
        for table in (printed.V4_TABLE_2, printed.V4_TABLE_4)
        for residual, plain in PAIRS
        for i in (0, 1)
    ]


def residual_is_better():
    """Whether the residual networks are never worse than their pairs."""
    gains = residual_gains()
    one, many = printed.V4_TABLE_2, printed.V4_TABLE_4
    return Finding(
        "true" if min(gains) >= 0 else "false",
        {
            "comparisons": len(gains),
            "worse": sum(gain < 0 for gain in gains),
            "v1_and_v3": [one[name][0] for name in PAIRS[0]],
            "v2_and_v4": [many[name][0] for name in PAIRS[1]],
            "crops": 144,
            "top5_worse": sum(gain < 0 for gain in gains[1::2]),
            "points_better": gains,
        },
    )


def residual_trains_faster(thin=0.2):
    """Whether they are said to train faster, and whether the final errors differ by a thin margin."""
    gains = residual_gains()
    hardly = max(map(abs, gains)) <= thin
    return Finding(
        "true" if printed.RESIDUAL_FASTER and hardly else "false",
        {
            "faster": printed.RESIDUAL_FASTER,
            "largest_difference": max(map(abs, gains)),
            "hardly_is_within": thin,
        },
    )


def best_ensemble(claimed=3.08):
    """The error of one Inception-v4 and three Inception-ResNet-v2, on the test images."""
    test = printed.V4_ENSEMBLE_TOP5_TEST
    return Finding(
        "true" if test == claimed else "false",
        {
            "crops": 144,
            "test": test,
            "validation": printed.V4_ENSEMBLE_TOP5,
            "networks": [1, 3],
        },
    )


def bn_googlenet():
    """Table 3's BN-GoogLeNet: its cost against GoogLeNet's, its error against that of the batch-norm paper's baseline."""
    error, _, cost = printed.V3_TABLE_3["BN-GoogLeNet"]
    baseline = round(100 - printed.BN_STEPS["BN-Baseline"][1], 1)
    same_cost = cost == printed.V3_TABLE_3["GoogLeNet"][2]
    verdict = (
        "false"
        if not same_cost
        else "true"
        if error == baseline
        else "unclear"
    )
    return Finding(
        verdict,
        {
            "error": error,
            "cost": cost,
            "baseline": baseline,
            "apart": abs(error - baseline),
        },
    )


def batch_size():
    """Images in a batch of one replica, and in those of all."""
    replicas, batch = printed.V3_REPLICAS, printed.V3_BATCH
    return Finding(
        "true" if replicas == 1 else "true if it is that of one replica",
        {"batch": batch, "replicas": replicas, "together": replicas * batch},
    )
