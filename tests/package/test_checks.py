"""Numbers as arguments, over the whole package: NumPy's are as good as Python's, all else is refused by name.

A whole number is no bool, no 3.0 and no text; a real number is no bool, no NaN and no text.
"""

import numpy as np
import pytest

from tinyinception import models, nn, ops, optim
from tinyinception.checks import number, whole
from tinyinception.count import compare, summary
from tinyinception.data import Cutout, Dataset, Loader, RandomCrop, RandomFlip
from tinyinception.data.drawn import draw
from tinyinception.errors import ArgumentError, ShapeError, TinyInceptionError
from tinyinception.gradcheck import check
from tinyinception.judge.crops import crop_scheme
from tinyinception.judge.scores import Scores
from tinyinception.judge.statistics import bootstrap_difference, calibration
from tinyinception.nn import functional, init, random
from tinyinception.tensor import Tensor, concat
from tinyinception.train.config import Config

PIXELS = np.zeros((4, 8, 8, 3), np.uint8)
LABELS = np.array([0, 1, 0, 1])
IMAGES = Tensor(np.arange(2 * 8 * 8 * 4, dtype=np.float32).reshape(2, 8, 8, 4) / 100, requires_grad=True)
ROWS = Tensor(np.ones((2, 4), np.float32), requires_grad=True)
SHAPE = Tensor.shape_only(1, 32, 32, 3)
WEIGHT = nn.Parameter(np.ones(2, np.float32))


def loader(**options) -> Loader:
    return Loader(PIXELS, LABELS, **{"batch_size": 2, "mean": (0.5,) * 3, "std": (0.5,) * 3, **options})


def dataset(**options) -> Dataset:
    return Dataset("two", PIXELS, LABELS, PIXELS, LABELS, ("a", "b"), **options)


def pooled(layer, **arguments) -> np.ndarray:
    return layer(**{"kernel_size": 2, **arguments})(IMAGES).numpy()


# What is called, the name its error has, a number that is right, the least whole number, and whether None is right too.
WHOLE = [
    (lambda n: nn.Conv2d(n, 4, 1).weight.shape, "in_channels", 4, 1),
    (lambda n: nn.Conv2d(4, n, 1).weight.shape, "out_channels", 4, 1),
    (lambda n: nn.Conv2d(4, 4, n).weight.shape, "kernel_size", 3, 1),
    (lambda n: nn.Conv2d(4, 4, (1, n)).weight.shape, "kernel_size", 3, 1),
    (lambda n: nn.Conv2d(4, 4, 3, stride=n)(IMAGES).shape, "stride", 2, 1),
    (lambda n: nn.Conv2d(4, 4, 3, padding=n)(IMAGES).shape, "padding", 1, 0),
    (lambda n: nn.Conv2d(4, 4, 3, padding=(n, 1, 0, 1))(IMAGES).shape, "padding", 1, 0),
    (lambda n: nn.Conv2d(4, 4, 3, groups=n)(IMAGES).shape, "groups", 2, 1),
    (lambda n: functional.conv2d(IMAGES, Tensor(np.ones((1, 1, 2, 4), np.float32)), groups=n).numpy(), "groups", 2, 1),
    (lambda n: nn.Linear(n, 4).weight.shape, "in_features", 4, 1),
    (lambda n: nn.Linear(4, n).weight.shape, "out_features", 4, 1),
    (lambda n: nn.BatchNorm2d(n).running_mean, "channels", 4, 1),
    (lambda n: nn.LocalResponseNorm(n)(IMAGES).numpy(), "size", 3, 1),
    (lambda n: functional.local_response_norm(IMAGES, n).numpy(), "size", 3, 1),
    (lambda n: pooled(nn.MaxPool2d, kernel_size=n), "kernel_size", 2, 1),
    (lambda n: pooled(nn.MaxPool2d, stride=n), "stride", 3, 1),
    (lambda n: pooled(nn.AvgPool2d, padding=n), "padding", 1, 0),
    (lambda n: functional.max_pool2d(IMAGES, (n, 2)).numpy(), "kernel_size", 3, 1),
    (lambda n: functional.avg_pool2d(IMAGES, 2, stride=(2, n)).numpy(), "stride", 3, 1),
    (lambda n: nn.AdaptiveAvgPool2d(n)(IMAGES).numpy(), "output_size", 3, 1),
    (lambda n: functional.adaptive_avg_pool2d(IMAGES, (n, 2)).numpy(), "output_size", 3, 1),
    (lambda n: nn.SeparableConv(4, 8, 3, multiplier=n).depthwise.out_channels, "multiplier", 2, 1),
    (lambda n: nn.SeparableConv(n, 8, 3).depthwise.out_channels, "in_channels", 2, 1),
    (lambda n: [name for name, _ in nn.chain(4, [(8, n)]).named_parameters()], "kernel_size", 3, 1),
    (random.manual_seed, "seed", 3, 0),
    (lambda n: [part.shape for part in ROWS.split(n)], "sizes", 2, 1),
    (lambda n: [part.shape for part in ROWS.split([n, 2])], "sizes", 2, 1),
    (lambda n: [part.shape for part in ROWS.split(2, axis=n)], "axis", 1, None),
    (lambda n: ROWS.reshape(4, n).shape, "sizes", 2, None),
    (lambda n: ROWS.reshape((n, 4)).shape, "sizes", 2, None),
    (lambda n: ROWS.flatten(n).shape, "start", 1, None),
    (lambda n: ROWS.transpose(n, 0).shape, "axes", 1, None),
    (lambda n: ROWS.pad([(0, 0), (n, 1)]).shape, "widths", 2, 0),
    (lambda n: ROWS.sum(n).numpy(), "axis", 1, None),
    (lambda n: IMAGES.mean((0, n)).numpy(), "axis", 1, None),
    (lambda n: IMAGES.max([n, 3]).numpy(), "axis", 1, None),
    (lambda n: concat([ROWS, ROWS], n).shape, "axis", 1, None),
    (lambda n: Tensor.shape_only(2, n).shape, "size", 3, 0),
    (lambda n: summary(nn.Conv2d(3, 4, 3), n).macs, "input_size", 8, 1),
    (lambda n: summary(nn.Conv2d(3, 4, 3), (8, n)).macs, "input_size", 8, 1),
    (lambda n: summary(nn.Conv2d(5, 4, 3), 8, channels=n).macs, "channels", 5, 1),
    (lambda n: summary("single_5x5_cifar", n).macs, "input_size", 32, 1),
    (lambda n: summary("single_5x5_cifar", num_classes=n).params, "num_classes", 5, 1),
    (lambda n: summary("single_5x5_cifar", channels=n).params, "channels", 5, 1),
    (lambda n: str(compare(["single_5x5_cifar"], n)), "input_size", 32, 1),
    (lambda n: models.build("single_5x5_cifar", num_classes=n)(SHAPE).logits.shape, "num_classes", 7, 1),
    (lambda n: models.build("single_5x5_cifar", channels=n).channels, "channels", 4, 1),
    (lambda n: loader(batch_size=n).epoch(0).__next__()[0], "batch_size", 3, 1),
    (lambda n: loader(seed=n, shuffle=True).order(0), "seed", 3, 0),
    (lambda n: loader(prefetch=n).epoch(0).__next__()[1], "prefetch", 1, 0),
    (lambda n: loader(shuffle=True).epoch(n).__next__()[0], "epoch", 2, 0),
    (lambda n: [len(y) for _, y in loader().epoch(0, n)], "start", 1, 0),
    (lambda n: len(dataset().first(n).train_images), "limit", 3, 1),
    (lambda n: RandomCrop(n)(PIXELS, np.random.default_rng(0)), "padding", 2, 1),
    (lambda n: Cutout(n)(PIXELS + 1, np.random.default_rng(0)), "size", 3, 1),
    (lambda n: draw(n)[0], "n", 2, 1),
    (lambda n: draw(1, seed=n)[0], "seed", 2, 0),
    (lambda n: crop_scheme(n, (32, 32), (32, 32)).views, "crops", 10, 1),
    (lambda n: crop_scheme(10, (n, 32), (32, 32)).views, "image_size", 32, 1),
    (lambda n: crop_scheme(10, (32, 32), (n, n)).views, "input_size", 32, 1),
    (lambda n: calibration([0.5], [True], n).images, "bins", 4, 1),
    (lambda n: bootstrap_difference([True, False], [True, True], resamples=n).low, "resamples", 20, 1),
    (lambda n: bootstrap_difference([True, False], [True, True], seed=n).low, "seed", 20, 0),
    (lambda n: Scores(np.log([[0.2, 0.8]]), np.array([0])).top(n), "k", 2, 1),
    (lambda n: check(lambda x: x.exp(), np.ones(2), method="direction", directions=n).ok, "directions", 2, 1),
    (lambda n: check(lambda x: x.exp(), np.ones(2), method="direction", seed=n).ok, "seed", 2, 0),
    (lambda n: optim.ExponentialStaircase(0.1, 0.9, n)(50), "every", 7, 1),
    (lambda n: optim.ExponentialStaircase(0.1, 0.9, 7)(n), "step", 50, 0),
    (lambda n: optim.Cosine(0.1, n)(3), "steps", 7, 1),
    (lambda n: optim.Cosine(0.1, 10, n)(1), "warmup", 7, 0),
    (lambda n: optim.Triangular(0.1, n, 0)(3), "steps", 7, 1),
    (lambda n: optim.Triangular(0.1, 10, n)(3), "peak", 7, 0),
    (lambda n: optim.Triangular(0.1, 10, 3)(n), "step", 7, 0),
    (lambda n: optim.Constant(0.1)(n), "step", 7, 0),
]

# What is called, the name its error has, a number that is right, and numbers that are out of range.
REAL = [
    (lambda v: nn.BatchNorm2d(2, eps=v).eps, "eps", 0.5, (0, -1, np.inf)),
    (lambda v: nn.BatchNorm2d(2, momentum=v).momentum, "momentum", 0.5, (0, 1.5)),
    (lambda v: functional.batch_norm(ROWS, eps=v).numpy(), "eps", 0.5, (0, -1, np.inf)),
    (lambda v: nn.LocalResponseNorm(3, alpha=v)(IMAGES).numpy(), "alpha", 0.5, (-1, np.inf)),
    (lambda v: nn.LocalResponseNorm(3, beta=v)(IMAGES).numpy(), "beta", 0.5, (-1, np.inf)),
    (lambda v: functional.local_response_norm(IMAGES, 3, k=v).numpy(), "k", 0.5, (-1, np.inf)),
    (lambda v: nn.Dropout(v).p, "p", 0.5, (-0.1, 1)),
    (lambda v: functional.dropout(ROWS, v).shape, "p", 0.5, (-0.1, 1)),
    (lambda v: functional.cross_entropy(ROWS, [0, 1], label_smoothing=v).item(), "label_smoothing", 0.5, (-0.1, 1.1)),
    (lambda v: (ROWS**v).numpy(), "exponent", 0.5, (np.inf,)),
    (lambda v: ROWS.pad([(0, 0), (1, 1)], v).numpy(), "value", 0.5, ()),
    (lambda v: init.normal(v)(np.random.default_rng(0), (2, 2), np.float32), "std", 0.5, (-1, np.inf)),
    (lambda v: init.uniform(v)(np.random.default_rng(0), (2, 2), np.float32), "limit", 0.5, (-1, np.inf)),
    (lambda v: init.truncated_normal(1, cut=v)(np.random.default_rng(0), (2, 2), np.float32), "cut", 0.5, (-1, 0)),
    (lambda v: init.variance_scaling(v)(np.random.default_rng(0), (2, 2), np.float32), "factor", 0.5, (-1, np.inf)),
    (lambda v: init.constant(v)(None, (2, 2), np.float32), "value", 0.5, (np.inf,)),
    (lambda v: nn.ResidualInception(4, {"a": [(2, 1)]}, scale=v).scale, "scale", 0.5, (0, -1, np.inf)),
    (lambda v: RandomFlip(v)(PIXELS, np.random.default_rng(0)), "p", 0.5, (-0.1, 1.1)),
    (lambda v: dataset(mean=(v,) * 3, std=(0.5,) * 3).mean[0], "mean", 0.5, (np.inf,)),
    (lambda v: dataset(mean=(0.5,) * 3, std=(v,) * 3).std[0], "std", 0.5, (0, -1, np.inf)),
    (lambda v: bootstrap_difference([True, False], [True, True], confidence=v).low, "confidence", 0.5, (0, 1)),
    (lambda v: check(lambda x: x.exp(), np.ones(2), rtol=v).ok, "rtol", 0.5, (0, -1, np.inf)),
    (lambda v: optim.SGD([("w", WEIGHT)], v).lr, "lr", 0.5, (-1, np.inf)),
    (lambda v: optim.SGD([("w", WEIGHT)], 0.1, momentum=v).momentum, "momentum", 0.5, (-1, 1)),
    (lambda v: optim.SGD([("w", WEIGHT)], 0.1, weight_decay=v).weight_decay, "weight_decay", 0.5, (-1, np.inf)),
    (lambda v: optim.Adam([("w", WEIGHT)], betas=(0.9, v)).betas, "betas", 0.5, (-1, 1)),
    (lambda v: optim.Adam([("w", WEIGHT)], eps=v).eps, "eps", 0.5, (-1, 0, np.inf)),
    (lambda v: optim.RMSProp([("w", WEIGHT)], 0.1, eps=v).eps, "eps", 0.5, (-1, np.inf)),
    (lambda v: optim.RunningAverage([("w", WEIGHT)], v).decay, "decay", 0.5, (-1, 1)),
    (lambda v: optim.clip_grad_norm([("w", WEIGHT)], v), "max_norm", 0.5, (-1, 0)),
    (lambda v: optim.Constant(v)(3), "base", 0.5, (-1, np.inf)),
    (lambda v: optim.ExponentialStaircase(v, 0.9, 2)(3), "base", 0.5, (-1, 0, np.inf)),
    (lambda v: optim.ExponentialStaircase(0.1, v, 2)(3), "rate", 0.5, (-1, 0, 1.5)),
    (lambda v: optim.Cosine(1, 10, final=v)(3), "final", 0.5, (-1, 2)),
    (lambda v: optim.Triangular(v, 10, 3)(2), "base", 0.5, (-1, 0)),
]
names = [name for _, name, *_ in WHOLE], [name for _, name, *_ in REAL]


def same(a, b) -> bool:
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    return type(a) is type(b) and a == b


@pytest.mark.parametrize(("call", "name", "right", "least"), WHOLE, ids=names[0])
def test_a_whole_number_of_numpy_is_one_and_nothing_else_is(call, name, right, least):
    for kind in (np.int64, np.int32, np.uint8):
        random.manual_seed(0)
        expected = call(right)
        random.manual_seed(0)
        assert same(call(kind(right)), expected), kind
    below = () if least is None or name == "crops" else (least - 1,)
    for wrong in (True, np.True_, 2.5, float(right), np.float64(right), np.nan, "3", right + 1j, *below):
        with pytest.raises(TinyInceptionError, match=rf"\b{name}\b"):
            call(wrong)


@pytest.mark.parametrize(("call", "name", "right", "outside"), REAL, ids=names[1])
def test_a_number_of_numpy_is_one_and_nan_text_and_what_is_out_of_range_are_not(call, name, right, outside):
    for kind in (np.float64, np.float32):
        random.manual_seed(0)
        expected = call(right)
        random.manual_seed(0)
        assert same(call(kind(right)), expected), kind
    for wrong in (True, np.True_, np.nan, np.float32("nan"), "0.5", None, [0.5], 0.5j, *outside):
        if wrong is None and name == "rtol":
            continue
        with pytest.raises(ArgumentError, match=rf"\b{name}\b.* must be a number in .*, got"):
            call(wrong)


def test_none_is_no_number_where_it_is_not_a_default():
    for call, name, *_ in WHOLE:
        if name not in ("stride", "axis", "input_size", "num_classes", "channels"):
            with pytest.raises(TinyInceptionError, match=name):
                call(None)
    with pytest.raises(TinyInceptionError, match="channels"):  # of a layer; of a summary they have a default
        nn.BatchNorm2d(None)


def test_a_config_of_numpys_numbers_is_that_of_pythons():
    config = Config(epochs=np.int64(2), lr=np.float32(0.5), limit=np.uint8(7), clip=np.float64(2))
    assert config.to_json() == Config(epochs=2, lr=0.5, limit=7, clip=2.0).to_json()
    for wrong in ({"epochs": True}, {"limit": 2.0}, {"lr": np.nan}, {"clip": "2"}, {"seed": -1}):
        with pytest.raises(ArgumentError, match=f"{next(iter(wrong))} must be a (whole )?number in .*, got"):
            Config(**wrong)


def test_the_error_says_what_would_be_right():
    with pytest.raises(ArgumentError, match=r"^crop must be a whole number of at least 0, got 2\.0$"):
        whole("crop", 2.0, 0)
    with pytest.raises(ShapeError, match=r"^crop must be a whole number of at least 1, got True$"):
        whole("crop", True, fail=ShapeError)
    with pytest.raises(ArgumentError, match=r"^rate must be a number in \[0, 1\), got nan$"):
        number("rate", np.nan, "[0, 1)")
    assert type(whole("crop", np.uint8(3))) is int
    assert type(number("rate", np.float32(0.5), "[0, 1)")) is float


def test_summary_takes_modules_of_several_results_and_refuses_those_of_none():
    class Two(nn.Module):
        def __init__(self, give):
            self.near, self.far, self.give = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 5), give

        def forward(self, x):
            return self.give(self.near(x), self.far(x))

    for give in (lambda a, b: (a, b), lambda a, b: [b, a], lambda a, b: {"a": a, "deep": (b, None)}):
        counted = summary(Two(give), 8)
        assert counted.params == 16 + 304
        assert counted.receptive_field == (5, 5)
        assert counted.depth == 1
    with pytest.raises(ArgumentError, match=r"summary: Two.forward must return a tensor or several, got int"):
        summary(Two(lambda a, b: 3), 8)


def test_summary_refuses_modules_that_do_not_take_one_image():
    class Joined(nn.Module):
        def forward(self, x, y):
            return x + y

    class Nothing(nn.Module):
        def forward(self):
            return Tensor(1.0)

    for module, missing in ((Joined(), "missing a required argument: 'y'"), (Nothing(), "too many positional")):
        with pytest.raises(ArgumentError, match=f"forward must take one image, got the error: {missing}"):
            summary(module, 8)
    for wrong in (3, None, nn.ReLU, [nn.ReLU()]):
        with pytest.raises(ArgumentError, match="summary: model must be a name or a module, got"):
            summary(wrong, 8)


def test_operations_check_their_numbers_too():
    for op, shapes, name in [
        (ops.Dropout, [(2,)], "p"),
        (ops.Power, [(2,)], "exponent"),
        (ops.BatchNorm, [(2, 3)], "eps"),
        (ops.LocalResponseNorm, [(2, 3)], "size"),
        (ops.MaxPool2d, [(1, 4, 4, 1)], "kernel_size"),
        (ops.Sum, [(2, 3)], "axis"),
        (ops.Concat, [(2, 3)], "axis"),
        (lambda n: ops.Reshape([n]), [(2,)], "sizes"),
    ]:
        with pytest.raises(TinyInceptionError, match=name):
            op("3").shape(*shapes)
