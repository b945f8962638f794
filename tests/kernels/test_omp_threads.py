"""OMP_NUM_THREADS, which clusters set, is the default of the number of threads; --threads and NUMBA_NUM_THREADS win."""

import os
import subprocess
import sys

import pytest

from tests.helpers.places import ROOT
from tinyinception import train
from tinyinception.cli import main
from tinyinception.errors import ArgumentError
from tinyinception.kernels import jit, threads


@pytest.fixture
def environment(monkeypatch):
    """Of a machine of 4 cores that sets neither variable."""
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("omp", "numba", "expected"),
    [
        (None, None, None),
        ("2", None, "2"),
        ("3,1", None, "3"),
        (" 1 ", None, "1"),
        ("64", None, "4"),
        ("", None, None),
        ("1", "3", "3"),
    ],
)
def test_the_default_number_of_threads(environment, omp, numba, expected):
    for name, value in (("OMP_NUM_THREADS", omp), ("NUMBA_NUM_THREADS", numba)):
        if value is not None:
            environment.setenv(name, value)
    threads._check_environment()
    assert os.environ.get("NUMBA_NUM_THREADS") == expected
    environment.delenv("NUMBA_NUM_THREADS", raising=False)


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_what_is_no_number_of_threads_is_refused(environment, value):
    environment.setenv("OMP_NUM_THREADS", value)
    with pytest.raises(ArgumentError, match=f"OMP_NUM_THREADS must be a whole number of at least 1, got '{value}'"):
        threads._check_environment()


def test_numba_starts_with_it():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from tinyinception.kernels import threads; threads.start(); import numba; "
            "print(numba.get_num_threads(), numba.config.NUMBA_NUM_THREADS)",
        ],
        env={
            **{k: v for k, v in os.environ.items() if k != "NUMBA_NUM_THREADS"},
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", "1"]


def test_the_flag_comes_before_it(environment):
    environment.setenv("OMP_NUM_THREADS", "1")
    seen = []
    environment.setattr(jit, "set_threads", lambda n: seen.append((n, os.environ.get("OMP_NUM_THREADS"))))
    environment.setattr(train, "fit", lambda *_, **__: train.Result(0.5, 1, 1.0, 1.0, "x"))
    assert main(["train", "--threads", "2"]) == 0
    assert seen == [(2, None)]
