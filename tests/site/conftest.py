"""A real browser for the explorer's pages: Debian's chromium, driven by playwright from the package index.

A test that uses `browse` is marked `browser` by itself, and skipped with a message where chromium or playwright is not
there. The pages are written once for all tests of a worker. `browse(NAME)` opens one; at the end of the test it fails
if a page wrote an error to the console, raised one, or asked for anything outside the folder.
"""

import json
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.helpers.chromium import launched, path
from tinyinception.site import explorer

WIDTHS = {"phone": (390, 844), "laptop": (1280, 800)}
SCHEMES = ("light", "dark")
LEFT = "net::ERR_ABORTED"  # the page was left, or loaded anew, before an answer was there
GRAVE = ("serious", "critical")  # impacts of axe's findings


def pytest_collection_modifyitems(items):
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """The browser, started once."""
    pytest.importorskip("playwright.sync_api", reason="no playwright: pip install playwright")
    if path() is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """A function that writes a page, unless it has been, and returns the folder of all.

    TINYINCEPTION_SITE may say where `tinyinception site OUT` has written all of them; used where the sources are the
    same.
    """
    folder = tmp_path_factory.mktemp("site")
    there = Path(os.environ.get("TINYINCEPTION_SITE", folder)) / "explorer"
    made = there / "data" / explorer.MADE
    fresh = made.exists() and set(json.loads(made.read_text(encoding="utf-8")).values()) == {explorer.sources()}

    def write(name):
        if fresh and (there / f"{name}.html").exists():
            return there
        if not (folder / "explorer" / f"{name}.html").exists():
            explorer.write(folder, only=() if name == "index" else [name])
        return folder / "explorer"

    return write


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path_factory):
    """A function that serves a folder on this machine and returns its address."""
    servers = []

    def serve(folder):
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def tab(chromium):
    """`tab(BASE, NAME, "#hash", "phone", "dark")` opens a page below an address. At the end there was no error, neither
    raised nor on the console, and no request outside of the address. options: of playwright's `new_context`.
    """
    contexts, faults = [], []

    def open_page(base, name, hash, width, scheme, **options):
        across, high = WIDTHS[width]
        options |= {"viewport": {"width": across, "height": high}, "color_scheme": scheme}
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(f"{name}: {error}"))
        page.on("request", lambda asked: None if allowed(asked.url, base) else faults.append(f"asked for {asked.url}"))
        page.on("requestfailed", lambda asked: None if asked.failure == LEFT else faults.append(f"no {asked.url}"))
        page.goto(f"{base}/{name}.html{hash}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def browse(tab, written, served):
    """`browse(NAME, "#hash", width="phone", scheme="dark", still=True, server=True)` opens a page of the explorer.

    width: of WIDTHS. still: the reader asks for no movement. server: over HTTP in place of the disk. options: of
    playwright's `new_context`, as has_touch=True.
    """

    def open_page(name, hash="", *, width="laptop", scheme="light", still=False, server=False, **options):
        folder = written(name)
        motion = "reduce" if still else "no-preference"
        base = served(folder) if server else folder.as_uri()
        return tab(base, name, hash, width, scheme, reduced_motion=motion, **options)

    return open_page


def allowed(address, base):
    return address.startswith((f"{base}/", "data:", "blob:"))


@pytest.fixture
def too_wide():
    """How many pixels a page is wider than the window, so that it would have to be moved sideways."""
    return lambda page: page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.fixture(scope="session")
def axe():
    """A function that gives axe-core's serious findings on a page.

    TINYINCEPTION_AXE says where axe.min.js lies, after `npm install axe-core` in a folder of its own; without it, the
    tests are skipped with a message.
    """
    said = os.environ.get("TINYINCEPTION_AXE", "")
    if not said:
        pytest.skip("no axe-core: npm install axe-core, and TINYINCEPTION_AXE=.../node_modules/axe-core/axe.min.js")
    source = Path(said).read_text(encoding="utf-8")

    def findings(page):
        page.evaluate(source)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")["violations"]
        return [
            f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
            for rule in found
            if rule["impact"] in GRAVE
            for node in rule["nodes"]
        ]

    return findings


@pytest.fixture(scope="session")
def small_site_folder(tmp_path_factory):
    """The folder of a small site, made once; skipped where what makes pages is not installed."""
    pytest.importorskip("furo", reason="no Sphinx: pip install '.[site]'")
    from tests.helpers import small_site

    with pytest.MonkeyPatch.context() as patch:
        return small_site.built(patch, tmp_path_factory.mktemp("small"))
