"""The lessons' training loop and the pictures that move."""

import numpy as np
import pytest
from PIL import Image

from tinyinception import nn, optim
from tinyinception.course import animate, figure, learn
from tinyinception.data import Loader
from tinyinception.errors import ArgumentError

rng = np.random.default_rng(0)
X = rng.standard_normal((40, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def line(out=2):
    nn.random.manual_seed(0)
    return nn.Sequential(nn.Linear(6, out))


def by_hand(steps, lr, batch, seed):
    """The same in NumPy: softmax regression, momentum 0.9."""
    net = line()
    (w, b), v = (p.data.astype(float).copy() for p in net.parameters()), [0, 0]
    order, losses = np.random.default_rng(seed), []
    w = w if w.shape == (6, 2) else w.T
    while True:
        shuffled = order.permutation(len(X))
        for first in range(0, len(X) - batch + 1, batch):
            pick = shuffled[first : first + batch]
            z = X[pick] @ w + b
            p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
            losses.append(-np.log(p[np.arange(batch), Y[pick]]).mean())
            g = (p - np.eye(2)[Y[pick]]) / batch
            v = [0.9 * v[0] + X[pick].T @ g, 0.9 * v[1] + g.sum(axis=0)]
            w, b = w - lr * v[0], b - lr * v[1]
            if len(losses) == steps:
                return losses


def test_the_losses_are_those_of_momentum_on_batches_in_a_seeds_order():
    found = learn(line(), X, Y, steps=7, batch=16, lr=0.1, seed=3)
    assert found == pytest.approx(by_hand(7, 0.1, 16, 3), rel=1e-4)


def test_a_schedule_sets_the_rate_of_each_step_and_a_callback_may_end_it():
    network, seen = line(), []
    sgd = optim.SGD(network.named_parameters(), 0.5)

    def each(step, loss):
        seen.append((step, sgd.lr, loss))
        return step == 2

    losses = learn(network, X, Y, steps=10, optimizer=sgd, schedule=lambda step: 0.1 / (step + 1), each=each)
    assert [lr for _, lr, _ in seen] == pytest.approx([0.1, 0.05, 0.1 / 3])
    assert losses.tolist() == [loss for *_, loss in seen]


def test_floats_are_learnt_by_their_mean_squared_error():
    network, target = line(1), X[:, :1] * 2
    losses = learn(network, X, target, steps=60, batch=40, lr=0.05)
    assert losses[0] == pytest.approx(float(((line(1)(nn_tensor(X)).numpy() - target) ** 2).mean()), rel=1e-5)
    assert losses[-1] < losses[0] / 20


def nn_tensor(array):
    from tinyinception.tensor import Tensor

    return Tensor(array)


def test_a_loader_brings_its_batches_and_pixels_are_normalised():
    from tinyinception.data import drawn

    pixels = rng.integers(0, 256, (8, 4, 4, 3), dtype=np.uint8)
    labels = np.arange(8) % 2
    loader = Loader(pixels, labels, 8, mean=drawn.MEAN, std=drawn.STD)

    def network():
        nn.random.manual_seed(1)
        return nn.classifier(3, 2)

    ours = learn(network(), loader, steps=3)
    theirs = learn(network(), pixels, labels, steps=3, batch=64)  # one batch of all, in another order
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_what_cannot_be_learnt_is_refused():
    with pytest.raises(ArgumentError, match="learn: steps must be a whole number"):
        learn(line(), X, Y, steps=0)
    with pytest.raises(ArgumentError, match=r"labels must be one for each image, got \(40, 6\) images"):
        learn(line(), X, Y[:3], steps=1)
    with pytest.raises(ArgumentError, match="a Loader brings its labels"):
        learn(line(), Loader(np.zeros((2, 1, 1, 1)), Y[:2], 2, mean=(0,), std=(1,)), Y[:2], steps=1)


def test_a_picture_moves_as_a_gif_and_stands_still_at_its_last_step(course, capsys, tmp_path):
    _, axes = figure(width=2, height=2)
    seen = []

    def draw(i):
        seen.append(i)
        axes.clear()
        return axes.plot([0, i])

    animate(draw, 3, "01_moving")
    assert set(seen) == {0, 1, 2}
    assert seen[-1] == 2
    folder = tmp_path / "figures"
    with Image.open(folder / "01_moving.gif") as moving:
        assert moving.n_frames >= 3
    assert (folder / "01_moving.png").is_file()
    assert capsys.readouterr().out == f"moving figure: {folder / '01_moving.gif'}\nfigure: {folder / '01_moving.png'}\n"
