"""The images of a run, as its config says: which data set, how many, and judged by what."""

from __future__ import annotations

from tinyinception.data import Dataset, load
from tinyinception.train.config import Config


def load_data(config: Config, progress: bool = True, given: Dataset | None = None) -> Dataset:
    """The data set that a config names, or the caller's own, with what `holdout` and `limit` leave of it."""
    if given is None:
        return load(
            config.data,
            source=config.source,
            limit=config.limit,
            image_size=config.input_size,
            holdout=config.holdout,
            progress=progress,
        )
    left = given if config.holdout is None else given.hold_out(config.holdout)
    return left if config.limit is None else left.first(config.limit)
