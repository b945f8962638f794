"""A run is a folder: what lies in it, and the checks before anything is computed for it."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from tinyinception import data
from tinyinception.checks import number
from tinyinception.errors import ArgumentError, CheckpointError, DataError
from tinyinception.files import as_path, json_object, plain, remove_leftovers, save_file
from tinyinception.nn import Module
from tinyinception.notebook import rich
from tinyinception.train.checkpoint import CHECKPOINT, STATE
from tinyinception.train.config import Config, is_folder
from tinyinception.train.lock import LOCK, locked
from tinyinception.train.state import COLUMNS

CONFIG, LOG, RESULT = "config.json", "log.csv", "result.json"
BEST = "best.safetensors"  # the weights of the epoch with the best test accuracy
NAME = 60  # characters of a data set's name that the name of a run repeats


@dataclass(frozen=True)
class Result:
    """What a finished run came to. seconds: training and testing; images_per_second: training, median of epochs.

    test_accuracy: of the weights that count, those of the last epoch, in checkpoint.safetensors: "last", or "averaged"
    where a running average was kept, or else "slow" where Lookahead was used. best_epoch, best_accuracy: of the epoch
    whose weights are in best.safetensors; as it was chosen on the test images, that accuracy flatters it.
    """

    test_accuracy: float
    epochs: int
    seconds: float
    images_per_second: float
    run: str
    weights: str = "last"
    best_epoch: int | None = None
    best_accuracy: float | None = None

    _repr_html_ = rich("result")

    @property
    def told(self) -> str:
        """The figure that counts, in words."""
        return f"test accuracy {self.test_accuracy:.2%} after {self.epochs} epoch{'' if self.epochs == 1 else 's'}"


class Run:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @classmethod
    @contextmanager
    def begin(cls, config: Config, out: str | Path | None) -> Iterator[Run]:
        """A new folder with its config.json, by default `runs/MODEL-DATA-TIME`, locked as long as this lasts.

        Raises ArgumentError where something is in the way, CheckpointError where it cannot be written.
        """
        try:
            if out is None:
                run = cls(_new_folder(config))
            else:
                run = cls(as_path("out", out))
                run._refuse_occupied()
                run.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            where = "runs" if out is None else out
            raise CheckpointError(f"out: cannot make the folder {where}: {error.strerror or error}") from error
        with run.lock():
            run._refuse_occupied()  # again, now that nobody else can put something there
            run.write_config(config)
            yield run

    def _refuse_occupied(self) -> None:
        if not self.folder.exists():
            return
        if not self.folder.is_dir():
            raise ArgumentError(f"out: {self.folder} is a file, not a folder")
        if (self.folder / CONFIG).exists() or (self.folder / CHECKPOINT).exists():
            raise ArgumentError(
                f"out: {self.folder} already holds a run; continue it with `{self.resume_command()}` "
                "or choose another folder"
            )
        if any(path.name != LOCK and path.suffix != ".tmp" for path in self.folder.iterdir()):
            raise ArgumentError(f"out: the folder {self.folder} is not empty; choose another one")

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """The folder of an existing run. Raises CheckpointError where there is none."""
        run = cls(as_path("folder", folder))
        try:
            found = (run.folder / CONFIG).is_file()
        except OSError as error:  # a folder above it may not be entered
            raise CheckpointError(f"{run.folder} cannot be read: {error.strerror or error}") from error
        if not found:
            raise CheckpointError(f"{run.folder} is no run: there is no {CONFIG} in it")
        return run

    @contextmanager
    def lock(self) -> Iterator[Run]:
        """Hold the folder, so that nobody else writes into it. Raises CheckpointError where another process does."""
        with locked(self.folder):
            remove_leftovers(self.folder)
            yield self

    def discard(self) -> None:
        """Take back `begin`, when the run could not start."""
        with suppress(OSError):
            for name in (CONFIG, CHECKPOINT, STATE, LOCK):
                (self.folder / name).unlink(missing_ok=True)
            self.folder.rmdir()

    @property
    def config(self) -> Config:
        """config.json. Raises CheckpointError where it is damaged."""
        path = self.folder / CONFIG
        try:
            return Config.from_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{path} cannot be used: {getattr(error, 'strerror', None) or error}") from error

    @property
    def result(self) -> Result | None:
        """result.json, None where there is none for this config. Raises CheckpointError where it is damaged."""
        path = self.folder / RESULT
        try:
            values = json_object(str(path), plain(path).read_bytes(), CheckpointError)
            found = Result(**{**values, "run": str(self.folder)})
            for field in fields(found):
                value = getattr(found, field.name)
                if field.name not in ("run", "weights") and (value is not None or field.default is not None):
                    number(field.name, value, "[0, inf)")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise CheckpointError(f"{path} cannot be used: {getattr(error, 'strerror', None) or error}") from error
        planned = self.config
        return found if found.epochs == planned.epochs or planned.patience is not None else None

    def forget_result(self) -> None:
        """Of a run that goes on."""
        (self.folder / RESULT).unlink(missing_ok=True)

    @property
    def is_writable(self) -> bool:
        """Whether the system would let this process write here; a full disk is found out later."""
        return os.access(self.folder, os.W_OK)

    @property
    def has_checkpoint(self) -> bool:
        """Whether something was saved; a run that ended before its first checkpoint left config.json alone."""
        return any((self.folder / name).exists() for name in (CHECKPOINT, STATE, LOG, RESULT))

    def find_data(self, config: Config) -> Config:
        """This run's config with its data where they are now. Raises DataError where their folder is not there.

        Paths that an older version wrote as they were typed are tried from here and from the folders above the run.
        """
        if config.data == data.ARRAYS:
            return config
        if config.data in data.names():
            gone = config.source is not None and not os.path.exists(as_path("source", config.source))
            return replace(config, source=None) if gone else config.located  # the cache has its pinned files
        for place in (Path(), *self.folder.absolute().parents):
            if is_folder(place / as_path("data", config.data)):
                return replace(config, data=str(place / as_path("data", config.data))).located
        raise DataError(
            f"{config.data}, the folder of images that {self.folder} was trained on, is not there; if it "
            "has moved, say where it is with --data"
        )

    def resume_command(self) -> str:
        """What to type to continue this run."""
        ranks = None
        with suppress(CheckpointError):
            ranks = self.config.ranks
        return f"{f'mpirun -n {ranks} ' if ranks else ''}tinyinception train --resume {shlex.quote(str(self.folder))}"

    def write_config(self, config: Config) -> None:
        """config.json."""
        save_file(self.folder / CONFIG, config.to_json().encode())

    def write_log(self, rows: list[dict]) -> None:
        """log.csv, one row per epoch; always written whole, so that a run resumed in between repeats no row."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
        save_file(self.folder / LOG, text.getvalue().encode())

    def write_best(self, network: Module) -> None:
        """best.safetensors: the weights of a network as they are."""
        from tinyinception.weights.own import save

        save(network, self.folder / BEST)

    def write_result(self, result: Result) -> None:
        """result.json."""
        save_file(self.folder / RESULT, (json.dumps(asdict(result), indent=2) + "\n").encode())


class Follower(Run):
    """A run as those of its processes see it that write nothing: another one does."""

    def discard(self) -> None:
        pass

    def forget_result(self) -> None:
        pass

    def write_config(self, config: Config) -> None:
        pass

    def write_log(self, rows: list[dict]) -> None:
        pass

    def write_best(self, network: Module) -> None:
        pass

    def write_result(self, result: Result) -> None:
        pass


def _new_folder(config: Config) -> Path:
    """A folder that nobody else has, also where many runs begin within one second."""
    name = f"{config.model}-{Path(config.data).name[:NAME]}-{time.strftime('%Y%m%d-%H%M%S')}"
    attempt = 1
    while True:
        folder = Path("runs") / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not Path("runs").is_dir():
                raise
            attempt += 1
        else:
            return folder
