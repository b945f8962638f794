"""Two trainings at once are two trainings: neither draws a random number that belongs to the other."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.tiny_runs import CONFIG, Died, bits, die_at, fit, resume, shades
from tinyinception import nn
from tinyinception.train import loop
from tinyinception.train.checkpoint import load
from tinyinception.train.session import Session

pytestmark = pytest.mark.usefixtures("tiny_network")

OTHER = replace(CONFIG, seed=11, lr=0.2)


def at_once(*calls):
    """Run each in a thread of its own; what a thread raises is raised here."""
    failed = []

    def run(call):
        try:
            call()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def taking_turns(monkeypatch):
    """Have two trainings make every step at the same time as the other's."""
    meet, real = threading.Barrier(2, timeout=60), loop.train_step

    def train_step(session, images, labels):
        meet.wait()
        return real(session, images, labels)

    monkeypatch.setattr(loop, "train_step", train_step)


def test_two_fits_in_two_threads_equal_the_two_alone_to_the_bit(tmp_path, monkeypatch, finished):
    fit(tmp_path / "alone", OTHER)
    with monkeypatch.context() as patch:
        taking_turns(patch)
        at_once(lambda: fit(tmp_path / "a"), lambda: fit(tmp_path / "b", OTHER))
    assert bits(tmp_path / "a") == bits(finished.run)
    assert bits(tmp_path / "b") == bits(tmp_path / "alone")


def test_two_resumed_in_two_threads_do_too(tmp_path, monkeypatch, finished):
    for name in ("a", "b"):
        with monkeypatch.context() as patch:
            die_at(patch, 4)
            with pytest.raises(Died):
                fit(tmp_path / name)
    taking_turns(monkeypatch)
    at_once(*(lambda name=name: resume(tmp_path / name) for name in ("a", "b")))
    assert bits(tmp_path / "a") == bits(tmp_path / "b") == bits(finished.run)


def test_two_sessions_that_take_turns_in_one_thread_equal_the_two_alone():
    def steps(*sessions):
        batches = [list(session.train_loader.epoch(0)) for session in sessions]
        for batch in zip(*batches, strict=True):
            for session, (images, labels) in zip(sessions, batch, strict=True):
                loop.train_step(session, images, labels)
        return [{name: array.tobytes() for name, array in session.network.state_dict().items()} for session in sessions]

    alone = [steps(Session(config, shades()))[0] for config in (CONFIG, OTHER)]
    assert steps(*(Session(config, shades()) for config in (CONFIG, OTHER))) == alone


def test_a_training_leaves_the_callers_generator_alone(tmp_path, finished):
    nn.random.manual_seed(7)
    before = nn.random.get_state()
    fit(tmp_path / "run")
    assert nn.random.get_state() == before
    assert load(tmp_path / "run")[1]["random"] != before


def test_each_thread_draws_as_if_it_were_alone():
    drawn = {}
    meet = threading.Barrier(2, timeout=60)

    def draw(seed):
        nn.random.manual_seed(seed)
        meet.wait()
        layers = []
        for _ in range(20):
            layers.append(nn.Linear(3, 4).weight.data)
            meet.wait()
        drawn[seed] = np.stack(layers)

    at_once(lambda: draw(1), lambda: draw(2))
    for seed, layers in drawn.items():
        nn.random.manual_seed(seed)
        np.testing.assert_array_equal(layers, [nn.Linear(3, 4).weight.data for _ in range(20)])


def test_using_another_generator_ends_with_its_block_even_after_an_error():
    own = nn.random.generator()
    other = nn.random.seeded(3)
    with nn.random.using(other):
        assert nn.random.generator() is other
    assert nn.random.generator() is own
    with pytest.raises(ZeroDivisionError), nn.random.using(other):
        raise ZeroDivisionError
    assert nn.random.generator() is own
    nn.random.manual_seed(3)
    assert nn.random.get_state() == nn.random.seeded(3).bit_generator.state
