"""Training: the loop, its checkpoints, and what can be done with a trained run.

    from tinyinception import train

    result = train.fit(train.Config.for_data("drawn", epochs=3))
    train.predict(result.run, ["picture.png"])
"""

from tinyinception.train.config import Config
from tinyinception.train.judge import evaluate
from tinyinception.train.loop import Result, fit, resume
from tinyinception.train.trained import Trained, load_run, predict, predict_test

__all__ = ["Config", "Result", "Trained", "evaluate", "fit", "load_run", "predict", "predict_test", "resume"]
