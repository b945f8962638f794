"""Seconds that each stage of GoogLeNet takes for one image, in turns, on an otherwise idle machine.

Lesson 7 shows the result. Writes lessons/results/googlenet_stages.json; about a minute.
"""

import time

import numpy as np

from tinyinception import models, nn
from tinyinception.course.results import keep
from tinyinception.tensor import Tensor, no_grad

ROUNDS = 40
STAGES = {  # first and last child of each
    "stem": ("conv1", "pool2"),
    "stage3": ("inception_3a", "pool3"),
    "stage4": ("inception_4a", "pool4"),
    "stage5": ("inception_5a", "inception_5b"),
    "head": ("head", "head"),
}


def stages(network: nn.Module) -> list[nn.Sequential]:
    """The network cut into its five stages."""
    children = [
        (n, m) for n, m in network.named_children() if not n.startswith("aux")
    ]
    names = [name for name, _ in children]
    return [
        nn.Sequential(dict(children[names.index(a) : names.index(b) + 1]))
        for a, b in STAGES.values()
    ]


def main() -> None:
    began = time.monotonic()
    parts = stages(models.build("googlenet", aux=False).eval())
    image = np.random.default_rng(0).standard_normal(
        (1, 224, 224, 3), dtype=np.float32
    )
    with no_grad():
        inputs = [Tensor(image)]
        for part in parts:
            inputs.append(part(inputs[-1]))
        rounds = np.empty((ROUNDS, len(parts)))
        for row in rounds:
            for i, part in enumerate(parts):
                start = time.perf_counter()
                part(inputs[i])
                row[i] = time.perf_counter() - start
    low, middle, high = np.quantile(rounds, (0.25, 0.5, 0.75), axis=0)
    result = {
        "stages": list(STAGES),
        "rounds": ROUNDS,
        "seconds": middle.tolist(),
        "quartiles": [low.tolist(), high.tolist()],
    }
    print(keep("googlenet_stages", result, began).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
