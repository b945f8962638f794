"""Takes results of studies in: copies them to lessons/results, and writes what follows into studies.md and claims.toml.

python lessons/experiments/studies.py runs/study-factorization runs/study-smoothing

Without folders it only writes. What a study trained, and by which command it can be had again, comes along. Of claims,
tests/course/said.txt has the sentences as somebody has read them: read them, and write it anew as its test says.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tinyinception.course.files import folder
from tinyinception.course.studies import write
from tinyinception.errors import TinyInceptionError
from tinyinception.studies.kept import keep


def main() -> None:
    """Copy and write; a folder that cannot be taken in is told, and the others are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="what a study was run in (--out)",
    )
    failed = []
    for place in parser.parse_args().folders:
        try:
            report = keep(place, folder() / "results")
            print(f"{report.study.name}: {report.verdict}")
        except TinyInceptionError as error:
            failed.append(f"not taken in: {error}")
    print("written: " + ", ".join(str(path) for path in write()))
    sys.exit("\n".join(failed) or 0)


if __name__ == "__main__":
    main()
