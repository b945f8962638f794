"""The published networks against PyTorch: logits, inner activations, and one training step's gradients.

Weights and images follow from names on both sides (fixtures/weight_rule.py), so the fixture holds results alone. Its
script, fixtures/make_networks.py, runs the networks of timm and TorchVision themselves. Agreement is relative to the
largest magnitude of what is compared, for digests relative to the norm, for those of gradients in float32 to the
largest norm in the layer: with calm weights many true gradients of biases before a batch-norm are 0.
"""

import json

import numpy as np
import pytest

from tests.fixtures.weight_rule import CASES, CLASSES, channel_means, digest, largest, layer, pixels, weight
from tests.helpers.places import FIXTURES
from tinyinception import models, nn, weights
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor, no_grad
from tinyinception.weights.layout import layout

STORED = np.load(FIXTURES / "networks_pytorch.npz")
FACTS = json.loads(STORED["facts"].tobytes())
BOUNDS = {"float32": 1e-4, "float64": 1e-9}
# No ReLU follows this bias, but a convolution and batch-norm, which subtracts it again: its true gradient is 0.
VANISHING = ("block8.conv2d.bias",)


def build(model, dtype="float64", calm=0.0):
    with nn.shape_only():
        network = models.build(model, num_classes=CLASSES).to(np.dtype(dtype))
    for slot in layout(network).slots:
        slot.fill(weight(slot.published, slot.shape, calm))
    return network


def images(model, name, batch, size, dtype="float64"):
    """What our network is given: bytes with the mean and std of the published set, and nothing done inside."""
    known = weights.published(model)
    mean, std = np.array(known.mean, dtype), np.array(known.std, dtype)
    return Tensor((pixels(name, batch, *size).astype(dtype) / 255 - mean) / std)


def channels_first(array):
    return np.moveaxis(array, -1, 1)


def assert_close(ours, theirs, bound):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=bound * np.abs(theirs).max(initial=0))


def assert_digests_close(names, arrays, theirs, bound, scale=None):
    """Norm and projections of each, relative to the norm of each or to other numbers."""
    assert len(arrays) == len(theirs) == len(names)
    ours = np.array([digest(name, array) for name, array in zip(names, arrays, strict=True)])
    off = np.abs(ours - theirs).max(axis=1) / (theirs[:, 0] if scale is None else scale)
    worst = int(np.argmax(off))
    assert off[worst] <= bound, f"{names[worst]} differs by {off[worst]:.1e} of its norm"


@pytest.mark.parametrize("model", CASES)
def test_published_names_and_shapes_are_ours(model):
    """Of the networks with 1000 classes, as their own state_dict lists them."""
    with nn.shape_only():
        plan = layout(models.build(model))
    listed = {name: tuple(shape) for name, shape in FACTS["names"][model].items()}
    counters = {name for name in listed if name.endswith(".num_batches_tracked")}
    ours = [(slot.published, slot.shape) for slot in plan.slots]
    assert len(ours) == len(dict(ours))
    assert dict(ours) == {name: shape for name, shape in listed.items() if name not in counters}
    assert counters == {
        slot.published.replace("running_var", "num_batches_tracked")
        for slot in plan.slots
        if slot.name == "running_var"
    }


@pytest.mark.parametrize("dtype", BOUNDS)
@pytest.mark.parametrize("model", CASES)
def test_evaluation(model, dtype):
    case, seen = CASES[model], {}
    network = build(model, dtype).eval()
    for stage in case.stages:
        network.__dict__[stage].register_forward_hook(
            lambda module, inputs, output, stage=stage: seen.update({stage: channels_first(output.numpy())})
        )
    with no_grad():
        logits = network(images(model, model, 2, case.eval_size, dtype)).logits.numpy()
    assert logits.dtype == dtype
    stored = f"{model}/eval/{dtype}"
    for stage, array in seen.items():
        theirs = STORED[f"{stored}/{stage}"]
        assert_digests_close([stage], [array], theirs[None, :3], BOUNDS[dtype])
        assert_close(channel_means(array), theirs[3:], BOUNDS[dtype])
    assert_close(logits, STORED[f"{stored}/logits"], BOUNDS[dtype])
    assert seen.keys() == case.stages.keys()


@pytest.mark.parametrize(("model", "dtype"), [(model, dtype) for model, case in CASES.items() for dtype in case.steps])
def test_training_step(model, dtype, monkeypatch):
    """Logits, loss with auxiliary classifiers, running statistics afterwards, and gradients of all parameters."""
    step, bound = CASES[model].steps[dtype], BOUNDS[dtype]
    if step.calm:  # see Step
        monkeypatch.setattr(nn.functional, "max_pool2d", nn.functional.avg_pool2d)
    stored = {
        name: STORED[f"{model}/train/{dtype}/{name}"] for name in ("logits", "aux", "loss", "running", "gradients")
    }
    network = without_dropout(build(model, dtype, step.calm))
    output, loss = losses(network, model, step, dtype)
    loss.backward()
    assert_close(output.logits.numpy(), stored["logits"], bound)
    assert_close(np.array([aux.numpy() for aux in output.aux]), stored["aux"], bound)
    assert_close(loss.numpy(), stored["loss"], bound)
    slots = {slot.published: slot for slot in layout(network).slots}
    running, learned = (
        [name for name in FACTS["names"][model] if name in slots and ("running_" in name) == kind]
        for kind in (True, False)
    )
    if running:
        assert_digests_close(
            running, [slots[name].to_published(slots[name].array) for name in running], stored["running"], bound
        )
    norms = largest([layer(name) for name in learned], stored["gradients"][:, 0])
    if dtype == "float32":  # where rounding alone takes PyTorch farther, as in inception_v3, ours may go as far
        bound = max(bound, STORED[f"{model}/train/float32/own"])
    else:
        own = [name not in VANISHING for name in learned]
        norms = np.where(own, stored["gradients"][:, 0], norms)
    assert_digests_close(learned, [gradient(slots[name]) for name in learned], stored["gradients"], bound, norms)


def without_dropout(network):
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


def losses(network, model, step, dtype):
    output = network(images(model, step.images, step.batch, step.size, dtype))
    labels = np.arange(step.batch) * 7 % CLASSES
    loss = cross_entropy(output.logits, labels)
    for aux in output.aux:
        loss = loss + cross_entropy(aux, labels) * network.aux_weight
    return output, loss


def gradient(slot):
    return slot.to_published(getattr(slot.owner, slot.name).grad)
