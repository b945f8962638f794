"""The package as it is imported: everything reachable from its name, nothing heavy before it is used."""

import subprocess
import sys

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


@pytest.mark.parametrize("used", ["", "tinyinception.Tensor(1.0)", "tinyinception.models.build('inception_cifar')"])
def test_importing_brings_nothing_heavy(used):
    """A process of its own, since this one has long imported Numba; building a network is no reason to import it."""
    program = f"import sys, tinyinception; {used or 'pass'}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numba", "matplotlib", "PIL", "safetensors", "requests", "tqdm"} & set(loaded)
