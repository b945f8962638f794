"""One step of gradient descent: recorded once and replayed, unless a session is eager."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np

from tinyinception.context import sighted
from tinyinception.errors import CaptureError, NonFiniteError
from tinyinception.judge.nonfinite import blame
from tinyinception.judge.scores import outputs
from tinyinception.kernels.launch import launch
from tinyinception.nn import random
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import clip_grad_norm
from tinyinception.replay import Captured
from tinyinception.tensor import Tensor
from tinyinception.terminal import say
from tinyinception.train.session import Session


def train_step(session: Session, images: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
    """One step on one batch: the loss before it, and how many images were classified correctly.

    Of several ranks, each is given the whole batch and takes its part. Raises NonFiniteError, before anything but
    running statistics has changed, where the loss or a gradient is NaN or infinite, on whichever rank.
    """
    optimizer, ranks = session.optimizer, session.ranks
    session.prepare()
    images = session.early(images, session.position)
    if ranks.size > 1:
        whole, part = len(labels), ranks.part(len(labels))
        images, labels = images[part], labels[part]
        session.share[0] = len(labels) / whole
    logits, loss, total = _step(session, images, labels)
    if not optimizer.finite[0]:
        raise ranks.agree(_non_finite(session, images, labels, total.item()))
    return loss.item(), ranks.sum(int((logits.numpy().argmax(axis=1) == labels).sum()))


def _step(session: Session, images: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """`descend`, by replay where that may be; a network whose forward cannot be recorded is run as it is from then."""
    with random.using(session.generator):
        if session.eager:
            return descend(session, Tensor(images), labels)
        if session.captured is not None:
            return session.captured(images, labels)
        before = session.network.state_dict(), random.get_state()
        session.captured = Captured(lambda x, y: descend(session, x, y), session.parts())
        try:
            return session.captured(images, labels)
        except CaptureError as reason:
            say(f"every step runs from Python: {reason}")
            session.eager, session.captured = True, None
            session.network.load_state_dict(before[0])
            random.set_state(before[1])
            return descend(session, Tensor(images), labels)


def descend(session: Session, images: Tensor, labels: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Forward, backward, clipping and update: the logits, the loss of the main classifier, and what was minimised.

    Where that or a gradient is NaN or infinite, `optimizer.finite` is 0 and nothing is updated.
    """
    optimizer = session.optimizer
    optimizer.zero_grad()
    logits, loss, total = forward(session, images, labels)
    total.backward()
    if session.ranks.size > 1:
        _average(session, loss, total)
    optimizer.check_finite(total)
    if session.config.clip is not None:
        with suppress(NonFiniteError):  # which `finite` says already
            clip_grad_norm(optimizer.parameters, session.config.clip)
    optimizer.step()
    if session.average is not None:
        session.average.update()
    return logits, loss, total


@sighted()
def _average(session: Session, loss: Tensor, total: Tensor) -> None:
    """Gradients, losses and running statistics of a part become those of the whole batch, on all ranks."""
    frozen = [array for norm in session.frozen_norms for _, array in norm.named_buffers()]
    statistics = [
        array
        for _, array in session.network.named_buffers()
        if array.dtype.kind == "f" and not any(array is one for one in frozen)
    ]
    losses = [loss.numpy(), total.numpy()]
    if total is loss:  # perhaps on this rank only, and all send the same
        losses[1] = np.empty_like(losses[0])
        launch(np.copyto, losses[1], losses[0])
    launch(session.ranks.mean, session.share, *session.optimizer.gradients(), *losses, *statistics)


def forward(session: Session, images: Tensor, labels: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, the loss of the main classifier, and the sum with the auxiliary ones, which is what is minimised."""
    smoothing = session.config.label_smoothing
    logits, aux = outputs(session.network, images)
    loss = total = cross_entropy(logits, labels, label_smoothing=smoothing)
    for head in aux:
        total = total + session.aux_weight * cross_entropy(head, labels, label_smoothing=smoothing)
    return logits, loss, total


def _non_finite(session: Session, images: np.ndarray, labels: np.ndarray, loss: float) -> NonFiniteError:
    def again() -> None:
        with random.using(session.generator):
            forward(session, Tensor(images), labels)[-1].backward()

    at = session.position
    what = f"the loss is {loss}" if not math.isfinite(loss) else "a gradient is NaN or infinite"
    culprit = session.ranks.culprit(blame(session.network, images, again))
    return NonFiniteError(
        f"{what} at step {at.step}, batch {at.batch} of epoch {at.epoch + 1}; the first to be so was "
        f"{culprit}; the last good checkpoint is kept; try lower lr than {session.config.lr:g}"
    )
