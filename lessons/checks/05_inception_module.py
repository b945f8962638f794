"""Checks of lesson 5's exercises: right answers come from built networks and from trying every width."""

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise


def stacked(channels, modules):
    with nn.shape_only():
        for n1, n3, n5 in modules:
            channels = nn.naive_inception(
                channels, n1=n1, n3=n3, n5=n5
            ).out_channels
    return channels


def counted(grid, m, r, n, k):
    with nn.shape_only():
        return summary(nn.chain(m, [(r, 1), (n, k)]), grid, channels=m).macs


def searched(m, n, k):
    with nn.shape_only():
        alone = summary(nn.Conv2d(m, n, k, padding="same"), 1, channels=m).macs
    return max(r for r in range(1, m + n) if counted(1, m, r, n, k) < alone)


EXERCISES = [
    Exercise(
        "naive_channels",
        stacked,
        [
            (192, [(64, 128, 32)]),
            (192, [(64, 128, 32), (128, 192, 96)]),
            (8, []),
        ],
        {
            "The pooling branch was forgotten: it has no filters of its own and puts out every channel that comes "
            "in.": lambda channels, modules: (
                sum(modules[-1]) if modules else channels
            ),
            "Channels of the branches are joined, not multiplied: "
            "one more module adds its filters.": lambda channels, modules: (
                channels * (1 + sum(map(sum, modules)))
            ),
            "The input comes in once; a module's output holds it already, and is what the next one adds its filters "
            "to.": lambda channels, modules: sum(
                channels + sum(filters) for filters in modules
            ),
        },
    ),
    Exercise(
        "branch_macs",
        counted,
        [(28, 192, 16, 32, 5), (14, 480, 96, 208, 3), (7, 832, 48, 128, 5)],
        {
            "The k x k is taken to read all m channels; it reads the r that the 1x1 left.": lambda grid, m, r, n, k: (
                grid * grid * (m * r + k * k * m * n)
            ),
            "The 1x1 is not free: at every pixel it multiplies m channels into r.": lambda grid, m, r, n, k: (
                grid * grid * k * k * r * n
            ),
            "Those are the weights. "
            "Every pixel of the grid multiplies with all of them once.": lambda grid, m, r, n, k: (
                m * r + k * k * r * n
            ),
            "Padding keeps the grid: there are as many output pixels as input pixels.": lambda grid, m, r, n, k: (
                grid * grid * m * r + (grid - k + 1) ** 2 * k * k * r * n
            ),
        },
    ),
    Exercise(
        "widest_reduction",
        searched,
        [(192, 32, 5), (192, 128, 3), (480, 48, 5), (64, 64, 3), (9, 1, 3)],
        {
            "Any r below m makes the k x k cheaper, but the 1x1 costs m r itself, "
            "and that must be won back.": lambda m, n, k: m - 1,
            "At that r the two cost the same or more; asked is the last one that is strictly "
            "cheaper.": lambda m, n, k: (
                (k * k * m * n - 1) // (m + k * k * n) + 1
            ),
            "The k x k kernel is missing from the reduced branch: its second convolution costs k k r n, "
            "not r n.": lambda m, n, k: (k * k * m * n - 1) // (m + n),
        },
    ),
]
