"""Data-parallel training: two ranks make the steps of one process, and agree on all that may happen."""

import signal
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers import two_ranks as ranks_do
from tests.helpers.marks import posix
from tests.helpers.tiny_runs import bits
from tinyinception import train
from tinyinception.errors import ArgumentError, CheckpointError, NonFiniteError, TinyInceptionError
from tinyinception.studies.tasks import environment
from tinyinception.train.checkpoint import load
from tinyinception.train.interrupt import Stopped
from tinyinception.train.ranks import LAUNCHED, Ranks, here
from tinyinception.train.run import Run
from tinyinception.train.step import train_step

CONFIG = train.Config(epochs=2, batch_size=16, average=0.9, clip=0.5, crop=1, seed=5, checkpoint_seconds=1e-9)


@pytest.fixture(scope="module")
def both():
    with ranks_do.two() as both:
        yield both


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("changes", [{}, {"batch_size": 15, "optimizer": "muon", "lookahead": 2}])
def test_without_batch_norm_and_dropout_two_ranks_make_the_steps_of_one_process(both, changes, eager):
    config = replace(CONFIG, **changes)
    (losses, numbers), (others, theirs) = both(ranks_do.steps, config, "plain", eager)
    alone, expected = ranks_do.steps(Ranks(), config, "plain", eager)
    assert losses == others
    np.testing.assert_allclose([loss for loss, _ in losses], [loss for loss, _ in alone], rtol=2e-6)
    assert [correct for _, correct in losses] == [correct for _, correct in alone]
    for name, array in numbers.items():
        assert array.tobytes() == theirs[name].tobytes(), name
        np.testing.assert_allclose(array, expected[name], rtol=1e-3, atol=1e-5, err_msg=name)


def test_with_them_ranks_still_have_the_same_numbers_replayed_as_from_python(both):
    (losses, numbers), (others, theirs) = both(ranks_do.steps, CONFIG, "tiny", False)
    (eager, from_python), _ = both(ranks_do.steps, CONFIG, "tiny", True)
    alone, _ = ranks_do.steps(Ranks(), CONFIG, "tiny")
    assert losses == others == eager != alone
    for name, array in numbers.items():
        assert array.tobytes() == theirs[name].tobytes() == from_python[name].tobytes(), name


def test_a_head_that_only_one_rank_uses_gets_that_ranks_gradient_on_both(both):
    (losses, numbers), (others, theirs) = both(ranks_do.steps, replace(CONFIG, seed=7), "sometimes")
    assert losses == others
    for name, array in numbers.items():
        assert array.tobytes() == theirs[name].tobytes(), name


def test_running_statistics_are_the_means_of_the_ranks_own(both):
    (_, numbers), _ = both(ranks_do.steps, CONFIG, "tiny", False, 1)
    parts = []
    for part in (slice(0, 8), slice(8, 16)):
        session = ranks_do.session(Ranks(), CONFIG, "tiny")
        images, labels = next(session.train_loader.epoch(0))
        train_step(session, images[part], labels[part])
        parts.append(dict(session.network.named_buffers()))
    for name, array in parts[0].items():
        assert not np.array_equal(array, parts[1][name])
        np.testing.assert_array_equal(numbers[f"network/{name}"], (array + parts[1][name]) / 2, err_msg=name)


def test_dropout_draws_on_each_rank_what_seed_rank_and_step_say(both):
    one, two = both(ranks_do.draws, CONFIG)
    assert one[0] == one[2] != one[1]
    assert len({*one, *two}) == 4
    assert both(ranks_do.draws, CONFIG) == [one, two]


def test_means_weigh_each_rank_by_its_share_and_keep_shapes_and_dtypes(both):
    numbers = [3.0, [[1.0, 2.0], [4.0, 8.0]], []]
    one, two = both(ranks_do.means, (0.25, 0.75), numbers)
    for array, mean, number in zip(one, two, numbers, strict=True):
        np.testing.assert_array_equal(array, np.asarray(number, np.float32) * 1.75)  # 0.25 of it, 0.75 of its double
        assert array.dtype == np.float32
        assert array.tobytes() == mean.tobytes()


def test_parts_are_neighbours_and_differ_by_one_at_most():
    for size in (1, 2, 3, 7):
        for images in (7, 64, 100):
            ranks = [Ranks() for _ in range(size)]
            for rank, one in enumerate(ranks):
                one.rank, one.size = rank, size
            parts = [list(range(images))[one.part(images)] for one in ranks]
            assert [image for part in parts for image in part] == list(range(images))
            assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("rank", [0, 1])
def test_nan_on_one_rank_is_the_same_error_on_all_and_names_it(both, rank):
    one, two = both(ranks_do.step_with_nan, CONFIG, rank)
    assert one[:2] == two[:2]
    assert one[0] is NonFiniteError
    assert "images of the batch" in one[1]
    assert f", on rank {rank}" in one[1]
    assert (one[2], two[2]) == (False, True)  # the first tells it


def test_two_ranks_write_one_run_which_says_how_it_was_trained(both, tmp_path):
    one, two = both(ranks_do.fit, tmp_path / "run", CONFIG)
    assert one.test_accuracy == two.test_accuracy
    path = "tests.helpers.two_ranks:Plain"
    assert Run.open(tmp_path / "run").config == replace(
        CONFIG, ranks=2, batch_norm="parts", model="Plain", network=path, data="arrays"
    )
    alone = train.fit(CONFIG, tmp_path / "alone", **ranks_do.options(Ranks(), "plain"))
    assert alone.test_accuracy == one.test_accuracy
    rows = [bits(tmp_path / name)[1] for name in ("run", "alone")]
    for row, other in zip(*rows, strict=True):
        for name in ("train_loss", "test_loss", "train_accuracy", "averaged_test_accuracy"):
            assert row[name] == pytest.approx(other[name], rel=1e-5), name
    again, _ = both(ranks_do.ensure, tmp_path / "run", CONFIG)
    assert again == one


@posix
def test_a_signal_to_one_rank_stops_all_and_the_run_continues_to_the_same_bits(both, tmp_path):
    both(ranks_do.fit, tmp_path / "whole", CONFIG, "tiny")
    one, two = both(ranks_do.fit_until, tmp_path / "run", CONFIG, 1, 4, signal.SIGTERM, "tiny")
    assert one[:2] == two[:2]
    assert one[0] is Stopped
    assert f"continue with mpirun -n 2 tinyinception train --resume {tmp_path / 'run'}" in one[1]
    assert load(tmp_path / "run")[1]["position"]["step"] == 5
    both(ranks_do.resume, tmp_path / "run", "tiny")
    assert bits(tmp_path / "run") == bits(tmp_path / "whole")


def test_what_does_not_fit_is_refused_by_all_ranks_alike(both, tmp_path):
    both(ranks_do.fit, tmp_path / "run", replace(CONFIG, epochs=1))
    with pytest.raises(ArgumentError, match=r"trained by 2 processes, this run is continued with `mpirun -n 2 tiny"):
        train.resume(tmp_path / "run", progress=False)
    with pytest.raises(ArgumentError, match="the config is for 2 processes, got 1"):
        train.fit(replace(CONFIG, ranks=2), tmp_path / "no")
    for function, arguments, kind, message in (
        (ranks_do.fit, (tmp_path / "run", CONFIG), ArgumentError, "already holds a run"),
        (ranks_do.resume, (tmp_path / "none",), CheckpointError, "none is no run"),
        (ranks_do.fit, (tmp_path / "a", replace(CONFIG, ranks=3)), ArgumentError, "for 3 processes, got 2"),
        (ranks_do.ensure, (tmp_path / "run", CONFIG), ArgumentError, "holds a run with epochs 1, not 2"),
        (ranks_do.make, (replace(CONFIG, batch_size=1),), ArgumentError, "1 images in a batch are too few for 2 ranks"),
        (ranks_do.compare, (CONFIG, 6), ArgumentError, "rank 1 has other settings than rank 0"),
    ):
        one, two = both(function, *arguments)
        assert (one[0], message in one[1]) == (kind, True), one
        assert one[:2] == two[:2]
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("what", ["end", "error"])
def test_a_lost_rank_ends_the_run_and_its_checkpoint_is_whole(tmp_path, capfd, what):
    with pytest.raises(TinyInceptionError, match="rank 1 of 2 has ended; the last"), ranks_do.two() as both:
        both(ranks_do.fit_until, tmp_path / "run", CONFIG, 1, 4, what)
    assert load(tmp_path / "run")[1]["position"]["step"] == 4
    assert ("tinyinception: error: rank 1 of 2: no memory" in capfd.readouterr().err) == (what == "error")


def test_a_run_that_lost_a_rank_continues_to_the_same_bits(both, tmp_path):
    both(ranks_do.fit, tmp_path / "whole", CONFIG)
    with pytest.raises(TinyInceptionError, match="rank 1 of 2 has ended"), ranks_do.two() as lost:
        lost(ranks_do.fit_until, tmp_path / "run", CONFIG, 1, 4, "end")
    both(ranks_do.resume, tmp_path / "run")
    assert bits(tmp_path / "run") == bits(tmp_path / "whole")


@pytest.fixture
def launched(monkeypatch):
    """As in a process of mpirun."""
    for name in LAUNCHED:
        monkeypatch.delenv(name, raising=False)
    here.cache_clear()
    yield monkeypatch
    here.cache_clear()


def test_one_process_alone_needs_no_mpi_and_several_say_what_to_install(launched, tmp_path):
    launched.setitem(sys.modules, "mpi4py", None)
    assert here().size == 1
    launched.setenv("OMPI_COMM_WORLD_SIZE", "1")
    here.cache_clear()
    assert here().size == 1
    launched.delenv("OMPI_COMM_WORLD_SIZE")
    for name in LAUNCHED:
        here.cache_clear()
        with launched.context() as patch:
            patch.setenv(name, "2")
            with pytest.raises(
                ArgumentError, match=r"through mpi4py; install it with pip install 'tinyinception\[mpi\]'"
            ):
                train.fit(CONFIG, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_children_of_a_study_are_no_ranks(launched):
    for name in LAUNCHED:
        launched.setenv(name, "2")
    assert not set(LAUNCHED) & set(environment(1))


def test_an_mpi_other_than_that_of_mpirun_is_refused(launched):
    world = type("World", (), {"Get_size": staticmethod(lambda: 1)})
    launched.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=SimpleNamespace(COMM_WORLD=world)))
    launched.setenv("PMI_SIZE", "4")
    with pytest.raises(ArgumentError, match="mpirun has started 4 processes, mpi4py sees 1; it is of another MPI"):
        here()
