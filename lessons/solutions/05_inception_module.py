"""Solutions of lesson 5."""

from tinyinception import nn
from tinyinception.tensor import concat


def naive_channels(channels, modules):
    """Pooling passes the input on, so each module adds its filters to what came in."""
    return channels + sum(n1 + n3 + n5 for n1, n3, n5 in modules)


def branch_macs(grid, m, r, n, k):
    """The 1x1 pays for the m channels, the k x k only for the r that it left."""
    return grid * grid * (m * r + k * k * r * n)


def widest_reduction(m, n, k):
    """r (m + k k n) < k k m n: the largest whole number strictly below the quotient."""
    return (k * k * m * n - 1) // (m + k * k * n)


class Conv(nn.Module):
    """A convolution from m to n channels that keeps the grid, and a ReLU."""

    def __init__(self, m, n, k):
        self.conv = nn.Conv2d(m, n, k, padding=k // 2)

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


def module(measure, m, n1, r3, n3, r5, n5, proj):
    """As in the lesson."""
    return measure(Inception(m, n1, r3, n3, r5, n5, proj))


NARROW = (
    192,
    128,
    48,
    64,
    8,
    32,
    32,
)  # m, n1, r3, n3, r5, n5, proj: 75,832 parameters, 59.2M multiply-adds


def within_budgets(measure):
    """Cheap channels come from the 1x1: most of them there, narrow reductions elsewhere."""
    return measure(Inception(*NARROW))


def mixtures_seen(m, r, n, k):
    """The narrowest of three: what comes in, what the 1x1 leaves, and all numbers that the k x k computes with it."""
    return min(m, r, k * k * n)


def why_a_pooling():
    """The paper: poolings were "essential for the success" of convolutional networks, so one more should help.

    What it can do: take a maximum of each channel over 3 x 3 pixels, whatever channel it is, so that "somewhere near"
    replaces "exactly here". A 3x3 with a ReLU can approach a maximum of two numbers, but needs filters for each channel.
    And it hands every channel on, before the 1x1 mixes them.

    To find out: train the module with the pooling branch, without it, and with a 1x1 alone in its place, at equal
    cost (give the other branches what is saved), with three seeds each at least, and compare the spread between seeds
    with the difference. Later Inception networks have an average pooling in that place, which is linear: it does
    nothing that a 3x3 could not do, only cheaper.
    """
