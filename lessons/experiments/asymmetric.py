"""Where may a 3x3 become a 1x3 and a 3x1? On the first, the second or the third grid of a small plain network.

Each convolution has batch-norm and ReLU of its own, and all the width of the 3x3 it replaces.
"""

from __future__ import annotations

import time

from short_training import BATCH, arguments, drawn, learn

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.results import keep
from tinyinception.models.network import Network

GRIDS = {
    32: (16, 16),
    16: (32, 32),
    8: (64, 64),
}  # side of the grid: widths of the 3x3 on it


def network(factorised: int | None) -> Network:
    """3x3 convolutions on three grids with max pooling between; those on the grid `factorised` as 1x3 and 3x1."""
    stages, width = {}, 3
    for side, widths in GRIDS.items():
        kernels = [(1, 3), (3, 1)] if side == factorised else [3]
        stages[f"grid_{side}"] = nn.chain(
            width, [(n, kernel) for n in widths for kernel in kernels]
        )
        if side > 8:
            stages[f"pool_{side}"] = nn.MaxPool2d(3, stride=2, padding="same")
        width = widths[-1]
    stages["head"] = nn.classifier(width, 10)
    return Network(stages, channels=3, input_size=32)


def main() -> None:
    """Train, print and keep."""
    options, began = arguments(__doc__.splitlines()[0]), time.monotonic()
    dataset = drawn(options.images)
    last = options.epochs * (len(dataset.train_images) // BATCH)
    result = {}
    for where in (None, *GRIDS):
        with nn.shape_only():
            counts = summary(network(where), 32)
        found = {"params": counts.params, "macs": counts.macs, "accuracy": []}
        for seed in range(options.seeds):
            _, scores = learn(
                lambda where=where: network(where),
                dataset,
                seed=seed,
                epochs=options.epochs,
                look_at=[last],
            )
            found["accuracy"].append(scores[last].accuracy)
            print(
                f"{'no grid' if where is None else f'{where}x{where}'} factorised, {counts.macs:,} multiply-adds, "
                f"seed {seed}: {found['accuracy'][-1]:.2%}   ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
        result["none" if where is None else str(where)] = found
    print(f"written to {keep('asymmetric', result, began)}")


if __name__ == "__main__":
    main()
