"""What pixels are worth at equal effort: images of 32, 16 and 8 pixels, three stems of equal cost, and a naive one."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from short_training import seeds_and_jobs

from tinyinception import nn, optim
from tinyinception.count import summary
from tinyinception.course import learn
from tinyinception.course.results import keep
from tinyinception.data import Loader, drawn
from tinyinception.judge.scores import score
from tinyinception.models.network import Network

STEPS, TESTS = 200, 1_000
# name: factor by which images shrink, stride of the first convolution, whether it pools, channels of both convolutions
CASES = {
    "32 pixels": (1, 2, True, 16, 32),
    "16, adapted stem": (2, 1, True, 16, 32),
    "8, adapted stem": (4, 1, False, 16, 32),
    "8, adapted and wider": (4, 1, False, 64, 32),
    "16, stem for 32": (2, 2, True, 16, 32),
}


def main() -> None:
    """Train, print and keep."""
    options, began = seeds_and_jobs(__doc__), time.monotonic()
    costs = {
        name: summary(build(*case[1:]), 32 // case[0]).macs
        for name, case in CASES.items()
    }
    with ProcessPoolExecutor(options.jobs) as pool:
        each = list(pool.map(of_seed, range(options.seeds)))
    right = {name: [found[name] for found in each] for name in CASES}
    result = {
        "steps": STEPS,
        "test_images": TESTS,
        "macs": costs,
        "right": right,
    }
    print(f"written to {keep('low_resolution', result, began)}")


def of_seed(seed: int) -> dict[str, float]:
    """The share of right answers of each case, trained from the first weights and in the order of one seed."""
    train, test, right = (
        drawn.draw(10_000),
        drawn.draw(TESTS, split="test"),
        {},
    )
    for name, (factor, *shape) in CASES.items():
        nn.random.manual_seed(seed)
        network = build(*shape)
        sgd = optim.SGD(
            network.named_parameters(), 0.1, momentum=0.9, nesterov=True
        )
        batches = loader(
            train, factor, shuffle=True, drop_last=True, seed=seed
        )
        learn(
            network,
            batches,
            steps=STEPS,
            optimizer=sgd,
            schedule=optim.Triangular(0.1, STEPS, STEPS // 4),
        )
        right[name] = score(network, loader(test, factor)).accuracy
        print(f"seed {seed}, {name}: {right[name]:.3f}", flush=True)
    return right


def build(stride: int, pooled: bool, first: int, second: int) -> Network:
    """The stem of Table 2 in small, then one Inception module, a reduction and a classifier, on the same 8x8 grid."""
    stem: list[nn.Module] = [
        nn.ConvUnit(3, first, 3, stride=stride),
        nn.ConvUnit(first, second, 3),
    ]
    stem += [nn.MaxPool2d(3, stride=2, padding="same")] if pooled else []
    mixed = nn.inception(second, n1=16, r3=16, n3=32, r5=8, n5=8, pool_proj=8)
    return Network(
        {
            "stem": nn.Sequential(*stem),
            "mixed": mixed,
            "reduce": nn.grid_reduction(
                mixed.out_channels, [(64, 3)], padding="same"
            ),
            "head": nn.classifier(64 + mixed.out_channels, 10),
        },
        channels=3,
        input_size=32,
    )


def shrink(images: np.ndarray, factor: int) -> np.ndarray:
    """Means of factor x factor pixels, in [0, 1]."""
    n, side, _, channels = images.shape
    blocks = images.reshape(
        n, side // factor, factor, side // factor, factor, channels
    )
    return (blocks.mean(axis=(2, 4)) / 255).astype(np.float32)


def loader(images: tuple, factor: int, **options) -> Loader:
    return Loader(
        shrink(images[0], factor),
        images[1],
        64,
        mean=drawn.MEAN,
        std=drawn.STD,
        **options,
    )


if __name__ == "__main__":
    main()
