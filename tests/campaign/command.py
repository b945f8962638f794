"""The command line, called inside this process or in one of its own, and its answer or refusal."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TextIO

from tests.campaign.outcome import check_answer

ROOT = Path(__file__).parents[2]


def take_streams() -> TextIO:
    """Send standard output and error of this process, C libraries' too, to files; returns what was standard output."""
    before = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for number in (1, 2):
        with tempfile.TemporaryFile() as file:
            os.dup2(file.fileno(), number)
    return before


def run(*words: str) -> str:
    """Standard output of `tinyinception WORDS`, run in this process; raises as `check_answer`."""
    from tinyinception.cli import main

    _empty()
    with warnings.catch_warnings():  # each warning is shown again in each case
        status = main(list(words))
    out, err = _read()
    return check_answer(status, out, err)


def _empty() -> None:
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        stream.flush()
        os.ftruncate(number, 0)
        os.lseek(number, 0, os.SEEK_SET)


def _read() -> list[str]:
    texts = []
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        stream.flush()
        size = os.lseek(number, 0, os.SEEK_END)
        texts.append(os.pread(number, size, 0).decode("utf-8", "replace"))
    return texts


def process(*words: str, seconds: float = 120.0, shell: str = "", **environment: str) -> str:
    """The same in a process of its own, with other environment variables and, after it, `shell` such as ">&-"."""
    line = [sys.executable, "-m", "tinyinception", *words]
    if shell:
        line = ["/bin/sh", "-c", f'"$@" {shell}', "sh", *line]
    return check_answer(*_ended(line, seconds, environment))


def python(code: str, seconds: float = 120.0, **environment: str) -> str:
    """Standard output of a Python program, where our errors are refusals and a warning is fair."""
    wrapped = (
        "import sys\nfrom tinyinception.errors import TinyInceptionError\ntry:\n"
        + "".join(f"    {line}\n" for line in code.strip().splitlines())
        + "except TinyInceptionError as error:\n"
        "    sys.exit(print(f'tinyinception: error: {error}', file=sys.stderr) or 1)\n"
    )
    return check_answer(*_ended([sys.executable, "-W", "ignore", "-c", wrapped], seconds, environment))


def _ended(line: list[str], seconds: float, environment: dict[str, str]) -> tuple[int, str, str]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment}
    done = subprocess.run(line, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
