"""One step of gradient descent: recorded once and replayed, unless a session is eager."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np

from tinyinception.errors import CaptureError, NonFiniteError
from tinyinception.judge.nonfinite import blame
from tinyinception.judge.scores import outputs
from tinyinception.nn import random
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import clip_grad_norm
from tinyinception.replay import Captured
from tinyinception.tensor import Tensor
from tinyinception.terminal import say
from tinyinception.train.session import Session


def train_step(session: Session, images: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
    """One step on one batch: the loss before it, and how many images were classified correctly.

    Raises NonFiniteError, before anything but running statistics has changed, where the loss or a gradient is NaN or
    infinite.
    """
    optimizer = session.optimizer
    session.prepare()
    logits, loss, total = _step(session, images, labels)
    if not optimizer.finite[0]:
        raise _non_finite(session, images, labels, total.item())
    return loss.item(), int((logits.numpy().argmax(axis=1) == labels).sum())


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
    optimizer.check_finite(total)
    if session.config.clip is not None:
        with suppress(NonFiniteError):  # which `finite` says already
            clip_grad_norm(optimizer.parameters, session.config.clip)
    optimizer.step()
    if session.average is not None:
        session.average.update()
    return logits, loss, total


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
    culprit = blame(session.network, images, again)
    return NonFiniteError(
        f"{what} at step {at.step}, batch {at.batch} of epoch {at.epoch + 1}; the first to be so was "
        f"{culprit}; the last good checkpoint is kept; try lower lr than {session.config.lr:g}"
    )
