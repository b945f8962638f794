"""Lists of lists of different lengths where numbers, sizes or axes belong: one error of the family, never NumPy's."""

import numpy as np
import pytest

from tinyinception.errors import TinyInceptionError
from tinyinception.tensor import Tensor

RAGGED = [[1.0, [2.0]], (1, (2, 3)), [np.ones(2), 1.0], (2, np.array([3])), (np.array([2, 1]), 3)]


@pytest.mark.parametrize("bad", RAGGED, ids=str)
@pytest.mark.parametrize(
    "use",
    [
        lambda x, bad: x + bad,
        lambda x, bad: x == bad,
        lambda x, bad: x * bad,
        lambda x, bad: Tensor(bad),
        lambda x, bad: x.reshape(bad),
        lambda x, bad: x.reshape(*bad),
        lambda x, bad: x.transpose(bad),
        lambda x, bad: x.sum((0, bad)),
        lambda x, bad: x.max(bad),
        lambda x, bad: x.pad(bad),
        lambda x, bad: x.split(bad),
        lambda x, bad: Tensor.shape_only(*bad),
        lambda x, bad: x.exp().backward(bad),
    ],
)
def test_ragged_lists_are_one_error(use, bad):
    with pytest.raises(TinyInceptionError):
        use(Tensor(np.ones((2, 3), np.float32), requires_grad=True), bad)


def test_one_list_of_sizes_of_any_kind_is_as_good_as_sizes():
    x = Tensor(np.ones((2, 3), np.float32))
    for sizes in ((3, 2), [3, 2], np.array([3, 2]), range(3, 1, -1)):
        assert x.reshape(sizes).shape == x.reshape(*sizes).shape == (3, 2)
    for axes in ((1, 0), [1, 0], np.array([1, 0]), range(1, -1, -1)):
        assert x.transpose(axes).shape == (3, 2)
    assert x.pad(np.array([[0, 1], [2, 0]])).shape == (3, 5)
