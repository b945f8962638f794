"""Training, to be read from top to bottom."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np

from tinyinception import data
from tinyinception.errors import NonFiniteError
from tinyinception.nn import random
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import clip_grad_norm
from tinyinception.tensor import Tensor
from tinyinception.train.checkpoint import load
from tinyinception.train.config import Config
from tinyinception.train.interrupt import ctrl_c
from tinyinception.train.pictures import draw_pictures
from tinyinception.train.report import Report
from tinyinception.train.run import Run
from tinyinception.train.scores import Scores, score
from tinyinception.train.session import Session
from tinyinception.train.watch import blame, is_finite

clock = time.monotonic


@dataclass(frozen=True)
class Result:
    """What a finished run came to. seconds: training and testing; images_per_second: training, median of epochs."""

    test_accuracy: float
    epochs: int
    seconds: float
    images_per_second: float
    run: str


def fit(config: Config, out: str | Path | None = None, *, dataset: data.Dataset | None = None,
        progress: bool = True) -> Result:
    """Train a network from the start; the run's folder is `out`, which must not hold a run yet.

    dataset: instead of the one that `config.data` names. Raises ArgumentError, DataError, ShapeError or CheckpointError
    before any training where something does not fit, NonFiniteError where the loss or a gradient becomes NaN or
    infinite, and KeyboardInterrupt, after a checkpoint, on Ctrl-C; its message says how to continue.
    """
    run = Run.create(config, out)
    try:
        session = Session(config, dataset or load_data(config, progress))
        session.save(run)
    except BaseException:
        run.discard()
        raise
    return _train(session, run, progress)


def resume(folder: str | Path, *, dataset: data.Dataset | None = None, progress: bool = True) -> Result:
    """Continue a run, however it ended, to the same bits as if it had never stopped. Raises as `fit` does."""
    run = Run.open(folder)
    saved = load(run.folder)
    session = Session(run.config, dataset or load_data(run.config, progress))
    session.restore(run, *saved)
    run.write_log(session.log)
    return _train(session, run, progress)


def load_data(config: Config, progress: bool) -> data.Dataset:
    """The data set that a config names."""
    return data.load(config.data, source=config.source, limit=config.limit, progress=progress)


def _train(session: Session, run: Run, progress: bool) -> Result:
    config, at = session.config, session.position
    # NumPy's warnings would come before what they announce: a loss that is NaN or infinite stops the run with a reason
    with Report(session, progress) as report, ctrl_c() as stop, np.errstate(all="ignore"):
        report.line(f"{config.model} on {session.dataset!r}, run folder {run.folder}")
        saved = clock()
        while at.epoch < config.epochs:
            began = clock()
            for images, labels in session.train_loader.epoch(at.epoch, start=at.batch):
                loss, correct = train_step(session, images, labels)
                at.add(loss, correct, len(labels))
                at.seconds, began = at.seconds + clock() - began, clock()
                report.step(len(labels))
                if stop.made or began - saved >= config.checkpoint_seconds:
                    session.save(run)
                    saved = began = clock()
                if stop.made:
                    raise KeyboardInterrupt(f"stopped and saved; continue with {run.resume_command()}")
            row = _epoch_row(session)
            session.log.append(row)
            at.next_epoch()
            session.save(run)
            saved = clock()
            run.write_log(session.log)
            report.epoch(row)
        report.line("drawing the pictures")
        return _finish(session, run)


def train_step(session: Session, images: np.ndarray, labels: np.ndarray) -> tuple[float, int]:
    """One step of gradient descent on one batch: the loss before it, and how many images were classified correctly."""
    optimizer = session.optimizer
    optimizer.lr = session.schedule(session.position.step)
    optimizer.zero_grad()
    logits, loss, total = _forward(session, images, labels)
    finite = math.isfinite(total.item())
    if finite:
        total.backward()
        finite = all(is_finite(parameter.grad) for _, parameter in optimizer.parameters)
    if not finite:
        raise _non_finite(session, images, labels, total.item())
    if session.config.clip is not None:
        clip_grad_norm(optimizer.parameters, session.config.clip)
    optimizer.step()
    if session.average is not None:
        session.average.update()
    return loss.item(), int((logits.numpy().argmax(axis=1) == labels).sum())


def _forward(session: Session, images: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, the loss of the main classifier, and the sum with the auxiliary ones, which is what is minimised."""
    smoothing = session.config.label_smoothing
    with random.using(session.generator):
        logits, aux = session.network(Tensor(images))
    loss = total = cross_entropy(logits, labels, smoothing=smoothing)
    for head in aux:
        total = total + session.aux_weight * cross_entropy(head, labels, smoothing=smoothing)
    return logits, loss, total


def _non_finite(session: Session, images: np.ndarray, labels: np.ndarray, loss: float) -> NonFiniteError:
    at = session.position
    what = "a gradient is NaN or infinite" if math.isfinite(loss) else f"the loss is {loss}"
    culprit = blame(session.network, images, lambda: _forward(session, images, labels)[-1].backward())
    return NonFiniteError(f"{what} at step {at.step}, batch {at.batch} of epoch {at.epoch + 1}; the first to be so was "
                          f"{culprit}; the last good checkpoint is kept; try lower lr than {session.config.lr:g}")


def _epoch_row(session: Session) -> dict:
    """One line of log.csv. The seconds hold everything but checkpoints, the images per second only training."""
    at, began = session.position, clock()
    test, averaged = measure(session)
    return {
        "epoch": at.epoch + 1, "step": at.step, "lr": session.optimizer.lr,
        "train_loss": at.loss_sum / at.images, "train_accuracy": at.correct / at.images,
        "test_loss": test.loss, "test_accuracy": test.accuracy,
        "averaged_test_accuracy": None if averaged is None else averaged.accuracy,
        "seconds": at.seconds + clock() - began, "images_per_second": at.images / at.seconds,
    }


def measure(session: Session) -> tuple[Scores, Scores | None]:
    """On the test images: the network as it is, and with its averaged parameters where they are kept."""
    test = score(session.network, session.test_loader)
    if session.average is None:
        return test, None
    with session.average.apply():
        return test, score(session.network, session.test_loader)


def _finish(session: Session, run: Run) -> Result:
    test, averaged = measure(session)
    best = test if averaged is None else averaged
    result = Result(best.accuracy, session.position.epoch, sum(row["seconds"] for row in session.log),
                    median(row["images_per_second"] for row in session.log), str(run.folder))
    run.write_result(asdict(result))
    draw_pictures(session, run, best)
    return result
