"""Machine code on disk: never that of other sources, and never the reason why something stops."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

import tinyinception
from tinyinception.kernels import disk, jit

# Prints what a kernel of tiles.py computes, whose instructions are of vectors.py, and whether it was on disk.
WEIGHT_TILE = """
import numpy as np
from tinyinception.kernels.tiles import weight_tile
from tinyinception.kernels.vectors import CHANNELS, VECTOR_BYTES
left = np.arange(2 * CHANNELS, dtype=np.float32).reshape(2, -1)
right = np.full((2, VECTOR_BYTES // 4), 3, np.float32)
windows, grads = (a.ctypes.data + a.strides[0] * np.arange(2) for a in (left, right))
out = np.zeros((CHANNELS, VECTOR_BYTES // 4), np.float32)
weight_tile(1, left[0, 0], windows.ctypes.data, 0, 2, grads.ctypes.data, 0, out.ctypes.data, out.shape[1], 0)
print(*out[:, 0] - left.sum(axis=0), sum(weight_tile.stats.cache_hits.values()))
"""
# Prints the result of a kernel of the package, and whether Numba has got ready for compiling.
READY = """
import sys
import numpy as np
from tinyinception.kernels import add
print(add(*np.ones((3, 4), np.float32)).sum(), "numba.np.linalg" in sys.modules)
"""
PRODUCT = "self.builder.call(self._fma, [left[s // len(right)], right[s % len(right)], total])"
LEFT_ALONE = "self.builder.fadd(left[s // len(right)], total)"


def add_one(x):
    return x + 1


@pytest.fixture
def copy(tmp_path):
    """A copy of the package, and how to run code with it: what is printed, as numbers, and standard error."""
    place = tmp_path / "clone"
    shutil.copytree(
        Path(tinyinception.__file__).parent, place / "tinyinception", ignore=shutil.ignore_patterns("__pycache__")
    )

    def run_copy(code=WEIGHT_TILE, **environment):
        environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1", **environment}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=place, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        *values, hits = map(float, done.stdout.split())
        return values, hits, done.stderr

    run_copy.kernels = place / "tinyinception" / "kernels"
    return run_copy


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where kernels that are compiled in this process are kept; nothing has been warned of."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    disk._warn.cache_clear()
    disk._warn_unkept.cache_clear()
    return tmp_path / "cache"


def compiled(function=add_one):
    """A kernel as a new process would have it."""
    return jit.kernel(parallel=False)(function)


def hits(kernel):
    return sum(kernel.stats.cache_hits.values())


def kept(place):
    return sorted(path for path in place.rglob("*") if path.is_file())


@pytest.mark.usefixtures("place")
def test_only_prange_is_parallel_in_every_kernel_and_for_every_type():
    def double(x):
        y = np.zeros(x.size, x.dtype)
        for i in numba.prange(x.size):
            y[i] = x[i] + x[i]
        return y

    def triple(x):
        y = np.zeros(x.size, x.dtype)
        for i in numba.prange(x.size):
            y[i] = 3 * x[i]
        return y

    for function, expected in ((double, 2), (triple, 3)):
        kernel = jit.kernel()(function)
        for dtype in (np.float32, np.float64):
            assert (kernel(np.ones(3, dtype)) == expected).all()
            loops = kernel.get_metadata(kernel.signatures[-1])["parfor_diagnostics"]
            assert loops.count_parfors() == 1  # NumPy's zeros would be another


# -- never of other sources --------------------------------------------------------------------------------------------


def test_an_edit_of_a_file_that_kernels_are_made_of_is_seen_and_so_is_its_end(copy, tmp_path):
    where, file = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}, copy.kernels / "vectors.py"
    values, on_disk, _ = copy(**where)
    assert (set(np.diff(values)), on_disk) == ({4.0}, 0)  # (3 - 1) (2 c + CHANNELS)
    assert copy(**where)[:2] == (values, 1)
    source = file.read_text(encoding="utf-8")
    assert source.count(PRODUCT) == 1
    file.write_text(source.replace(PRODUCT, LEFT_ALONE), encoding="utf-8")
    broken, on_disk, _ = copy(**where)
    assert (set(broken), on_disk) == ({0.0}, 0)
    assert len(kept(tmp_path / "cache")) == 1  # the old code is gone
    file.write_text(source, encoding="utf-8")
    assert copy(**where)[0] == values


def test_every_file_counts_by_name_and_contents(tmp_path, monkeypatch):
    monkeypatch.setattr(disk, "HERE", tmp_path)
    with pytest.raises(FileNotFoundError):
        disk._sources.__wrapped__()
    found = set()
    for name, text in (("a.py", ""), ("b.py", ""), ("b.py", "x"), ("a.py", "x"), ("note.txt", "no source")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        found.add(disk._sources.__wrapped__())
    assert len(found) == 4


def test_a_cache_is_cold_where_nothing_is_of_the_present_sources(place, monkeypatch):
    kernel = compiled()
    assert jit.is_cold(kernel)
    kernel(1)
    assert not jit.is_cold(kernel)
    assert not jit.is_cold(compiled())
    monkeypatch.setattr(disk, "_sources", lambda: b"edited")
    assert jit.is_cold(compiled())
    assert compiled()(1) == 2
    assert len(kept(place)) == 1


def test_signatures_closures_constants_and_versions_of_numba_are_told_apart(place, monkeypatch):
    def adding(n):
        def add(x):
            return x + n

        return compiled(add)

    one, two = adding(1), adding(2)
    assert (one(1), one(0.5), two(1), two(0.5)) == (2, 1.5, 3, 2.5)
    assert len(kept(place)) == 4
    again = adding(2)
    assert (again(1), again(0.5), hits(again)) == (3, 2.5, 2)
    three, four = (compiled(function) for function in (lambda x: x + 3, lambda x: x + 4))
    assert (three(1), four(1), len(kept(place))) == (4, 5, 6)
    monkeypatch.setattr(numba, "__version__", "another")
    other = adding(2)
    assert (other(1), hits(other)) == (3, 0)


def test_an_installed_package_that_cannot_be_written_keeps_kernels_in_the_users_cache(copy, tmp_path):
    (copy.kernels / "__pycache__").write_text("in the way", encoding="utf-8")
    where = {
        "XDG_CACHE_HOME": str(tmp_path / "user"),
        "HOME": str(tmp_path / "user"),
        "NUMBA_CACHE_DIR": "",
        "LOCALAPPDATA": str(tmp_path / "user"),
    }
    assert [copy(**where)[1:] for _ in range(2)] == [(0, ""), (1, "")]
    assert kept(tmp_path / "user")


# -- never the reason why something stops ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["a file", "below a file"])
def test_a_numba_cache_dir_that_is_none_is_named_and_another_place_found(copy, tmp_path, kind):
    (tmp_path / "file").write_text("", encoding="utf-8")
    where = tmp_path / "file" / ("" if kind == "a file" else "below")
    values, _, said = copy(NUMBA_CACHE_DIR=str(where))
    assert set(np.diff(values)) == {4.0}
    assert said.count("RuntimeWarning") == 1
    assert f"NUMBA_CACHE_DIR must be a folder that can be written, got {str(where)!r}" in said
    assert kept(copy.kernels / "__pycache__")


def test_where_no_folder_can_be_written_one_warning_says_so(copy, tmp_path):
    (copy.kernels / "__pycache__").write_text("in the way", encoding="utf-8")
    (tmp_path / "file").write_text("", encoding="utf-8")
    nowhere = str(tmp_path / "file")
    values, _, said = copy(XDG_CACHE_HOME=nowhere, HOME=nowhere, LOCALAPPDATA=nowhere, NUMBA_CACHE_DIR="")
    assert set(np.diff(values)) == {4.0}
    assert said.count("RuntimeWarning") == 1
    assert f"kernels cannot be kept in {copy.kernels / '__pycache__'} (cannot be written)" in said
    assert "set NUMBA_CACHE_DIR" in said


DAMAGES = {
    "empty": lambda data: b"",
    "cut in the digest": lambda data: data[:20],
    "cut in the code": lambda data: data[:-1],
    "zeros": lambda data: bytes(len(data)),
    "random": lambda data: np.random.default_rng(0).bytes(len(data)),
    "longer": lambda data: data + b"x",
    "of another format": lambda data: disk._digest(b"N.") + b"N.",  # a whole file, that of None
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_compiled_again_and_replaced(place, damage, recwarn):
    compiled()(1)
    [path] = kept(place)
    whole = path.read_bytes()
    path.write_bytes(DAMAGES[damage](whole))
    second = compiled()
    assert (second(1), hits(second)) == (2, 0)
    assert kept(place) == [path]
    third = compiled()
    assert (third(1), hits(third)) == (2, 1)
    assert not recwarn.list


def test_no_flipped_bit_is_ever_run(place):
    compiled()(1)
    [path] = kept(place)
    whole = path.read_bytes()
    for at in np.random.default_rng(1).integers(len(whole), size=20):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        signature = (numba.int64,)
        kernel = compiled()
        assert kernel._cache.load_overload(signature, kernel.targetctx) is None
    path.write_bytes(whole)
    assert kernel._cache.load_overload(signature, kernel.targetctx) is not None


@pytest.mark.parametrize("refused", ["pathlib.Path.write_bytes", "os.replace", "pathlib.Path.mkdir"])
def test_a_full_disk_stops_nothing_and_is_told_once(place, monkeypatch, recwarn, refused):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    kernels = [compiled(), compiled(lambda x: x + 2)]
    with monkeypatch.context() as patch:
        patch.setattr(refused, full)
        assert [kernel(1) for kernel in kernels] == [2, 3]
    [warning] = recwarn.list
    message, folder = str(warning.message), kernels[0].stats.cache_path
    assert message.startswith(f"kernels cannot be kept in {folder} ({os.strerror(errno.ENOSPC)})")
    assert "NUMBA_CACHE_DIR" in message
    assert kept(place) == []  # no part of a file either


def test_a_file_that_cannot_be_read_is_compiled_again(place, monkeypatch):
    compiled()(1)

    def refuse(_):
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert compiled()(1) == 2


def test_a_folder_that_vanishes_is_made_again(place):
    kernel = compiled()
    kernel(1)
    shutil.rmtree(place)
    assert kernel(0.5) == 1.5
    assert len(kept(place)) == 1


def test_recompiling_deletes_and_writes_anew(place):
    kernel = compiled()
    kernel(1)
    [before] = kept(place)
    before.write_bytes(b"")
    kernel.recompile()
    assert kernel(1) == 2
    assert before.stat().st_size > 0


def test_a_kernel_that_is_on_disk_does_not_wait_for_numba_to_get_ready_for_compiling(tmp_path):
    said = [
        subprocess.run(
            [sys.executable, "-c", READY],
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert said == [["8.0", "True"], ["8.0", "False"]]


@pytest.mark.parametrize("changed", ["CompileResultCacheImpl", "CompileResultCacheImpl.reduce"])
def test_a_numba_that_has_become_another_compiles_without_a_cache(place, monkeypatch, changed):
    monkeypatch.setattr(f"numba.core.caching.{changed}", None)
    with pytest.warns(RuntimeWarning, match="NUMBA_CACHE_DIR"):
        assert compiled()(1) == 2
    assert kept(place) == []
