"""Three small networks with weight decay: their filters, and whether heat maps pass the controls.

Lesson 20 shows the result. Writes lessons/results/seeing.json; a few minutes on two idle cores.
"""

import time

import numpy as np

from tinyinception import nn, optim
from tinyinception.course import learn
from tinyinception.course.results import keep
from tinyinception.data import drawn
from tinyinception.nn.functional import softmax
from tinyinception.tensor import Tensor, no_grad

STEPS, DECAY, LONG, LONG_DECAY = 300, 0.006, 1200, 0.011
TRAIN, (PIXELS, LABELS) = drawn.draw(10_000), drawn.draw(1_000, split="test")
X = ((PIXELS / 255 - drawn.MEAN) / drawn.STD).astype(np.float32)


def build(seed: int) -> nn.Sequential:
    """The network of lesson 20."""
    nn.random.manual_seed(seed)
    mixed = nn.inception(32, n1=16, r3=16, n3=32, r5=8, n5=16, pool_proj=16)
    return nn.Sequential(
        first=nn.ConvUnit(3, 16, 7, stride=2),
        second=nn.ConvUnit(16, 32, 3),
        pool=nn.MaxPool2d(2),
        mixed=mixed,
        last=nn.ConvUnit(mixed.out_channels, 64, 3),
        head=nn.classifier(64, 10),
    )


def train(seed: int, steps: int, decay: float) -> nn.Sequential:
    network = build(seed)
    sgd = optim.SGD(
        network.named_parameters(),
        0.1,
        momentum=0.9,
        nesterov=True,
        weight_decay=decay,
    )
    rate = optim.Triangular(0.1, steps, steps // 4)
    learn(
        network, *TRAIN, steps=steps, seed=seed, optimizer=sgd, schedule=rate
    )
    return network.eval()


def probabilities(network: nn.Sequential, x: np.ndarray) -> np.ndarray:
    with no_grad():
        return softmax(network(Tensor(x))).numpy()


def heat(network: nn.Sequential, classes: np.ndarray) -> np.ndarray:
    """Grad-CAM, N x 8 x 8: before average pooling and a linear layer the weights are the layer's own."""
    with no_grad():
        a = Tensor(X)
        for stage in ("first", "second", "pool", "mixed", "last"):
            a = network[stage](a)
    weights = network["head"].fc.weight.numpy()[:, classes].T
    return np.maximum((a.numpy() * weights[:, None, None]).sum(axis=3), 0)


def contrast() -> np.ndarray:
    """How far each cell is from the image's mean colour; no network is asked."""
    far = ((X - X.mean(axis=(1, 2), keepdims=True)) ** 2).sum(axis=3)
    return far.reshape(-1, 8, 4, 8, 4).mean(axis=(2, 4))


def kept(
    network: nn.Sequential, answers: np.ndarray, order: np.ndarray
) -> float:
    """The mean probability of the answer after 16 cells of each image were blanked, the first of `order`."""
    mask = np.zeros((len(X), 64), bool)
    np.put_along_axis(mask, order[:, :16], True, axis=1)
    mask = np.kron(mask.reshape(-1, 8, 8), np.ones((1, 4, 4))).astype(bool)
    x = np.where(mask[..., None], X.mean(axis=(1, 2), keepdims=True), X)
    return float(
        np.take_along_axis(
            probabilities(network, x), answers[:, None], 1
        ).mean()
    )


def ranks(maps: np.ndarray) -> np.ndarray:
    return maps.reshape(len(maps), -1).argsort(axis=1).argsort(axis=1)


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """The mean over the images of the rank correlation of two maps."""
    pairs = zip(ranks(one), ranks(other), strict=True)
    return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs]))


def looked_at(seed: int) -> dict:
    """One network's accuracy, and what blanking by each kind of map does to its answers."""
    network = train(seed, STEPS, DECAY)
    p = probabilities(network, X)
    answers = p.argmax(axis=1)
    grad_cam = heat(network, answers)
    maps = {
        "Grad-CAM": grad_cam,
        "contrast, no network": contrast(),
        "Grad-CAM, wrong class": heat(
            network, (answers + 1 + np.arange(len(X)) % 9) % 10
        ),
        "Grad-CAM, untrained": heat(build(seed + 100).eval(), answers),
        "random": np.random.default_rng(seed).random(grad_cam.shape),
    }
    rows = {}
    for name, one in maps.items():
        order = one.reshape(len(X), 64).argsort(axis=1)
        rows[name] = {
            "hottest": round(kept(network, answers, order[:, ::-1]), 3),
            "coldest": round(kept(network, answers, order), 3),
            "like Grad-CAM": round(agreement(grad_cam, one), 3),
        }
        print(seed, name, rows[name], flush=True)
    right = round(float(np.mean(answers == LABELS)), 3)
    return {
        "seed": seed,
        "accuracy": right,
        "sure": round(float(p.max(axis=1).mean()), 3),
        "maps": rows,
    }


def main() -> None:
    began = time.monotonic()
    found = [looked_at(seed) for seed in range(3)]
    network = train(0, LONG, LONG_DECAY)
    kernels = network["first"].conv.weight.numpy()
    order = np.argsort(-np.square(kernels).sum(axis=(0, 1, 2)))
    kernels = kernels[..., order]
    right = float(np.mean(probabilities(network, X).argmax(axis=1) == LABELS))
    grey = 3 * np.square(kernels.mean(axis=2)).sum() / np.square(kernels).sum()
    scaled = np.rint(127 * kernels / np.abs(kernels).max(axis=(0, 1, 2)))
    keep(
        "seeing",
        {
            "controls": found,
            "steps": LONG,
            "weight_decay": LONG_DECAY,
            "accuracy": round(right, 3),
            "grey": round(float(grey), 3),
            "norms": [
                round(float(n), 3)
                for n in np.sqrt(np.square(kernels).sum(axis=(0, 1, 2)))
            ],
            "filters": "".join(f"{int(v) + 128:02x}" for v in scaled.ravel()),
        },
        began,
    )
    print(f"long training: {right:.1%} right, grey {grey:.0%}")


if __name__ == "__main__":
    main()
