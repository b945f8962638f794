"""Verdicts on more of what the summaries say of networks and layers: counted, or computed with the package's own."""

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course import stored
from tinyinception.course.claims import Finding, beside
from tinyinception.tensor import Tensor

printed, counted, factorization = map(
    beside, ("printed", "counted", "factorization")
)
V2 = (
    "inception_v2",
    "inception_v2_b",
    "inception_v2_a",
)  # three reconstructions


def field_kept(kernels=(3, 3)):
    """What stacked small kernels see, against a 5x5: with stride 1, and with stride 2 in the first."""
    one = factorization.field((5, 1))
    kept = factorization.field(*((kernel, 1) for kernel in kernels))
    strided = factorization.field(
        *((kernel, 2 if i == 0 else 1) for i, kernel in enumerate(kernels))
    )
    verdict = (
        "false"
        if kept < one
        else "true if 'increase' means a stride of 2 in the first"
        if strided > one
        else "true"
    )
    return Finding(
        verdict,
        {"one": one, "stride_1": kept, "stride_2": strided, "stride": 2},
    )


def depth_not_kernel(earlier="inception_3a", later="inception_4a"):
    """Pixels that each branch of a module sees: does a larger kernel always see more than a smaller one elsewhere?"""

    def fields(stage):
        names = [
            path
            for path, _ in getattr(
                counted.network("googlenet"), stage
            ).named_children()
        ]
        return dict(
            zip(
                names,
                (
                    counted.rows("googlenet", f"{stage}.{name}")[
                        -1
                    ].field.size[0]
                    for name in names
                ),
                strict=True,
            )
        )

    first, second = fields(earlier), fields(later)
    orders = max(first.values()) > second["one"]
    return Finding(
        "true" if orders else "false",
        {
            "first": list(first.values()),
            "first_1x1": first["one"],
            "largest_kernel": max(first.values()),
            "later_1x1": second["one"],
        },
    )


def cheaper_and_better(networks=("inception_v2", "inception_v3")):
    """Multiply-adds of what followed GoogLeNet, against GoogLeNet's."""
    old = counted.counted("googlenet").macs
    macs = [counted.counted(name).macs for name in networks]
    table = printed.V3_TABLE_3
    return Finding(
        "true" if max(macs) < old else "false",
        {
            "googlenet": old,
            "macs": macs,
            "times": [value / old for value in macs],
            "errors": [
                table[row][0]
                for row in ("GoogLeNet", "Inception-v2", "BN-auxiliary")
            ],
        },
    )


def deeper_is_better(depths=(1, 2, 4, 8, 16)):
    """Stored: accuracy of networks of equal cost, by depth; means over the seeds."""
    found = {
        run["depth"]: run
        for run in stored("principles", quiet=True)
        if "depth" in run
    }
    means = [float(np.mean(found[depth]["accuracy"])) for depth in depths]
    return Finding(
        "true" if means == sorted(means) else "false",
        {
            "depths": list(depths),
            "accuracy": means,
            "best": depths[int(np.argmax(means))],
            "best_accuracy": max(means),
            "deepest": depths[-1],
            "deepest_accuracy": means[-1],
            "macs_differ_by": max(found[d]["macs"] for d in depths)
            / min(found[d]["macs"] for d in depths)
            - 1,
            "seeds": len(found[depths[0]]["accuracy"]),
        },
    )


def size_alone(new="inception_v4"):
    """Inception-v4 against v3: cost, parameters, modules on the three grids."""
    old, new_counts = counted.counted("inception_v3"), counted.counted(new)
    grids = {}
    for name in ("inception_v3", new):
        outputs = [
            counted.rows(name, stage)[-1].output[0]
            for stage in counted.network(name).stages
        ]
        grids[name] = [outputs.count(side) for side in (35, 17, 8)]
    times = [new_counts.macs / old.macs, new_counts.params / old.params]
    stem = [
        len(
            [
                s
                for s in counted.network(name).stages
                if not s.startswith(("Mixed_6", "Mixed_7"))
            ]
        )
        for name in grids
    ]
    return Finding(
        "unclear" if min(times) > 1 else "false",
        {
            "macs": [old.macs, new_counts.macs],
            "params": [old.params, new_counts.params],
            "times": times,
            "depth": [old.depth, new_counts.depth],
            "stages_of_stem": stem,
        },
    )


def second_loss(claimed=None):
    """The weight of the uniform part beside the usual loss, solved for from the package's own losses."""
    eps = printed.LABEL_SMOOTHING
    logits = np.random.default_rng(0).standard_normal((1, 10))

    def loss(labels, smoothing=0.0):
        return nn.functional.cross_entropy(
            Tensor(logits), np.asarray(labels), label_smoothing=smoothing
        ).item()

    onehot, uniform, smoothed = (
        loss([3]),
        loss(np.full((1, 10), 0.1)),
        loss([3], eps),
    )
    weight = (smoothed / (1 - eps) - onehot) / uniform
    formula = eps / (1 - eps) if claimed is None else claimed
    return Finding(
        "true" if abs(weight - formula) < 1e-6 else "false",
        {"eps": eps, "weight": weight, "formula": formula},
    )


def padding_saves(pool=2):
    """How many of the numbers on a grid are left after a padded convolution and pooling: with k and with 2k channels."""
    d, k, left = 34, 32, []
    for channels in (k, 2 * k):
        with nn.shape_only():
            layers = nn.Sequential(
                nn.Conv2d(k, channels, 3, padding="same"),
                nn.MaxPool2d(pool, stride=pool),
            )
        left.append(
            np.prod(summary(layers, d, channels=k).rows[-1].output)
            / (d * d * k)
        )
    return Finding(
        "true" if left[0] == 1 else "false",
        {
            "padded": float(left[0]),
            "widened": float(left[1]),
            "times_as_wide": 2,
        },
    )


def squeeze(widen=2):
    """Numbers between a pooling and the convolution after it, against those that come out of that."""
    d, k = 34, 32
    before, narrowest, after = (
        d * d * k,
        (d // 2) ** 2 * k,
        (d // 2) ** 2 * widen * k,
    )
    return Finding(
        "true" if narrowest < min(before, after) else "false",
        {"left_between": narrowest / before, "left_after": after / before},
    )


def already_factorised(first_kernel=3):
    """Rethinking's Table 1 begins with three 3x3, and Table 3 adds a factorised 7x7 to that network."""
    convolutions = [
        row for row in printed.V2_TABLE_1_STEM[:3] if row[0] == "conv"
    ]
    table = printed.V3_TABLE_3
    added = round(table["Factorized 7x7"][2] - table["Label Smoothing"][2], 2)
    three = len(convolutions) == 3 and first_kernel == 3
    return Finding(
        "true"
        if three and "Factorized 7x7" in table and added > 0
        else "false",
        {
            "before_pooling": len(convolutions),
            "added": added,
            "cost": [table["Label Smoothing"][2], table["Factorized 7x7"][2]],
        },
    )


def v2_below_vgg(network="vgg16", far=0.5):
    """Multiply-adds of Inception-v2, as printed and as reconstructed, against VGG-16's."""
    macs, vgg = (
        [counted.counted(name).macs for name in V2],
        counted.counted(network).macs,
    )
    return Finding(
        "true" if max(macs) < far * vgg else "false",
        {
            "reconstructions": [min(macs), max(macs)],
            "printed": printed.V3_TABLE_3["Inception-v2"][2],
            "vgg": vgg,
            "share": max(macs) / vgg,
            "far_is_below": far,
        },
    )


def doubled(times=2):
    """A module and a convolution made so many times as wide: cost and parameters."""
    with nn.shape_only():
        units = [
            nn.units.chain(
                n,
                [(n, 3), (n, 3)],
                unit=lambda *a, **k: nn.ConvUnit(
                    *a, **k, norm=None, bias=False
                ),
            )
            for n in (32, 32 * times)
        ]
    one, two = (
        summary(unit, 16, channels=n)
        for unit, n in zip(units, (32, 32 * times), strict=True)
    )
    ratios = [two.macs / one.macs, two.params / one.params]
    return Finding(
        "true" if ratios == [printed.DOUBLED_FILTERS] * 2 else "false",
        {"times_as_wide": times, "cost": ratios[0], "params": ratios[1]},
    )


def over_bn_inception():
    """Inception-v3's cost over that of the batch-norm paper's network: counted, and by Table 3."""
    table = printed.V3_TABLE_3
    ratio = (
        counted.counted("inception_v3").macs
        / counted.counted("bn_inception_slim").macs
    )
    return Finding(
        "true" if round(ratio, 1) == printed.V3_OVER_BN_INCEPTION else "false",
        {
            "counted": ratio,
            "by_table": table["BN-auxiliary"][2] / table["BN-Inception"][2],
            "printed": printed.V3_OVER_BN_INCEPTION,
        },
    )


def auxiliary_weight():
    """The weight that the package gives the auxiliary losses of GoogLeNet, as its paper prints it; and of v3."""
    ours = [
        counted.network(name).aux_weight
        for name in ("googlenet", "inception_v3")
    ]
    return Finding(
        "true" if ours[0] == printed.GOOGLENET_AUX_WEIGHT else "false",
        {"googlenet": ours[0], "inception_v3": ours[1]},
    )


def winograd(kernel=3):
    """Fewest multiplications of a 3x3 by Winograd's F(2x2): a tile of outputs from a transformed tile of inputs."""
    outputs = 2
    direct, tile = outputs**2 * kernel**2, (outputs + kernel - 1) ** 2
    return Finding(
        "true" if direct / tile == 2.25 else "false",
        {
            "direct": direct,
            "transformed": tile,
            "times": direct / tile,
            "tile": [outputs + kernel - 1] * 2,
        },
    )
