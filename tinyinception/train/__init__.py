"""Training: the loop, its checkpoints, and what can be done with a trained run; measuring networks is `judge`'s.

    from tinyinception import train

    result = train.fit(train.Config.for_data("drawn", epochs=3))
    train.predict(result.run, ["picture.png"])

`ensure` instead of `fit` may be called again, after a crash or by another process: it trains only what is missing.
A network or data of one's own are given to `fit` as `network=` and `dataset=`, and whoever wants to be told how it goes
as `watchers=`.

Each name is imported when it is first used: the command line asks `config.py` for its flags long before it trains.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tinyinception import remedies
from tinyinception.habits import explain_call, not_there

if TYPE_CHECKING:
    from tinyinception.train.config import Config
    from tinyinception.train.evaluation import evaluate
    from tinyinception.train.finder import find_lr
    from tinyinception.train.loop import Result, ensure, fit, resume
    from tinyinception.train.tensorboard import TensorBoard
    from tinyinception.train.trained import Trained, load_run, predict, predict_test
    from tinyinception.train.watchers import Watcher

_HOMES = {
    "Config": "config",
    "find_lr": "finder",
    "evaluate": "evaluation",
    "Result": "loop",
    "ensure": "loop",
    "fit": "loop",
    "resume": "loop",
    "TensorBoard": "tensorboard",
    "Trained": "trained",
    "load_run": "trained",
    "predict": "trained",
    "predict_test": "trained",
    "Watcher": "watchers",
}

__all__ = [
    "Config",
    "Result",
    "TensorBoard",
    "Trained",
    "Watcher",
    "ensure",
    "evaluate",
    "find_lr",
    "fit",
    "load_run",
    "predict",
    "predict_test",
    "resume",
]


explain_call(__name__, "train.fit(train.Config(...)) trains")


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(f"tinyinception.train.{_HOMES[name]}"), name)
    if name in _HOMES.values():
        return import_module(f"tinyinception.train.{name}")
    raise not_there(__name__, name, remedies.TRAIN)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
