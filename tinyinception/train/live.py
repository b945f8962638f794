"""live.html: the curves of a run while it is trained; a file that opens from the disk and shows itself anew."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from tinyinception.files import replace_file
from tinyinception.plots.colours import BLUE, GREEN, VERMILION
from tinyinception.train.watchers import STEPS, Watcher, read_steps

if TYPE_CHECKING:
    from tinyinception.train.run import Result, Run
    from tinyinception.train.session import Session

LIVE = "live.html"
SECONDS = 5.0  # between two versions of the page
POINTS = 400  # of a curve
WIDTH, HEIGHT, LEFT, BELOW = 640, 240, 56, 28

Points = list[tuple[float, float]]

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">{refresh}<title>{title}</title>
<style>body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem }}
svg {{ width: 100%; height: auto }} text {{ font-size: 12px }} .num {{ font-variant-numeric: tabular-nums }}
</style></head><body><h1>{title}</h1><p class="num">{status}</p>
<h2>Loss over steps</h2>{loss}<h2>Accuracy over epochs (%)</h2>{accuracy}</body></html>
"""


class LivePage(Watcher):
    """Writes the page at the start, every few seconds, after each epoch and at the end, when it stops refreshing."""

    def begin(self, session: Session, run: Run) -> None:
        self.session, self.path, self.next = session, run.folder / LIVE, 0.0
        self.losses: Points = [(row["step"], row["loss"]) for row in read_steps(run.folder / STEPS)]
        self.every = 1
        self._write()

    def step(self, session: Session) -> None:
        at = session.position
        if at.step % self.every == 0:
            self.losses.append((at.step, session.loss))
            if len(self.losses) > 2 * POINTS:
                self.losses, self.every = self.losses[1::2], 2 * self.every
        if time.monotonic() >= self.next:
            self._write()

    def epoch(self, row: dict) -> None:
        self._write()

    def end(self, result: Result) -> None:
        best = f"; the best of them was epoch {result.best_epoch} with {result.best_accuracy:.2%}"
        self._write(f"Finished: {result.told}{best}.")

    def _write(self, finished: str = "") -> None:
        session, log = self.session, self.session.log
        at, config = session.position, session.config
        status = finished or (
            f"Epoch {min(at.epoch + 1, config.epochs)} of {config.epochs}, step {at.step:,}"
            + (f", loss {self.losses[-1][1]:.3f}" if self.losses else "")
            + "."
        )
        curves = {
            "test_accuracy": ("test", VERMILION),
            "train_accuracy": ("training (augmented)", BLUE),
            "averaged_test_accuracy": ("test, averaged parameters", GREEN),
        }
        accuracy = {
            name: (colour, [(row["epoch"], 100 * row[column]) for row in log if row[column] is not None])
            for column, (name, colour) in curves.items()
        }
        loss = {
            "training, one batch": (BLUE, self.losses),
            "test": (VERMILION, [(row["step"], row["test_loss"]) for row in log]),
        }
        page = PAGE.format(
            title=escape(f"{config.model} on {session.facts.name}"),
            status=escape(status),
            refresh="" if finished else f'<meta http-equiv="refresh" content="{SECONDS:.0f}">',
            loss=chart(loss),
            accuracy=chart(accuracy),
        )
        replace_file(self.path, page.encode())
        self.next = time.monotonic() + SECONDS


def chart(curves: Mapping[str, tuple[str, Sequence[tuple[float, float]]]]) -> str:
    """Lines by name, each with its colour and (x, y) points, as SVG with two labelled axes."""
    shown = {name: (colour, points) for name, (colour, points) in curves.items() if points}
    if not shown:
        return "<p>Nothing yet.</p>"
    xs, ys = ([point[axis] for _, points in shown.values() for point in points] for axis in (0, 1))
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    across, up = right - left or 1.0, high - low or 1.0

    def place(x: float, y: float) -> str:
        return (
            f"{LEFT + (x - left) / across * (WIDTH - LEFT - 12):.1f},{12 + (high - y) / up * (HEIGHT - BELOW - 12):.1f}"
        )

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f'<path d="M{LEFT} 12V{HEIGHT - BELOW}H{WIDTH - 12}" fill="none" stroke="#888"/>',
    ]
    for value, y in ((high, 16), (low, HEIGHT - BELOW)):
        parts.append(f'<text x="{LEFT - 6}" y="{y}" text-anchor="end">{value:.4g}</text>')
    for value, x, anchor in ((left, LEFT, "start"), (right, WIDTH - 12, "end")):
        parts.append(f'<text x="{x}" y="{HEIGHT - BELOW + 16}" text-anchor="{anchor}">{value:,.0f}</text>')
    ends = [points[-1][1] for _, points in shown.values()]
    names = (
        26 if 2 * sum(ends) < (low + high) * len(ends) else HEIGHT - BELOW + 2 - 16 * len(shown)
    )  # where no line ends
    for row, (name, (colour, points)) in enumerate(shown.items()):
        line = " ".join(place(x, y) for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        if len(points) < 60:
            parts += [
                f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'
                for x, y in (place(*point).split(",") for point in points)
            ]
        parts.append(
            f'<text x="{WIDTH - 16}" y="{names + 16 * row}" text-anchor="end" fill="{colour}">{escape(name)}</text>'
        )
    return "".join(parts) + "</svg>"
