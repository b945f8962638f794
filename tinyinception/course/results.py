"""Results of experiments that take longer than a lesson may: files in `lessons/results/`, each with its command."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path

from tinyinception.course.files import folder
from tinyinception.errors import DataError
from tinyinception.machine import processor

KEYS = ("command", "machine", "date", "seconds", "result")


def stored(name: str, *, quiet: bool = False) -> dict:
    """The `result` of lessons/results/NAME.json; says, unless quiet, when and by which command it was measured.

    Raises DataError where the file is missing or lacks one of its keys.
    """
    path = folder() / "results" / f"{name}.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: no stored result ({error})") from None
    if missing := [key for key in KEYS if key not in record]:
        raise DataError(f"{path}: lacks {', '.join(missing)}")
    if not quiet:
        print(
            f"Stored result, measured {record['date']} on {record['machine']} in {record['seconds']:,.0f} s.\n"
            f"Yours: {record['command']}"
        )
    return record["result"]


def keep(name: str, result: dict, began: float) -> Path:
    """Write lessons/results/NAME.json from the program that is running; `began`: `time.monotonic()` at its start."""
    path = folder() / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    record = {
        "command": shlex.join(["python", f"lessons/experiments/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
        "machine": f"{os.cpu_count()} cores of {processor()}",
        "date": time.strftime("%Y-%m-%d"),
        "seconds": round(time.monotonic() - began, 1),
        "result": result,
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return path
