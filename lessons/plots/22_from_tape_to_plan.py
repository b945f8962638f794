"""Picture of lesson 22."""

from tinyinception.course import COLOURS, figure, show


def places(pieces, backward, base):
    """Each array as a bar: as high as it is large, as long as it lives."""
    drawn, (left, right) = figure(1, 2, width=10, height=4.4, sharey=True)
    own = 0
    for n, end, start, stop in pieces:
        colour = COLOURS["blue" if n < backward else "vermilion"]
        for axes, address in ((left, own), (right, start - base)):
            axes.broken_barh(
                [(n, (end or len(pieces)) - n)],
                (address / 1e6, (stop - start) / 1e6),
                facecolor=colour,
                edgecolor="white",
                linewidth=0.3,
            )
        own += stop - start
    left.text(
        2,
        own / 1e6,
        "blue: made by forward\norange: made by backward",
        va="top",
    )
    left.set(
        title="a place for each array",
        ylabel="address, MB",
        xlabel="array, in the order of requests",
    )
    right.set(
        title="places of the dead are given again",
        xlabel="array, in the order of requests",
    )
    show(drawn, "22_places")
