"""What the user sees of a training run: a bar on a terminal, one line per epoch everywhere; all on standard error."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tinyinception.terminal import bar, is_terminal, say
from tinyinception.train.watchers import Watcher

if TYPE_CHECKING:
    from tinyinception.train.run import Run
    from tinyinception.train.session import Session


class Report(Watcher):
    """Progress of a session; silent unless `enabled`."""

    def __init__(self, enabled: bool) -> None:
        self.enabled, self.images = enabled, 0

    def begin(self, session: Session, run: Run) -> None:
        """Before the first step."""
        enabled, self.session = self.enabled, session
        loader, at = session.train_loader, session.position
        per_epoch = min(len(loader) * loader.batch_size, len(loader.images))
        # One bar for the whole run, so that its time left is what the user waits for.
        self.bar = bar(desc="compiling kernels", total=session.config.epochs * per_epoch,
                       initial=at.epoch * per_epoch + at.images, unit="img", unit_scale=True, dynamic_ncols=True,
                       smoothing=0.1, shown=enabled and is_terminal(sys.stderr))
        self.line(f"{session.config.model} on {session.dataset!r}, run folder {run.folder}")
        if session.told:
            self.line(session.told)
        self.images = at.images

    def close(self) -> None:
        """However it ended."""
        with suppress(OSError, ValueError):  # the terminal may be gone; that is no reason to lose what was done
            self.bar.close()

    def step(self, session: Session) -> None:
        """After each step."""
        at = session.position
        images = at.images - self.images
        self.images = at.images
        self.bar.set_description(f"epoch {at.epoch + 1}/{self.session.config.epochs}", refresh=False)
        loss, accuracy = at.loss_sum / at.images, at.correct / at.images
        self.bar.set_postfix_str(f"loss {loss:.3f}, accuracy {accuracy:.1%}", refresh=False)
        self.bar.update(images)

    def epoch(self, row: dict) -> None:
        """After each epoch."""
        self.images = 0
        averaged = row["averaged_test_accuracy"]
        self.line(f"epoch {row['epoch']:3}/{self.session.config.epochs}  "
                  f"train loss {row['train_loss']:.3f} accuracy {row['train_accuracy']:.2%}  "
                  f"test loss {row['test_loss']:.3f} accuracy {row['test_accuracy']:.2%}"
                  + (f" (averaged {averaged:.2%})" if averaged is not None else "")
                  + f"  {row['images_per_second']:,.0f} images/s  {row['seconds']:.1f} s")

        if self.session.is_done:
            self.line("drawing the pictures")

    def line(self, text: str) -> None:
        """A message of its own."""
        if self.enabled:
            self.bar.clear()
            say(text)
