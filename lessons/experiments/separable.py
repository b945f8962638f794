"""Does training make kernels more separable? Shares of a column and a row in five layers, and accuracy once split.

Lesson 12 shows the result, lessons/results/separable.json; about five minutes on two cores.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from tinyinception import data, nn
from tinyinception.course.results import keep
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor, no_grad

RATE, BATCH, RENEWED = 0.05, 50, 1500


def build() -> nn.Module:
    """A 7x7 on the colours, then four 3x3; lesson 12 has the same network."""
    return nn.Sequential(
        conv1=nn.ConvUnit(3, 16, 7, stride=2),
        conv2=nn.ConvUnit(16, 32, 3, stride=2),
        conv3=nn.ConvUnit(32, 32, 3),
        conv4=nn.ConvUnit(32, 64, 3, stride=2),
        conv5=nn.ConvUnit(64, 64, 3),
        head=nn.classifier(64, 10),
    )


def kernels(network: nn.Module) -> dict:
    """The weights of the convolutions, by layer."""
    return {
        name.split(".")[0]: p
        for name, p in network.named_parameters()
        if name.endswith("conv.weight")
    }


def halved(kernel: np.ndarray) -> tuple[float, np.ndarray]:
    """Share of the energy that a column and a row of half the weights reach, and the kernel that they make."""
    n, _, m, k = kernel.shape
    c = n * m * k // (m + k) // 2
    matrix = kernel.transpose(0, 2, 1, 3).reshape(n * m, n * k).astype(float)
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    made = (u[:, :c] * s[:c]) @ v[:c]
    share = float((s[:c] ** 2).sum() / (s**2).sum())
    return share, made.reshape(n, m, n, k).transpose(0, 2, 1, 3)


def accuracy(
    network: nn.Module, images: np.ndarray, labels: np.ndarray
) -> float:
    """In evaluation, on the test images."""
    network.eval()
    with no_grad():
        right = network(Tensor(images)).numpy().argmax(axis=1) == labels
    network.train()
    return float(right.mean())


def renew(network: nn.Module, images: np.ndarray) -> None:
    """Two passes in training mode, which renew batch-norm's running statistics; no weight moves."""
    with no_grad():
        for _ in range(2):
            for i in range(0, len(images), BATCH):
                network(Tensor(images[i : i + BATCH]))


def main() -> None:
    """Train, split one layer at a time, print and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=3, help="trainings")
    parser.add_argument("--epochs", type=int, default=12, help="of each")
    options, began = parser.parse_args(), time.monotonic()
    drawing = data.load("drawn", progress=False)
    test, train = (
        np.ascontiguousarray(
            (images / 255 - drawing.mean) / drawing.std, dtype=np.float32
        )
        for images in (drawing.test_images, drawing.train_images[:RENEWED])
    )
    result = {
        name: {"share": [], "stale": [], "renewed": []}
        for name in kernels(build())
    }
    result["whole"] = {"stale": [], "renewed": []}
    for seed in range(options.seeds):
        nn.random.manual_seed(seed)
        network = build()
        loader = drawing.loader("train", BATCH, shuffle=True, seed=seed)
        optimizer = SGD(
            network.named_parameters(), RATE, momentum=0.9, weight_decay=5e-4
        )
        weights = kernels(network)
        shares = {name: [halved(p.data)[0]] for name, p in weights.items()}
        for epoch in range(options.epochs):
            optimizer.lr = RATE * (1 - epoch / options.epochs)
            for batch, labels in loader.epoch(epoch):
                optimizer.zero_grad()
                cross_entropy(network(Tensor(batch)), labels).backward()
                optimizer.step()
            for name, p in weights.items():
                shares[name].append(halved(p.data)[0])
        state = network.state_dict()
        for name in ("whole", *weights):
            network.load_state_dict(state)
            if name != "whole":
                weights[name].data[...] = halved(weights[name].data)[1]
                result[name]["share"].append(shares[name])
            stale = accuracy(network, test, drawing.test_labels)
            renew(network, train)
            new = accuracy(network, test, drawing.test_labels)
            result[name]["stale"].append(stale)
            result[name]["renewed"].append(new)
            print(
                f"seed {seed} {name}: {stale:.2%}, statistics renewed {new:.2%}"
                f"   ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
    print(f"written to {keep('separable', result, began)}")


if __name__ == "__main__":
    main()
