"""The campaign's command line: a table on standard output, progress on standard error, 1 where anything is bad."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from tests.campaign import kills, pool
from tests.campaign.kinds import load_all
from tests.campaign.outcome import BAD, Outcome, table
from tests.campaign.registry import MAKERS, shares


def main() -> int:
    """Run what the options ask for."""
    options = _options()
    load_all()
    keep = options.keep is not None
    with nullcontext(options.keep) if keep else tempfile.TemporaryDirectory(prefix="campaign-") as place:
        place = Path(place).resolve()
        place.mkdir(parents=True, exist_ok=True)
        tell, began = _Progress(), time.monotonic()
        outcomes = pool.run_all(_jobs(options), place, options.workers, tell)
        tally = None
        if options.kills and not options.only:
            killed, tally = kills.campaign(options.kills, options.seed, place, options.workers, tell)
            outcomes += killed
    print(table(outcomes))
    if tally is not None:
        print(tally)
    print(f"seed {options.seed}, {time.monotonic() - began:.0f} s")
    bad = [one for one in outcomes if one.label in BAD]
    for one in bad:
        print(f"\n{one.label}: {one.kind}: {one.what}\n    {one.detail}\n    {one.again}")
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(one) for one in outcomes], indent=1) + "\n", encoding="utf-8")
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    add = parser.add_argument
    add("--kills", type=int, default=200, metavar="N", help="how often a training is killed (default: 200)")
    add("--inputs", type=int, default=2000, metavar="N", help="how many bad inputs, over all kinds (default: 2000)")
    add("--seed", type=int, default=0, metavar="S", help="another seed gives other cases (default: 0)")
    add("--only", action="append", metavar="KIND[:INDEX]", help="only this kind, or this one case; may be repeated")
    add("--workers", type=int, default=min(2, os.cpu_count() or 1), metavar="N", help="processes (default: 2)")
    add("--json", metavar="FILE", help="write every outcome to a file")
    add("--keep", metavar="FOLDER", help="work in this folder and leave it")
    return parser.parse_args()


def _jobs(options: argparse.Namespace) -> list[pool.Job]:
    counts = shares(options.inputs) if options.inputs or options.only else {}
    if not options.only:
        return [(kind, options.seed, index) for kind, count in counts.items() for index in range(count)]
    jobs = []
    for text in options.only:
        kind, _, index = text.rpartition(":") if text not in MAKERS else (text, "", "")
        if kind not in MAKERS:
            raise SystemExit(f"--only: {kind!r} is none of {', '.join(MAKERS)}")
        jobs += [(kind, options.seed, i) for i in ([int(index)] if index else range(counts[kind]))]
    return jobs


class _Progress:
    """A line now and then, and one for each bad outcome."""

    def __init__(self) -> None:
        self.done, self.said = 0, time.monotonic()

    def __call__(self, one: Outcome) -> None:
        self.done += 1
        if one.label in BAD:
            print(f"{one.label:9} {one.kind}: {one.what}: {one.detail[:120]}", file=sys.stderr, flush=True)
        if time.monotonic() - self.said > 10:
            self.said = time.monotonic()
            print(f"{self.done} done", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
