"""Which figure or table of which paper a part of a network is from, as far as a docstring cannot say it.

Numbers of figures were compared with captions of the papers: Inception-v4's of 3 to 19, Rethinking's of 7 to 10; others
rest on the tables and on the networks' docstrings. Where what was released is not what was printed, the entry says how.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

DEEPER, NORM, RETHINKING, V4 = "Going Deeper", "Batch Normalization", "Rethinking", "Inception-v4"

# Pattern of a network's name, pattern of a part's path, figure; the first that fits holds.
FIGURES = (
    ("nin_cifar", "mlpconv*", "Network in Network, Fig. 2"),
    ("*_cifar", "*", ""),
    ("googlenet_torchvision", "aux_*", f"{DEEPER}, Fig. 3; the batch-norm is TorchVision's"),
    ("googlenet*", "aux_*", f"{DEEPER}, Fig. 3"),
    ("googlenet_[ts][ol]*", "inception_*", f"{DEEPER}, Fig. 2b and Table 1; here the 5x5 is a 3x3"),
    ("googlenet*", "inception_*", f"{DEEPER}, Fig. 2b and Table 1"),
    ("googlenet_separable", "conv1", f"{DEEPER}, Table 1, whose numbers fit a separable 7x7, and Fig. 3"),
    ("googlenet*", "*", f"{DEEPER}, Table 1 and Fig. 3"),
    ("bn_inception", "conv1", f"{NORM}, Fig. 5; the paper's is separable"),
    ("bn_inception_slim", "inception_4[cd]", f"{NORM}, Fig. 5; with TF-slim's widths"),
    ("bn_inception*", "*", f"{NORM}, Fig. 5"),
    ("inception_v3*", "Mixed_5*", f"{RETHINKING}, Fig. 5; the released network has a 5x5 in place of a 3x3"),
    ("inception_v[23]*", "fig5_*", f"{RETHINKING}, Fig. 5"),
    ("inception_v[23]*", "fig6_*", f"{RETHINKING}, Fig. 6"),
    ("inception_v[23]*", "fig7_*", f"{RETHINKING}, Fig. 7"),
    ("inception_v2*", "reduction_17_8", f"{RETHINKING}, Fig. 10, with v3's 1x7 and 7x1 before one 3x3"),
    ("inception_v2*", "reduction_*", f"{RETHINKING}, Fig. 10"),
    ("inception_v3*", "Mixed_6a", f"{RETHINKING}, Fig. 10"),
    ("inception_v3*", "Mixed_7a", f"{RETHINKING}, Fig. 10; the released network has 1x7 and 7x1 before one 3x3"),
    ("inception_v3*", "Mixed_6*", f"{RETHINKING}, Fig. 6"),
    ("inception_v3*", "Mixed_7*", f"{RETHINKING}, Fig. 7"),
    ("inception_v3*", "aux_*", f"{RETHINKING}, Fig. 8"),
    ("inception_v3", "Conv2d_3b_1x1", f"{RETHINKING}, Table 1; it has a 3x3 here"),
    ("inception_v3", "Conv2d_4a_3x3", f"{RETHINKING}, Table 1; there its stride is 2"),
    ("inception_v3", "MaxPool_5a_3x3", f"{RETHINKING}, Table 1; it has a 3x3 convolution here"),
    ("inception_v3_*", "[CM]*", f"{RETHINKING}, Table 2"),
    ("inception_v2", "conv4", f"{RETHINKING}, Table 1; it has a 3x3 here, the released v3 this 1x1"),
    ("inception_v2", "conv5", f"{RETHINKING}, Table 1; there its stride is 2, in the released v3 it is 1"),
    ("inception_v2", "pool2", f"{RETHINKING}, Table 1; it has a 3x3 convolution here, the released v3 this pooling"),
    ("inception_v[23]*", "*", f"{RETHINKING}, Table 1"),
    ("inception_v4", "Mixed_5[b-e]", f"{V4}, Fig. 4: Inception-A"),
    ("inception_v4", "Mixed_6a", f"{V4}, Fig. 7: Reduction-A"),
    ("inception_v4", "Mixed_6*", f"{V4}, Fig. 5: Inception-B"),
    ("inception_v4", "Mixed_7a", f"{V4}, Fig. 8: Reduction-B"),
    ("inception_v4", "Mixed_7*", f"{V4}, Fig. 6: Inception-C"),
    ("inception_v4", "head", f"{V4}, Fig. 9"),
    ("inception_v4", "*", f"{V4}, Fig. 3: stem"),
    ("inception_resnet_v[12]*", "Mixed_6a", f"{V4}, Fig. 7: Reduction-A"),
    ("inception_resnet_v1*", "block35*", f"{V4}, Fig. 10: Inception-ResNet-A"),
    ("inception_resnet_v1*", "block17*", f"{V4}, Fig. 11: Inception-ResNet-B"),
    ("inception_resnet_v1*", "Mixed_7a", f"{V4}, Fig. 12: Reduction-B"),
    ("inception_resnet_v1*", "block8*", f"{V4}, Fig. 13: Inception-ResNet-C"),
    ("inception_resnet_v1_facenet", "head", f"{V4}, Fig. 15; FaceNet's ends in an embedding"),
    ("inception_resnet_v1*", "head", f"{V4}, Fig. 15"),
    ("inception_resnet_v1*", "*", f"{V4}, Fig. 14: stem"),
    ("inception_resnet_v2", "block35*", f"{V4}, Fig. 16: Inception-ResNet-A; as released with 320 channels, not 384"),
    ("inception_resnet_v2", "block17*", f"{V4}, Fig. 17: Inception-ResNet-B; as released with 1088 channels, not 1154"),
    ("inception_resnet_v2", "block8*", f"{V4}, Fig. 19: Inception-ResNet-C; as released with 2080 channels, not 2048"),
    ("inception_resnet_v2_paper", "block17*", f"{V4}, Fig. 17: Inception-ResNet-B; it prints 1154 for 1152"),
    ("inception_resnet_v2_paper", "block8*", f"{V4}, Fig. 19: Inception-ResNet-C; it prints 2048 for 2144"),
    ("inception_resnet_v2*", "block35*", f"{V4}, Fig. 16: Inception-ResNet-A"),
    ("inception_resnet_v2*", "Mixed_7a", f"{V4}, Fig. 18: Reduction-B"),
    ("inception_resnet_v2*", "head", f"{V4}, Fig. 15"),
    ("inception_resnet_v2_paper", "*", f"{V4}, Fig. 3: stem"),
    ("inception_resnet_v2", "Conv2d_7b_1x1", f"as released; in no figure of {V4}"),
    ("inception_resnet_v2", "Mixed_5b", f"as released; in no figure of {V4}"),
    ("inception_resnet_v2", "*", f"as released: the stem of Inception-v3, not that of {V4}, Fig. 3"),
    ("alexnet", "norm*", "Krizhevsky et al. 2012, section 3.3"),
    ("alexnet", "[cpf]*", "Krizhevsky et al. 2012, Fig. 2"),
    ("vgg16", "[cpf]*", "Simonyan and Zisserman 2014, Table 1, column D"),
    ("vgg19", "[cpf]*", "Simonyan and Zisserman 2014, Table 1, column E"),
    ("nin", "mlpconv*", "Network in Network, Fig. 2; this one for ImageNet has a layer more"),
)


def of(network: str, path: str) -> str:
    """The figure of a part, or "" where none is told."""
    return next((text for name, part, text in FIGURES if fnmatchcase(network, name) and fnmatchcase(path, part)), "")
