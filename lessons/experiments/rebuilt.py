"""Which way of halving a grid keeps images best? Five ways, on drawn images and on noise, with one decoder.

Lesson 13 shows the result, lessons/results/rebuilt.json; about four minutes on two cores.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np

from tinyinception import data, nn
from tinyinception.course.results import keep
from tinyinception.optim import Adam
from tinyinception.tensor import Tensor, no_grad

plain = partial(nn.ConvUnit, norm=None, relu=False)
RATE, BATCH = 3e-3, 20


def ways() -> dict:
    """32x32x3 to 16x16x6, as functions that make a module, with the numbers at the narrowest place."""
    same = {"kernel_size": 3, "padding": "same", "unit": plain}
    return {
        "maximum first": (lambda: nn.pool_then_conv(3, 6, **same), 768),
        "average first": (
            lambda: nn.Sequential(nn.AvgPool2d(2), plain(3, 6, 3)),
            768,
        ),
        "maximum last": (lambda: nn.conv_then_pool(3, 6, **same), 1536),
        "side by side": (
            lambda: nn.grid_reduction(3, [(3, 3)], padding="same", unit=plain),
            1536,
        ),
        "stride only": (lambda: plain(3, 6, 3, stride=2), 1536),
    }


class Rebuilt(nn.Module):
    """Shrinks images and rebuilds them: two convolutions on the small grid, whose 12 outputs are 2x2 pixels."""

    def __init__(self, shrink):
        self.shrink = shrink
        self.decoder = nn.Sequential(
            nn.ConvUnit(6, 32, 3, norm=None),
            nn.Conv2d(32, 12, 3, padding="same"),
        )

    def forward(self, x):
        z = self.decoder(self.shrink(x))
        n, h, w, _ = z.shape
        blocks = z.reshape(n, h, w, 2, 2, 3).transpose(0, 1, 3, 2, 4, 5)
        return blocks.reshape(n, 2 * h, 2 * w, 3)


def train(network, x, epochs: int, seed: int) -> None:
    """Least squares between an image and what is rebuilt of it."""
    rng = np.random.default_rng(seed)
    optimizer = Adam(network.named_parameters(), RATE)
    for epoch in range(epochs):
        optimizer.lr = RATE * (1 - epoch / epochs)
        for batch in rng.permutation(len(x)).reshape(-1, BATCH):
            optimizer.zero_grad()
            error = network(Tensor(x[batch])) - Tensor(x[batch])
            (error**2).mean().backward()
            optimizer.step()


def main() -> None:
    """Train, print and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=3, help="of each")
    parser.add_argument("--epochs", type=int, default=6, help="of each")
    options, began = parser.parse_args(), time.monotonic()
    drawing = data.load("drawn", limit=2000, progress=False)
    drawn = [
        (part / 255).astype(np.float32)
        for part in (drawing.train_images, drawing.test_images[:500])
    ]
    rng = np.random.default_rng(0)
    spread = float(drawn[0].std())
    noise = [
        (0.5 + spread * rng.standard_normal(part.shape)).astype(np.float32)
        for part in drawn
    ]
    result = {"spread": 255 * spread}
    for what, (x, x_test) in {"drawn": drawn, "noise": noise}.items():
        for name, (make, narrowest) in ways().items():
            errors = []
            for seed in range(options.seeds):
                nn.random.manual_seed(seed)
                network = Rebuilt(make())
                train(network, x, options.epochs, seed)
                with no_grad():
                    wrong = network(Tensor(x_test)).numpy() - x_test
                errors.append(255 * float(np.sqrt((wrong**2).mean())))
            result.setdefault(what, {})[name] = {
                "narrowest": narrowest,
                "errors": errors,
            }
            print(
                f"{what:5} {name:14} narrowest {narrowest}: "
                + " ".join(f"{e:.1f}" for e in errors)
                + f"   ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
    print(f"written to {keep('rebuilt', result, began)}")


if __name__ == "__main__":
    main()
