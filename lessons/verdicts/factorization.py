"""Verdicts on claims about factorised convolutions: counted by building them."""

from math import sqrt

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.lessons.claims import Finding


def weights(*path, inputs):
    """Weights of convolutions in a row, given as (channels, kernel)."""
    with nn.shape_only():
        units = nn.units.chain(inputs, list(path), unit=lambda *a, **k: nn.ConvUnit(*a, **k, norm=None, bias=False))
    return summary(units, 16, channels=inputs).params


def area_ratio():
    """A 5x5 against a 3x3 of the same channels."""
    ratio = weights((8, 5), inputs=8) / weights((8, 3), inputs=8)
    return Finding("true" if abs(ratio - 25 / 9) < 1e-12 else "false", {"ratio": ratio})


def two_3x3():
    """Two 3x3 against a 5x5, at equal and at growing widths."""
    equal = 1 - weights((16, 3), (16, 3), inputs=16) / weights((16, 5), inputs=16)
    growing = {alpha: 9 * (1 + alpha) / (25 * sqrt(alpha)) for alpha in (1, 1.5, 2, 4)}
    wide = 1 - weights((64, 3), (64, 3), inputs=16) / weights((64, 5), inputs=16)
    verdict = "false" if round(equal, 4) != 0.28 else "true if" if wide < 0 else "true"
    return Finding(verdict, {"saving_equal": equal, "ratio_growing": list(growing.values()), "saving_if_wider": wide})


def googlenet_fives():
    """GoogLeNet's own 5x5 convolutions, replaced by two 3x3 with the output's width between."""
    with nn.shape_only():
        fives = {name: layer for name, layer in models.build("googlenet").named_modules()
                 if isinstance(layer, nn.Conv2d) and layer.kernel == (5, 5)}
    pairs = [(weights((layer.out_channels, 5), inputs=layer.in_channels),
              weights((layer.out_channels, 3), (layer.out_channels, 3), inputs=layer.in_channels))
             for layer in fives.values()]
    extra = sum(two - one for one, two in pairs)
    return Finding("false" if extra > 0 else "true", {
        "module_3a": list(pairs[0]), "modules": len(pairs), "dearer": sum(two > one for one, two in pairs),
        "extra_weights": extra, "extra_share": extra / summary("googlenet").params})
