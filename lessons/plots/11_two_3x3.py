"""Pictures of lesson 11."""

import numpy as np

from tinyinception.course import COLOURS, figure, show

BUILT = {
    "bn_inception": ("^", 8, "black", "BN-Inception, as built"),
    "inception_v3": ("s", 12, "none", "Inception-v3, as built"),
}


def share(m, c, n):
    """Cost of two 3x3 with c channels between, % of one 5x5."""
    return 100 * 9 * c * (m + n) / (25 * m * n)


def threshold(widths, real, name):
    """Both curves over n / m, with GoogLeNet and the networks as built."""
    drawn, axes = figure(height=5.2)
    axes.axhspan(100, 190, color=COLOURS["vermilion"], alpha=0.07)
    axes.axhline(100, color=COLOURS["black"], linewidth=1)
    _curves(axes)
    _modules(axes, widths)
    for network, (mark, size, face, label) in BUILT.items():
        points = {
            (n / m, share(m, c, n)) for m, c, n in real[network].values()
        }
        axes.plot(
            *zip(*sorted(points), strict=True),
            mark,
            color=COLOURS["black"],
            markersize=size,
            markerfacecolor=face,
            label=label,
        )
    axes.annotate(
        "16/9", (16 / 9, 100), (-6, 6), textcoords="offset points", ha="right"
    )
    axes.text(0.85, 181, "two 3x3 cost more", color=COLOURS["vermilion"])
    axes.text(0.85, 46, "two 3x3 cost less")
    axes.set(
        xlim=(0.8, 4.4),
        ylim=(40, 190),
        xlabel="output channels / input channels, n / m",
        ylabel="multiply-adds, % of one 5x5",
        title="Two 3x3 instead of a 5x5: the width between them decides",
    )
    drawn.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
    )
    show(drawn, name)


def _curves(axes):
    ratio = np.linspace(0.8, 4.4, 200)
    for middle, colour, label in (
        (
            np.sqrt(ratio),
            "green",
            "the paper's estimate (3.1): middle $\\sqrt{m n}$ wide",
        ),
        (
            ratio,
            "blue",
            "what BN-Inception and v3 do: middle as wide as the output",
        ),
    ):
        axes.plot(
            ratio, share(1, middle, ratio), color=COLOURS[colour], label=label
        )


def _modules(axes, widths):
    names = {}
    for name, (m, n) in widths.items():
        for c, colour in ((round(np.sqrt(m * n)), "green"), (n, "blue")):
            axes.plot(
                n / m, share(m, c, n), "o", color=COLOURS[colour], markersize=8
            )
        names.setdefault(n / m, []).append(name)
    for ratio, modules in names.items():
        axes.annotate(
            ", ".join(modules),
            (ratio, share(1, ratio, ratio)),
            xytext=(9, -12),
            textcoords="offset points",
            fontsize=9,
        )
    axes.plot(
        [],
        [],
        "o",
        color=COLOURS["grey"],
        markersize=8,
        label="GoogLeNet's nine modules, if replaced",
    )


def reach(pictures, name):
    """Kernels in a row, by title; all weights are drawn equally large."""
    drawn, all_axes = figure(1, len(pictures), width=10, height=2.7)
    for axes, (title, kernel) in zip(all_axes, pictures.items(), strict=True):
        edge = (5 - len(kernel)) / 2
        axes.imshow(
            kernel,
            cmap="RdBu",
            vmin=-2.5,
            vmax=2.5,
            extent=(edge, 5 - edge, 5 - edge, edge),
        )
        axes.set(xlim=(-0.2, 5.2), ylim=(5.2, -0.2), title=title)
        axes.set_axis_off()
    show(drawn, name)
