"""Exercises of lesson 22: replace each `...`, and check them by
`tinyinception lesson 22 --check`."""


def key(arguments):
    """[1] Under which key a recording is kept: a list, an entry per argument.

    For an array it is the pair of its shape and its dtype's name, as in
    ((2, 3), "float32"); for a Python number the number itself. So a batch of
    another size, or another momentum, has another key.
    """
    return ...


def needed_at_once(launches, sizes):
    """[2] The largest number of bytes that are needed at the same time.

    launches: for each launch in order, the names of the arrays that it reads
    or writes. sizes: from a name to its bytes. An array is needed from the
    first launch that names it to the last, both included. With [("a", "b"),
    ("b", "c")] and sizes of 1, 2 and 4 it is 6.
    """
    return ...


def replayed(step, x, others):
    """[2] What a recorded step gives: copies of `out`, for x and each other.

    step(launch, x, out) calls launch(function, *arrays) for whatever writes a
    number, the last of which writes to out. It may be called once only, with x
    and an `out` made by numpy.zeros_like(x); all other results come from the
    list of launches that your own `launch` has written down. The result is a
    list: for x first, and then for each array in others.
    """
    return ...


def may_share(launches):
    """[3] Which arrays may lie in the same place: a list of pairs of names.

    launches: for each launch in order, the names of the arrays that it reads
    or writes, as in [("a", "b"), ("b", "c")]. An array is needed from the
    first launch that names it to the last, and both of these need it. Each
    pair, and the list of pairs, is in the order of the alphabet.
    """
    return ...


def frozen(first, second):
    """[3] Where a replay would use an old number: (launch, argument), from 0.

    first and second are what one step launched in two calls: lists of tuples
    of arguments, equally many. Arguments are NumPy arrays, each in the same
    place in both calls, and Python numbers. The result is a list.
    """
    return ...


def frozen_dropout():
    """[open] A step of yours drops activations with its own NumPy generator.

    What happens to the training if that step is captured, and would the loss
    show it? Give two ways to mend it, and say what each costs.
    """
