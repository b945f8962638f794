"""Preprocessing of published weights: as the libraries say, and as they do to an image."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.fixtures.weight_rule import PICTURES, digest, pixels
from tests.helpers.places import FIXTURES
from tinyinception import weights
from tinyinception.weights.predict import view

FACTS = json.loads(np.load(FIXTURES / "networks_pytorch.npz")["facts"].tobytes())


def test_preprocessing_is_what_the_libraries_say():
    """For Inception3 and GoogLeNet of TorchVision, which rescale inside, test_networks_pytorch compares the outcome."""
    rescaled = {"inception_v3.imagenet1k_v1", "googlenet_torchvision.imagenet1k_v1"}
    assert [known.name for known in weights.SETS] == list({known.name: 0 for known in weights.SETS})
    assert {known.name for known in weights.SETS} == FACTS["sets"].keys()
    for known in weights.SETS:
        said = FACTS["sets"][known.name]
        for fact in ("input_size", "resize", "interpolation", "classes"):
            assert getattr(known, fact) == said[fact], (known.name, fact)
        if known.name in rescaled:
            assert (said["mean"], said["std"]) == ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
            assert (known.mean, known.std) == ((0.5,) * 3, (0.5,) * 3)
        else:
            assert ([*known.mean], [*known.std]) == (said["mean"], said["std"])


@pytest.mark.parametrize("known", weights.SETS, ids=lambda known: known.name)
def test_an_image_file_is_scaled_and_cut_as_the_library_does(known, tmp_path):
    """Wide and tall ones, against digests of what timm's and TorchVision's own transforms make of them.

    A cut one pixel aside changes more than a tenth of the norm, half a pixel a hundredth; other versions of Pillow may
    round a few numbers otherwise, which is less than a thousandth.
    """
    for size, theirs in zip(PICTURES, FACTS["sets"][known.name]["views"], strict=True):
        Image.fromarray(pixels("picture", 1, *size)[0]).save(tmp_path / "picture.png")
        ours = view(tmp_path / "picture.png", known)
        assert ours.shape == (known.input_size, known.input_size, 3)
        np.testing.assert_allclose(digest(known.name, ours), theirs, rtol=0, atol=2e-3 * theirs[0])
