"""What `help` says of a kernel."""

import inspect

import pytest

from tinyinception import kernels
from tinyinception.kernels import reference


@pytest.mark.parametrize("name", sorted(set(kernels.__all__) - {"using"}))
def test_a_kernel_shows_the_signature_and_the_words_of_its_twin(name):
    kernel, twin = getattr(kernels, name), getattr(reference, name)
    assert kernel.__name__ == name
    assert inspect.signature(kernel) == inspect.signature(twin)
    assert kernel.__doc__ == twin.__doc__
