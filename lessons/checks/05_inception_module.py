"""Checks of lesson 5's exercises: right answers come from built networks and from trying widths."""

from bisect import bisect_left

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise
from tinyinception.tensor import Tensor, no_grad

PARAMETERS, MACS = 80_000, 60_000_000


def plain(*arguments, **options):
    return nn.ConvUnit(*arguments, norm=None, **options)


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
    # a wider reduction costs more, so half of the widths that are left go with each that is built
    return bisect_left(
        range(1, m + n), alone, key=lambda r: counted(1, m, r, n, k)
    )


def needs_module(network):
    if not isinstance(network, nn.Module):
        raise TypeError(
            f"measure needs the module, an nn.Module, and got a {type(network).__name__}"
        )


def module_of(m, n1, r3, n3, r5, n5, proj):
    return nn.inception(
        m, n1=n1, r3=r3, n3=n3, r5=r5, n5=n5, pool_proj=proj, unit=plain
    )


def same_weights(network):
    """What a module puts out when each of its weights and biases is filled by shape; and its widths, as shapes.

    Filled by shape and not in order, since a class may define its branches in any order.
    """
    needs_module(network)
    parameters = list(network.parameters())
    m = max(
        p.shape[2] for p in parameters if p.ndim == 4
    )  # the input is never narrower than a reduction, here
    for p in parameters:
        rng = np.random.default_rng(p.shape)
        p.data[...] = rng.standard_normal(p.shape, dtype=np.float32) / np.sqrt(
            np.prod(p.shape[:-1])
        )
    x = np.random.default_rng(0).standard_normal(
        (1, 6, 6, m), dtype=np.float32
    )
    network.eval()
    with no_grad():
        out = network(Tensor(x)).numpy()
    shapes = sorted(str(p.shape) for p in parameters)
    return {
        "weights and biases": " ".join(shapes),
        "grid": out.shape[1:3],
        "output": out,
    }


def with_module(measure, *widths):
    return measure(module_of(*widths))


def no_reductions(measure, m, n1, r3, n3, r5, n5, proj):
    return measure(nn.naive_inception(m, n1=n1, n3=n3, n5=n5, unit=plain))


def no_projection(measure, m, n1, r3, n3, r5, n5, proj):
    return measure(
        nn.Branches(
            one=plain(m, n1, 1),
            three=nn.chain(m, [(r3, 1), (n3, 3)], unit=plain),
            five=nn.chain(m, [(r5, 1), (n5, 5)], unit=plain),
            pool=nn.max_pool(),
        )
    )


def with_norm(measure, m, n1, r3, n3, r5, n5, proj):
    return measure(
        nn.inception(m, n1=n1, r3=r3, n3=n3, r5=r5, n5=n5, pool_proj=proj)
    )


def without_relu(measure, m, n1, r3, n3, r5, n5, proj):
    def linear(*arguments, **options):
        return nn.ConvUnit(*arguments, norm=None, relu=False, **options)

    return measure(
        nn.inception(
            m, n1=n1, r3=r3, n3=n3, r5=r5, n5=n5, pool_proj=proj, unit=linear
        )
    )


def projection_first(measure, m, n1, r3, n3, r5, n5, proj):
    return measure(
        nn.Branches(
            one=plain(m, n1, 1),
            three=nn.chain(m, [(r3, 1), (n3, 3)], unit=plain),
            five=nn.chain(m, [(r5, 1), (n5, 5)], unit=plain),
            pool=nn.Sequential(plain(m, proj, 1), nn.max_pool()),
        )
    )


def with_average(measure, m, n1, r3, n3, r5, n5, proj):
    return measure(
        nn.inception(
            m,
            n1=n1,
            r3=r3,
            n3=n3,
            r5=r5,
            n5=n5,
            pool_proj=proj,
            pool=nn.avg_pool,
            unit=plain,
        )
    )


def budgets(network):
    """What the module within two budgets must keep."""
    needs_module(network)
    rows = summary(network, 28, channels=192)
    joins = [row for row in rows.rows if "concat" in row.op.lower()]
    out = network(Tensor.shape_only(1, 28, 28, 192)).shape
    last = {}
    for row in rows.rows:
        if row.macs and row.name:
            last[row.name.split(".")[0]] = row.output[-1]
    kernels = {p.shape[0] for p in network.parameters() if p.ndim == 4}
    return {
        "grid of 28 x 28": out[1:3] == (28, 28),
        "branches are joined": bool(joins),
        "kernels of 1, 3 and 5": kernels == {1, 3, 5},
        "at least 256 channels": out[3] >= 256,
        "at least 32 from each branch": len(last) >= 4
        and min(last.values()) >= 32,
        f"at most {PARAMETERS:,} parameters": rows.params <= PARAMETERS,
        f"at most {MACS:,} multiply-adds": rows.macs <= MACS,
    }


def measured_rank(m, r, n, k):
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((m, r)) @ rng.standard_normal((r, k * k * n))
    return int(np.linalg.matrix_rank(weights))


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
            "The pooling branch was forgotten: the first module puts out the input's channels "
            "too.": lambda channels, modules: (
                sum(map(sum, modules)) if modules else 0
            ),
            "Channels of the branches are joined, not multiplied: one more module adds its "
            "filters.": lambda channels, modules: (
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
            "Those are the weights. Every pixel of the grid multiplies with all of them "
            "once.": lambda grid, m, r, n, k: m * r + k * k * r * n,
            "Padding keeps the grid: there are as many output pixels as input pixels.": lambda grid, m, r, n, k: (
                grid * grid * m * r + (grid - k + 1) ** 2 * k * k * r * n
            ),
            "A window has k times k places, not k.": lambda grid, m, r, n, k: (
                grid * grid * (m * r + k * r * n)
            ),
            "The grid has two sides: grid x grid pixels.": lambda grid, m, r, n, k: (
                grid * (m * r + k * k * r * n)
            ),
        },
    ),
    Exercise(
        "widest_reduction",
        searched,
        [
            (192, 32, 5),
            (18, 2, 3),
            (7, 2, 3),  # a weight less than what is cheaper
            (192, 128, 3),
            (480, 48, 5),
            (64, 64, 3),
            (9, 1, 3),
            (36, 4, 3),
        ],
        {
            "Any r below m makes the k x k cheaper, but the 1x1 costs m r itself, and that must be won "
            "back.": lambda m, n, k: m - 1,
            "Strictly cheaper: where the two cost the same, take one less.": lambda m, n, k: (
                k * k * m * n // (m + k * k * n)
            ),
            "At that r the two cost the same or more; asked is the last one that is strictly "
            "cheaper.": lambda m, n, k: (
                (k * k * m * n - 1) // (m + k * k * n) + 1
            ),
            "The k x k kernel is missing from the reduced branch: its second convolution costs k k r n, "
            "not r n.": lambda m, n, k: (k * k * m * n - 1) // (m + n),
            "A window has k times k places, not k.": lambda m, n, k: (
                (k * m * n - 1) // (m + k * n)
            ),
            "r must be whole.": lambda m, n, k: (
                k * k * m * n / (m + k * k * n)
            ),
        },
    ),
    Exercise(
        "module",
        with_module,
        [
            (same_weights, 24, 3, 5, 7, 2, 4, 6),
            (same_weights, 16, 8, 4, 9, 3, 5, 2),
        ],
        {
            "The reductions are missing: a 1x1 before the 3x3, one before the 5x5, one after the pooling.": (
                no_reductions
            ),
            "After the pooling comes a 1x1 to proj channels.": no_projection,
            "The pooling comes first, its 1x1 after it.": projection_first,
            "The branch has a max pooling.": with_average,
            "A ReLU follows every convolution, the 1x1 too.": without_relu,
            "Without batch normalisation: a convolution with its bias, then a ReLU, as in 2014.": with_norm,
        },
        tolerance=1e-4,
    ),
    Exercise(
        "within_budgets",
        lambda measure: measure(module_of(192, 128, 32, 64, 8, 32, 32)),
        [(budgets,)],
        {
            "That is over both budgets. Which branch costs most? Narrow its reduction.": lambda measure: (
                measure(module_of(192, *(64, 96, 128, 16, 32, 32)))
            ),
            "Cheap enough, but too narrow: channels from the 1x1 branch cost least.": lambda measure: (
                measure(module_of(192, 32, 16, 32, 8, 32, 32))
            ),
        },
    ),
    Exercise(
        "mixtures_seen",
        measured_rank,
        [
            (192, 16, 32, 5),
            (8, 16, 4, 3),
            (40, 20, 1, 3),
            (64, 30, 3, 3),
            (7, 7, 1, 1),
        ],
        {
            "Of very few filters each has only k x k numbers: no more mixtures than k k n can matter.": (
                lambda m, r, n, k: min(m, r)
            ),
            "A reduction cannot make more mixtures than there are channels.": lambda m, r, n, k: (
                r
            ),
            "Each filter has k times k places, each with a mixture of its own.": lambda m, r, n, k: (
                min(m, r, n)
            ),
        },
    ),
]
