"""Verdicts on claims about factorised convolutions: counted by building them."""

from math import sqrt

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.course.claims import Finding, beside, when

printed, counted = beside("printed"), beside("counted")


def weights(*path, inputs):
    """Weights of convolutions in a row, given as (channels, kernel)."""
    with nn.shape_only():
        units = nn.units.chain(
            inputs,
            list(path),
            unit=lambda *a, **k: nn.ConvUnit(*a, **k, norm=None, bias=False),
        )
    return summary(units, 16, channels=inputs).params


def area_ratio(large=5):
    """A large kernel against a 3x3 of the same channels."""
    ratio = weights((8, large), inputs=8) / weights((8, 3), inputs=8)
    return Finding(
        "true" if round(ratio, 2) == printed.FIVE_OVER_THREE else "false",
        {"ratio": ratio, "cells": [large**2, 9]},
    )


def two_3x3():
    """Two 3x3 against a 5x5, at equal and at growing widths."""

    def saved(inputs, middle, outputs):
        two = weights((middle, 3), (outputs, 3), inputs=inputs)
        return 1 - two / weights((outputs, 5), inputs=inputs)

    alphas = [1, 1.5, 2, 4]
    growing = [9 * (1 + a) / (25 * sqrt(a)) for a in alphas]
    equal, by_root, wide = (
        saved(16, 16, 16),
        saved(16, 32, 64),
        saved(16, 64, 64),
    )
    says = printed.SAVED["two 3x3 for 5x5"]
    verdict = when(
        {
            "input, middle and output have equally many channels": round(
                equal, 2
            )
            == says,
            "the channels grow": says in (round(by_root, 2), round(wide, 2)),
        }
    )
    return Finding(
        verdict,
        {
            "saving_equal": equal,
            "alphas": alphas,
            "ratio_growing": growing,
            "saving_if_wider": wide,
            "wider": 64 // 16,
            "dearer_beyond": 25 / 9
            - 1,  # 9 (m n + n n) = 25 m n, where n = alpha m
        },
    )


def convolutions(size):
    """(name of the module, input channels, output channels) of GoogLeNet's convolutions of one size, in its modules."""
    with nn.shape_only():
        return [
            (
                name.split(".")[0].removeprefix("inception_"),
                layer.in_channels,
                layer.out_channels,
            )
            for name, layer in models.build("googlenet").named_modules()
            if isinstance(layer, nn.Conv2d)
            and layer.kernel_size == (size, size)
            and name.startswith("inception_")
        ]


def googlenet_fives(kernel=5):
    """GoogLeNet's own 5x5 convolutions against two 3x3, with either middle: by sqrt(alpha), and the output's width."""
    fives = [(m, n) for _, m, n in convolutions(5)]
    one = [weights((n, kernel), inputs=m) for m, n in fives]
    middles = {
        "the middle grows by sqrt(alpha), as the paper assumes": [
            round(sqrt(m * n)) for m, n in fives
        ],
        "the middle is as wide as the output": [n for _, n in fives],
    }
    two = [
        [
            weights((c, 3), (n, 3), inputs=m)
            for (m, n), c in zip(fives, widths, strict=True)
        ]
        for widths in middles.values()
    ]
    verdict = when(
        {
            name: sum(sums) < sum(one)
            for name, sums in zip(middles, two, strict=True)
        }
    )
    whole = summary("googlenet").params
    return Finding(
        verdict,
        {
            "module_3a": [one[0], two[0][0], two[1][0]],
            "channels_3a": list(fives[0]),
            "modules": len(one),
            "dearer": [
                sum(b > a for a, b in zip(one, sums, strict=True))
                for sums in two
            ],
            "weights": [sum(one), *map(sum, two)],
            "change": [sum(sums) / sum(one) - 1 for sums in two],
            "extra_weights": sum(two[1]) - sum(one),
            "extra_share": (sum(two[1]) - sum(one)) / whole,
        },
    )


def widening():
    """How many times as many channels GoogLeNet's 5x5 and 3x3 put out as they take in, against the printed alpha."""
    alphas = {
        size: [n / m for _, m, n in convolutions(size)] for size in (5, 3)
    }
    means = {
        size: sum(values) / len(values) for size, values in alphas.items()
    }
    says = printed.ALPHA_OF_GOOGLENET
    fits = [round(mean, 1) == says for mean in means.values()]
    return Finding(
        "true" if any(fits) else "false",
        {
            "of_5x5": [min(alphas[5]), max(alphas[5])],
            "of_3x3": [min(alphas[3]), max(alphas[3])],
            "means": list(means.values()),
            "printed": says,
            "above_printed": min(means.values()) - says,
        },
    )


def asymmetric():
    """1 x n and n x 1 against n x n, and two 2x2 against a 3x3, at equal channels; and where they grow."""
    sizes = [2, 3, 5, 7]

    def saved(n, inputs=16, outputs=16):
        two = weights((outputs, (1, n)), (outputs, (n, 1)), inputs=inputs)
        return 1 - two / weights((outputs, n), inputs=inputs)

    two_2x2 = 1 - weights((16, 2), (16, 2), inputs=16) / weights(
        (16, 3), inputs=16
    )
    says = (
        printed.SAVED["3x1 and 1x3 for 3x3"],
        printed.SAVED["two 2x2 for 3x3"],
    )
    wider = saved(3, 16, 64)
    verdict = when(
        {
            "input, middle and output have equally many channels": (
                round(saved(3), 2),
                round(two_2x2, 2),
            )
            == says,
            "the channels grow": round(wider, 2) == says[0],
        }
    )
    return Finding(
        verdict,
        {
            "sizes": sizes,
            "saved_1xn_nx1": [saved(n) for n in sizes],
            "saved_two_2x2": two_2x2,
            "wider": 64 // 16,
            "saved_if_wider": wider,
        },
    )


def three_3x3(first_stride=2, inputs=3):
    """Three 3x3 against a 7x7: at equal channels, and to 64 channels by way of 32 and 32."""
    equal = 1 - weights((16, 3), (16, 3), (16, 3), inputs=16) / weights(
        (16, 7), inputs=16
    )
    growing = weights((32, 3), (32, 3), (64, 3), inputs=inputs) / weights(
        (64, 7), inputs=inputs
    )
    fields = [
        field((7, 1)),
        field((3, 1), (3, 1), (3, 1)),
        field((3, first_stride), (3, 1), (3, 1)),
    ]
    verdict = when(
        {
            "channels are equal and strides 1": equal > 0
            and fields[1] == fields[0],
            "channels grow from three and the first stride is 2": growing < 1
            and fields[2] == fields[0],
        }
    )
    return Finding(
        verdict,
        {
            "saving_equal": equal,
            "times_3_to_64": growing,
            "channels": [inputs, 32, 32],
            "outputs": 64,
            "stride": first_stride,
            "fields": fields,
        },
    )


def field(*path):
    """Receptive field, in pixels, of convolutions in a row, given as (kernel, stride)."""
    with nn.shape_only():
        units = nn.Sequential(
            *(
                nn.Conv2d(1, 1, kernel, stride=stride, padding="same")
                for kernel, stride in path
            )
        )
    return summary(units, 64, channels=1).receptive_field[0]


def stems(kernel=7, filters=64):
    """A 7x7 with stride 2 from 3 to 64 channels, and Inception-v3's first three 3x3, both on 299x299."""
    with nn.shape_only():
        seven = nn.ConvUnit(
            3,
            filters,
            kernel,
            stride=2,
            padding=kernel // 2,
            norm=None,
            bias=False,
        )
    names = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3")
    three = [
        sum(counted.kernels("inception_v3", name) for name in names),
        sum(counted.cost("inception_v3", name)[1] for name in names),
    ]
    return (
        summary(seven, 299),
        three,
        counted.rows("inception_v3", names[-1])[-1].field.size[0],
    )


def v3_stem(kernel=7, filters=64):
    """Whether the three are cheaper than the one and see the same."""
    one, three, seen = stems(kernel, filters)
    cheaper, same = (
        three[0] < one.params and three[1] < one.macs,
        seen == one.receptive_field[0],
    )
    return Finding(
        "true" if cheaper and same else "false",
        {
            "weights": [one.params, three[0]],
            "macs_at_299": [one.macs, three[1]],
            "times": [three[0] / one.params, three[1] / one.macs],
            "fields": [one.receptive_field[0], seen],
            "inputs": 3,
            "grid": 299,
        },
    )


def factorized_7x7():
    """What Table 3 adds to the cost with the factorised 7x7, and what the layers add."""
    table = printed.V3_TABLE_3
    stated = round(table["Factorized 7x7"][2] - table["Label Smoothing"][2], 2)
    one, three, _ = stems()
    added = three[1] - one.macs
    return Finding(
        "true" if round(added / 1e9, 1) == stated else "false",
        {
            "stated": stated,
            "added": added,
            "times_too_much": stated * 1e9 / added,
        },
    )
