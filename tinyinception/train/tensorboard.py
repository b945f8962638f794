"""A run's curves for TensorBoard, by tensorboardX, which needs neither TensorFlow nor PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinyinception.errors import ArgumentError
from tinyinception.habits import named
from tinyinception.train.watchers import Watcher

if TYPE_CHECKING:
    from tinyinception.train.run import Result, Run
    from tinyinception.train.session import Session

FOLDER = "tensorboard"


@named
class TensorBoard(Watcher):
    """Scalars in RUN/tensorboard: loss and rate every few steps, after each epoch the columns of log.csv.

    A run that is continued writes over what its checkpoint does not know. Raises ArgumentError where tensorboardX is
    not installed.
    """

    def __init__(self, every: int = 50) -> None:
        try:
            import tensorboardX
        except ImportError:
            raise ArgumentError(
                "log: TensorBoard needs tensorboardX; install it with pip install 'tinyinception[log]'"
            ) from None
        self.library, self.every = tensorboardX, every
        self.writer: Any = None

    def begin(self, session: Session, run: Run) -> None:
        step = session.position.step
        self.writer = self.library.SummaryWriter(  # with a name of its own, also within one second
            str(run.folder / FOLDER), purge_step=step + 1 if step else None, filename_suffix=f".{step}"
        )

    def step(self, session: Session) -> None:
        at = session.position.step
        if at % self.every == 0:
            self.writer.add_scalar("step/loss", session.loss, at)
            self.writer.add_scalar("step/lr", session.optimizer.lr, at)

    def epoch(self, row: dict) -> None:
        for name, value in row.items():
            if name not in ("epoch", "step") and value is not None:
                self.writer.add_scalar(f"epoch/{name}", value, row["step"])
        self.writer.flush()

    def end(self, result: Result) -> None:
        self.writer.add_text("result", result.told)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
