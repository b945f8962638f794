"""Results of built-in studies that are kept: three small files, of which a report can be made again.

keep(Path("runs/study-smoothing"), Path("lessons/results"))  # copies them to lessons/results/smoothing
report = read(Path("lessons/results/smoothing"))
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from tinyinception.errors import DataError, TinyInceptionError
from tinyinception.files import json_object, plain, replace_file
from tinyinception.studies.definition import Study, load, names
from tinyinception.studies.report import KEPT, Report, chosen
from tinyinception.studies.shares import Shares
from tinyinception.studies.tasks import Outcome

RESULTS, ABOUT, FIGURE = KEPT
LARGEST = 100_000  # bytes of a picture that is kept
COLOURS = 64  # that it keeps
FACTS = ("study", "command", "machine", "versions", "date", "workers", "threads", "seeds", "ensembles", "arms")


def read(folder: Path) -> Report | None:
    """The report of what is kept in a folder; None where there is none.

    Raises DataError for files that are damaged, and where the study has changed since: its arms are others now.
    """
    if not folder.is_dir():
        return None
    about = _about(folder / ABOUT)
    if about["study"] not in names():
        raise DataError(f"{folder}: there is no study {about['study']!r}")
    try:
        study = load(about["study"], seeds=about["seeds"])
        if differing := _changed(study, about["arms"]):
            raise ValueError(f"the study {study.name} has changed since: {'; '.join(differing)}; run it again")
        shares = Shares(about["workers"], about["threads"])
        outcomes = _outcomes(study, plain(folder / RESULTS).read_text(encoding="utf-8"))
    except (OSError, KeyError, TypeError, ValueError, AttributeError, TinyInceptionError) as error:
        raise DataError(f"{folder} cannot be used: {error}") from error
    place = about["machine"], about["versions"], about["date"]
    return Report(study, folder, outcomes, about["command"], shares, about["ensembles"], *place)


def keep(folder: Path, into: Path) -> Report:
    """Keep the results of a built-in study that ran in `folder`, in a folder of its name in `into`; their report.

    Raises DataError where something is missing, was a quick run or is not what the study is now; then nothing is kept.
    """
    if not (folder / ABOUT).is_file():
        raise DataError(
            f"{folder} has no {ABOUT}; `tinyinception study NAME --out {folder}` writes it, and trains what is missing"
        )
    about = _about(folder / ABOUT)
    if any(word in about["command"].split() for word in ("--quick", "--data")):
        raise DataError(f"{folder}: it is another study than the built-in one: {about['command']}")
    report = read(folder)
    if report is None or not report.outcomes:
        raise DataError(f"{folder} has no results")
    files = {name: plain(folder / name).read_bytes() for name in (RESULTS, ABOUT)}
    files[FIGURE] = _small(folder / FIGURE)
    place = into / about["study"]
    place.mkdir(parents=True, exist_ok=True)
    for name, contents in files.items():
        replace_file(place / name, contents)
    return report


def _small(path: Path) -> bytes:
    """A picture with fewer colours, which takes a fraction of the bytes."""
    from PIL import Image

    out = io.BytesIO()
    try:
        with Image.open(plain(path)) as image:
            image.convert("RGB").quantize(COLOURS).save(out, "PNG", optimize=True)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be used: {error}") from error
    if len(out.getvalue()) > LARGEST:
        raise DataError(f"{path} would have {len(out.getvalue()):,} bytes, and {LARGEST:,} are kept")
    return out.getvalue()


def _about(path: Path) -> dict[str, Any]:
    try:
        found = json_object(str(path), plain(path).read_bytes(), DataError)
    except FileNotFoundError:
        raise DataError(f"{path} is missing") from None
    if missing := [name for name in FACTS if name not in found]:
        raise DataError(f"{path}: lacks {', '.join(missing)}")
    return found


def _outcomes(study: Study, text: str) -> list[Outcome]:
    """The rows of results.csv, in the study's order."""
    found = {}
    for row in csv.DictReader(text.splitlines()):
        values = {name: float(row[name]) if row[name] else None for name in study.measures}
        seconds, failed = float(row["seconds"] or 0), row["diverged"]
        found[row["arm"], int(row["seed"])] = Outcome(
            row["arm"], int(row["seed"]), {} if failed else values, [], seconds, failed
        )
    keys = [(arm, seed) for arm in study.arms for seed in study.seeds]
    if unknown := [f"{arm}, seed {seed}" for arm, seed in found if (arm, seed) not in keys]:
        raise ValueError(f"{RESULTS} has {unknown[0]}, which the study has not")
    return [found[key] for key in keys if key in found]


def _changed(study: Study, before: dict[str, Any]) -> list[str]:
    """In what its arms differ from those of which there are results."""
    now = json.loads(json.dumps({arm: chosen(config) for arm, config in study.arms.items()}))
    differing = [f"{arm} is new" for arm in now if arm not in before]
    differing += [f"{arm} is gone" for arm in before if arm not in now]
    for arm in (arm for arm in now if arm in before):
        for name in sorted({*now[arm], *before[arm]}):
            old, new = before[arm].get(name), now[arm].get(name)
            if old != new:
                differing.append(f"{arm}: {name} was {old!r}, is {new!r}")
    return differing
