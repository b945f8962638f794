"""Figures of the claims again by hand.

The oracles know nothing of the package: they add up lists of layers, grow sets of pixels, use closed forms.
"""

import math
from itertools import combinations_with_replacement

import pytest

from tinyinception.course import claims as room


def conv(kernel, inputs, outputs, groups=1):
    """Parameters of one convolution with biases."""
    return kernel * kernel * (inputs // groups) * outputs + outputs


def fc(inputs, outputs):
    return inputs * outputs + outputs


ALEXNET = [
    conv(11, 3, 96),
    conv(5, 96, 256, 2),
    conv(3, 256, 384),
    conv(3, 384, 384, 2),
    conv(3, 384, 256, 2),
    fc(6 * 6 * 256, 4096),
    fc(4096, 4096),
    fc(4096, 1000),
]
VGG = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
GOOGLENET = {  # module: (input channels, grid, #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj)
    "3a": (192, 28, 64, 96, 128, 16, 32, 32),
    "3b": (256, 28, 128, 128, 192, 32, 96, 64),
    "4a": (480, 14, 192, 96, 208, 16, 48, 64),
    "4b": (512, 14, 160, 112, 224, 24, 64, 64),
    "4c": (512, 14, 128, 128, 256, 24, 64, 64),
    "4d": (512, 14, 112, 144, 288, 32, 64, 64),
    "4e": (528, 14, 256, 160, 320, 32, 128, 128),
    "5a": (832, 7, 256, 160, 320, 32, 128, 128),
    "5b": (832, 7, 384, 192, 384, 48, 128, 128),
}


def vgg(depth):
    total, inputs = fc(7 * 7 * 512, 4096) + fc(4096, 4096) + fc(4096, 1000), 3
    for width, times in zip((64, 128, 256, 512, 512), VGG[depth], strict=True):
        for _ in range(times):
            total += conv(3, inputs, width)
            inputs = width
    return total


def googlenet():
    """(parameters, multiply-adds) with a plain 7x7."""
    layers = [(7, 3, 64, 112), (1, 64, 64, 56), (3, 64, 192, 56), (1, 1024, 1000, 1)]
    for inputs, grid, n1, r3, n3, r5, n5, proj in GOOGLENET.values():
        layers += [
            (1, inputs, n1, grid),
            (1, inputs, r3, grid),
            (3, r3, n3, grid),
            (1, inputs, r5, grid),
            (5, r5, n5, grid),
            (1, inputs, proj, grid),
        ]
    return sum(conv(*layer[:3]) for layer in layers), sum(k * k * m * n * g * g for k, m, n, g in layers)


def test_counts_by_hand(weighed):
    def figures(name):
        return weighed[name].finding.figures

    params, macs = googlenet()
    assert figures("A7")["alexnet"] == sum(ALEXNET)
    assert figures("A7")["googlenet"] == params
    assert figures("A7")["vgg16_over_alexnet"] == vgg(16) / sum(ALEXNET)
    assert figures("A7")["vgg19_over_alexnet"] == vgg(19) / sum(ALEXNET)
    assert figures("A8")["plain"] == macs
    assert figures("A8")["separable"] == macs - 112**2 * (7 * 7 * 3 * 64 - 7 * 7 * 24 - 24 * 64)
    assert figures("A13") == {
        name: (n3 + n5) / (n1 + n3 + n5 + proj) for name, (_, _, n1, _, n3, _, n5, proj) in GOOGLENET.items()
    }
    assert figures("A30")["alexnet"] == sum(ALEXNET[5:]) / sum(ALEXNET)
    assert figures("A30")["googlenet"] == fc(1024, 1000) / params
    assert figures("A31")["built_on_227"] == (
        55 * 55 * 96 + 27 * 27 * 256 + 13 * 13 * (384 + 384 + 256) + 4096 + 4096 + 1000
    )
    for at, channels in (("4a", 512), ("4d", 528)):  # 14x14 averaged to 4x4
        head = [
            conv(1, channels, 128) + fc(4 * 4 * 128, 1024) + fc(1024, 1000),
            16 * channels * 128 + 2048 * 1024 + 1024 * 1000,
        ]
        assert figures("A33")[f"googlenet_{at}"] == head


def test_module_3a_by_hand(weighed):
    figures = weighed["A14"].finding.figures
    assert figures["naive_macs"] == 28 * 28 * 192 * (64 + 9 * 128 + 25 * 32)
    assert figures["reduced_macs"] == 28 * 28 * (192 * (64 + 96 + 16 + 32) + 9 * 96 * 128 + 25 * 16 * 32)
    assert figures["branch_5x5_macs"] == [28 * 28 * 25 * 192 * 32, 28 * 28 * (192 * 16 + 25 * 16 * 32)]


def test_receptive_fields_by_growing_sets_of_pixels(weighed):
    def seen(*path):
        """Pixels of the input that pixel 0 of the last layer depends on."""
        pixels = {0}
        for kernel, stride in reversed(path):
            pixels = {stride * p + d for p in pixels for d in range(kernel)}
        return len(pixels)

    assert weighed["A5"].finding.figures["fields"] == [
        seen((7, 1)),
        seen((3, 1), (3, 1), (3, 1)),
        seen((3, 2), (3, 1), (3, 1)),
    ]
    assert weighed["A6"].finding.figures["fields"] == [seen((7, 2)), seen((3, 2), (3, 1), (3, 1))]


def test_the_stem_of_v3_by_hand(weighed):
    figures = weighed["A6"].finding.figures
    assert figures["weights"] == [49 * 3 * 64, 9 * (3 * 32 + 32 * 32 + 32 * 64)]
    assert figures["macs_at_299"] == [150**2 * 49 * 3 * 64, 9 * (149**2 * 3 * 32 + 147**2 * (32 * 32 + 32 * 64))]


def test_low_resolution_by_hand(weighed):
    """Only the stem up to Mixed_6a differs between 299 and 79: compare these parts, layer by layer."""

    def upto_17(first, second, third, after, fifth, grid):
        stem = 9 * (first**2 * 3 * 32 + second**2 * 32 * 32 + third**2 * 32 * 64 + fifth**2 * 80 * 192)
        stem += after**2 * 64 * 80
        module = sum(
            inputs * (64 + 48 + 64 + proj) + 25 * 48 * 64 + 9 * (64 * 96 + 96 * 96)
            for inputs, proj in ((192, 32), (256, 64), (288, 64))
        )
        reduction = 288 * 64 + 9 * 64 * 96  # before the stride, which leaves 17x17 in both
        return stem + grid**2 * (module + reduction)

    figures = weighed["A24"].finding.figures
    assert figures["macs_299"] - figures["macs_79"] == (
        upto_17(149, 147, 147, 73, 71, 35) - upto_17(77, 75, 75, 75, 73, 36)
    )


def test_smoothing_and_truncation_by_closed_forms(weighed):
    figures = weighed["A26"].finding.figures
    for i, classes in enumerate((5, 10, 1000)):
        wrong = 0.1 / classes
        right = 0.9 + wrong
        assert figures["gaps"][i] == pytest.approx(math.log(right / wrong), abs=1e-6)
        entropy = -right * math.log(right) - (classes - 1) * wrong * math.log(wrong)
        assert figures["floors"][i] == pytest.approx(entropy, abs=1e-9)
    density = math.exp(-2) / math.sqrt(2 * math.pi)
    variance = 1 - 4 * density / math.erf(math.sqrt(2))
    assert weighed["A32"].finding.figures["variance"] == pytest.approx(variance, abs=1e-9)


def test_the_probabilities_of_the_copied_example_are_determined_by_its_losses(weighed):
    """Of all distributions in whole percents with .36 for the right class, one has this sum of logarithms."""
    printed, uniform = room.beside("printed"), 1.801643
    sets = [
        (*three, 64 - sum(three))
        for three in combinations_with_replacement(range(1, 62), 3)
        if sum(three) + three[-1] <= 64
    ]
    found = [others for others in sets if abs(uniform + sum(math.log(n / 100) for n in (*others, 36)) / 5) < 1e-6]
    wrong = sorted(round(100 * p) for i, p in enumerate(printed.EXAMPLE_P) if i != printed.EXAMPLE_CLASS)
    assert found == [tuple(wrong)]
    assert weighed["A25"].finding.figures["uniform"] == pytest.approx(uniform, abs=1e-6)
