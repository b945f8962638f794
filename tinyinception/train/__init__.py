"""Training: the loop, its checkpoints, and what can be done with a trained run.

    from tinyinception import train

    result = train.fit(train.Config.for_data("drawn", epochs=3))
    train.predict(result.run, ["picture.png"])

`ensure` instead of `fit` may be called again, after a crash or by another process: it trains only what is missing.
"""

from tinyinception.train.config import Config
from tinyinception.train.judge import evaluate
from tinyinception.train.loop import Result, ensure, fit, resume
from tinyinception.train.trained import Trained, load_run, predict, predict_test

__all__ = ["Config", "Result", "Trained", "ensure", "evaluate", "fit", "load_run", "predict", "predict_test", "resume"]
