"""Marks that several test files share."""

import os
import shutil
from importlib.util import find_spec

import pytest

posix = pytest.mark.skipif(os.name != "posix", reason="the system has no signals, FIFOs or shell of POSIX")
mpi = pytest.mark.skipif(
    shutil.which("mpirun") is None or find_spec("mpi4py") is None,
    reason="needs mpirun (apt-get install openmpi-bin) and mpi4py (pip install -e '.[mpi]')",
)
