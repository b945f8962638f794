"""Operations of pooling, normalisation, joining, dropout and losses: results, gradients, errors, costs, windows."""

import numpy as np
import pytest

from tests.helpers.places import FIXTURES
from tinyinception.errors import ArgumentError, DtypeError, ShapeError
from tinyinception.ops import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm,
    Concat,
    CrossEntropy,
    Dropout,
    GlobalAvgPool,
    LocalResponseNorm,
    LogSoftmax,
    MaxPool2d,
    Window,
)
from tinyinception.tensor import Tensor, apply, scope, use

STORED = np.load(FIXTURES / "layers.npz")
IMAGES = STORED["images"]


def given(shape):
    """A shape-only tensor; an array, which is no tensor of the operation's, or None as it is."""
    return Tensor.shape_only(*shape) if type(shape) is tuple else shape


def run(op, *arrays, grad=None, needs=None, constants=()):
    """Output of the operation, and the gradient of each input for a given or random cotangent."""
    needs = needs or [True] * len(arrays)
    tensors = [None if a is None else Tensor(a, requires_grad=need) for a, need in zip(arrays, needs, strict=True)]
    y = apply(op, *tensors, *constants)
    y.backward(np.random.default_rng(7).standard_normal(y.shape) if grad is None else grad)
    return y.numpy(), [None if t is None else t.grad for t in tensors]


def matches(op, case, *arrays, names=("dx",), constants=()):
    """Forward and backward equal what PyTorch stored for the case."""
    y, grads = run(op, *arrays, grad=STORED[f"{case}/grad"], constants=constants)
    np.testing.assert_allclose(y, STORED[f"{case}/y"], rtol=1e-12, atol=1e-14)
    for name, grad in zip(names, grads, strict=False):
        np.testing.assert_allclose(grad, STORED[f"{case}/{name}"], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("number", range(7))
def test_pool_operations_are_pytorch(number):
    kh, kw, sh, sw, ph, pw, ceil_mode = (int(v) for v in STORED[f"pool{number}/setting"])
    args, ceil_mode = ((kh, kw), (sh, sw), (ph, pw)), bool(ceil_mode)
    matches(MaxPool2d(*args, ceil_mode=ceil_mode), f"pool{number}/max", IMAGES)
    for counted in (False, True):
        op = AvgPool2d(*args, ceil_mode=ceil_mode, count_include_pad=counted)
        matches(op, f"pool{number}/avg{int(counted)}", IMAGES)


@pytest.mark.parametrize("number", range(4))
def test_adaptive_pooling_is_pytorch(number):
    matches(AdaptiveAvgPool2d(tuple(STORED[f"adaptive{number}/setting"].tolist())), f"adaptive{number}", IMAGES)


def test_global_pooling_is_the_mean_over_pixels():
    y, (dx,) = run(GlobalAvgPool(), IMAGES, grad=np.arange(6.0).reshape(2, 3))
    np.testing.assert_allclose(y, IMAGES.mean(axis=(1, 2)), rtol=1e-14)
    np.testing.assert_allclose(dx, np.broadcast_to(np.arange(6.0).reshape(2, 1, 1, 3) / 56, IMAGES.shape), rtol=1e-14)


@pytest.mark.parametrize("affine", ["affine", "plain"])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_operation_is_pytorch(affine, relu, training):
    running = None if training else (STORED["norm/mean"], STORED["norm/var"])
    weights = (STORED["norm/gamma"], STORED["norm/beta"]) if affine == "affine" else (None, None)
    op = BatchNorm(1e-3, relu=relu, training=training)
    names = ("dx", "dgamma", "dbeta")[: 3 if affine == "affine" else 1]
    matches(op, f"norm{int(training)}{int(relu)}/{affine}", IMAGES, *weights, names=names, constants=running or ())
    if training:
        found = use(op, Tensor(IMAGES))[1].kept.aside
        np.testing.assert_allclose(found.mean, IMAGES.mean(axis=(0, 1, 2)), rtol=1e-12)
        np.testing.assert_allclose(found.var, IMAGES.var(axis=(0, 1, 2)), rtol=1e-12)


@pytest.mark.parametrize("number", range(4))
def test_local_response_norm_operation_is_pytorch(number):
    size, alpha, beta, k = STORED[f"lrn{number}/setting"].tolist()
    matches(LocalResponseNorm(int(size), alpha=alpha / size, beta=beta, k=k), f"lrn{number}", STORED["lrn/images"])


@pytest.mark.parametrize("axis", [-1, 0, 2])
def test_concat_sends_each_part_its_own_gradient(axis):
    sizes = (2, 1, 4)
    parts = [np.full(tuple(n if i == axis % 4 else 3 for i in range(4)), float(n)) for n in sizes]
    y, grads = run(Concat(axis), *parts, needs=[True, False, True])
    expected = np.random.default_rng(7).standard_normal(y.shape)
    np.testing.assert_array_equal(y, np.concatenate(parts, axis))
    np.testing.assert_array_equal(grads[0], np.take(expected, [0, 1], axis))
    assert grads[1] is None
    np.testing.assert_array_equal(grads[2], np.take(expected, [3, 4, 5, 6], axis))


def test_dropout_keeps_the_mean_and_masks_the_gradient_alike():
    x = np.full((100, 1000), 3.0)
    draws = np.random.default_rng(0).random(x.shape, np.float32)
    y, (dx,) = run(Dropout(0.2), x, grad=np.ones_like(x), constants=[draws])
    assert set(np.unique(y)) == {0.0, 3 / 0.8}
    assert abs((y == 0).mean() - 0.2) < 0.005
    np.testing.assert_array_equal(dx * 3, y)
    same = apply(Dropout(0.2), Tensor(x.astype(np.float32)), draws).numpy()
    assert same.dtype == np.float32
    np.testing.assert_array_equal(same != 0, y != 0)


def test_dropout_of_rate_zero_changes_nothing():
    y, (dx,) = run(Dropout(0.0), IMAGES, grad=IMAGES, constants=[np.zeros(IMAGES.shape, np.float32)])
    np.testing.assert_array_equal(y, IMAGES)
    np.testing.assert_array_equal(dx, IMAGES)


# -- losses ------------------------------------------------------------------------------------------------------------


def test_log_softmax_is_pytorch():
    matches(LogSoftmax(), "log_softmax", STORED["loss/logits"])


@pytest.mark.parametrize("reduction", ["mean", "none", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["labels", "soft"])
def test_cross_entropy_is_pytorch(kind, smoothing, reduction):
    op, target = CrossEntropy(smoothing, reduction), STORED[f"loss/{kind}"]
    matches(op, f"loss/{kind}/{smoothing}/{reduction}", STORED["loss/logits"], constants=[target])


def test_label_smoothing_with_a_prior_is_section_7_of_rethinking():
    logits, labels = STORED["loss/logits"], STORED["loss/labels"]
    prior = np.array([0.1, 0.0, 0.5, 0.15, 0.25])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss, (dx,) = run(CrossEntropy(0.3, "none"), logits, grad=np.ones(6), constants=[labels, prior])
    # (1 - eps) H(q, p) + eps H(u, p), and the gradient p - q'
    expected = -0.7 * np.log(p[np.arange(6), labels]) - 0.3 * (prior * np.log(p)).sum(axis=1)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)
    np.testing.assert_allclose(dx, p - 0.7 * np.eye(5)[labels] - 0.3 * prior, rtol=1e-11, atol=1e-14)


def test_losses_do_not_overflow_and_ignore_ruled_out_classes():
    x = np.array([[1e4, 0.0, -np.inf], [0.0, -1e4, 1e4]], np.float32)
    loss, (dx,) = run(CrossEntropy(reduction="none"), x, grad=np.ones(2, np.float32), constants=[np.array([0, 1])])
    np.testing.assert_array_equal(loss, np.array([0, 2e4], np.float32))
    np.testing.assert_array_equal(dx, [[0, 0, 0], [0, -1, 1]])
    np.testing.assert_array_equal(apply(LogSoftmax(), Tensor(x)).numpy(), [[0, -1e4, -np.inf], [-1e4, -2e4, 0]])


def test_uniform_logits_cost_the_logarithm_of_the_number_of_classes():
    loss, _ = run(CrossEntropy(), np.ones((2, 1000), np.float32), grad=np.float32(1), constants=[np.array([3, 0])])
    assert loss.dtype == np.float32
    assert loss == pytest.approx(np.log(1000), rel=1e-6)


# -- what is refused ---------------------------------------------------------------------------------------------------

HALF = np.full((2, 3), 0.5)
REFUSED = [
    (MaxPool2d(5), [(2, 4, 4, 3)], ShapeError, "kernel 5x5 is larger than the padded input 4x4"),
    (MaxPool2d(3, 0), [(2, 4, 4, 3)], ShapeError, "stride must be .* at least 1, got 0"),
    (AvgPool2d(0), [(2, 4, 4, 3)], ShapeError, "kernel_size must be .* at least 1, got 0"),
    (AvgPool2d(3, 1, -1), [(2, 4, 4, 3)], ShapeError, "padding must be .* at least 0, got -1"),
    (MaxPool2d(3, 1, (2, 1)), [(2, 4, 4, 3)], ShapeError, "padding .* is more than half of the kernel 3x3"),
    (AvgPool2d(3, 1, (1, 1, 0, 2)), [(2, 4, 4, 3)], ShapeError, "padding .* is more than half of the kernel 3x3"),
    (AvgPool2d(2), [(2, 4, 4)], ShapeError, "N x H x W x C .* not 2x4x4"),
    (MaxPool2d(2), [(0, 4, 4, 3)], ShapeError, "no empty axis, not 0x4x4x3"),
    (AdaptiveAvgPool2d(0), [(2, 4, 4, 3)], ShapeError, "output_size must be .* at least 1"),
    (GlobalAvgPool(), [(2, 0, 4, 3)], ShapeError, "not 2x0x4x3"),
    (BatchNorm(1e-3), [(2, 4, 4, 3), (4,), (3,)], ShapeError, "gamma is 4, but the input 2x4x4x3 has 3 channels"),
    (BatchNorm(1e-3), [(2, 4, 4, 3), None, (1, 3)], ShapeError, "beta is 1x3"),
    (
        BatchNorm(1e-3, training=False),
        [(2, 3), None, None, np.zeros(3), np.ones(2)],
        ShapeError,
        "running variance is 2",
    ),
    (BatchNorm(1e-3), [(1, 1, 1, 3)], ShapeError, "one value per channel has no variance, and the input 1x1x1x3"),
    (BatchNorm(1e-3), [(0, 3)], ShapeError, "not 0x3"),
    (BatchNorm(0), [(2, 3)], ArgumentError, r"eps must be a number in \(0, inf\), got 0"),
    (LocalResponseNorm(0), [(2, 3)], ShapeError, "size must be .* at least 1, got 0"),
    (LocalResponseNorm(5), [(3,)], ShapeError, "not 3"),
    (Concat(), [], ShapeError, "nothing to join"),
    (Concat(), [(2, 4, 4, 3), (2, 4, 5, 3)], ShapeError, "input 0 is 2x4x4x3 and input 1 is 2x4x5x3"),
    (Concat(), [(2, 4), (2, 4, 4)], ShapeError, "input 0 is 2x4 and input 1 is 2x4x4"),
    (Concat(4), [(2, 4)], ShapeError, "axis must be a whole number that fits an input of shape 2x4, got 4"),
    (Concat(), [(2, 4), (2, 0)], ShapeError, "input 1 is empty: 2x0"),
    (LogSoftmax(), [(2, 0)], ShapeError, "not 2x0"),
    (CrossEntropy(), [(2, 3, 1), np.array([0, 1])], ShapeError, "logits must be N x K and not empty, not 2x3x1"),
    (CrossEntropy(), [(0, 3), np.array([0, 1])], ShapeError, "not 0x3"),
    (
        CrossEntropy(),
        [(3, 3), np.array([0, 1])],
        ShapeError,
        "target is 2, but logits 3x3 need 3 labels or 3x3 probabilities",
    ),
    (CrossEntropy(), [(2, 3), np.array([[0], [1]])], ShapeError, "target is 2x1"),
    (
        CrossEntropy(),
        [(2, 3), np.array([0.0, 1.0])],
        DtypeError,
        "labels are float64, but must be integers from 0 to 2",
    ),
    (CrossEntropy(), [(2, 3), np.array([0, 3])], ArgumentError, "label 3 at index 1 is out of range: the 3 classes"),
    (CrossEntropy(), [(2, 3), np.array([-1, 0])], ArgumentError, "label -1 at index 0 is out of range"),
    (CrossEntropy(), [(2, 3), HALF], ArgumentError, "target must hold probabilities.* row 0 adds up to 1.5"),
    (
        CrossEntropy(),
        [(2, 3), np.array([[1.0, 0, 0], [2.0, -1.0, 0]])],
        ArgumentError,
        "row 1 adds up to 1, its smallest is -1",
    ),
    (
        CrossEntropy(label_smoothing=1.1),
        [(2, 3), np.array([0, 1])],
        ArgumentError,
        r"label_smoothing must be a number in \[0, 1\], got 1.1",
    ),
    (
        CrossEntropy(reduction="add"),
        [(2, 3), np.array([0, 1])],
        ArgumentError,
        "reduction must be 'mean', 'sum' or .* got 'add'",
    ),
    (CrossEntropy(reduction=None), [(2, 3), np.array([0, 1])], ArgumentError, "reduction must be .* got None"),
    (
        CrossEntropy(),
        [(2, 3), np.array([0, 1]), np.array([0.5, 0.5])],
        ShapeError,
        "prior is 2, the logits 2x3 have 3 classes",
    ),
    (
        CrossEntropy(),
        [(2, 3), np.array([0, 1]), np.array([0.5, 0.6, 0])],
        ArgumentError,
        "prior must hold probabilities",
    ),
]


@pytest.mark.parametrize(("op", "shapes", "error", "message"), REFUSED, ids=lambda v: getattr(v, "name", None))
def test_bad_input_gets_one_error_with_operation_layer_and_sizes(op, shapes, error, message):
    constants = any(isinstance(s, np.ndarray) for s in shapes)  # whose numbers are looked at when there are others
    inputs = [Tensor(np.zeros(s)) if constants and type(s) is tuple else given(s) for s in shapes]
    with scope("stem"), scope("layer1"), pytest.raises(error, match=f"{op.name} in stem.layer1: .*{message}"):
        apply(op, *inputs)


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_dropout_refuses_rates_outside_zero_to_one(rate):
    with pytest.raises(ArgumentError, match=rf"p must be a number in \[0, 1\), got {rate}"):
        Dropout(rate)


# -- shape-only: cost and window ---------------------------------------------------------------------------------------


def described(op, *shapes):
    y, node = use(op, *map(given, shapes))
    cost = op.cost(*node.shapes)
    assert cost.macs == 0
    return y.shape, cost.flops, cost.parameters, cost.activations, op.window(*node.shapes)


@pytest.mark.parametrize(
    ("op", "shapes", "expected"),
    [
        (MaxPool2d(3, 2, "same"), [(1, 8, 8, 5)], ((1, 4, 4, 5), 80 * 8, 0, 80, Window((3, 3), (2, 2), (0, 1, 0, 1)))),
        (AvgPool2d((2, 3)), [(1, 8, 9, 5)], ((1, 4, 3, 5), 60 * 6, 0, 60, Window((2, 3), (2, 3)))),
        (AdaptiveAvgPool2d(2), [(1, 5, 8, 1)], ((1, 2, 2, 1), 6 * 8, 0, 4, Window((3, 4), (2, 4)))),
        (GlobalAvgPool(), [(2, 8, 8, 5)], ((2, 5), 640, 0, 10, Window((8, 8), (8, 8)))),
        (BatchNorm(1e-3, relu=True), [(2, 8, 8, 5), None, (5,)], ((2, 8, 8, 5), 1920, 5, 640, None)),
        (LocalResponseNorm(5), [(2, 8, 8, 5)], ((2, 8, 8, 5), 640 * 9, 0, 640, None)),
        (Concat(), [(2, 8, 8, 5), (2, 8, 8, 3)], ((2, 8, 8, 8), 0, 0, 1024, None)),
        (Dropout(0.5), [(2, 5), None], ((2, 5), 10, 0, 10, None)),
        (LogSoftmax(), [(2, 5)], ((2, 5), 48, 0, 10, None)),
        (CrossEntropy(), [(2, 5), np.array([1, 2])], ((), 70, 0, 1, None)),
        (CrossEntropy(reduction="sum"), [(2, 5), np.array([1, 2])], ((), 69, 0, 1, None)),
        (CrossEntropy(reduction="none"), [(2, 5), np.array([1, 2])], ((2,), 68, 0, 2, None)),
    ],
    ids=lambda v: getattr(v, "name", None),
)
def test_shape_only_tensors_give_shape_cost_and_window(op, shapes, expected):
    assert described(op, *shapes) == expected


def test_ceil_mode_drops_a_window_that_would_start_in_the_padding():
    assert MaxPool2d(2, 3, 1, ceil_mode=True).shape((1, 5, 6, 1)) == (1, 2, 3, 1)
    assert MaxPool2d(3, 2, ceil_mode=True).shape((1, 32, 32, 1)) == (1, 16, 16, 1)
    assert MaxPool2d(3, 2).shape((1, 32, 32, 1)) == (1, 15, 15, 1)
