"""A process in which cases run one after the other, so that a thousand of them cost one start.

Reads lines of JSON (`kind`, `seed`, `index`), and answers each with two: what is about to run and how long it may take,
then the verdict. The parent ends the process where it takes longer, and starts another.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from pathlib import Path

from tests.campaign import command
from tests.campaign.kinds import load_all
from tests.campaign.outcome import judge
from tests.campaign.registry import Place, make
from tests.campaign.shared import prepare


def main(shared: Path) -> None:
    """Answer until standard input ends."""
    answers = command.take_streams()
    load_all()

    def say(**values: object) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    prepare(shared)
    say(ready=True)
    for line in sys.stdin:
        job = json.loads(line)
        with tempfile.TemporaryDirectory(prefix="case-", ignore_cleanup_errors=True) as folder:
            os.chdir(folder)
            os.environ["TINYINCEPTION_DATA"] = f"{folder}/cache"
            case = make(job["kind"], job["seed"], job["index"], Place(Path(folder), shared))
            say(what=case.what, seconds=case.seconds)
            label, detail = judge(case)
            del case
            gc.collect()  # so that a crash when things are freed is this case's and not the next one's
            say(label=label, detail=detail[:400])
            os.chdir(shared)
            restore()


def restore() -> None:
    """What a case may have changed for the next one."""
    import numba
    import numpy as np

    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    np.seterr(all="warn")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
