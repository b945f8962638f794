"""Training, to be read from top to bottom."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from tinyinception import data
from tinyinception.context import unchecked_inputs
from tinyinception.errors import ArgumentError, NonFiniteError
from tinyinception.files import as_path
from tinyinception.kernels import prepare
from tinyinception.nn import random
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import clip_grad_norm
from tinyinception.tensor import Tensor
from tinyinception.train.checkpoint import load
from tinyinception.train.config import Config
from tinyinception.train.interrupt import Stopped, stop_signals
from tinyinception.train.pictures import draw_pictures
from tinyinception.train.report import Report
from tinyinception.train.run import CONFIG, Result, Run
from tinyinception.train.scores import Scores, score
from tinyinception.train.session import Session
from tinyinception.train.watch import blame, blame_scores, is_finite

clock = time.monotonic


def fit(config: Config, out: str | Path | None = None, *, dataset: data.Dataset | None = None,
        progress: bool = True) -> Result:
    """Train a network from the start; the run's folder is `out`, which must not hold a run yet.

    dataset: instead of the one that `config.data` names. Raises ArgumentError, DataError, ShapeError or CheckpointError
    before any training where something does not fit, NonFiniteError where the loss or a gradient becomes NaN or
    infinite, and KeyboardInterrupt, after a checkpoint, on Ctrl-C, SIGTERM or SIGHUP; its message says how to continue.
    """
    prepare()
    config = config.located
    with Run.begin(config, out) as run:
        try:
            session = Session(config, dataset or load_data(config, progress))
            session.save(run)
        except BaseException:
            run.discard()
            raise
        return _train(session, run, progress)


def resume(folder: str | Path, data: str | Path | None = None, *, dataset: data.Dataset | None = None,
           progress: bool = True) -> Result:
    """Continue a run, however it ended, to the same bits as if it had never stopped.

    data: where the run's folder of images is now, if it has moved; other images than the run's are refused. Raises as
    `fit` does, and CheckpointError where another process trains this run.
    """
    prepare()
    run = Run.open(folder)
    if not run.is_writable and (result := run.result) is not None:
        return result
    with run.lock():
        config = run.config
        saved = load(run.folder) if run.has_checkpoint else None
        if data is not None:
            config = replace(config, data=data, source=None).located
        elif dataset is None:
            config = run.find_data(config)
        session = Session(config, dataset or load_data(config, progress))
        if saved is None:
            session.save(run)
        else:
            session.restore(run, *saved)
        if config != run.config:
            run.write_config(config)
        run.write_log(session.log)
        return _train(session, run, progress)


def ensure(config: Config, folder: str | Path, *, dataset: data.Dataset | None = None, progress: bool = True) -> Result:
    """The result of training by `config` in `folder`, whatever is there already: calling it again costs nothing.

    A finished run is not trained again, one that stopped is continued, an empty or missing folder is begun. Raises
    ArgumentError naming the fields in which the run that is there differs, and as `fit` and `resume`.
    """
    place = as_path("folder", folder)
    if not (place / CONFIG).is_file():
        return fit(config, place, dataset=dataset, progress=progress)
    run = Run.open(place)
    if differing := config.located.differences(run.config.located):
        raise ArgumentError(f"config: {place} holds a run with {'; '.join(differing)}")
    return run.result or resume(place, dataset=dataset, progress=progress)


def load_data(config: Config, progress: bool) -> data.Dataset:
    """The data set that a config names."""
    return data.load(config.data, source=config.source, limit=config.limit, progress=progress)


def _train(session: Session, run: Run, progress: bool) -> Result:
    config, at, best = session.config, session.position, None
    # NumPy's warnings would come before what they announce: a loss that is NaN or infinite stops the run with a reason
    with Report(session, progress) as report, stop_signals() as stop, np.errstate(all="ignore"), unchecked_inputs():
        report.line(f"{config.model} on {session.dataset!r}, run folder {run.folder}")
        saved = clock()
        while at.epoch < config.epochs:
            began = clock()
            for images, labels in session.train_loader.epoch(at.epoch, start=at.batch):
                loss, correct = train_step(session, images, labels)
                at.add(loss, correct, len(labels))
                at.seconds, began = at.seconds + clock() - began, clock()
                if stop.signal or began - saved >= config.checkpoint_seconds:
                    session.save(run)
                    saved = began = clock()
                if stop.signal:
                    raise Stopped(f"stopped and saved; continue with {run.resume_command()}", stop.signal)
                report.step(len(labels))
            row, best = _epoch_row(session)
            session.log.append(row)
            at.next_epoch()
            session.save(run)
            saved = clock()
            run.write_log(session.log)
            report.epoch(row)
        report.line("drawing the pictures")
        return _finish(session, run, best)


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
    loss = total = cross_entropy(logits, labels, label_smoothing=smoothing)
    for head in aux:
        total = total + session.aux_weight * cross_entropy(head, labels, label_smoothing=smoothing)
    return logits, loss, total


def _non_finite(session: Session, images: np.ndarray, labels: np.ndarray, loss: float) -> NonFiniteError:
    at = session.position
    what = "a gradient is NaN or infinite" if math.isfinite(loss) else f"the loss is {loss}"
    culprit = blame(session.network, images, lambda: _forward(session, images, labels)[-1].backward())
    return NonFiniteError(f"{what} at step {at.step}, batch {at.batch} of epoch {at.epoch + 1}; the first to be so was "
                          f"{culprit}; the last good checkpoint is kept; try lower lr than {session.config.lr:g}")


def _epoch_row(session: Session) -> tuple[dict, Scores]:
    """One line of log.csv, and the scores that count as the result so far.

    The seconds hold everything but checkpoints, the images per second only training.
    """
    at, began = session.position, clock()
    test, averaged = measure(session)
    row = {
        "epoch": at.epoch + 1, "step": at.step, "lr": session.schedule(at.step - 1),
        "train_loss": at.loss_sum / at.images, "train_accuracy": at.correct / at.images,
        "test_loss": test.loss, "test_accuracy": test.accuracy,
        "averaged_test_accuracy": None if averaged is None else averaged.accuracy,
        "seconds": at.seconds + clock() - began,
        "images_per_second": at.images / max(at.seconds, 1e-9),  # a coarse clock may not have moved
    }
    return row, averaged or test


def measure(session: Session) -> tuple[Scores, Scores | None]:
    """On the test images: the network as it is, and with its averaged parameters where they are kept.

    Raises NonFiniteError where the loss on them is NaN or infinite.
    """
    test = _measure(session, "")
    if session.average is None:
        return test, None
    with session.average.apply():
        return test, _measure(session, " with averaged parameters")


def _measure(session: Session, how: str) -> Scores:
    scores = score(session.network, session.test_loader)
    if not math.isfinite(scores.loss):
        at, culprit = session.position, blame_scores(session.network, session.test_loader)
        raise NonFiniteError(
            f"the test loss{how} is {scores.loss} at the end of epoch {min(at.epoch + 1, session.config.epochs)}; the "
            f"first to be so was {culprit}; the last good checkpoint is kept; try lower lr than {session.config.lr:g}")
    return scores


def _finish(session: Session, run: Run, best: Scores | None) -> Result:
    """best: what the last epoch was found to come to; None where that was in another process."""
    if best is None:
        test, averaged = measure(session)
        best = averaged or test
    result = Result(best.accuracy, session.position.epoch, sum(row["seconds"] for row in session.log),
                    median(row["images_per_second"] for row in session.log), str(run.folder))
    run.write_result(result)
    draw_pictures(session, run, best)
    return result
