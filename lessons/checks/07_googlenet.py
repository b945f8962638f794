"""Checks of lesson 7's exercises: by the package's own layers, which compute shapes and receptive fields."""

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise
from tinyinception.tensor import Tensor

PARAMETERS, MACS = 60_000, 6_000_000


def halve():
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def built_grids(size):
    with nn.shape_only():
        x = nn.Conv2d(1, 1, 7, stride=2, padding=3)(
            Tensor.shape_only(1, size, size, 1)
        )
        sides = []
        for _ in range(4):
            x = halve()(x)
            sides.append(x.shape[1])
    return [*sides[1:], sides[3]]


def rows(windows):
    """A chain of convolutions, wide enough for each of them."""
    with nn.shape_only():
        chain = nn.Sequential(
            *(nn.Conv2d(1, 1, k, stride=s, padding=p) for k, s, p in windows)
        )
        return summary(chain, 4096, channels=1).rows


def built_field(windows):
    return (
        rows([(*window, 0) for window in windows])[-1].field.size[0]
        if windows
        else 1
    )


def built_seen(windows, number):
    if not windows:
        return number, number
    field = rows(windows)[-1].field
    return tuple(
        edge[0] + number * field.stride[0] for edge in (field.low, field.high)
    )


def measure(network):
    """What a small GoogLeNet must keep: its scores' shape, its joins, its budgets."""
    if not isinstance(network, nn.Module):
        raise TypeError(
            f"measure needs the network, an nn.Module, and got a {type(network).__name__}"
        )
    counted = summary(network, 28, channels=1)
    last, joins = (
        counted.rows[-1],
        [row for row in counted.rows if "concat" in row.op.lower()],
    )
    return {
        "ten scores": tuple(last.output) == (10,),
        "two modules or more": len(joins) >= 2,
        "grid halved before the first module": bool(joins)
        and joins[0].output[0] <= 14,
        f"at most {PARAMETERS:,} parameters": counted.params <= PARAMETERS,
        f"at most {MACS:,} multiply-adds": counted.macs <= MACS,
    }


def reference(measure):
    unit = {"norm": None}
    stem = nn.ConvUnit(1, 16, 3, stride=2, **unit)
    first = nn.inception(16, n1=8, r3=8, n3=16, r5=4, n5=4, pool_proj=4)
    second = nn.inception(32, n1=8, r3=8, n3=16, r5=4, n5=4, pool_proj=4)
    return measure(
        nn.Sequential(
            stem, first, second, nn.GlobalAvgPool(), nn.Linear(32, 10)
        )
    )


def over_budget(measure):
    stem = nn.ConvUnit(1, 64, 3, stride=2)
    modules = [
        nn.inception(64, n1=16, r3=64, n3=32, r5=16, n5=8, pool_proj=8)
        for _ in range(2)
    ]
    return measure(
        nn.Sequential(stem, *modules, nn.GlobalAvgPool(), nn.Linear(64, 10))
    )


def no_halving(measure):
    modules = [
        nn.inception(m, n1=4, r3=4, n3=8, r5=2, n5=2, pool_proj=2)
        for m in (1, 16)
    ]
    return measure(
        nn.Sequential(*modules, nn.GlobalAvgPool(), nn.Linear(16, 10))
    )


def no_head(measure):
    stem = nn.ConvUnit(1, 16, 3, stride=2)
    modules = [
        nn.inception(m, n1=8, r3=8, n3=16, r5=4, n5=4, pool_proj=4)
        for m in (16, 32)
    ]
    return measure(nn.Sequential(stem, *modules))


def one_module(measure):
    stem = nn.ConvUnit(1, 16, 3, stride=2)
    module = nn.inception(16, n1=8, r3=8, n3=16, r5=4, n5=4, pool_proj=4)
    return measure(
        nn.Sequential(stem, module, nn.GlobalAvgPool(), nn.Linear(32, 10))
    )


def split(out, m):
    """Shares counted in 32nds of the output."""
    unit = out / 32
    parts = {"n1": 8, "r3": 8, "n3": 16, "r5": 1, "n5": 4, "proj": 4}
    return tuple(
        int(min(unit * share, m) if name.startswith("r") else unit * share)
        for name, share in parts.items()
    )


def halved_sides(size, round_up):
    side, sides = (size - 1) // 2 + 1, []
    for _ in range(4):
        side = (side - 3 + round_up) // 2 + 1
        sides.append(side)
    return [*sides[1:], sides[3]]


def without_step(windows):
    return 1 + sum(k - 1 for k, _ in windows)


def own_stride_first(windows):
    field, step = 1, 1
    for k, stride in windows:
        step *= stride
        field += (k - 1) * step
    return field


def whole_kernel(windows):
    field, step = 1, 1
    for k, stride in windows:
        field += k * step
        step *= stride
    return field


def forwards(windows, number):
    first = last = number
    for k, stride, padding in windows:
        first, last = first * stride - padding, last * stride - padding + k - 1
    return first, last


def without_padding(windows, number):
    return built_seen([(k, stride, 0) for k, stride, _ in windows], number)


def end_excluded(windows, number):
    first, last = built_seen(windows, number)
    return first, last + 1


GOOGLENET = [(7, 2, 3), (3, 2, 0), (1, 1, 0), (3, 1, 1), (3, 2, 0), (5, 1, 2)]

EXERCISES = [
    Exercise(
        "grids",
        built_grids,
        [(224,), (225,), (160,), (62,), (63,), (97,)],
        {
            "The last window may hang over the edge: round the pooling's side up, not down.": lambda size: (
                halved_sides(size, 0)
            ),
            "The last stage has no pooling of its own: its modules keep the grid.": lambda size: (
                built_grids(size)[:3] + [(built_grids(size)[3] - 2) // 2 + 1]
            ),
            "There are two poolings in the stem, before the first module.": lambda size: [
                -(-((size - 1) // 2 + 1 - 3) // 2) + 1,
                *built_grids(size)[:2],
                built_grids(size)[1],
            ],
        },
    ),
    Exercise(
        "receptive_field",
        built_field,
        [
            ([(7, 2), (3, 2)],),
            ([(3, 1), (3, 1), (5, 1)],),
            ([(3, 2), (1, 1), (3, 2), (5, 1), (3, 3), (2, 1)],),
            ([],),
        ],
        {
            "Numbers of a later grid lie several pixels apart: each window's reach counts that often.": without_step,
            "A layer's own stride moves the numbers that come after it; its window still reaches over the grid before.": own_stride_first,
            "A window of k numbers reaches k - 1 beyond the first one, which is counted already.": whole_kernel,
        },
    ),
    Exercise(
        "seen",
        built_seen,
        [
            ([(3, 2, 1)], 0),
            ([(3, 2, 1)], 5),
            (GOOGLENET, 14),
            (GOOGLENET, 0),
            ([(2, 3, 0), (5, 1, 2)], 7),
            ([], 4),
        ],
        {
            "Go from the last window back to the first: the number belongs to the last grid.": forwards,
            "Padding shifts what is seen: number 0 begins that many places before the edge.": without_padding,
            "Asked is the last pixel itself, not the one after it.": end_excluded,
        },
    ),
    Exercise(
        "small_googlenet",
        reference,
        [(measure,)],
        {
            "Too dear. What costs most: make the first layer narrower, or halve the grid once more.": over_budget,
            "The modules work on all 28 x 28 pixels: let a stem halve the grid first.": no_halving,
            "The end is still a grid: GlobalAvgPool takes the mean over places, Linear makes ten scores.": no_head,
            "One module is there; asked are two or more.": one_module,
        },
    ),
    Exercise(
        "widths_of",
        split,
        [(256, 192), (480, 16), (64, 4), (512, 1), (32, 100)],
        {
            "A reduction is never wider than what it reads, m.": lambda out, m: (
                out // 4,
                out // 4,
                out // 2,
                out // 32,
                out // 8,
                out // 8,
            ),
            "The reductions are shares of the 3x3 and the 5x5, not of all channels.": lambda out, m: (
                out // 4,
                min(out // 2, m),
                out // 2,
                min(out // 4, m),
                out // 8,
                out // 8,
            ),
        },
    ),
]
