"""What the tests of `draw` share: networks as scenes, the texts that the operations ask for, what must not overlap."""

from collections import Counter
from functools import cache
from itertools import combinations, pairwise
from types import SimpleNamespace

from tinyinception import count, draw, models, nn
from tinyinception.plots.network_flow import compose
from tinyinception.plots.network_tree import stages
from tinyinception.tensor import Hook, Tensor, no_grad, observe

PAGE = (15.5, 7.8)  # inches
EDGE = 1e-6


@cache
def built(name):
    with nn.shape_only():
        return models.build(name)


@cache
def counted(name):
    """The network without its auxiliary classifiers, and in training."""
    size = models.info(name).input_size
    return tuple(count.summary(built(name), size, training=flag) for flag in (False, True))


@cache
def found(name):
    return stages(built(name), counted(name)[1].rows)


def scene_of(found, field="macs"):
    return compose(found, "input", field, sum(stage.total(field) for stage in found), PAGE)


@cache
def drawn(name, color="macs"):
    figure = draw(name, color=color)
    figure.draw_without_rendering()  # places everything
    return figure


class Seen(Hook):
    """The texts that the boxes should have, from the operations alone: shapes of weights, windows of poolings."""

    def __init__(self):
        self.texts, self.depthwise, self.last = Counter(), None, None

    def after(self, node, inputs, output):
        op = node.op
        kernel, stride = (w.kernel, w.stride) if (w := op.window(*node.shapes)) else ((), (1, 1))
        before, self.last = self.last, op.name
        over = "" if stride == (1, 1) else f"/{stride[0]}"
        size = "×".join(map(str, kernel)) + over
        if op.name == "Conv2d" and node.path.endswith("depthwise"):
            self.depthwise = size
            return
        if op.name == "Conv2d":
            groups = f" ({op.groups} groups)" if op.groups > 1 else ""
            text = f"{size} {inputs[1].shape[3]}{groups}" + (" linear" if node.path.endswith(".up") else "")
            if self.depthwise:
                text, self.depthwise = f"separable {self.depthwise} {inputs[1].shape[3]}", None
        elif op.name in ("MaxPool2d", "AvgPool2d"):
            text = f"{op.name[:3].lower()} {size}"
        elif op.name == "BatchNorm" and before != "Conv2d":  # else it is part of a unit
            text = "batch-norm"
        elif op.name == "AdaptiveAvgPool2d":
            text = f"avg to {output.shape[1]}×{output.shape[2]}"
        else:
            text = {
                "GlobalAvgPool": "global avg",
                "LocalResponseNorm": "response norm",
                "Linear": f"linear {output.shape[-1]}",
            }.get(op.name)
        self.texts.update([text] if text else [])


def expected_texts(model, shape):
    """In training, so that auxiliary classifiers run."""
    seen = Seen()
    with no_grad(), observe(seen):
        model.train()(Tensor.shape_only(2, *shape))
    return seen.texts


def box_texts(scene):
    texts = Counter()
    for box in scene.boxes:
        if box.kind == "unit":
            texts[box.text] += box.times
    return texts


def apart(a, b, inches=-EDGE):
    """At least that far, to a side or in height."""
    return (
        a.x + a.width + inches <= b.x
        or b.x + b.width + inches <= a.x
        or a.y + a.height + inches <= b.y
        or b.y + b.height + inches <= a.y
    )


def inside(a, b):
    return (
        a.x >= b.x - EDGE
        and a.x + a.width <= b.x + b.width + EDGE
        and a.y >= b.y - EDGE
        and a.y + a.height <= b.y + b.height + EDGE
    )


def segments(line):
    """Each piece of a line as a box without thickness; all lines run along the page's sides."""
    for (x0, y0), (x1, y1) in pairwise(line.points):
        assert min(abs(x0 - x1), abs(y0 - y1)) < EDGE, "a slanted line"
        yield SimpleNamespace(x=min(x0, x1), y=min(y0, y1), width=abs(x0 - x1), height=abs(y0 - y1))


def check_geometry(scene):
    """Boxes apart from each other and inside their card; lines that touch boxes only at the edge; all on the page."""
    page = SimpleNamespace(x=0, y=0, width=scene.width, height=scene.height)
    cards = [box for box in scene.boxes if box.kind in ("card", "aux")]
    small = [box for box in scene.boxes if box.kind not in ("card", "aux")]
    for a, b in [*combinations(cards, 2), *combinations(small, 2)]:
        assert apart(a, b, 0.05), (a, b)
    for card in cards:
        assert inside(card, page)
    for box in small:
        assert sum(inside(box, card) for card in cards) == 1, box
    for line in scene.lines:
        for piece in segments(line):
            assert inside(piece, page), line
            obstacles = small if line.kind in ("inner", "identity") else cards
            assert all(apart(piece, box) for box in obstacles), line
