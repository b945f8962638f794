"""Exercises of lesson 22. Replace each `...`, then run `tinyinception lesson 22 --check`."""


def replayed(step, x, others):
    """What a recorded step gives: a list of copies of `out`, for x first and then for each array in others.

    step(launch, x, out) calls launch(function, *arrays) for whatever writes a number, the last of which writes to out.
    It may be called once only, with x and an `out` made by numpy.zeros_like(x); all other results come from the list of
    launches that your own `launch` has written down.
    """
    return ...


def may_share(launches):
    """Which arrays may lie in the same place: a list of pairs of names, in the order of the alphabet, as its pairs.

    launches: for each launch in order, the names of the arrays that it reads or writes, as in [("a", "b"), ("b", "c")].
    An array is needed from the first launch that names it to the last, and both of these need it.
    """
    return ...


def frozen(first, second):
    """Where a replay would use an old number: a list of (launch, argument), both counted from 0.

    first and second are what one step launched in two calls: lists of tuples of arguments, equally many. Arguments are
    NumPy arrays, each in the same place in both calls, and Python numbers.
    """
    return ...
