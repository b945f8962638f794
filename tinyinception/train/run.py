"""A run is a folder: what lies in it, and the checks before anything is computed for it."""

from __future__ import annotations

import csv
import io
import json
import shlex
import time
from pathlib import Path

from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.train.checkpoint import CHECKPOINT, STATE, replace_file
from tinyinception.train.config import Config

CONFIG, LOG, RESULT = "config.json", "log.csv", "result.json"
COLUMNS = ("epoch", "step", "lr", "train_loss", "train_accuracy", "test_loss", "test_accuracy",
           "averaged_test_accuracy", "seconds", "images_per_second")


class Run:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, config: Config, out: str | Path | None) -> Run:
        """A new folder with its config.json, by default `runs/MODEL-DATA-TIME`.

        Raises ArgumentError where something is in the way, CheckpointError where it cannot be written.
        """
        if out is None:
            out = Path("runs") / f"{config.model}-{Path(config.data).name}-{time.strftime('%Y%m%d-%H%M%S')}"
        run = cls(Path(out).expanduser())
        try:
            run._refuse_occupied()
            run.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointError(f"out: cannot make the folder {run.folder}: {error.strerror or error}") from error
        replace_file(run.folder / CONFIG, config.to_json().encode())
        return run

    def _refuse_occupied(self) -> None:
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise ArgumentError(f"out: {self.folder} is a file, not a folder")
        if (self.folder / CONFIG).exists() or (self.folder / CHECKPOINT).exists():
            raise ArgumentError(f"out: {self.folder} already holds a run; continue it with `{self.resume_command()}` "
                                "or choose another folder")
        if any(self.folder.iterdir()):
            raise ArgumentError(f"out: the folder {self.folder} is not empty; choose another one")

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """The folder of an existing run. Raises CheckpointError where there is none."""
        run = cls(Path(folder).expanduser())
        try:
            found = (run.folder / CONFIG).is_file()
        except OSError as error:  # a folder above it may not be entered
            raise CheckpointError(f"{run.folder} cannot be read: {error.strerror or error}") from error
        if not found:
            raise CheckpointError(f"{run.folder} is no run: there is no {CONFIG} in it")
        return run

    def discard(self) -> None:
        """Take back `create`, when the run could not start."""
        for name in (CONFIG, CHECKPOINT, STATE):
            (self.folder / name).unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    @property
    def config(self) -> Config:
        """config.json. Raises CheckpointError where it is damaged."""
        path = self.folder / CONFIG
        try:
            return Config.from_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{path} cannot be used: {getattr(error, 'strerror', None) or error}") from error

    def resume_command(self) -> str:
        """What to type to continue this run."""
        return f"tinyinception train --resume {shlex.quote(str(self.folder))}"

    def write_log(self, rows: list[dict]) -> None:
        """log.csv, one row per epoch; always written whole, so that a run resumed in between repeats no row."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
        replace_file(self.folder / LOG, text.getvalue().encode())

    def write_result(self, result: dict) -> None:
        """result.json."""
        replace_file(self.folder / RESULT, (json.dumps(result, indent=2) + "\n").encode())
