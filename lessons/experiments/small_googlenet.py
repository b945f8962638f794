"""A small GoogLeNet of lesson 7's own classes, trained on drawn images: what share of new ones does it name rightly?

Three seeds, 300 steps of 64 images. Lesson 7 shows the result. Writes lessons/results/small_googlenet.json; some
minutes on two cores.
"""

import time

import numpy as np

from tinyinception import nn, optim
from tinyinception.course import learn
from tinyinception.course.files import folder, load
from tinyinception.course.results import keep
from tinyinception.data import drawn
from tinyinception.tensor import Tensor, no_grad

STEPS, SEEDS = 300, 3


def build() -> nn.Sequential:
    """The network that lesson 7 calls `small`."""
    parts = load(folder() / "solutions" / "07_googlenet.py")
    return nn.Sequential(
        parts.Conv(3, 24, 3),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        parts.Inception(24, 16, 16, 24, 4, 8, 8),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        parts.Inception(56, 32, 24, 48, 8, 16, 16),
        nn.GlobalAvgPool(),
        nn.Linear(112, 10),
    )


def main() -> None:
    began = time.monotonic()
    pixels, kinds = drawn.draw(5000)
    images = (pixels / np.float32(255) - np.float32(0.5)) / np.float32(0.26)
    result: dict = {
        "steps": STEPS,
        "accuracy": [],
        "first_loss": [],
        "last_loss": [],
    }
    for seed in range(SEEDS):
        nn.random.manual_seed(seed)
        network = build()
        adam = optim.Adam(network.named_parameters(), 0.01)
        losses = learn(
            network,
            images[1000:],
            kinds[1000:],
            steps=STEPS,
            optimizer=adam,
            seed=seed,
        )
        network.eval()
        with no_grad():
            named = network(Tensor(images[:1000])).numpy().argmax(axis=1)
        result["accuracy"].append(float((named == kinds[:1000]).mean()))
        result["first_loss"].append(float(losses[:10].mean()))
        result["last_loss"].append(float(losses[-10:].mean()))
        print(
            seed, result["accuracy"][-1], result["last_loss"][-1], flush=True
        )
    print(keep("small_googlenet", result, began))


if __name__ == "__main__":
    main()
