"""The two networks of the explorer's page "What each layer sees": on drawn images, and on CIFAR-10.

    python lessons/experiments/explorer_networks.py drawn 5
    python lessons/experiments/explorer_networks.py cifar10 4

Both are inception_cifar at half its width: kernels of 0.3 MB in half
precision, and layers whose channels a reader can look through. Trained with
the recipe of `tinyinception train`, seed 0, for so many epochs; what is
written to tinyinception/site/weights is DATA.safetensors, which
`weights.load` reads and which says the numbers of twelve test images, and
DATA-dreams.safetensors.
One thread of a busy machine took about ten minutes for each.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save

import tinyinception
from tinyinception import data, train, weights
from tinyinception.data import Dataset, Normalize
from tinyinception.models.network import Network
from tinyinception.site import dreams, seen
from tinyinception.weights.file import OWN, VERSION

MISTAKES = 2  # beside one image of each class


def compact(network: Network) -> dict[str, np.ndarray]:
    """The numbers of evaluation: kernels in half precision, batch-norm's as they are, no auxiliary classifier."""
    return {
        name: np.ascontiguousarray(
            array, np.float16 if array.ndim > 1 else array.dtype
        )
        for name, array in network.state_dict().items()
        if not name.startswith("aux_")
    }


def chosen(labels: np.ndarray, answers: np.ndarray) -> list[int]:
    """The first test image of each class, right or wrong, and the first mistakes among the others."""
    first = [int(np.flatnonzero(labels == label)[0]) for label in range(10)]
    wrong = (int(i) for i in np.flatnonzero(answers != labels))
    return first + [i for i in wrong if i not in first][:MISTAKES]


def measured(network: Network, dataset: Dataset) -> np.ndarray:
    """The class that the network names for each test image."""
    images = Normalize(dataset.mean, dataset.std)(dataset.test_images)
    batches = np.array_split(images, len(images) // 200)
    return np.concatenate(
        [seen.probabilities(network, x).argmax(axis=1) for x in batches]
    )


def main(name: str, epochs: int) -> None:
    """Train, or go on training, in runs/seen-NAME; then write what the page needs."""
    config = train.Config.for_data(
        name, epochs=epochs, model_options={"width": seen.WIDTH}, seed=0
    )
    run = Path("runs") / f"seen-{name}"
    train.ensure(config, run)
    trained = train.load_run(run)
    dataset = data.load(name)
    place = (
        Path(tinyinception.__file__).parent
        / "site"
        / "weights"
        / f"{name}.safetensors"
    )
    header = {"format": OWN, "version": str(VERSION)}
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(save(compact(trained.network), header))
    network = seen.built()  # what is shipped is measured, not what was trained
    weights.load(network, place)
    answers, labels = measured(network, dataset), dataset.test_labels
    indices = chosen(labels, answers)
    facts = {
        "data": name,
        "epochs": str(epochs),
        "train_images": str(len(dataset.train_images)),
        "test_images": str(len(labels)),
        "right": str(int((answers == labels).sum())),
        "indices": " ".join(map(str, indices)),
        "labels": " ".join(map(str, labels[indices])),
        "classes": " ".join(dataset.classes),
        "mean": " ".join(map(str, dataset.mean)),
        "std": " ".join(map(str, dataset.std)),
    }
    place.write_bytes(save(compact(trained.network), {**header, **facts}))
    dreamt = dreams.of(seen.Trained(name))
    place.with_name(f"{name}-dreams.safetensors").write_bytes(save(dreamt))
    print(f"{place.name}: {place.stat().st_size:,} bytes, {facts}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
