"""Waiting for what other processes do."""

import threading
import time
from contextlib import contextmanager


def wait_for(something, seconds=120):
    """What it returns, as soon as that is true."""
    for _ in range(seconds * 200):
        if found := something():
            return found
        time.sleep(0.005)
    raise AssertionError("waited in vain")


@contextmanager
def meanwhile(something):
    """In a thread of its own; what it raises is raised at the end."""
    raised = []

    def call():
        try:
            something()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    yield
    thread.join()
    if raised:
        raise raised[0]
