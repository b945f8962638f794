"""Pictures of lesson 0."""

import numpy as np

from tinyinception.course import COLOURS, figure, show


def pictures(images, labels, classes):
    """Three pictures of each class, and the numbers of a corner of one."""
    drawn, axes = figure(3, 7, width=10, height=4.4)
    for column, name in enumerate(classes):
        for row in range(3):
            chosen = np.flatnonzero(labels == column)[row]
            axes[row, column].imshow(images[chosen])
        axes[0, column].set_title(name)
    for ax in axes.flat:
        ax.axis("off")
    grid = axes[0, 4].get_gridspec()
    big = drawn.add_subplot(grid[:, 4:])
    cross = images[np.flatnonzero(labels == 1)[0]][10:18, 10:18, 0]
    big.imshow(cross, cmap="gray", vmin=0, vmax=255)
    for (i, j), value in np.ndenumerate(cross):
        colour = "black" if value > 110 else "white"
        big.text(j, i, value, ha="center", va="center", color=colour, size=8)
    big.set_title("8 × 8 pixels of the first cross, red only")
    big.axis("off")
    show(drawn, "00_pictures")


def descent(paths):
    """The way of w down (w - 3)^2 for each learning rate."""
    drawn, axes = figure(1, 3, width=10, height=3.4, sharey=True)
    w = np.linspace(-4, 10, 200)
    for ax, (rate, places) in zip(axes, paths.items(), strict=True):
        places = np.array(places)
        places = places[np.abs(places - 3) < 7]
        ax.plot(w, (w - 3) ** 2, color=COLOURS["grey"], linewidth=1)
        ax.plot(places, (places - 3) ** 2, "o-", color=COLOURS["vermilion"])
        ax.set(title=f"learning rate {rate}", xlabel="w", ylim=(-2, 50))
    axes[0].set_ylabel("loss")
    axes[2].annotate("and on, upwards", (3, 44), ha="center")
    show(drawn, "00_descent")


def edges(image, upright, level):
    """A picture and what two kernels see in it."""
    drawn, axes = figure(1, 3, width=9, height=3.2)
    largest = max(np.abs(upright).max(), np.abs(level).max())
    axes[0].imshow(image, cmap="gray")
    axes[0].set_title("a cross, 32 × 32")
    titles = "left brighter than right", "top brighter than bottom"
    for ax, values, title in zip(
        axes[1:], (upright, level), titles, strict=True
    ):
        shown = ax.imshow(values, cmap="RdBu", vmin=-largest, vmax=largest)
        ax.set_title(f"{title}, 30 × 30", fontsize=10)
    drawn.colorbar(shown, ax=axes[1:], label="blue: yes, red: opposite")
    for ax in axes:
        ax.axis("off")
    show(drawn, "00_edges")


def result(losses, images, labels, said, classes):
    """Losses of the seeds, and the first answers of one network."""
    drawn, axes = figure(2, 12, width=11, height=3.8)
    for ax in axes.flat:
        ax.axis("off")
    left = drawn.add_subplot(axes[0, 0].get_gridspec()[:, :4])
    for seed, curve in enumerate(losses):
        smooth = np.convolve(curve, np.ones(20) / 20, mode="valid")
        left.plot(smooth, label=f"seed {seed}", linewidth=1.3)
    left.axhline(np.log(4), color=COLOURS["grey"], linestyle=":")
    left.text(len(smooth), np.log(4), "knows nothing", ha="right", va="bottom")
    left.set(xlabel="step", title="loss, mean of 20 steps", ylim=(0, 1.6))
    left.legend(loc="lower left")
    for i, answer in enumerate(said):
        ax = axes[i // 8, 4 + i % 8]
        ax.imshow(images[i])
        good = answer == labels[i]
        colour = COLOURS["blue" if good else "vermilion"]
        mark = "" if good else " ✗"
        ax.set_title(classes[answer] + mark, color=colour, fontsize=9)
    drawn.suptitle("Its first answers on new pictures (red: wrong)", x=0.68)
    show(drawn, "00_result")
