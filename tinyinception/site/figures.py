"""Which figure or table of which paper a part of a network is from, as far as a docstring cannot say it."""

from __future__ import annotations

from fnmatch import fnmatchcase

DEEPER, NORM, RETHINKING, V4 = "Going Deeper", "Batch Normalization", "Rethinking", "Inception-v4"

# Pattern of a network's name, pattern of a part's path, figure; the first that fits holds.
FIGURES = (
    ("*_cifar", "*", ""),
    ("googlenet*", "aux_*", f"{DEEPER}, Fig. 3"),
    ("googlenet*", "inception_*", f"{DEEPER}, Fig. 2b and Table 1"),
    ("googlenet*", "*", f"{DEEPER}, Table 1 and Fig. 3"),
    ("bn_inception*", "*", f"{NORM}, Fig. 5"),
    ("inception_v3*", "Mixed_5*", f"{RETHINKING}, Fig. 5; the released network has a 5x5 in place of a 3x3"),
    ("inception_v[23]*", "fig5_*", f"{RETHINKING}, Fig. 5"),
    ("inception_v[23]*", "fig6_*", f"{RETHINKING}, Fig. 6"),
    ("inception_v[23]*", "fig7_*", f"{RETHINKING}, Fig. 7"),
    ("inception_v[23]*", "reduction_*", f"{RETHINKING}, Fig. 10"),
    ("inception_v3*", "Mixed_[67]a", f"{RETHINKING}, Fig. 10"),
    ("inception_v3*", "Mixed_6*", f"{RETHINKING}, Fig. 6"),
    ("inception_v3*", "Mixed_7*", f"{RETHINKING}, Fig. 7"),
    ("inception_v3*", "aux_*", f"{RETHINKING}, Fig. 8"),
    ("inception_v[23]*", "*", f"{RETHINKING}, Table 1"),
    ("inception_v4", "Mixed_5[b-e]", f"{V4}, Fig. 4: Inception-A"),
    ("inception_v4", "Mixed_6a", f"{V4}, Fig. 7: Reduction-A"),
    ("inception_v4", "Mixed_6*", f"{V4}, Fig. 5: Inception-B"),
    ("inception_v4", "Mixed_7a", f"{V4}, Fig. 8: Reduction-B"),
    ("inception_v4", "Mixed_7*", f"{V4}, Fig. 6: Inception-C"),
    ("inception_v4", "head", f"{V4}, Fig. 9"),
    ("inception_v4", "*", f"{V4}, Fig. 3: stem"),
    ("inception_resnet_*", "Mixed_6a", f"{V4}, Fig. 7: Reduction-A"),
    ("inception_resnet_v1*", "block35*", f"{V4}, Fig. 10: Inception-ResNet-A"),
    ("inception_resnet_v1*", "block17*", f"{V4}, Fig. 11: Inception-ResNet-B"),
    ("inception_resnet_v1*", "Mixed_7a", f"{V4}, Fig. 12: Reduction-B"),
    ("inception_resnet_v1*", "block8*", f"{V4}, Fig. 13: Inception-ResNet-C"),
    ("inception_resnet_v1*", "head", f"{V4}, Fig. 15"),
    ("inception_resnet_v1*", "*", f"{V4}, Fig. 14: stem"),
    ("inception_resnet_v2*", "block35*", f"{V4}, Fig. 16: Inception-ResNet-A"),
    ("inception_resnet_v2*", "block17*", f"{V4}, Fig. 17: Inception-ResNet-B"),
    ("inception_resnet_v2*", "Mixed_7a", f"{V4}, Fig. 18: Reduction-B"),
    ("inception_resnet_v2*", "block8*", f"{V4}, Fig. 19: Inception-ResNet-C"),
    ("inception_resnet_v2*", "head", f"{V4}, Fig. 15"),
    ("inception_resnet_v2_paper", "*", f"{V4}, Fig. 3: stem"),
    ("inception_resnet_v2", "*", f"as released: the stem of Inception-v3, not that of {V4}, Fig. 3"),
    ("alexnet", "*", "Krizhevsky et al. 2012, Fig. 2"),
    ("vgg16", "*", "Simonyan and Zisserman 2014, Table 1, column D"),
    ("vgg19", "*", "Simonyan and Zisserman 2014, Table 1, column E"),
    ("nin*", "mlpconv*", "Network in Network, Fig. 2"),
)


def of(network: str, path: str) -> str:
    """The figure of a part, or "" where none is told."""
    return next((text for name, part, text in FIGURES if fnmatchcase(network, name) and fnmatchcase(path, part)), "")
