"""The gradient of every building block and layer, with all its parameters, in training and in evaluation."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinyinception import nn
from tinyinception.gradcheck import check
from tinyinception.nn import blocks, heads, residual

pytestmark = pytest.mark.usefixtures("one_thread")

widths = st.integers(1, 3)
classes = st.integers(2, 4)


@st.composite
def units(draw):
    """A convolution unit with or without batch-norm, with or without its gamma."""
    norm = draw(st.sampled_from([None, nn.BatchNorm2d, _without_gamma]))
    return lambda *args, **options: nn.ConvUnit(*args, norm=norm, **options)


def _without_gamma(channels, **options):
    return nn.BatchNorm2d(channels, gamma=False, **options)


def _widths(draw, *names):
    return {name: draw(widths) for name in names}


def _some(draw, count):
    return tuple(draw(widths) for _ in range(count))


# Each builds a block from `draw`, input channels and a unit; LEAST is the smallest image it takes.
BLOCKS = {
    "naive_inception": lambda draw, c, unit: nn.naive_inception(c, **_widths(draw, "n1", "n3", "n5"), unit=unit),
    "inception": lambda draw, c, unit: nn.inception(
        c,
        **_widths(draw, "n1", "r3", "n3", "r5", "n5", "pool_proj"),
        unit=unit,
        pool=draw(st.sampled_from([nn.max_pool, nn.avg_pool])),
    ),
    "inception_double3x3": lambda draw, c, unit: nn.inception_double3x3(
        c, **_widths(draw, "n1", "r3", "n3", "rd", "nd", "pool_proj"), unit=unit
    ),
    "inception_35x35": lambda draw, c, unit: nn.inception_35x35(
        c, **_widths(draw, "n1", "r5", "n5", "rd", "nd", "pool_proj"), unit=unit
    ),
    "inception_factorized": lambda draw, c, unit: nn.inception_factorized(
        c,
        **_widths(draw, "n1", "pool_proj"),
        single=_some(draw, 3),
        double=_some(draw, 5),
        n=draw(st.sampled_from([3, 5, 7])),
        unit=unit,
    ),
    "inception_expanded": lambda draw, c, unit: nn.inception_expanded(
        c,
        **_widths(draw, "n1", "split", "pool_proj"),
        single=[(draw(widths), 1)],
        double=[(draw(widths), 1), (draw(widths), 3)],
        unit=unit,
    ),
    "grid_reduction": lambda draw, c, unit: nn.grid_reduction(
        c,
        [(draw(widths), 3)],
        [(draw(widths), 1), (draw(widths), 3)],
        unit=unit,
        padding=draw(st.sampled_from(["valid", "same"])),
    ),
    "pool_then_conv": lambda draw, c, unit: nn.pool_then_conv(c, draw(widths), kernel_size=draw(widths), unit=unit),
    "conv_then_pool": lambda draw, c, unit: nn.conv_then_pool(c, draw(widths), kernel_size=draw(widths), unit=unit),
    "inception_resnet_a": lambda draw, c, unit: nn.inception_resnet_a(
        c, n1=draw(widths), single=_some(draw, 2), double=_some(draw, 3), relu=draw(st.booleans()), unit=unit
    ),
    "inception_resnet_b": lambda draw, c, unit: nn.inception_resnet_b(
        c, n1=draw(widths), single=_some(draw, 3), n=draw(st.sampled_from([3, 5, 7])), unit=unit
    ),
    "inception_resnet_c": lambda draw, c, unit: nn.inception_resnet_c(
        c, n1=draw(widths), single=_some(draw, 3), scale=draw(st.sampled_from([0.2, 1.0])), unit=unit
    ),
    "classifier": lambda draw, c, unit: nn.classifier(c, draw(classes), dropout=0.4),
    "googlenet_aux": lambda draw, c, unit: nn.googlenet_aux(
        c, draw(classes), pool=nn.AdaptiveAvgPool2d(2), grid=2, width=draw(widths), hidden=5, dropout=0.5, unit=unit
    ),
    "inception_v3_aux": lambda draw, c, unit: nn.inception_v3_aux(
        c, draw(classes), pool=nn.AvgPool2d(2, stride=1), width=draw(widths), kernel_size=2, features=4, unit=unit
    ),
    "ConvUnit": lambda draw, c, unit: unit(c, draw(widths), _some(draw, 2), stride=draw(st.integers(1, 2))),
    "ResidualInception": lambda draw, c, unit: nn.ResidualInception(
        c, {"one": [(draw(widths), 1)], "two": [(draw(widths), 1), (draw(widths), 3)]}, scale=0.3, unit=unit
    ),
    "chain": lambda draw, c, unit: nn.chain(c, [(draw(widths), 3), (draw(widths), (1, 3))], stride=2, unit=unit),
    "layers": lambda draw, c, unit: nn.Sequential(
        nn.Conv2d(c, 4, 3),
        nn.Branches(nn.LocalResponseNorm(3, alpha=0.1), nn.MaxPool2d(3, stride=1, padding=1)),
        nn.Conv2d(8, 4, 1, groups=draw(st.sampled_from([1, 2, 4]))),
        nn.ReLU(),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AdaptiveAvgPool2d((2, 1)),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(8, 3),
    ),
}
LEAST = 3


@st.composite
def cases(draw, name):
    """A block with random parameters and running statistics, and images for it."""
    channels = draw(widths)
    nn.random.manual_seed(draw(st.integers(0, 1000)))
    module = BLOCKS[name](draw, channels, draw(units()))
    rng = nn.random.generator()
    for key, array in {**dict(module.named_buffers()), **{n: p.data for n, p in module.named_parameters()}}.items():
        if array.ndim == 1:  # biases, gammas, betas, statistics: away from the zeros and ones they start with
            sign = 1 if key.endswith("running_var") else rng.choice([-1, 1])
            array[...] = sign * rng.uniform(0.5, 1.5, array.shape)
    size = st.integers(LEAST, 5)
    return module, rng.standard_normal((2, draw(size), draw(size), channels))


def test_every_building_block_has_a_case():
    public = {
        name
        for room in (blocks, heads, residual)
        for name, thing in vars(room).items()
        if getattr(thing, "__module__", None) == room.__name__ and not name.startswith("_")
    }
    assert len(public) >= 15
    assert public <= set(BLOCKS)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_block(name, training):
    @settings(max_examples=5, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(cases(name), st.integers(0, 1000))
    def agrees(case, seed):
        module, images = case
        report = check(module.train(training), images, method="direction", directions=1, seed=seed)
        wrong = [e for e in report.entries if e.verdict == "WRONG"]
        assert not wrong, report
        checked.extend(not e.kink.all() for e in report.entries)

    checked = []
    agrees()
    assert np.mean(checked) > 0.99


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_each_pixel_before_a_block(name, training):
    @settings(max_examples=2, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(cases(name), st.integers(0, 1000))
    def agrees(case, seed):
        module, images = case
        report = check(module.train(training), images[:, :3, :3], parameters=(), method="elementwise", seed=seed)
        report.raise_if_wrong()

    agrees()
