"""Checks of lesson 22's exercises: right answers come from steps that run anew, and from walking through launches."""

from itertools import combinations

import numpy as np

from tinyinception.course.exercises import Exercise

# -- replayed ----------------------------------------------------------------------------------------------------------


def doubled_plus_one(launch, x, out):
    half = np.zeros_like(x)
    launch(np.add, x, x, half)
    launch(np.add, half, np.ones_like(x), out)


def running_sum():
    """A step with a state that it changes in place, as running statistics are; a new state for each run of a check."""
    total = np.zeros(2)

    def step(launch, x, out):
        launch(np.add, total, x, total)
        launch(np.multiply, total, total, out)

    return step


class Step:
    """A step that begins anew whenever it is copied, as each answer gets copies."""

    def __init__(self, make):
        self.make, self.step = make, make()

    def __call__(self, launch, x, out):
        self.step(launch, x, out)

    def __deepcopy__(self, memo):
        return Step(self.make)

    def __repr__(self):
        return self.make.__name__


def from_python(step, x, others):
    """Every step is run by Python again, with a launch that writes nothing down."""
    results = []
    for array in (x, *others):
        out = np.zeros_like(x)
        step(lambda function, *arrays: function(*arrays), array, out)
        results.append(out)
    return results


def recorder(write=True, rebind=False, copy=True, run=True, again=True):
    """The solution with its usual mistakes as options."""

    def answer(step, x, others):
        calls, out = [], np.zeros_like(x)

        def launch(function, *arrays):
            if run:
                function(*arrays)
            calls.append((function, arrays))

        step(launch, x, out)
        results = [out.copy() if copy else out]
        for other in others:
            if rebind:
                x = other
            elif write:
                x[...] = other
            for function, arrays in calls if again else ():
                function(*arrays)
            results.append(out.copy() if copy else out)
        return results

    return answer


X, OTHERS = (
    np.array([1.0, -2.0]),
    [np.array([0.5, 3.0]), np.array([4.0, 0.25])],
)

# -- may_share ---------------------------------------------------------------------------------------------------------


def never_together(launches):
    """Go through the launches, and note which arrays are there at the same time."""
    names = sorted({name for launch in launches for name in launch})
    together = set()
    for number in range(len(launches)):
        done = {name for launch in launches[:number] for name in launch}
        to_come = {
            name for launch in launches[number + 1 :] for name in launch
        }
        alive = [
            n
            for n in names
            if n in launches[number] or (n in done and n in to_come)
        ]
        together |= set(combinations(alive, 2))
    return [pair for pair in combinations(names, 2) if pair not in together]


def spans(launches):
    found = {}
    for number, names in enumerate(launches):
        for name in names:
            found[name] = found.get(name, (number,))[0], number
    return found


def pairs(launches, may):
    found = spans(launches)
    return [
        (a, b)
        for a, b in combinations(sorted(found), 2)
        if may(found[a], found[b])
    ]


CHAIN = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]
BACKWARD = [
    ("x", "h"),
    ("h", "y"),
    ("y", "loss"),
    ("loss", "gy"),
    ("gy", "h", "gh"),
    ("gh", "x", "gw"),
]

# -- frozen ------------------------------------------------------------------------------------------------------------


def differing(first, second):
    """What a replay of the first call's list would not know of the second: numbers, for arrays are read anew."""
    found = []
    for launch in range(len(first)):
        numbers = [
            i
            for i, value in enumerate(first[launch])
            if isinstance(value, (int, float))
        ]
        found += [
            (launch, i)
            for i in numbers
            if first[launch][i] != second[launch][i]
        ]
    return found


def chosen(first, second, wanted):
    return [
        (launch, i)
        for launch, arguments in enumerate(first)
        for i, a in enumerate(arguments)
        if wanted(a, second[launch][i])
    ]


def adam(count, rate):
    """Two launches of an optimiser: its count of steps is a Python number, its rate an array of one."""
    return [
        (np.ones(3), 0.9, 0.999),
        (np.ones(3), np.array([rate]), 1e-8, count, 1 - 0.9**count),
    ]


def warm_up(images, factor):
    return [
        (images, np.zeros(2), 2),
        (np.zeros(2), factor),
        (np.zeros(2), np.ones(2), 0.1),
    ]


# -- key, needed_at_once -----------------------------------------------------------------------------------------------


def described(arguments):
    found = []
    for a in arguments:
        try:
            found.append(
                (
                    tuple(len(a.swapaxes(0, i)) for i in range(a.ndim)),
                    str(a.dtype),
                )
            )
        except AttributeError:
            found.append(a)
    return found


def swept(launches, sizes, open_end=False):
    """Go through the launches: add at the first use, take away after the last."""
    found, now, most = spans(launches), 0, 0
    for number in range(len(launches)):
        now += sum(
            sizes[n] for n, (first, _) in found.items() if first == number
        )
        if open_end:
            now -= sum(
                sizes[n] for n, (_, last) in found.items() if last == number
            )
        most = max(most, now)
        if not open_end:
            now -= sum(
                sizes[n] for n, (_, last) in found.items() if last == number
            )
    return most


SIZES = {
    name: 3 * i * i + 1
    for i, name in enumerate(
        ["a", "b", "c", "d", "e", "x", "h", "y", "loss", "gy", "gh", "gw"]
    )
}
EXERCISES = [
    Exercise(
        "key",
        described,
        [
            ([np.zeros((2, 3), np.float32), 0.9],),
            ([np.zeros(4), np.zeros((1, 5), np.int64), 2],),
        ],
        {
            "Two batches of one shape may have different dtypes; both belong to the key.": lambda args: [
                a.shape if isinstance(a, np.ndarray) else a for a in args
            ],
            "A number is frozen in the recording, so its value belongs to the key.": lambda args: [
                (a.shape, a.dtype.name)
                if isinstance(a, np.ndarray)
                else type(a).__name__
                for a in args
            ],
            "The numbers in an array do not belong to the key: a replay reads them anew.": lambda args: [
                a.tolist() if isinstance(a, np.ndarray) else a for a in args
            ],
        },
    ),
    Exercise(
        "needed_at_once",
        swept,
        [
            ([("a", "e"), ("b", "c"), ("e", "a")], SIZES),
            (CHAIN, SIZES),
            (BACKWARD, SIZES),
            ([("a", "b"), ("c",), ("a", "d")], SIZES),
            ([("e", "d"), ("d", "c"), ("c", "b", "a")], SIZES),
        ],
        {
            "That is all of them; but an array is not needed after its last launch.": lambda launches, sizes: (
                sum(sizes[n] for n in spans(launches))
            ),
            "Those are the arrays of one launch; others wait to be used again.": lambda launches, sizes: (
                max(sum(sizes[n] for n in set(names)) for names in launches)
            ),
            "The last launch that names an array needs it, too.": lambda launches, sizes: (
                swept(launches, sizes, open_end=True)
            ),
        },
    ),
    Exercise(
        "replayed",
        from_python,
        [
            (doubled_plus_one, X, OTHERS),
            (Step(running_sum), X, OTHERS),
            (Step(running_sum), X, []),
        ],
        {
            "All results are one array, which the last replay wrote to; hand out copies of out.": recorder(
                copy=False
            ),
            "The replays read the first numbers: write the new ones into x, with x[...] = other; x = other only gives "
            "another array the name.": recorder(rebind=True),
            "The first result is missing: `launch` has to carry a launch out, and to write it down.": recorder(
                run=False
            ),
            "out was never written to again: for each of the others all launches are called once more.": recorder(
                again=False
            ),
        },
    ),
    Exercise(
        "may_share",
        never_together,
        [(CHAIN,), (BACKWARD,), ([("a", "b"), ("c",), ("a", "d")],)],
        {
            "The launch that reads one array while it writes the other needs both.": lambda launches: (
                pairs(launches, lambda a, b: a[1] <= b[0] or b[1] <= a[0])
            ),
            "Those are arrays of which no launch names both; but one that is used again later has to be kept "
            "meanwhile.": lambda launches: [
                (a, b)
                for a, b in combinations(sorted(spans(launches)), 2)
                if not any(a in launch and b in launch for launch in launches)
            ],
            "That are the pairs that may not share.": lambda launches: pairs(
                launches, lambda a, b: a[1] >= b[0] and b[1] >= a[0]
            ),
            "Only one that comes later in the alphabet is looked at as the second tenant: it may also have been the "
            "first.": lambda launches: pairs(
                launches, lambda a, b: a[1] < b[0]
            ),
        },
    ),
    Exercise(
        "frozen",
        differing,
        [
            (adam(1, 0.1), adam(2, 0.05)),
            (warm_up(np.ones(2), 0.1), warm_up(np.full(2, 7.0), 0.2)),
        ],
        {
            "Arrays are places: a replay reads what stands there then. Only Python numbers are "
            "frozen.": lambda first, second: chosen(
                first, second, lambda a, b: bool(np.any(a != b))
            ),
            "All numbers are frozen, but one that never changes does no harm.": lambda first, second: (
                chosen(
                    first, second, lambda a, b: not isinstance(a, np.ndarray)
                )
            ),
            "An array of one number is an array: its place is in the list, not its value.": lambda first, second: (
                chosen(
                    first,
                    second,
                    lambda a, b: np.size(a) == 1 and bool(np.any(a != b)),
                )
            ),
            "There is more than one.": lambda first, second: differing(
                first, second
            )[:1],
        },
    ),
]
