"""Checks of lesson 23's exercises: right answers come from dealing out images, and from whole batches."""

import numpy as np

from tinyinception.course.exercises import Exercise

# -- part --------------------------------------------------------------------------------------------------------------


def dealt(images, rank, size):
    """Deal the images one by one, count, and go past those of the processes before."""
    counts = [0] * size
    for image in range(images):
        counts[image % size] += 1
    first = sum(counts[:rank])
    return first, first + counts[rank]


# -- weighed, pooled ---------------------------------------------------------------------------------------------------


def one_by_one(gradients, images):
    """As if each image of a part had the part's mean gradient: the mean over all images."""
    rows = [
        gradient
        for gradient, n in zip(gradients, images, strict=True)
        for _ in range(n)
    ]
    return np.mean(rows, axis=0)


def from_images(means, variances, images):
    """Images that have just these means and variances, and then mean and variance of all of them."""
    values = []
    for mean, variance, n in zip(means, variances, images, strict=True):
        own = np.arange(n) - (n - 1) / 2.0
        spread = own.std()
        values += list(
            mean + (own * np.sqrt(variance) / spread if spread else own)
        )
    return np.mean(values), np.var(values)


def pooling(weigh=True, between=True, square=True, means_weighed=True):
    """The solution with its usual mistakes as options."""

    def answer(means, variances, images):
        means, variances = np.array(means), np.array(variances)
        mean = np.average(means, weights=images if means_weighed else None)
        apart = (
            (means - mean) ** 2 if square else np.abs(means - mean)
        ) * between
        return mean, np.average(
            variances + apart, weights=images if weigh else None
        )

    return answer


# -- fastest, half_ring ------------------------------------------------------------------------------------------------


def tried(work, message, most, wires=lambda n: 2 * (n - 1)):
    """Try all numbers of machines, and keep the first that beats all before."""
    best = 1, work + wires(1) * message
    for n in range(2, most + 1):
        seconds = work / n + wires(n) * message
        if seconds < best[1]:
            best = n, seconds
    return best


def partial_sums(arrays):
    """Piece k set out from machine k and passed n - 1 others: machine r has added up the machines from k to r."""
    n = len(arrays)
    return [
        [
            sum(arrays[(k + step) % n][k] for step in range((r - k) % n + 1))
            for k in range(n)
        ]
        for r in range(n)
    ]


def ring(rounds=0, at_once=True, back=False, piece=lambda r, t: r - t):
    """The solution with its usual mistakes as options."""

    def answer(arrays):
        now, n = [list(array) for array in arrays], len(arrays)
        for t in range(n - 1 + rounds):
            sent = [list(row) for row in now] if at_once else now
            for r in range(n):
                k = piece(r, t) % n
                now[(r - 1 if back else r + 1) % n][k] += sent[r][k]
        return now

    return answer


def replaced(arrays):
    now, n = [list(array) for array in arrays], len(arrays)
    for t in range(n - 1):
        sent = [now[r][(r - t) % n] for r in range(n)]
        for r in range(n):
            now[(r + 1) % n][(r - t) % n] = sent[r]
    return now


TWO, THREE = [[1, 2], [10, 20]], [[1, 2, 3], [10, 20, 30], [100, 200, 300]]
FOUR = [[2**i * 3**j for j in range(4)] for i in range(4)]
GRADIENTS = [
    np.array([1.0, -2.0]),
    np.array([3.0, 0.5]),
    np.array([-1.0, 4.0]),
]

# -- wrong_loss --------------------------------------------------------------------------------------------------------


def factor(losses, size):
    """Add up all, as nobody does, to see what each division does."""
    total = float(sum(losses))
    return (total / len(losses) / size) / (total / len(losses))


EXERCISES = [
    Exercise(
        "part",
        dealt,
        [(10, 0, 4), (10, 2, 4), (10, 3, 4), (64, 1, 2), (7, 1, 3), (3, 3, 5)],
        {
            "The images that are left over belong to the first processes, one each; here the last one got them all.": lambda images, rank, size: (
                rank * (images // size),
                images if rank == size - 1 else (rank + 1) * (images // size),
            ),
            "The images that are left over went to nobody.": lambda images, rank, size: (
                rank * (images // size),
                (rank + 1) * (images // size),
            ),
            "As equal as can be, but the larger parts come first: here they are where rounding puts them.": lambda images, rank, size: (
                images * rank // size,
                images * (rank + 1) // size,
            ),
            "That is (first, number); what is asked is (first, end).": lambda images, rank, size: (
                dealt(images, rank, size)[0],
                dealt(images, rank, size)[1] - dealt(images, rank, size)[0],
            ),
        },
    ),
    Exercise(
        "weighed",
        one_by_one,
        [(GRADIENTS[:2], [8, 56]), (GRADIENTS, [1, 2, 5])],
        {
            "A plain mean lets each image of a small part count for more than one of a large part.": lambda gradients, images: (
                np.mean(gradients, axis=0)
            ),
            "That is the sum over all images; divide by how many there are.": lambda gradients, images: (
                sum(n * g for n, g in zip(images, gradients, strict=True))
            ),
            "Divide by the number of images, not of parts.": lambda gradients, images: (
                sum(n * g for n, g in zip(images, gradients, strict=True))
                / len(images)
            ),
        },
    ),
    Exercise(
        "pooled",
        from_images,
        [
            ([0, 4], [1, 1], [5, 5]),
            ([1.0, -2.0, 0.5], [0.25, 4.0, 1.0], [2, 6, 4]),
            ([3.0, 3.0], [1.0, 9.0], [3, 9]),
        ],
        {
            "The parts' means differ, too: what they lie apart belongs to the variance of the whole.": pooling(
                between=False
            ),
            "Means and variances of parts are weighed by their images.": pooling(
                weigh=False, means_weighed=False
            ),
            "The variances are to be weighed by images, as the means are.": pooling(
                weigh=False
            ),
            "What the means lie apart is squared in a variance.": pooling(
                square=False
            ),
        },
    ),
    Exercise(
        "fastest",
        tried,
        [
            (8, 0.5, 16),
            (1, 2, 8),
            (100, 0.001, 8),
            (12, 1.0, 5),
            (4, 1.0, 4),
            (6, 0.5, 2),
            (3, 0.5, 8),
            (2, 0.5, 4),
        ],
        {
            "The sums go back too: 2 × (n - 1) messages.": lambda work, message, most: (
                tried(work, message, most, lambda n: n - 1)
            ),
            "With n machines n - 1 send a message; with one there is none.": lambda work, message, most: (
                tried(work, message, most, lambda n: 2 * n)
            ),
            "That is a ring's cost; here all messages pass machine 0.": lambda work, message, most: (
                tried(work, message, most, lambda n: 2 * (n - 1) / n)
            ),
            "More machines are not always faster: the messages grow as the work shrinks.": lambda work, message, most: (
                most,
                work / most + 2 * (most - 1) * message,
            ),
            "Of several that are equally fast, the smallest number.": lambda work, message, most: (
                max(
                    n
                    for n in range(1, most + 1)
                    if work / n + 2 * (n - 1) * message
                    == tried(work, message, most)[1]
                ),
                tried(work, message, most)[1],
            ),
        },
    ),
    Exercise(
        "half_ring",
        partial_sums,
        [(TWO,), (THREE,), (FOUR,)],
        {
            "Piece and round are right, but in one round all send at the same time, what stood there before it.": ring(
                at_once=False, piece=lambda r, t: r
            ),
            "What arrives is added, it does not replace.": replaced,
            "Those are n rounds; after n - 1 each machine has one finished piece.": ring(
                rounds=1
            ),
            "Machine r sends to machine r + 1.": ring(back=True),
            "In round t machine r sends piece (r - t) mod n, the one that it has just got.": ring(
                piece=lambda r, t: r + t
            ),
            "All machines have all sums: that is after both halves of the ring.": lambda arrays: [
                [sum(column) for column in zip(*arrays, strict=True)]
                for _ in arrays
            ],
        },
    ),
    Exercise(
        "wrong_loss",
        factor,
        [([1.0, 2.0, 3.0, 4.0], 2), ([0.5, 8.0, 1.0, 2.0, 3.0, 0.25], 3)],
        {
            "It is too small, not too large: the mean over the processes divides once more.": lambda losses, size: (
                size
            ),
            "The *sum* over the processes would be right; the mean is not.": lambda losses, size: (
                1.0
            ),
            "That is the wrong loss itself; divide it by the right one.": lambda losses, size: (
                sum(losses) / len(losses) / size
            ),
        },
    ),
]
