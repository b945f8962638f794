"""Solutions of lesson 7."""

from tinyinception import nn
from tinyinception.tensor import concat


def grids(size):
    """One convolution and one pooling before the stem's last; then a pooling after stages 3 and 4."""

    def halved(side):
        return -(-(side - 3) // 2) + 1  # rounded up

    stem = halved(halved((size - 1) // 2 + 1))
    third = halved(stem)
    fourth = halved(third)
    return [stem, third, fourth, fourth]


def receptive_field(windows):
    """Each window adds its reach beyond the first number, measured in pixels."""
    field, step = 1, 1
    for kernel, stride in windows:
        field += (kernel - 1) * step
        step *= stride
    return field


def seen(windows, number):
    """From the last window back to the first: a number sees kernel numbers, the first at stride x number - padding."""
    first = last = number
    for kernel, stride, padding in reversed(windows):
        first = first * stride - padding
        last = last * stride - padding + kernel - 1
    return first, last


class Conv(nn.Module):
    """A convolution from m to n channels, and its ReLU."""

    def __init__(self, m, n, k, stride=1):
        self.conv = nn.Conv2d(m, n, k, stride=stride, padding=k // 2)

    def forward(self, x):
        return self.conv(x).relu()


class Inception(nn.Module):
    """Four branches on the same input, joined along the channels."""

    def __init__(self, m, n1, r3, n3, r5, n5, proj):
        self.one = Conv(m, n1, 1)
        self.three = nn.Sequential(Conv(m, r3, 1), Conv(r3, n3, 3))
        self.five = nn.Sequential(Conv(m, r5, 1), Conv(r5, n5, 5))
        self.pool = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1), Conv(m, proj, 1)
        )

    def forward(self, x):
        return concat([self.one(x), self.three(x), self.five(x), self.pool(x)])


def build():
    """A stem to 14 x 14, a module, a pooling to 7 x 7, a wider module, the mean over places."""
    return nn.Sequential(
        Conv(1, 24, 5, stride=2),
        Inception(24, 16, 16, 32, 4, 8, 8),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        Inception(64, 32, 32, 64, 8, 16, 16),
        nn.GlobalAvgPool(),
        nn.Linear(128, 10),
    )


def small_googlenet(measure):
    """Build it, and have it counted."""
    return measure(build())


def widths_of(out, m):
    """All are eighths of the output, or parts of these; no reduction is wider than what comes in."""
    eighth = out // 8
    return (
        2 * eighth,
        min(2 * eighth, m),
        4 * eighth,
        min(eighth // 4, m),
        eighth,
        eighth,
    )


def other_sizes():
    """GoogLeNet takes it; AlexNet's first linear layer would refuse.

    All layers but the last slide over the grid, whatever its size: at 448 x 448 stage 5 leaves 14 x 14 numbers of each
    channel, and the mean makes one of them. AlexNet's first linear layer has a weight for each of 6 x 6 x 256 numbers,
    and a larger grid has more.

    The scores then say what the picture holds on average over more places, in which the things are twice as large in
    pixels; a network that has only seen small ones may be wrong about them. For a score at every place, leave out the
    mean and use the linear layer as a 1 x 1 convolution from 1,024 to 1,000 channels, with the same weights: the result
    is a grid of scores, coarse (one for 32 pixels) and blurred, since each sees 715 pixels. Networks that find
    things in a picture, or colour its parts, begin like this.
    """
