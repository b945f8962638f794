"""Training, to be read from top to bottom."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from tinyinception import data
from tinyinception.context import unchecked_inputs
from tinyinception.errors import ArgumentError, NonFiniteError
from tinyinception.files import as_path
from tinyinception.habits import named
from tinyinception.judge.nonfinite import blame_scores, check_finite
from tinyinception.judge.scores import Scores, joined, score
from tinyinception.kernels import prepare
from tinyinception.nn import Module
from tinyinception.train.checkpoint import load
from tinyinception.train.config import Config
from tinyinception.train.images import load_data
from tinyinception.train.interrupt import Stopped, stop_signals
from tinyinception.train.live import LivePage
from tinyinception.train.network import own
from tinyinception.train.pictures import draw_pictures
from tinyinception.train.ranks import Ranks, started
from tinyinception.train.report import Report
from tinyinception.train.run import CONFIG, Follower, Result, Run
from tinyinception.train.session import Session, accuracy_of
from tinyinception.train.step import train_step
from tinyinception.train.watchers import StepLog, Watcher, watching

clock = time.monotonic

HOPELESS = 1e4  # a test loss, in nats an image, that no network has which has learned anything

Network = Module | Callable[..., Module]


@named
def fit(
    config: Config,
    out: str | Path | None = None,
    *,
    network: Network | None = None,
    dataset: data.Dataset | None = None,
    watchers: Sequence[Watcher] = (),
    progress: bool = True,
    eager: bool = False,
    pictures: bool = True,
    ranks: Ranks | None = None,
) -> Result:
    """Train a network from the start; the run's folder is `out`, which must not hold a run yet.

    network: one of your own instead of `config.model`, a Module or a function that makes one (called with num_classes
    and channels where it has these parameters); it returns logits or Output(logits, aux). What can be imported is found
    again by `resume`, all else is to be given again. dataset: instead of the one that `config.data` names, see
    `Dataset.from_arrays`. watchers: are told how it goes, beside those that print, write steps.csv and live.html.
    eager: run every step from Python, instead of recording it once and replaying its launches; the bits are the same.
    pictures: draw them at the end. ranks: the processes that train together, see `train.ranks`; by default those that
    mpirun has started, each of which makes the same call.

    Raises ArgumentError, DataError, ShapeError or CheckpointError before any training where something does not fit,
    NonFiniteError where the loss or a gradient becomes NaN or infinite, or the last test loss is beyond HOPELESS, and
    KeyboardInterrupt, after a checkpoint, on Ctrl-C, SIGTERM or SIGHUP; its message says how to continue.
    """
    with started(ranks) as peers, ExitStack() as held:
        peers.together(prepare)
        config = peers.together(lambda: _shared(own(config, network, dataset), peers))
        run = _open(peers, held, lambda: Run.begin(config, out))
        try:
            images = peers.in_turn(lambda: load_data(config, progress, dataset))
            session = peers.together(lambda: Session(config, images, network, eager=eager, ranks=peers))
            session.compare()
            session.save(run)
        except BaseException:
            run.discard()
            raise
        return _train(session, run, watchers, progress, pictures)


@named
def resume(
    folder: str | Path,
    data: str | Path | None = None,
    *,
    epochs: int | None = None,
    network: Network | None = None,
    dataset: data.Dataset | None = None,
    watchers: Sequence[Watcher] = (),
    progress: bool = True,
    eager: bool = False,
    pictures: bool = True,
    ranks: Ranks | None = None,
) -> Result:
    """Continue a run, however it ended, to the same bits as if it had never stopped.

    data: where the run's folder of images is now, if it has moved; other images than the run's are refused. epochs: go
    on to so many; from where it stands, the learning rate is that of a run planned for so many from the start, so that
    it may rise again, and `config.extended` keeps when that was decided. network, dataset: the caller's own, again.
    Raises as `fit` does, and CheckpointError where another process trains this run.
    """
    with started(ranks) as peers, ExitStack() as held:
        peers.together(prepare)
        if epochs is None and (done := peers.lead(lambda: _finished(Run.open(folder)))) is not None:
            return done
        run = _open(peers, held, lambda: Run.open(folder).lock())
        trained, saved = peers.lead(lambda: (run.config, load(run.folder) if run.has_checkpoint else None))
        config = peers.together(lambda: _continued(trained, peers, run))
        if data is not None:
            moved: dict[str, Any] = {"data": data, "source": None}
            config = peers.together(lambda: replace(config, **moved).located)
        elif dataset is None:
            config = peers.together(lambda: run.find_data(config))
        images = peers.in_turn(lambda: load_data(config, progress, dataset))
        session = peers.together(
            lambda: Session(config, images, network, fresh=saved is None, eager=eager, ranks=peers)
        )
        if saved is not None:
            peers.together(lambda: session.restore(run, *saved))
        if epochs is not None:
            peers.together(lambda: session.extend(epochs))
            run.forget_result()
        session.compare()
        if saved is None:
            session.save(run)
        if session.config != trained:
            run.write_config(session.config)
        run.write_log(session.log)
        return _train(session, run, watchers, progress, pictures)


@named
def ensure(
    config: Config,
    folder: str | Path,
    *,
    network: Network | None = None,
    dataset: data.Dataset | None = None,
    watchers: Sequence[Watcher] = (),
    progress: bool = True,
    eager: bool = False,
    pictures: bool = True,
    ranks: Ranks | None = None,
) -> Result:
    """The result of training by `config` in `folder`, whatever is there already: calling it again costs nothing.

    A finished run is not trained again, one that stopped is continued, an empty or missing folder is begun. Raises
    ArgumentError naming the fields in which the run that is there differs, and as `fit` and `resume`.
    """
    place = as_path("folder", folder)
    options: dict[str, Any] = {"network": network, "dataset": dataset, "watchers": watchers}
    options |= {"progress": progress, "eager": eager, "pictures": pictures}
    with started(ranks) as peers:
        options["ranks"] = peers
        if not peers.lead((place / CONFIG).is_file):
            return fit(config, place, **options)
        wanted = peers.together(lambda: _shared(own(config, network, dataset), peers))

        def found() -> Result | None:
            run = Run.open(place)
            if differing := wanted.differences(run.config.located):
                raise ArgumentError(f"config: {place} holds a run with {'; '.join(differing)}")
            return run.result

        return peers.lead(found) or resume(place, **options)


def _shared(config: Config, ranks: Ranks) -> Config:
    """The config of a run by these ranks. ArgumentError where it was made for others."""
    size = ranks.size if ranks.size > 1 else None
    if config.ranks not in (None, size):
        raise ArgumentError(f"ranks: the config is for {config.ranks} processes, got {ranks.size}; see mpirun -n")
    return replace(config, ranks=size, batch_norm="parts" if size else None)


def _open(ranks: Ranks, held: ExitStack, opening: Callable[[], AbstractContextManager[Run]]) -> Run:
    """The run that rank 0 holds from now on; the others know its folder."""
    folder = ranks.lead(lambda: held.enter_context(opening()).folder)
    return Follower(folder) if ranks.rank else Run(folder)


def _finished(run: Run) -> Result | None:
    """The result of a finished run that nobody can write to."""
    return None if run.is_writable else run.result


def _continued(config: Config, ranks: Ranks, run: Run) -> Config:
    """The same, of a run that these ranks may continue. ArgumentError where others have trained it."""
    if (config.ranks or 1) != ranks.size:
        before = "one process" if config.ranks is None else f"{config.ranks} processes"
        raise ArgumentError(f"ranks: trained by {before}, this run is continued with `{run.resume_command()}`")
    return config


def _train(session: Session, run: Run, watchers: Sequence[Watcher], progress: bool, pictures: bool) -> Result:
    config, at, ranks, scores = session.config, session.position, session.ranks, None
    # NumPy's warnings would come before what they announce: a loss that is NaN or infinite stops the run with a reason
    everyone = [] if ranks.rank else [Report(progress), StepLog(), LivePage(), *watchers]
    with (
        watching(everyone, session, run) as tell,
        stop_signals() as stop,
        np.errstate(all="ignore"),
        unchecked_inputs(),
    ):
        saved = clock()
        while not session.is_done:
            began = clock()
            for images, labels in session.train_loader.epoch(at.epoch, start=at.batch):
                session.loss, correct = train_step(session, images, labels)
                at.add(session.loss, correct, len(labels))
                at.seconds, began = at.seconds + clock() - began, clock()
                signal = ranks.any(stop.signal or 0)
                if signal or began - saved >= config.checkpoint_seconds:
                    session.save(run)
                    saved = began = clock()
                if signal:
                    raise ranks.agree(Stopped(f"stopped and saved; continue with {run.resume_command()}", signal))
                tell("step", session)
            row, scores = _epoch_row(session)
            session.log.append(row)
            at.next_epoch()
            if session.best is row:
                _save_best(session, run)
            session.save(run)
            saved = clock()
            run.write_log(session.log)
            tell("epoch", row)
        result = _finish(session, run, scores, pictures)
        tell("end", result)
        return result


def _epoch_row(session: Session) -> tuple[dict, Scores]:
    """One line of log.csv, and the scores that count as the result so far.

    The seconds hold everything but checkpoints, the images per second only training.
    """
    at, began = session.position, clock()
    test, averaged = measure(session)
    row = {
        "epoch": at.epoch + 1,
        "step": at.step,
        "lr": session.schedule(at.step - 1),
        "train_loss": at.loss_sum / at.images,
        "train_accuracy": at.correct / at.images,
        "test_loss": test.loss,
        "test_accuracy": test.accuracy,
        "averaged_test_accuracy": None if averaged is None else averaged.accuracy,
        "seconds": at.seconds + clock() - began,
        "images_per_second": at.images / max(at.seconds, 1e-9),  # a coarse clock may not have moved
    }
    return row, averaged or test


def measure(session: Session) -> tuple[Scores, Scores | None]:
    """On the test images: the network with its last parameters, and with averaged ones where they are kept.

    The last ones are Lookahead's slow weights where there are any: they are what it has come to. Raises NonFiniteError
    where the loss is NaN or infinite.
    """
    with session.slow():
        test = _measure(session, "")
    if session.average is None:
        return test, None
    with session.average.apply():
        return test, _measure(session, " with averaged parameters")


def _measure(session: Session, how: str) -> Scores:
    network, loader, ranks = session.network, session.test_loader, session.ranks
    scores = joined(ranks.gather(score(network, loader, classify=session.classify)))
    if not math.isfinite(scores.loss):
        at, culprit = session.position, ranks.culprit(blame_scores(network, loader))
        error = NonFiniteError(
            f"the test loss{how} is {scores.loss} at the end of epoch {min(at.epoch + 1, session.config.epochs)}; the "
            f"first to be so was {culprit}; the last good checkpoint is kept; try lower lr than {session.config.lr:g}"
        )
        raise ranks.agree(error)
    return scores


def _save_best(session: Session, run: Run) -> None:
    """best.safetensors; before the checkpoint that counts this epoch as done, so that a crash in between repeats it."""
    check_finite(session.network)
    with session.judged():
        run.write_best(session.network)


def _finish(session: Session, run: Run, scores: Scores | None, pictures: bool) -> Result:
    """scores: what the last epoch was found to come to; None where that was in another process."""
    if scores is None:
        test, averaged = measure(session)
        scores = averaged or test
    if scores.loss > HOPELESS:
        guess = math.log(len(session.facts.classes))
        error = NonFiniteError(
            f"the training has diverged: the test loss is {scores.loss:.3g} after {session.position.epoch} epochs, and "
            f"{guess:.3g} by guessing; the last checkpoint is kept; try lower lr than {session.config.lr:g}"
        )
        raise session.ranks.agree(error)
    result = Result(
        scores.accuracy,
        session.position.epoch,
        sum(row["seconds"] for row in session.log),
        median(row["images_per_second"] for row in session.log),
        str(run.folder),
        "averaged" if session.average is not None else "last" if session.config.lookahead is None else "slow",
        session.best["epoch"],
        accuracy_of(session.best),
    )
    run.write_result(result)
    if pictures and not session.ranks.rank:
        with session.judged():
            draw_pictures(session, run, scores)
    return result
