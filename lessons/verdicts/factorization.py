"""Verdicts on claims about factorised convolutions: counted by building them."""

from math import sqrt

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.course.claims import Finding, beside

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


def area_ratio():
    """A 5x5 against a 3x3 of the same channels."""
    ratio = weights((8, 5), inputs=8) / weights((8, 3), inputs=8)
    return Finding(
        "true" if abs(ratio - 25 / 9) < 1e-12 else "false", {"ratio": ratio}
    )


def two_3x3():
    """Two 3x3 against a 5x5, at equal and at growing widths."""
    equal = 1 - weights((16, 3), (16, 3), inputs=16) / weights(
        (16, 5), inputs=16
    )
    growing = {
        alpha: 9 * (1 + alpha) / (25 * sqrt(alpha)) for alpha in (1, 1.5, 2, 4)
    }
    wide = 1 - weights((64, 3), (64, 3), inputs=16) / weights(
        (64, 5), inputs=16
    )
    verdict = (
        "false"
        if round(equal, 4) != 0.28
        else "true if"
        if wide < 0
        else "true"
    )
    return Finding(
        verdict,
        {
            "saving_equal": equal,
            "ratio_growing": list(growing.values()),
            "saving_if_wider": wide,
        },
    )


def googlenet_fives():
    """GoogLeNet's own 5x5 convolutions, replaced by two 3x3 with the output's width between."""
    with nn.shape_only():
        fives = {
            name: layer
            for name, layer in models.build("googlenet").named_modules()
            if isinstance(layer, nn.Conv2d) and layer.kernel_size == (5, 5)
        }
    pairs = [
        (
            weights((layer.out_channels, 5), inputs=layer.in_channels),
            weights(
                (layer.out_channels, 3),
                (layer.out_channels, 3),
                inputs=layer.in_channels,
            ),
        )
        for layer in fives.values()
    ]
    extra = sum(two - one for one, two in pairs)
    return Finding(
        "false" if extra > 0 else "true",
        {
            "module_3a": list(pairs[0]),
            "modules": len(pairs),
            "dearer": sum(two > one for one, two in pairs),
            "extra_weights": extra,
            "extra_share": extra / summary("googlenet").params,
        },
    )


def asymmetric():
    """1 x n and n x 1 against n x n, and two 2x2 against a 3x3, at equal channels."""
    saved = {
        n: 1
        - weights((16, (1, n)), (16, (n, 1)), inputs=16)
        / weights((16, n), inputs=16)
        for n in (2, 3, 5, 7)
    }
    two_2x2 = 1 - weights((16, 2), (16, 2), inputs=16) / weights(
        (16, 3), inputs=16
    )
    fits = (
        round(saved[3], 2) == printed.SAVED["3x1 and 1x3 for 3x3"]
        and round(two_2x2, 2) == printed.SAVED["two 2x2 for 3x3"]
    )
    return Finding(
        "true" if fits else "false",
        {"saved_1xn_nx1": list(saved.values()), "saved_two_2x2": two_2x2},
    )


def three_3x3():
    """Three 3x3 against a 7x7: at equal channels, and from 3 to 64 channels by way of 32 and 32."""
    equal = 1 - weights((16, 3), (16, 3), (16, 3), inputs=16) / weights(
        (16, 7), inputs=16
    )
    growing = 1 - weights((32, 3), (32, 3), (64, 3), inputs=3) / weights(
        (64, 7), inputs=3
    )
    fields = [
        field((7, 1)),
        field((3, 1), (3, 1), (3, 1)),
        field((3, 2), (3, 1), (3, 1)),
    ]
    fits = equal > 0 and fields[1] == fields[0]
    fails = growing < 0 or fields[2] != fields[0]
    return Finding(
        "true if" if fits and fails else "true" if fits else "false",
        {"saving_equal": equal, "saving_3_to_64": growing, "fields": fields},
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


def v3_stem():
    """Inception-v3's first three 3x3 against a 7x7 with stride 2 from 3 to 64 channels, both on 299x299."""
    with nn.shape_only():
        seven = nn.ConvUnit(
            3, 64, 7, stride=2, padding=3, norm=None, bias=False
        )
    one = summary(seven, 299)
    names = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3")
    three = [
        sum(counted.kernels("inception_v3", name) for name in names),
        sum(counted.cost("inception_v3", name)[1] for name in names),
    ]
    seen = counted.rows("inception_v3", names[-1])[-1].field.size[0]
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
        },
    )
