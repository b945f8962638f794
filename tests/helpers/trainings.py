"""A network, an optimiser and the step that trains it, from Python or captured, and batches for it."""

import numpy as np

import tinyinception as ti
from tinyinception import nn, optim
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor


class Training:
    """A network, an optimiser, maybe an average of both, and the step that trains them."""

    def __init__(self, network, optimizer="SGD", *, clip=None, average=False, dtype=np.float32, **options):
        self.network = network.to(dtype)
        self.optimizer = getattr(optim, optimizer)(self.network.named_parameters(), lr=0.1, **options)
        self.clip, self.dtype = clip, dtype
        learned = [*self.network.named_parameters(), *self.network.named_buffers()]
        self.average = optim.RunningAverage(learned) if average else None

    def step(self, images, labels):
        self.optimizer.zero_grad()
        result = self.network(images)
        logits, aux = result if isinstance(result, nn.Output) else (result, ())
        loss = cross_entropy(logits, labels, label_smoothing=0.1)
        for head in aux:
            loss = loss + 0.3 * cross_entropy(head, labels)
        loss.backward()
        if self.clip:
            optim.clip_grad_norm(self.network.named_parameters(), self.clip)
        self.optimizer.step()
        if self.average:
            self.average.update()
        return loss, logits

    def from_python(self, images, labels):
        return self.step(Tensor(images), labels)

    def captured(self):
        return ti.capture(self.step, *filter(None, (self.network, self.optimizer, self.average)))

    def state(self):
        arrays = {**self.network.state_dict(), **self.optimizer.state_dict()}
        arrays |= {f"grad {name}": p.grad for name, p in self.network.named_parameters() if p.grad is not None}
        return arrays | (self.average.state_dict() if self.average else {})


def batches(number=6, size=8, images=4, channels=3, dtype=np.float32, classes=10):
    rng = np.random.default_rng(5)
    for _ in range(number):
        yield rng.random((images, size, size, channels)).astype(dtype), rng.integers(0, classes, images)


def run(training, captured, data):
    step, found = training.captured() if captured else training.from_python, []
    for number, (images, labels) in enumerate(data):
        training.optimizer.lr = 0.1 / (number + 1)
        found.append([t.numpy().copy() for t in step(images, labels)])
    assert not captured or step.recordings
    return found, training.state()


def same_bits(make, data):
    """Both ways from the same start: losses and logits of each step, and everything at the end."""
    found = []
    data = list(data)
    for captured in (False, True):
        ti.manual_seed(3)
        found.append(run(make(), captured, data))
    (one, state), (other, replayed) = found
    for a, b in zip(one, other, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)
    assert state.keys() == replayed.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(array, replayed[name], err_msg=name)


def small():
    return nn.Sequential(
        unit=nn.ConvUnit(3, 8, 3),
        pool=nn.MaxPool2d(3, stride=2, padding=1),
        block=nn.inception(8, n1=4, r3=2, n3=4, r5=2, n5=4, pool_proj=4),
        lrn=nn.LocalResponseNorm(3),
        grouped=nn.Conv2d(16, 8, 3, groups=2, padding=1),
        relu=nn.ReLU(),
        average=nn.AvgPool2d(2),
        drop=nn.Dropout(0.3),
        end=nn.GlobalAvgPool(),
        fc=nn.Linear(8, 10),
    )
