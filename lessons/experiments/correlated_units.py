"""How many pairs of units are strongly correlated after each part of googlenet_cifar, untrained and trained?

Three seeds, 150 steps of 64 drawn images each. Lesson 6 shows the result. Writes lessons/results/correlated_units.json;
about two minutes on two cores.
"""

import time

import numpy as np

from tinyinception import models, nn
from tinyinception.course import learn
from tinyinception.course.results import keep
from tinyinception.data import drawn
from tinyinception.tensor import Tensor, no_grad

PARTS = [
    "stem",
    "inception_3a",
    "inception_3b",
    "inception_4a",
    "inception_4b",
    "inception_5a",
]
STEPS, SEEDS = 150, 3


def strong(network: nn.Module, images: np.ndarray) -> list[float]:
    """Share of pairs of units with a correlation above 0.5 in size, after each part."""
    network.eval()
    found, x = [], Tensor(images)
    with no_grad():
        for name, part in network.named_children():
            if name == "head":
                break
            if name.startswith("aux"):
                continue
            x = part(x)
            if name in PARTS:
                units = x.numpy().reshape(-1, x.shape[3])
                units = units[:, units.std(axis=0) > 0]
                c = np.corrcoef(units.T)
                found.append(
                    float(
                        (np.abs(c[~np.eye(len(c), dtype=bool)]) > 0.5).mean()
                    )
                )
    return found


def main() -> None:
    began = time.monotonic()
    pixels, kinds = drawn.draw(9000)
    images = (pixels / np.float32(255) - np.float32(drawn.MEAN)) / np.float32(
        drawn.STD
    )
    test, train = slice(0, 1000), slice(1000, None)
    result = {
        "parts": ["stem", "3a", "3b", "4a", "4b", "5a"],
        "steps": STEPS,
        "untrained": [],
        "trained": [],
        "accuracy": [],
    }
    for seed in range(SEEDS):
        nn.random.manual_seed(seed)
        network = models.build("googlenet_cifar")
        result["untrained"].append(strong(network, images[:500]))
        learn(network, images[train], kinds[train], steps=STEPS, seed=seed)
        result["trained"].append(strong(network, images[:500]))
        with no_grad():
            named = network(Tensor(images[test])).logits.numpy().argmax(axis=1)
        result["accuracy"].append(float((named == kinds[test]).mean()))
        print(
            seed,
            result["accuracy"][-1],
            result["untrained"][-1],
            result["trained"][-1],
            flush=True,
        )
    print(keep("correlated_units", result, began))


if __name__ == "__main__":
    main()
