"""The package as it is imported: everything reachable from its name, nothing heavy before it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tinyinception


def test_every_public_name_is_there():
    for name in tinyinception.__all__:
        assert getattr(tinyinception, name) is not None
        assert name in dir(tinyinception)
    with pytest.raises(AttributeError, match="Tenzor"):
        _ = tinyinception.Tenzor


def test_names_are_the_rooms_own():
    from tinyinception.tensor import Tensor

    assert tinyinception.Tensor is Tensor
    assert tinyinception.train.Config.__module__ == "tinyinception.train.config"


def test_what_editors_are_told_of_is_what_there_is():
    """The imports under TYPE_CHECKING, which nothing else executes."""
    tree = ast.parse(Path(tinyinception.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    told = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert sorted(told) == sorted(tinyinception.__all__)
    for name, module in told.items():
        assert getattr(tinyinception, name) is getattr(sys.modules[module], name)


@pytest.mark.parametrize("used", ["", "tinyinception.Tensor(1.0)", "tinyinception.models.build('inception_cifar')"])
def test_importing_brings_nothing_heavy(used):
    """A process of its own, since this one has long imported Numba; building a network is no reason to import it."""
    program = f"import sys, tinyinception; {used or 'pass'}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numba", "matplotlib", "PIL", "safetensors", "requests", "tqdm"} & set(loaded)
