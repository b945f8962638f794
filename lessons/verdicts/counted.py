"""Networks of the package and their counts, each built once for all verdicts."""

from functools import cache

from tinyinception import models, nn
from tinyinception.count import summary


@cache
def network(name, **options):
    """A network by name, of shapes alone."""
    with nn.shape_only():
        return models.build(name, **options)


@cache
def counted(name, training=False, **options):
    """Its counts at the input size it was made for."""
    return summary(
        network(name, **options),
        models.info(name).input_size,
        training=training,
    )


def rows(name, stage, **options):
    """The rows of one stage, in order."""
    return [
        row
        for row in counted(name, **options).rows
        if row.name == stage or row.name.startswith(f"{stage}.")
    ]


def cost(name, stage, **options):
    """[parameters, multiply-adds] of one stage."""
    found = rows(name, stage, **options)
    return [sum(row.params for row in found), sum(row.macs for row in found)]


def kernels(name, stage):
    """Weights of one stage, biases and batch-norm left out."""
    return sum(
        p.size
        for key, p in network(name).named_parameters()
        if key.startswith(f"{stage}.") and p.ndim > 1
    )


def layers(name):
    """How many weight layers each stage adds to the longest path."""
    depth, added = 0, {}
    for stage in network(name).stages:
        deepest = max(row.field.depth for row in rows(name, stage))
        depth, added[stage] = deepest, deepest - depth
    return added
