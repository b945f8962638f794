"""Solutions of lesson 22."""

from itertools import combinations

import numpy as np


def key(arguments):
    """Of arrays what decides about the launches, of numbers all."""
    return [
        (a.shape, a.dtype.name) if isinstance(a, np.ndarray) else a
        for a in arguments
    ]


def needed_at_once(launches, sizes):
    """Add up, for each launch, whoever has begun and is not done."""
    found = []
    for number in range(len(launches)):
        begun = {name for names in launches[: number + 1] for name in names}
        to_come = {name for names in launches[number:] for name in names}
        found.append(sum(sizes[name] for name in begun & to_come))
    return max(found)


def replayed(step, x, others):
    """A launch is carried out and written down; a replay writes new numbers to the old place."""
    calls, out = [], np.zeros_like(x)

    def launch(function, *arrays):
        function(*arrays)
        calls.append((function, arrays))

    step(launch, x, out)
    results = [out.copy()]
    for other in others:
        x[...] = other
        for function, arrays in calls:
            function(*arrays)
        results.append(out.copy())
    return results


def may_share(launches):
    """Two arrays may share where the last use of one is before the first of the other."""
    first, last = {}, {}
    for number, names in enumerate(launches):
        for name in names:
            first.setdefault(name, number)
            last[name] = number
    return [
        (a, b)
        for a, b in combinations(sorted(first), 2)
        if last[a] < first[b] or last[b] < first[a]
    ]


def frozen(first, second):
    """An array is an address, whatever stands there; a number is its value."""
    found = []
    for launch, arguments in enumerate(first):
        for argument, before in enumerate(arguments):
            after = second[launch][argument]
            if not isinstance(before, np.ndarray) and before != after:
                found.append((launch, argument))
    return found


def frozen_dropout():
    """The mask that was drawn in the recorded step is frozen: the same activations are dropped in every step.

    The loss goes down as always, perhaps faster, for the network learns to do without them: nothing shows that the
    dropout has lost its effect, except that the gap between training and test grows. Ways to mend it: draw the mask
    outside the step and pass it in as an array, which costs an argument and the memory of a mask; or use the package's
    Dropout, whose draws are launches. Drawing from NumPy's global generator is right as well, but then the step is
    never replayed, so nothing is gained.
    """
