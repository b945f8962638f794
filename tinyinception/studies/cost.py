"""What the networks of a study cost, and whether those are equal that it says are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.errors import ArgumentError
from tinyinception.studies.definition import Study


def count(model: str, options: Mapping[str, Any]) -> tuple[int, int]:
    """Multiply-adds and parameters of a network of `models`, without its auxiliary classifiers."""
    return _count(model, tuple(sorted(options.items())))


@cache  # many arms have the same network
def _count(model: str, options: tuple[tuple[str, Any], ...]) -> tuple[int, int]:
    with nn.shape_only():
        counted = summary(models.build(model, **dict(options)), models.info(model).input_size)
    return counted.macs, counted.params


def check_cost(study: Study) -> None:
    """ArgumentError where arms that a study calls equally expensive differ by more than the percentage it states."""
    if study.equal_cost is None:
        return
    for group in study.equal_cost_of:
        if any(study.arms[arm].network is not None for arm in group):
            raise ArgumentError(f"study {study.name}: equal_cost: the networks of {', '.join(group)} cannot be counted")
        macs = {arm: count(study.arms[arm].model, study.arms[arm].model_options)[0] for arm in group}
        for arm in group[1:]:
            percent = 100 * abs(macs[arm] / macs[group[0]] - 1)
            if percent > study.equal_cost:
                raise ArgumentError(
                    f"study {study.name}: equal_cost must hold to {study.equal_cost:g} %, but {arm} has {macs[arm]:,} "
                    f"multiply-adds and {group[0]} {macs[group[0]]:,}, {percent:.1f} % apart"
                )
