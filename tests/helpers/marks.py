"""Marks that several test files share."""

import os

import pytest

posix = pytest.mark.skipif(os.name != "posix", reason="the system has no signals, FIFOs or shell of POSIX")
