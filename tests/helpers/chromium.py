"""Chromium as it lies on this machine, driven by playwright."""

import shutil
from contextlib import contextmanager

NAMES = ("chromium", "chromium-browser", "google-chrome")


def path():
    """Of the program, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched():
    """The browser, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path(), args=["--no-sandbox"])
        yield browser
        browser.close()
