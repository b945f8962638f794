"""Exercises of lesson 14. Replace each `...`, then run `tinyinception lesson 14 --check`."""


def smoothed_label(right, classes, eps):
    """The smoothed label q' as a list of `classes` numbers; `right` is the index of the right class, u is uniform."""
    return ...


def logit_gradient(p, right, eps):
    """Gradient of the smoothed loss with respect to the logits, as a list; p is the softmax of the logits, a list."""
    return ...


def logit_gap(classes, eps):
    """By how much the right logit exceeds each of the others where the smoothed loss is least."""
    return ...
