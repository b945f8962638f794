"""Verdicts on sentences that a study tests: what the trainings kept in lessons/results say of its predictions.

Verdict, figures and counterfactual of these claims are written by `python lessons/experiments/studies.py`.
"""

from functools import partial

from tinyinception import studies
from tinyinception.course.claims import Finding
from tinyinception.course.files import folder
from tinyinception.judge import paired_difference
from tinyinception.studies import kept, predictions
from tinyinception.studies.measures import MEASURES
from tinyinception.studies.verdict import Comparison

RULINGS = {
    predictions.BORNE_OUT: "true",
    predictions.CONTRADICTED: "false",
    predictions.UNTOLD: "unclear",
}


def sentence(name, gains=()):
    """Whether the predictions of a study came out; unclear where it was not run.

    gains: by seed, how far each arm is on the predicted side of the other, in place of what was measured.
    """
    report = kept.read(folder() / "results" / name)
    if gains:
        found = [supposed(one, gains) for one in studies.load(name).predicts]
    elif report is None:
        told = f"Not run yet; `tinyinception study {name}` does it."
        return Finding("unclear", {"trainings": 0, "told": told})
    else:
        found = report.predicted
    whole = predictions.overall([one.came_out(what) for one, what in found])
    return Finding(
        RULINGS[whole],
        {
            "trainings": len(report.outcomes) if report else 0,
            "told": predictions.answer(found),
        },
    )


def supposed(prediction, gains):
    """A prediction with a comparison in which it came out so; what is to be alike, is."""
    good = MEASURES[prediction.measure].better
    side = {"better": good, "worse": -good, "higher": 1, "lower": -1}
    differences = (
        [-0.001, 0.0, 0.001]
        if prediction.word == predictions.EQUAL
        else [side[prediction.word] * gain for gain in gains]
    )
    found = paired_difference([0.0] * len(differences), differences)
    seeds = tuple(range(len(differences)))
    names = (prediction.first, prediction.second, prediction.measure)
    return prediction, Comparison(*names, seeds, found)


factorization = partial(sentence, "factorization")
auxiliary = partial(sentence, "auxiliary")
batch_norm = partial(sentence, "batch_norm")
smoothing = partial(sentence, "smoothing")
table_3 = partial(sentence, "table_3")
inception_or_plain = partial(sentence, "inception_or_plain")
newer_is_better = partial(sentence, "newer_is_better")
