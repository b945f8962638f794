"""What the page "What each layer sees" says of the two networks that come with the package."""

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from tinyinception import models, weights
from tinyinception.data import drawn
from tinyinception.nn.functional import softmax
from tinyinception.site import dreams, networks, seen
from tinyinception.site.explorer import script
from tinyinception.site.pages import seen as page
from tinyinception.tensor import Tensor, no_grad


@pytest.fixture(scope="module", params=seen.sets())
def trained(request):
    return seen.Trained(request.param)


@pytest.fixture(scope="module")
def told(trained):
    return page.of(trained)


def of_network(name, pixels, mean, std):
    """The probabilities that a network loaded without `seen` gives."""
    network = models.build("inception_cifar", width=0.5, aux="none")
    weights.load(network, seen.FOLDER / f"{name}.safetensors")
    x = ((pixels / 255 - np.array(mean)) / np.array(std)).astype(np.float32)
    with no_grad():
        return softmax(network.eval()(Tensor(x)).logits).numpy()


def numbers(trained, key):
    return [float(word) for word in trained.facts[key].split()]


def decoded(address, count):
    """The squares of a picture, side by side, as the page has them."""
    picture = Image.open(io.BytesIO(b64decode(address.partition(",")[2])))
    return np.split(np.asarray(picture), count, axis=1)


def test_the_probabilities_on_the_page_are_the_networks(trained, told):
    pixels = np.stack(decoded(told["images"], 12))
    expected = of_network(trained.name, pixels, numbers(trained, "mean"), numbers(trained, "std"))
    np.testing.assert_allclose(told["probabilities"], expected, atol=2e-6)


def test_the_drawn_images_are_those_of_the_data_set_and_so_is_the_accuracy():
    trained = seen.Trained("drawn")
    images, labels = drawn.draw(drawn.TEST, split="test")
    assert (trained.images == images[trained.indices]).all()
    assert trained.labels == labels[trained.indices].tolist()
    answers = of_network("drawn", images, drawn.MEAN, drawn.STD).argmax(axis=1)
    assert abs(int((answers == labels).sum()) - int(trained.facts["right"])) <= 1  # another processor may round
    assert trained.accuracy > 0.95


def test_there_is_one_image_of_each_class_and_two_mistakes(trained, told):
    assert told["labels"][:10] == list(range(10))
    answers = np.argmax(told["probabilities"], axis=1)
    assert (answers[10:] != told["labels"][10:]).all()
    assert len(set(told["indices"])) == 12


def test_a_sheet_has_a_cell_for_each_image_and_channel_in_the_channels_own_scale(trained, told):
    a = Tensor(trained.x)
    with no_grad():
        for name in ("conv1", "conv2", "conv3"):
            a = trained.network.stem[name](a)
        maps = trained.network.mixed_8a(trained.network.reduce_16(a)).numpy()
    layer = next(one for one in told["layers"] if one["name"] == "mixed_8a")
    picture = np.asarray(Image.open(io.BytesIO(b64decode(layer["sheet"].partition(",")[2]))))
    bright = np.frombuffer(b64decode(layer["bright"]), np.uint8).reshape(12, 88)
    for image, channel in ((0, 0), (3, 5), (11, 87)):
        cell = picture[8 * image : 8 * image + 8, 8 * channel : 8 * channel + 8]
        peak = maps[..., channel].max()
        assert layer["peaks"][channel] == pytest.approx(peak, rel=1e-3)
        np.testing.assert_allclose(cell / 255, maps[image, :, :, channel] / peak, atol=0.6 / 255)
        assert bright[image, channel] == cell.max()


def test_grad_cam_at_the_last_layer_is_the_class_activation_map(trained, told):
    """Before average pooling and a linear layer the gradient is the layer's weight, in each cell a sixteenth."""
    fc = trained.network.head.fc.weight.numpy()
    expected = np.maximum(np.einsum("nhwk,kc->nchw", trained.maps("mixed_4"), fc) / 16, 0)
    np.testing.assert_allclose(trained.heat("mixed_4"), expected, atol=1e-5)
    heat = np.frombuffer(b64decode(told["layers"][-1]["heat"]), np.uint8).reshape(expected.shape)
    most = expected.max(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(heat / 255, expected / np.maximum(most, 1e-12), atol=0.6 / 255 + 1e-3)


def test_grad_cam_farther_back_tells_the_classes_apart(trained):
    heat = trained.heat("mixed_8a")
    assert heat.shape == (12, 10, 8, 8)
    assert (heat >= 0).all()
    assert np.abs(heat[:, 0] - heat[:, 1]).max() > 0


def test_the_dreams_are_those_that_the_climb_leads_to(trained, told):
    """Of a layer whose climb is cheap; another processor may round, and a climb goes on from there."""
    channels = dreams.dreaming(trained, "stem.conv2")
    assert told["layers"][1]["dreams"] == channels
    found = dreams.of_channels(trained, "stem.conv2", channels)
    shipped = trained.dreams["stem.conv2"]
    assert np.corrcoef(dreams.visible(found).ravel(), shipped.ravel())[0, 1] > 0.99
    noise = max(dreams.SMOOTH) * np.random.default_rng(2).standard_normal(found.shape).astype(np.float32)
    part = trained.cut("stem.conv2")["last"]
    with no_grad():
        after, before = (part(Tensor(x)).numpy().mean(axis=(1, 2)) for x in (found, noise))
    here = np.arange(len(channels)), channels
    assert (after[here] > before[here]).mean() > 0.5  # though the noise is far louder


def test_its_layers_are_on_the_map_and_the_map_knows_them(told):
    network = networks.network(told["network"])
    names = [layer["name"] for layer in told["layers"]]
    assert network["trained"] == names == seen.layers()
    paths = [path for stage in network["stages"] for path, _, _ in stage["units"]]
    for name in names:
        assert any(path == name or path.startswith(f"{name}.") for path in paths), name


def test_how_sure_the_network_is_of_its_dreams_is_what_it_says_of_them(trained, told):
    x = trained.dreams["classes"].astype(np.float32)
    with no_grad():
        logits = trained.network(Tensor(x)).logits.numpy().astype(np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(told["sure"], (odds / odds.sum(axis=1, keepdims=True)).diagonal(), atol=1e-5)
    assert np.mean(told["sure"]) > 0.8


def test_a_channel_that_faint_noise_leaves_silent_starts_from_other_noise(trained):
    """Else its dream would be the noise itself."""
    for layer in trained.layers:
        for dream in trained.dreams[layer]:
            rough = np.abs(np.diff(dream.astype(float), axis=0)).mean() / dream.std()
            assert rough < 1, layer  # 1.13 is white noise


def test_every_branch_of_a_module_has_channels_that_dream(told):
    for layer in told["layers"]:
        assert sum(group["channels"] for group in layer["groups"]) == layer["channels"] == len(layer["peaks"])
        for group in layer["groups"]:
            own = range(group["first"], group["first"] + group["channels"])
            assert any(channel in own for channel in layer["dreams"])
        assert layer["liveliest"] in layer["dreams"]


def test_branches_are_named_by_their_convolutions_in_the_order_of_the_channels():
    trained = seen.Trained("drawn")
    assert trained.branches("mixed_8a") == [
        ("1 × 1", "1x1", 24),
        ("1 × 1, 3 × 3", "3x3", 32),
        ("1 × 1, 3 × 3, 3 × 3", "3x3", 24),
        ("average pooling, 1 × 1", "pool", 8),
    ]
    assert trained.branches("reduce_16")[-1] == ("max pooling", "pool", 24)
    assert [branch.name for branch in trained.branches("mixed_4")][1:3] == ["1 × 1, 1 × 3", "1 × 1, 3 × 1"]
    assert trained.field("stem.conv3") == (9, 9)


def test_a_function_that_the_lesson_does_not_have_is_named():
    with pytest.raises(seen.DataError, match=r"20_seeing\.py has no function nobody"):
        seen.shown("nobody")


def test_what_is_shipped_and_what_a_page_loads_is_small(trained, told):
    for path in seen.FOLDER.iterdir():
        assert path.stat().st_size < 1_000_000
    assert len(script("seen", told)) < 1_500_000  # two of them make three megabytes
