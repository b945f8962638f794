"""Controls of lesson 21: bottlenecks of other widths, without a ReLU, and whether a wider last map trains faster.

Lesson 21 shows the result. Writes lessons/results/principles_controls.json; a few minutes on two idle cores.
"""

import time

from tinyinception import nn, optim
from tinyinception.count import summary
from tinyinception.course import learn
from tinyinception.course.results import keep
from tinyinception.data import Loader, drawn
from tinyinception.judge.scores import score
from tinyinception.models.network import Network

TRAIN, TEST = drawn.draw(10_000), drawn.draw(2_000, split="test")
SEEDS = 3
# place of the squeeze, channels in its middle, whether batch-norm and ReLU follow it
SQUEEZES = [("early", 2, False), ("early", 8, True), ("late", 2, True)]
WIDTHS = (32, 128, 512)  # of a last 1x1 before the average pooling


def squeeze(channels: int, middle: int, unit: bool) -> nn.Module:
    """Down to a few channels and back."""
    down = (
        nn.ConvUnit(channels, middle, 1)
        if unit
        else nn.Conv2d(channels, middle, 1)
    )
    return nn.Sequential(down, nn.ConvUnit(middle, channels, 1))


def build(
    where: str = "", middle: int = 0, unit: bool = True, wide: int = 0
) -> Network:
    """The network of lessons/experiments/principles.py with one squeeze, or with a last 1x1 to `wide` channels."""
    stages = {
        "stem": nn.Sequential(
            nn.ConvUnit(3, 16, 5, stride=2), nn.ConvUnit(16, 32, 3)
        ),
        **({"squeeze": squeeze(32, middle, unit)} if where == "early" else {}),
        "pool": nn.MaxPool2d(3, stride=2, padding="same"),
        "mixed": nn.inception(
            32, n1=16, r3=16, n3=32, r5=8, n5=8, pool_proj=8
        ),
        "reduce": nn.grid_reduction(64, [(64, 3)], padding="same"),
        **({"squeeze": squeeze(128, middle, unit)} if where == "late" else {}),
        **({"wide": nn.ConvUnit(128, wide, 1)} if wide else {}),
        "head": nn.classifier(wide or 128, 10),
    }
    return Network(stages, channels=3, input_size=32)


def accuracy(network: Network) -> float:
    normal = {"mean": drawn.MEAN, "std": drawn.STD}
    return score(network, Loader(*TEST, 250, **normal)).accuracy


def trained(network: Network, seed: int, steps: int) -> float:
    """As in principles.py: SGD with momentum 0.9 and a triangular rate; the share of the test images that is right."""
    sgd = optim.SGD(
        network.named_parameters(), 0.1, momentum=0.9, nesterov=True
    )
    rate = optim.Triangular(0.1, steps, steps // 4)
    learn(
        network, *TRAIN, steps=steps, seed=seed, optimizer=sgd, schedule=rate
    )
    return accuracy(network)


def main() -> None:
    began, rows = time.monotonic(), []
    for where, middle, unit in SQUEEZES:
        found = []
        for seed in range(SEEDS):
            nn.random.manual_seed(seed)
            found.append(trained(build(where, middle, unit), seed, 400))
        rows.append(
            {"where": where, "middle": middle, "relu": unit, "accuracy": found}
        )
        print(rows[-1], flush=True)
    for wide in WIDTHS:
        found = []
        for seed in range(SEEDS):
            nn.random.manual_seed(seed)
            network = build(wide=wide)
            found.append(trained(network, seed, 100))
        rows.append(
            {
                "wide": wide,
                "macs": summary(network, 32).macs,
                "accuracy": found,
            }
        )
        print(rows[-1], flush=True)
    keep("principles_controls", rows, began)


if __name__ == "__main__":
    main()
