"""Scores against counting by hand, and what measuring must leave as it was."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.tiny_runs import CONFIG, shades
from tinyinception import nn, train
from tinyinception.data import Loader
from tinyinception.judge import Scores, crop_scheme, score
from tinyinception.judge.scores import log_probabilities
from tinyinception.train.session import Session

pytestmark = pytest.mark.usefixtures("tiny_network")


@given(seed=st.integers(0, 10_000), n=st.integers(1, 12), k=st.integers(2, 7))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_scores_against_counting_by_hand(seed, n, k):
    rng = np.random.default_rng(seed)
    values, labels = rng.permuted(np.tile(np.arange(k), (n, 1)), axis=1) * -1.0, rng.integers(0, k, n)
    scores = Scores(values, labels)
    ranked = [sorted(range(k), key=lambda c, row=row: -row[c]) for row in values]
    for top in range(1, k + 1):
        assert scores.top(top) == sum(y in r[:top] for r, y in zip(ranked, labels, strict=True)) / n
    assert scores.accuracy == scores.top(1)
    assert scores.loss == pytest.approx(-sum(values[i][y] for i, y in enumerate(labels)) / n)
    by_hand = np.zeros((k, k), int)
    for r, y in zip(ranked, labels, strict=True):
        by_hand[y][r[0]] += 1
    np.testing.assert_array_equal(scores.confusion, by_hand)


def test_measuring_changes_nothing(finished):
    session = Session(CONFIG, shades())
    before, random_before = session.network.state_dict(), nn.random.get_state()
    first, second = (score(session.network, session.test_loader).log_probabilities for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert session.network.training
    assert nn.random.get_state() == random_before
    for name, array in session.network.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_mirrored_crops_average_probabilities(finished):
    trained = train.load_run(finished.run)
    loader = replace(shades(), mean=trained.facts.mean, std=trained.facts.std).loader("test", 16)
    images = loader.normalize(loader.images)
    straight, mirror = (np.exp(log_probabilities(trained.network, x)) for x in (images, images[:, :, ::-1].copy()))
    assert np.abs(straight - mirror).max() > 1e-3
    both = np.exp(score(trained.network, loader, crop_scheme(2, (8, 8), (8, 8))).log_probabilities)
    np.testing.assert_allclose(both, (straight + mirror) / 2, rtol=1e-5)


def test_uint8_and_floating_pixels_give_the_same_answers(finished):
    trained = train.load_run(finished.run)
    images = shades().test_images[:6]
    found = [
        score(
            trained.network,
            Loader(pixels, np.zeros(6, np.int64), 6, mean=trained.facts.mean, std=trained.facts.std),
            crop_scheme(10, (8, 8), (8, 8)),
        ).log_probabilities
        for pixels in (images, (images / 255).astype(np.float32))
    ]
    np.testing.assert_allclose(*found, atol=0.02)  # uint8 rounds what lies between two pixels to whole levels
