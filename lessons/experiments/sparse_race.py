"""Sparse, blocked and dense products in the same rounds: time of each over the dense one's of its round.

One core each, a layer of 512 x 512 weights on 28 x 28 cells. Lesson 6 shows the result, and runs the same race itself.
Writes lessons/results/sparse_race.json; about half a minute, on an otherwise idle machine.
"""

import time

from tinyinception.course.files import folder, load
from tinyinception.course.results import keep


def main() -> None:
    began = time.monotonic()
    race = load(folder() / "plots" / "06_race.py")
    result = race.run(rounds=25)
    for name, ratios in zip(("scattered", "blocked_sums", "blocks"), map(race.middles, (result[k] for k in ("scattered", "blocked_sums", "blocks"))), strict=True):
        print(name, [round(r, 3) for r in ratios])
    print(keep("sparse_race", result, began))


if __name__ == "__main__":
    main()
