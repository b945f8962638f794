"""Judging: how well a network does on labelled images, in how many views, and how sure one can be of it.

    from tinyinception import data, judge, train

    network, test = train.load_run("runs/first").network, data.load("cifar10").loader("test", 250)
    scores = judge.score(network, test, judge.crop_scheme(10, (32, 32), (32, 32)))
    scores.accuracy, scores.top(5), scores.calibration().error

Nothing here knows of runs and their folders: `train.evaluate` opens those, and judges their networks with this.
"""

from typing import TYPE_CHECKING

from tinyinception import remedies
from tinyinception.habits import explain_call, missing_from
from tinyinception.judge.crops import Scheme, crop_scheme
from tinyinception.judge.judgement import Judgement
from tinyinception.judge.pairs import PairedDifference, paired_difference, student_t
from tinyinception.judge.scores import Classifier, Scores, ensemble, score
from tinyinception.judge.statistics import Calibration, Difference, bootstrap_difference, calibration

__all__ = [
    "Calibration",
    "Classifier",
    "Difference",
    "Judgement",
    "PairedDifference",
    "Scheme",
    "Scores",
    "bootstrap_difference",
    "calibration",
    "crop_scheme",
    "ensemble",
    "paired_difference",
    "score",
    "student_t",
]

explain_call(__name__, "judge.score(network, loader) measures a network, train.evaluate(RUN) a trained run")

if not TYPE_CHECKING:  # or every name would do
    __getattr__ = missing_from(__name__, remedies.JUDGE)
