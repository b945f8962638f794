"""When label smoothing helps a small network and when it does not: few or many images, the same number of steps."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from short_training import seeds_and_jobs

from tinyinception import nn
from tinyinception.course import learn
from tinyinception.course.results import keep
from tinyinception.data import drawn
from tinyinception.nn.functional import log_softmax
from tinyinception.tensor import Tensor, no_grad

EPS, STEPS, BATCH, LR = 0.1, 600, 50, 0.05
LOOKS, IMAGES = (150, 300, 600), (2000, 10_000)
BINS = np.linspace(0, 1, 11)


def main() -> None:
    """Train, print and keep."""
    options, began = seeds_and_jobs(__doc__), time.monotonic()
    result: dict = {
        "eps": EPS,
        "steps": STEPS,
        "looks": list(LOOKS),
        "runs": [],
    }
    with ProcessPoolExecutor(options.jobs) as pool:
        for runs in pool.map(of_seed, range(options.seeds)):
            result["runs"] += runs
    print(f"written to {keep('smoothing_small', result, began)}")


def of_seed(seed: int) -> list[dict]:
    """All trainings of one seed: few images and many, without smoothing and with it."""
    (x, y), test = drawn.draw(10_000), drawn.draw(1_000, split="test")
    runs = []
    for images in IMAGES:
        for eps in (0.0, EPS):
            run = train(x[:images], y[:images], test, seed, eps)
            runs.append(
                {"seed": seed, "images": images, "smoothing": eps, **run}
            )
            print(
                {
                    key: value
                    for key, value in runs[-1].items()
                    if key != "bins"
                },
                flush=True,
            )
    return runs


def network() -> nn.Module:
    """The lesson's: four 3x3 convolutions."""
    return nn.Sequential(
        nn.ConvUnit(3, 16, 3, stride=2),
        nn.ConvUnit(16, 32, 3, stride=2),
        nn.ConvUnit(32, 32, 3),
        nn.ConvUnit(32, 64, 3, stride=2),
        nn.classifier(64, 10),
    )


def train(
    x: np.ndarray, y: np.ndarray, test: tuple, seed: int, eps: float
) -> dict:
    """One training, with the rate falling to zero in a straight line; looked at on the way."""
    nn.random.manual_seed(seed)
    net = network()
    seen: list[float] = []

    def each(step: int, loss: float) -> None:
        if step + 1 in LOOKS:
            seen.append(accuracy(logits(net, test[0]), test[1]))
            net.train()

    learn(
        net, x, y, steps=STEPS, batch=BATCH, seed=seed, lr=LR,
        schedule=lambda step: LR * (1 - step / STEPS), label_smoothing=eps, each=each,
    )  # fmt: skip
    z, known = logits(net, test[0]), logits(net, x[:1000])
    return {
        "test": seen,
        "train": accuracy(known, y[:1000]),
        "train_gap": gap(known, y[:1000]),
        **facts(z, test[1]),
    }


def logits(net: nn.Module, pixels: np.ndarray) -> np.ndarray:
    """In evaluation mode, for pixels 0 to 255."""
    mean, std = (
        np.array(drawn.MEAN, np.float32),
        np.array(drawn.STD, np.float32),
    )
    net.eval()
    with no_grad():
        parts = [
            net(Tensor((part / np.float32(255) - mean) / std)).numpy()
            for part in np.array_split(pixels, 4)
        ]
    return np.concatenate(parts).astype(np.float64)


def accuracy(z: np.ndarray, y: np.ndarray) -> float:
    return float((z.argmax(axis=1) == y).mean())


def gap(z: np.ndarray, y: np.ndarray) -> float:
    """Median over the images: right logit minus the mean of the others."""
    own = z[np.arange(len(y)), y]
    return float(np.median(own - (z.sum(axis=1) - own) / (z.shape[1] - 1)))


def facts(z: np.ndarray, y: np.ndarray) -> dict:
    """Plain loss, how sure, the calibration error, and for each tenth of confidence: images, sureness, right ones."""
    logp = log_softmax(Tensor(z)).numpy()
    sure, right = np.exp(logp.max(axis=1)), z.argmax(axis=1) == y
    place = np.clip(np.digitize(sure, BINS) - 1, 0, 9)
    bins = [
        [
            int((m := place == i).sum()),
            float(sure[m].sum()),
            int(right[m].sum()),
        ]
        for i in range(10)
    ]
    return {
        "loss": float(-logp[np.arange(len(y)), y].mean()),
        "sure": float(sure.mean()),
        "calibration_error": float(
            sum(abs(s - r) for _, s, r in bins) / len(y)
        ),
        "bins": bins,
    }


if __name__ == "__main__":
    main()
