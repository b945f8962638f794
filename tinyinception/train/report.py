"""What the user sees of a training run: a bar on a terminal, one line per epoch everywhere; all on standard error."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tinyinception.terminal import bar, say, width
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
        self.bar = bar(
            desc="compiling kernels",
            total=session.config.epochs * per_epoch,
            initial=at.epoch * per_epoch + at.images,
            unit=" img",
            unit_scale=True,
            smoothing=0.1,
            bar_format="{desc} {percentage:2.0f}%|{bar}| {remaining} left, {rate_fmt}{postfix}",
            shown=enabled,
        )
        self.line(f"{session.config.model} on {session.dataset!r}, run folder {run.folder}")
        if session.ranks.size > 1:
            self.line(f"{session.ranks.told}; after a crash: {run.resume_command()}")
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
        self.bar.set_description_str(f"{at.epoch + 1}/{self.session.config.epochs}", refresh=False)
        loss, accuracy = at.loss_sum / at.images, at.correct / at.images
        self.bar.set_postfix_str(f"loss {loss:.3f}, {100 * accuracy:.1f} %", refresh=False)
        self.bar.update(images)

    def epoch(self, row: dict) -> None:
        """After each epoch."""
        self.images = 0
        self.line(epoch_line(row, self.session.config.epochs, width(sys.stderr)))
        if self.session.is_done:
            self.line("drawing the pictures")

    def line(self, text: str) -> None:
        """A message of its own."""
        if self.enabled:
            self.bar.clear()
            say(text)


def epoch_line(row: dict, epochs: int, width: int | None) -> str:
    """Loss and accuracy of an epoch, a row of log.csv; the speed and then the time only where they fit."""
    averaged = row["averaged_test_accuracy"]
    parts = [
        f" {row['epoch']:{len(str(epochs))}}/{epochs}",
        f"train {row['train_loss']:.3f} {100 * row['train_accuracy']:.2f} %",
        f"test {row['test_loss']:.3f} {100 * row['test_accuracy']:.2f} %",
        *([f"avg {100 * averaged:.2f} %"] if averaged is not None else []),
        f"{row['seconds']:.0f} s",
        f"{row['images_per_second']:,.0f} img/s",
    ]
    while width is not None and len("  ".join(parts)) > width and not parts[-1].endswith("%"):
        parts.pop()
    return "  ".join(parts)
