"""The same with the real thing: mpirun and mpi4py."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.helpers import two_ranks as ranks_do
from tests.helpers.marks import mpi
from tests.helpers.places import ROOT
from tests.helpers.tiny_runs import bits
from tests.train.test_ranks import CONFIG
from tinyinception import train
from tinyinception.train.checkpoint import load
from tinyinception.train.ranks import LAUNCHED

pytestmark = mpi

# Also as root, with more processes than cores, and where those that wait should leave the core to others.
SETTINGS = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


def mpirun(*words):
    """Two ranks of this Python."""
    here = {name: value for name, value in os.environ.items() if name not in LAUNCHED}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = ["mpirun", "-n", "2", sys.executable, *map(str, words)]
    return subprocess.run(
        command, env={**here, **SETTINGS, "PYTHONPATH": path}, capture_output=True, text=True, timeout=300
    )


def call(text, out):
    """A call of two_ranks.py on both ranks."""
    begin = ["from pathlib import Path", "from tests.helpers.two_ranks import *"]
    begin += ["from tinyinception.train.ranks import here", f"out = Path({str(out)!r})"]
    return mpirun("-c", "\n".join([*begin, text]))


def test_mpirun_trains_one_network_as_one_process_does_and_one_rank_speaks(tmp_path):
    words = ["--network", "tests.helpers.two_ranks:Plain", "--limit", "80", "--batch-size", "16", "--epochs", "2"]
    place = ["--out", tmp_path / "run", "--no-pictures", "--json"]
    done = mpirun("-m", "tinyinception", "train", *words, *place)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert done.stderr.count("2 ranks, each with") == 1
    assert f"after a crash: mpirun -n 2 tinyinception train --resume {tmp_path / 'run'}" in done.stderr
    config = train.Config.for_data("drawn", limit=80, batch_size=16, epochs=2)
    alone = train.fit(config, tmp_path / "alone", network=ranks_do.Plain, progress=False, pictures=False)
    assert result["test_accuracy"] == alone.test_accuracy
    for row, other in zip(*(bits(tmp_path / name)[1] for name in ("run", "alone")), strict=True):
        for name in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
            assert row[name] == pytest.approx(other[name], rel=1e-5), name


def test_a_killed_rank_ends_all_and_the_run_continues_to_the_same_bits_as_with_pipes(tmp_path):
    config = replace(CONFIG, optimizer="adam", lookahead=3)
    done = call(f"fit_until(here(), out, train.Config(**{vars(config)}), 1, 4, 'killed', 'tiny')", tmp_path / "run")
    assert done.returncode != 0
    assert "signal 9" in done.stderr
    assert load(tmp_path / "run")[1]["position"]["step"] == 4
    done = call("resume(here(), out, 'tiny')", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    with ranks_do.two() as both:
        both(ranks_do.fit, tmp_path / "whole", config, "tiny")
    assert bits(tmp_path / "run") == bits(tmp_path / "whole")


def test_an_error_of_one_rank_ends_all_with_its_message(tmp_path):
    done = call(f"fit_until(here(), out, train.Config(**{vars(CONFIG)}), 1, 4, 'error')", tmp_path / "run")
    assert done.returncode != 0
    assert "tinyinception: error: rank 1 of 2: no memory" in done.stderr
    assert load(tmp_path / "run")[1]["position"]["step"] == 4
