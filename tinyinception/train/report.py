"""What the user sees of a training run: a bar on a terminal, one line per epoch everywhere; all on standard error."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tinyinception.terminal import bar, is_terminal, say

if TYPE_CHECKING:
    from tinyinception.train.session import Session


class Report:
    """Progress of a session; silent unless `enabled`."""

    def __init__(self, session: Session, enabled: bool) -> None:
        self.session, self.enabled = session, enabled
        loader, at = session.train_loader, session.position
        per_epoch = min(len(loader) * loader.batch_size, len(loader.images))
        # One bar for the whole run, so that its time left is what the user waits for.
        self.bar = bar(desc="compiling kernels", total=session.config.epochs * per_epoch,
                       initial=at.epoch * per_epoch + at.images, unit="img", unit_scale=True, dynamic_ncols=True,
                       smoothing=0.1, shown=enabled and is_terminal(sys.stderr))

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *exception: object) -> None:
        with suppress(OSError, ValueError):  # the terminal may be gone; that is no reason to lose what was done
            self.bar.close()

    def step(self, images: int) -> None:
        """After each step."""
        at = self.session.position
        self.bar.set_description(f"epoch {at.epoch + 1}/{self.session.config.epochs}", refresh=False)
        loss, accuracy = at.loss_sum / at.images, at.correct / at.images
        self.bar.set_postfix_str(f"loss {loss:.3f}, accuracy {accuracy:.1%}", refresh=False)
        self.bar.update(images)

    def epoch(self, row: dict) -> None:
        """After each epoch."""
        averaged = row["averaged_test_accuracy"]
        self.line(f"epoch {row['epoch']:3}/{self.session.config.epochs}  "
                  f"train loss {row['train_loss']:.3f} accuracy {row['train_accuracy']:.2%}  "
                  f"test loss {row['test_loss']:.3f} accuracy {row['test_accuracy']:.2%}"
                  + (f" (averaged {averaged:.2%})" if averaged is not None else "")
                  + f"  {row['images_per_second']:,.0f} images/s  {row['seconds']:.1f} s")

    def line(self, text: str) -> None:
        """A message of its own."""
        if self.enabled:
            self.bar.clear()
            say(text)
