"""One file over HTTP into a .part file, which a cut, a time-out or Ctrl-C leaves for the next attempt to continue."""

import time
from dataclasses import dataclass
from pathlib import Path

from tinyinception.data.cache import Member, digest, writing
from tinyinception.errors import DataError
from tinyinception.terminal import bar

_CONNECT, _SILENCE = 15, 60  # seconds until a server that does not answer, or stops sending, is given up
_CHUNK = 1 << 16
_PATIENCE = 20.0  # seconds before the speed of a transfer is judged
_seconds = time.monotonic


@dataclass(frozen=True)
class Download:
    """A file at its official address: URL, size in bytes and SHA-256 as it is served."""

    url: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[-1]


class TooSlow(DataError):
    """A transfer given up for its speed; what came is kept."""


class Broken(Exception):
    """A transfer that ended early; what came is kept."""


def download(what: Download, folder: Path, *, progress: bool = True, slowest: float = 0.0) -> Path:
    """Bring a file into the folder, continuing an earlier attempt; returns its path.

    slowest: bytes per second below which a transfer is given up after 20 seconds, where there is another source. Raises
    TooSlow below it, and DataError where the server cannot be reached, refuses, or serves another file.
    """
    path = folder / what.name
    part = folder / (what.name + ".part")
    with writing(folder):
        if path.exists() and digest(path) == what.sha256:
            return path
        folder.mkdir(parents=True, exist_ok=True)
        part.touch()
        earlier = part.stat().st_size
    with bar(total=what.size, desc=what.name, unit="B", unit_scale=True, shown=progress) as shown:
        while (have := part.stat().st_size) != what.size:
            if have > what.size:
                with writing(folder):
                    part.write_bytes(b"")
                have = 0
            try:
                _transfer(what, part, have, shown, slowest)
            except Broken as reason:
                if part.stat().st_size <= have:  # no byte further than last time: trying again would go on for ever
                    raise DataError(f"{what.url}: {reason}") from reason
    problem = Member(what.name, what.size, what.sha256).mismatch(what.size, digest(part))
    if problem:
        part.unlink()
        if earlier:  # perhaps only the bytes of the earlier attempt were wrong
            return download(what, folder, progress=progress, slowest=slowest)
        raise DataError(f"{what.url} is {problem}")
    with writing(folder):
        part.replace(path)
    return path


def _transfer(what: Download, part: Path, have: int, bar, slowest: float) -> None:
    import requests
    import urllib3

    # identity: some servers would label a .gz as compressed transfer, and unpack it on the way
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with requests.get(what.url, headers=headers, stream=True, timeout=(_CONNECT, _SILENCE)) as answer:
            answer.raise_for_status()
            resumed = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            start = have if resumed else 0
            length = answer.headers.get("Content-Length")
            if length and start + int(length) != what.size:
                raise DataError(f"{what.url} serves {start + int(length):,} bytes, expected {what.size:,}")
            bar.reset()
            bar.update(start)
            with writing(part.parent), open(part, "ab" if resumed else "wb") as file:
                _copy(what, answer.raw, file, start, bar, slowest)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise Broken(_reason(error)) from error


def _copy(what: Download, stream, file, start: int, bar, slowest: float) -> None:
    began, got = _seconds(), 0
    for chunk in stream.stream(_CHUNK, decode_content=False):
        got += len(chunk)
        if start + got > what.size:
            raise DataError(f"{what.url} serves more than the expected {what.size:,} bytes")
        file.write(chunk)
        bar.update(len(chunk))
        spent = _seconds() - began
        if spent > _PATIENCE and got < slowest * spent:
            raise TooSlow(f"{what.url}: slow, {got / spent / 1000:.0f} kB/s (what came is kept)")


def _reason(error: Exception) -> str:
    """The last, plainest sentence of a chain of wrapped network errors."""
    inner: object = error
    while isinstance(inner, Exception):
        error = inner
        reason = getattr(error, "reason", None)
        inner = reason if isinstance(reason, Exception) else next(iter(error.args), None)
    return f"{type(error).__name__}: {error}"
