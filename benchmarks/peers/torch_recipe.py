"""PyTorch's side of `benchmarks.recipe`: the same network from the same weights, the same batches and rates, its steps.

Muon, Lookahead and the groups of rates are written as the recipe has them; all else is PyTorch's own. Before its clock
starts, the steps are compiled where the mode says so, both with and without the whitening layer's bias.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.torch import MODES, build
from benchmarks.recipe_training import Training
from benchmarks.sides import NotSupported
from tinyinception.judge.crops import Scheme
from tinyinception.judge.scores import score
from tinyinception.train.config import LEARNING_RATES, MOMENTA, Config
from tinyinception.train.state import Position

if TYPE_CHECKING:
    import torch

COEFFICIENTS = 3.4445, -4.7750, 2.0315
MUON_STEPS, SGD_MOMENTUM = 3, 0.85  # of the recipe's Muon, and of what it leaves to SGD


def train(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `recipe_training.train`. mode: one of MODES."""
    training = Training(case)
    peer = Peer(training, **MODES[case["mode"]])
    images, labels = next(training.session.train_loader.epoch(0))

    def whole() -> dict[str, Any]:
        peer.warm(images, labels)
        return training.whole(peer.step, peer.test)

    return {
        "train": whole,
        "losses": lambda: training.traced(peer.step),
        "step": lambda: peer.step(images, labels),
    }


class Peer:
    """The network of a session in PyTorch, and its optimisers."""

    def __init__(self, training: Training, channels_last: bool = False, compiled: bool = False):
        import torch

        self.session, config = training.session, training.session.config
        if config.optimizer not in ("muon", "sgd") or config.average is not None or config.clip is not None:
            raise NotSupported(
                "the recipe has an optimiser, an average or a limit of gradients that is not written here"
            )
        self.planned = training.planned
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.model = build(self.session.network, self.session.dataset.image_shape[:2]).to(memory_format=self.format)
        self.parameters = dict(self._paired())
        self.kernels = [p for p in self.parameters.values() if p.requires_grad and p.ndim == 4]
        self.muon = config.optimizer == "muon"
        self.velocity = [torch.zeros_like(p) for p in self.kernels] if self.muon else []
        self.optimizer = torch.optim.SGD(self._groups(config), fused=True)
        self.rates = [group["lr"] / config.lr for group in self.optimizer.param_groups]
        self.slow = [one.detach().clone() for one in self._followed()] if config.lookahead else []
        self.objective = self._objective
        self.move = self._move
        if compiled:
            self.objective = torch.compile(self._objective, dynamic=False)
            self.move = torch.compile(self._move, dynamic=False)
        self.made = 0

    # -- parameters ----------------------------------------------------------------------------------------------------

    def _paired(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """PyTorch's parameters by the names of ours, which come in the same order; what is frozen there is here."""
        theirs = [p for p in self.model.parameters() if p.requires_grad]
        for (name, mine), other in zip(self.session.network.named_parameters(), theirs, strict=True):
            if mine.size != other.numel():
                raise ValueError(f"{name} has {mine.shape}, PyTorch's {tuple(other.shape)}")
            other.requires_grad_(mine.requires_grad)
            yield name, other

    def _groups(self, config: Config) -> list[dict[str, Any]]:
        """What SGD trains, in groups of their own rates; only kernels and matrices decay."""
        usual = LEARNING_RATES["sgd"] if self.muon else config.lr
        rates = {1: config.bias_lr or usual, 2: config.head_lr or usual, 4: config.lr}
        momentum = SGD_MOMENTUM if self.muon else config.momentum or MOMENTA["sgd"]
        groups = []
        for axes in (1, 2) if self.muon else (1, 2, 4):
            found = [p for p in self.parameters.values() if p.requires_grad and p.ndim == axes]
            if found:
                groups.append({"params": found, "lr": rates[axes], "momentum": momentum, "nesterov": True})
                groups[-1]["weight_decay"] = config.weight_decay if axes > 1 else 0.0
        return groups

    def _followed(self) -> list[torch.Tensor]:
        """What Lookahead's slow weights follow: parameters, and running statistics."""
        return [*self.model.parameters(), *(b for b in self.model.buffers() if b.is_floating_point())]

    # -- a step --------------------------------------------------------------------------------------------------------

    def _objective(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        smoothing = self.session.config.label_smoothing
        logits, aux = self.model(images)
        total = loss = cross_entropy(logits, labels, label_smoothing=smoothing)
        for head in aux:
            total = total + self.session.aux_weight * cross_entropy(head, labels, label_smoothing=smoothing)
        return total, loss

    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        """One step on a batch; its loss before it."""
        import torch

        session, config = self.session, self.session.config
        self._let_bias_learn(config.whiten is None or session.position.epoch < config.whiten)
        self.model.zero_grad()
        total, loss = self.objective(*self._batch(session.early(x, session.position), y))
        total.backward()
        rate = session.schedule(session.position.step)
        for group, ratio in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * ratio
        self.optimizer.step()
        with torch.no_grad():
            decay, momentum = 1 - rate * config.weight_decay, config.momentum or MOMENTA["muon"]
            for p, v in zip(self.kernels, self.velocity, strict=False):
                self.move(p, p.grad, v, torch.tensor(rate), torch.tensor(decay), momentum)
            self.made += 1
            if self.slow and self.made % config.lookahead == 0:
                done = min(1.0, session.position.step / self.planned)
                self._look_back(1 - 0.95**config.lookahead * done**3)
        return loss.item()

    def _batch(self, x: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        return torch.from_numpy(x).movedim(-1, 1).contiguous(memory_format=self.format), torch.from_numpy(y)

    def _let_bias_learn(self, learns: bool) -> None:
        """Of a whitening layer, which is the first; its kernels are frozen already."""
        if self.session.config.whiten is None:
            return
        first = list(self.parameters.values())[:2]
        if not first[0].requires_grad and first[1].requires_grad != learns:
            first[1].requires_grad_(learns)
            first[1].grad = None

    @staticmethod
    def _move(p: torch.Tensor, grad: torch.Tensor, v: torch.Tensor, rate: Any, decay: Any, momentum: float) -> None:
        """Muon's step of one kernel, which is a matrix with a row for each of its output channels."""
        v.mul_(momentum).add_(grad)
        direction = (grad + momentum * v).flatten(1)
        p.mul_(len(p) ** 0.5 / p.norm())
        p.mul_(decay)
        p.sub_(rate * orthogonal(direction).view_as(p))

    def _look_back(self, alpha: float) -> None:
        for slow, fast in zip(self.slow, self._followed(), strict=True):
            slow.lerp_(fast, alpha)
            fast.copy_(slow)

    # -- before and after ----------------------------------------------------------------------------------------------

    def warm(self, x: np.ndarray, y: np.ndarray) -> None:
        """Make steps that compile what is compiled, and forget what they have changed."""
        import torch

        state, rates = deepcopy(self.model.state_dict()), deepcopy(self.optimizer.state_dict())
        sizes = {images.shape: images for images in (x, self.session.early(x, Position()))}
        for learns in (False, True):
            self._let_bias_learn(learns)
            for images in sizes.values():
                self.objective(*self._batch(images, y))[0].backward()
        with torch.no_grad():
            for p, v in zip(self.kernels, self.velocity, strict=False):
                self.move(p, p.grad, v, torch.tensor(0.0), torch.tensor(1.0), self.session.config.momentum or 0.6)
                v.zero_()
        self.model.zero_grad()
        self.model.load_state_dict(state)
        self.optimizer.load_state_dict(rates)

    def test(self, scheme: Scheme | None) -> float:
        """Test accuracy, of Lookahead's slow weights where there are any."""
        with self._slow_weights():
            return score(self.model, self.session.test_loader, scheme, classify=self._classify).accuracy

    @contextmanager
    def _slow_weights(self) -> Iterator[None]:
        fast = [one.detach().clone() for one in self._followed()] if self.slow else []
        self._put(self.slow)
        yield
        self._put(fast)

    def _put(self, values: list[torch.Tensor]) -> None:
        import torch

        with torch.no_grad():
            for one, value in zip(self._followed(), values, strict=False):
                one.copy_(value)

    def _classify(self, x: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            images, _ = self._batch(x, np.zeros(1, np.int64))
            return self.model(images)[0].log_softmax(1).numpy()


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """By Newton-Schulz steps, all singular values near 1; rows are not more than columns, or the matrix is turned."""
    a, b, c = COEFFICIENTS
    x = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = x / x.norm().clamp_min(1e-7)
    for _ in range(MUON_STEPS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if matrix.shape[0] <= matrix.shape[1] else x.T
