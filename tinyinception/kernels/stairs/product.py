"""The matrix products of the three stairs between: plain loops, in an order that uses what is near again.

All three stairs have the same, so that what is new in each is all that differs. Rows are named by number, `rows` and
`places`, so that they may lie anywhere.
"""

from __future__ import annotations

from tinyinception.kernels.jit import kernel

TILE = 64  # rows of a product at a time: few enough for its results to stay in the nearest cache
PARTS = 8  # sums over pixels are taken in so many parts, for as many threads, whatever the number of threads is


@kernel(parallel=False)
def add_product(a, rows, b, out, places, count):
    """out[places[i]] += a[rows[i]] @ b for i < count. Four rows of b at a time: out passes a quarter as often."""
    depth = b.shape[0]
    whole = depth - depth % 4
    for k in range(0, whole, 4):
        b0, b1, b2, b3 = b[k], b[k + 1], b[k + 2], b[k + 3]
        for i in range(count):
            row, total = a[rows[i]], out[places[i]]
            a0, a1, a2, a3 = row[k], row[k + 1], row[k + 2], row[k + 3]
            for f in range(total.size):
                total[f] += a0 * b0[f] + a1 * b1[f] + a2 * b2[f] + a3 * b3[f]
    for k in range(whole, depth):
        for i in range(count):
            total, a0, b0 = out[places[i]], a[rows[i], k], b[k]
            for f in range(total.size):
                total[f] += a0 * b0[f]


@kernel(parallel=False)
def add_transposed_product(a, rows, b, places, out, count):
    """out += sum over i < count of the outer product of a[rows[i]] and b[places[i]]. Four of them at a time."""
    whole = count - count % 4
    for i in range(0, whole, 4):
        a0, a1, a2, a3 = a[rows[i]], a[rows[i + 1]], a[rows[i + 2]], a[rows[i + 3]]
        b0, b1, b2, b3 = b[places[i]], b[places[i + 1]], b[places[i + 2]], b[places[i + 3]]
        for k in range(out.shape[0]):
            total, c0, c1, c2, c3 = out[k], a0[k], a1[k], a2[k], a3[k]
            for f in range(total.size):
                total[f] += c0 * b0[f] + c1 * b1[f] + c2 * b2[f] + c3 * b3[f]
    for i in range(whole, count):
        a0, b0 = a[rows[i]], b[places[i]]
        for k in range(out.shape[0]):
            total, c0 = out[k], a0[k]
            for f in range(total.size):
                total[f] += c0 * b0[f]
