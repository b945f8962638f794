"""Waiting for what other processes do."""

import time


def wait_for(something, seconds=120):
    """What it returns, as soon as that is true."""
    for _ in range(seconds * 200):
        if found := something():
            return found
        time.sleep(0.005)
    raise AssertionError("waited in vain")
