"""Pictures of lesson 1."""

from matplotlib.patches import FancyBboxPatch

from tinyinception.course import COLOURS, animate, figure

AT = {"a": 0.9, "b": 4.6, "c": 8.3}
FORMULAE = {"a": "a = 3", "b": "b = a + a", "c": "c = b * b"}
MIDDLE = {"ha": "center", "va": "center"}


def diamond(walks, name):
    """Messages one by one, a row for each walk.

    walks: from a title to its messages: sender, receiver, use, part, and what
    the receiver has then.
    """
    _, axes = figure(len(walks), 1, width=9, height=7.4)
    frames = max(map(len, walks.values()))

    def draw(frame):
        for ax, (title, log) in zip(axes, walks.items(), strict=True):
            _row(ax, title, log, frame)
        return axes

    animate(draw, frames + 1, name)  # the first has no message yet


def _row(ax, title, log, frame):
    ax.clear()
    ax.axis("off")
    ax.set(xlim=(-0.2, 12.2), ylim=(-1, 1))
    ax.set_title(title, loc="left")
    grads, done = {"a": 0, "b": 0, "c": 1}, frame >= len(log)
    for _, receiver, _, _, now in log[:frame]:
        grads[receiver] = now
    for key, x in AT.items():
        box = {"boxstyle": "round,pad=0.1", "facecolor": "#d8e6f3"}
        ax.add_patch(FancyBboxPatch((x - 0.8, -0.7), 1.6, 1.4, **box))
        text = f"{FORMULAE[key]}\n\ngradient\n{grads[key]:g}"
        ax.text(x, 0, text, **MIDDLE)
    for sender, receiver in (("c", "b"), ("b", "a")):
        for use in (0, 1):
            _arrow(ax, log, frame, (sender, receiver, use))
    if done:
        right = grads["a"] == 24
        text = f"dc/da = {grads['a']:g}\n" + (
            "right" if right else "wrong: it is 24"
        )
        colour = COLOURS["blue" if right else "vermilion"]
        ax.text(10.8, 0, text, **MIDDLE, weight="bold", color=colour)


def _arrow(ax, log, frame, which):
    """An arrow and what went along it so far; the newest in red."""
    sender, receiver, use = which
    y, start, end = 0.45 - 0.9 * use, AT[sender] - 0.9, AT[receiver] + 0.9
    sent = [(i, m[3]) for i, m in enumerate(log[:frame], 1) if m[:3] == which]
    new = bool(sent) and sent[-1][0] == frame
    colour = COLOURS["vermilion" if new else "grey"]
    arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.5}
    ax.annotate("", (end, y), (start, y), arrowprops=arrow)
    for k, (i, part) in enumerate(sent):
        x = (start + end) / 2 + 0.9 * ((len(sent) - 1) / 2 - k)
        now = new and k == len(sent) - 1
        ax.text(
            x,
            y,
            f"{i}:  {part:g}",
            **MIDDLE,
            color=COLOURS["vermilion"] if now else "black",
            weight="bold" if now else "normal",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
