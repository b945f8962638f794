"""Names that Python 3.10 and NumPy 1.24 removed, without which libraries of 2020 cannot be imported."""

import collections
import collections.abc

import numpy as np

REMOVED = ((collections, "Hashable", collections.abc.Hashable), (np, "float", float), (np, "int", int))


def restore() -> None:
    """Put them back, in this process."""
    for where, name, value in REMOVED:
        if name not in vars(where):
            setattr(where, name, value)
