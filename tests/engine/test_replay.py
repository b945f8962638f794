"""Capture and replay: the bits of steps that run from Python, and whatever a recording must not take for granted."""

import copy
import gc
import threading
from contextlib import nullcontext

import numpy as np
import pytest

import tinyinception as ti
from tests.helpers.trainings import Training, batches, same_bits, small
from tinyinception import kernels, models, nn, ops, optim, replay
from tinyinception.nn import functional
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor, apply, no_grad, plain_executor

pytestmark = pytest.mark.usefixtures("one_thread")


# -- the same bits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "options",
    [
        {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-4, "decay_filter": optim.weights_only},
        {"optimizer": "Adam", "amsgrad": True},
        {"optimizer": "AdamW"},
        {"optimizer": "RMSProp", "centered": True, "clip": 0.5},
        {"momentum": 0.9, "average": True, "clip": 100.0},
    ],
    ids=["sgd", "adam", "adamw", "rmsprop", "average"],
)
def test_other_numbers_at_each_step_give_the_bits_of_steps_from_python(options, dtype):
    same_bits(lambda: Training(small(), dtype=dtype, **options), batches(dtype=dtype))


@pytest.mark.parametrize("name", [name for name in models.list_models("*cifar*")])
def test_networks_at_cifar_scale_train_to_the_same_bits(name):
    same_bits(lambda: Training(models.build(name), momentum=0.9), batches(4, size=32, images=2))


def test_soft_targets_are_tensors():
    network, rng = nn.Linear(4, 3), np.random.default_rng(0)
    step = ti.capture(lambda x, q: cross_entropy(network(x), q), network)
    for _ in range(4):
        x, q = rng.random((2, 4), np.float32), rng.dirichlet(np.ones(3), 2).astype(np.float32)
        np.testing.assert_array_equal(step(x, q).numpy(), cross_entropy(network(Tensor(x)), q).numpy())


def test_other_kernels_are_another_recording():
    network = nn.Conv2d(3, 4, 3)
    step, x = ti.capture(lambda x: network(x), network), np.random.default_rng(0).random((2, 6, 6, 3), np.float32)
    for stair in ("fast", "loops", "fast", "loops", "fast"):
        with kernels.using(stair):
            np.testing.assert_array_equal(step(x).numpy(), network(Tensor(x)).numpy())
    assert len(step.recordings) == 2


def test_an_operation_that_is_recorded_whole_is_recorded_once():
    """Its sums are launches too, and a part of it."""
    step, x = ti.capture(lambda x: functional.global_avg_pool(x)), np.random.default_rng(0).random((3, 2, 4, 4, 5))
    for images in x:
        np.testing.assert_array_equal(step(images).numpy(), functional.global_avg_pool(Tensor(images)).numpy())
    assert len(step.recordings[0].calls) == 1


def test_under_the_plain_executor_steps_run_from_python():
    found = []
    for plain in (False, True):
        ti.manual_seed(1)
        training = Training(small(), momentum=0.9)
        step = training.captured()
        with plain_executor() if plain else nullcontext():
            found.append([[t.numpy() for t in step(images, labels)] for images, labels in batches()])
        assert len(step.recordings) == (0 if plain else 1)
    np.testing.assert_equal(found[0], found[1])


def test_a_step_is_recorded_once_for_its_shapes():
    training = Training(small())
    step = training.captured()
    for images, labels in batches(6):
        step(images, labels)
    assert len(step.recordings) == 1


def test_the_last_batch_of_an_epoch_is_smaller():
    sizes = (4, 4, 3, 4, 3, 3, 4)
    data = [next(batches(1, images=n)) for n in sizes]
    same_bits(lambda: Training(small()), [(x * (1 + i), y) for i, (x, y) in enumerate(data)])


def test_a_step_may_add_to_gradients_that_are_there():
    """Two backward passes for an update, in one step or in two."""

    def make():
        training = Training(small())

        def step(images, labels):
            for _ in range(2):
                loss = cross_entropy(training.network(images), labels)
                loss.backward()
            training.optimizer.step()
            return (loss,)

        training.step = step
        return training

    same_bits(make, batches())


def test_gradients_may_be_cleared_outside_of_the_step():
    network = nn.Linear(6, 3)

    def step(images, labels):
        loss = cross_entropy(network(images), labels)
        loss.backward()
        return loss

    captured, rng = ti.capture(step, network), np.random.default_rng(0)
    for _ in range(4):
        images, labels = rng.random((2, 6), np.float32), rng.integers(0, 3, 2)
        found = []
        for call, x in ((step, Tensor(images)), (captured, images)):
            network.zero_grad()
            found.append([call(x, labels).numpy(), *(p.grad.copy() for p in network.parameters())])
        for one, other in zip(*found, strict=True):
            np.testing.assert_array_equal(one, other)
    assert len(captured.recordings) == 1


@pytest.mark.parametrize("average", [False, True])
def test_evaluation_between_steps_changes_nothing_and_is_replayed(average):
    ti.manual_seed(0)
    training, other = Training(small(), average=average), None
    other = copy.deepcopy(training)
    step, classify = training.captured(), ti.capture(lambda x: training.network(x), training.network)
    data = list(batches(6))
    generator = np.random.default_rng(0)
    for one in (training, other):
        ti.manual_seed(1)
        for images, labels in data:
            one.network.train()
            if one is other:
                one.step(Tensor(images), labels)
                continue
            step(images, labels)
            one.network.eval()
            view = generator.random(data[0][0].shape, np.float32)
            with no_grad():
                np.testing.assert_array_equal(classify(view).numpy(), one.network(Tensor(view)).numpy())
    for name, array in other.state().items():
        np.testing.assert_array_equal(array, training.state()[name], err_msg=name)
    assert len(step.recordings) == len(classify.recordings) == 1


class Square(ops.Operation):
    """A user's own operation, with nothing but what it must have; it computes in NumPy."""

    def shape(self, a):
        return a

    def forward(self, a):
        return a * a

    def backward(self, kept, grad):
        return (2 * kept.inputs[0] * grad,)


class WithSquare(nn.Module):
    def __init__(self):
        self.body, self.fc = nn.ConvUnit(3, 4, 3), nn.Linear(4 * 64, 10)

    def forward(self, x):
        x = apply(Square(), self.body(x))
        x = (x - x.mean(axis=0)) / (x.max() + 1) + x.exp().log()
        return self.fc(x.transpose(0, 3, 1, 2).flatten())


def test_operations_that_compute_in_numpy_are_recorded_whole():
    same_bits(lambda: Training(WithSquare()), batches())


# -- what a recording must not take for granted ------------------------------------------------------------------------


def attribute(training):
    training.network.drop.p = 0.9


def momentum(training):
    training.optimizer.momentum = 0.1


def parameter_array(training):
    training.network.fc.weight.data = training.network.fc.weight.numpy() * 0.5


def in_place(training):
    with no_grad():
        training.network.fc.weight *= 0.5


def loaded(training):
    training.network.load_state_dict({k: v * 0.5 for k, v in training.network.state_dict().items()})
    training.optimizer.load_state_dict(training.optimizer.state_dict())


def frozen(training):
    training.network.fc.weight.requires_grad = False


def evaluation_of_a_part(training):
    training.network.unit.norm.eval()


def buffer(training):
    training.network.unit.norm.running_mean = np.ones(8, np.float32)


def another_layer(training):
    training.network.relu = nn.Dropout(0.5)


def gradient_set_by_hand(training):
    for parameter in training.network.parameters():
        parameter.grad = np.ones(parameter.shape, np.float32)


CHANGES = [
    attribute,
    momentum,
    parameter_array,
    in_place,
    loaded,
    frozen,
    evaluation_of_a_part,
    buffer,
    another_layer,
    gradient_set_by_hand,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_after_recording_is_not_overlooked(change):
    data, states = list(batches(7)), []
    for captured in (False, True):
        ti.manual_seed(2)
        training = Training(small(), momentum=0.9)
        step = training.captured() if captured else training.from_python
        for number, (images, labels) in enumerate(data):
            if number == 4:
                change(training)
            loss, _ = step(images, labels)
        states.append({**training.state(), "loss": loss.numpy()})
    for name, array in states[0].items():
        np.testing.assert_array_equal(array, states[1][name], err_msg=name)


def test_an_attribute_that_is_deleted_after_recording_is_missed_as_it_is_from_python():
    training = Training(small())
    step = training.captured()
    for images, labels in batches(3):
        step(images, labels)
    del training.network.fc.weight
    with pytest.raises(AttributeError, match="weight"):
        step(images, labels)


def test_a_module_may_have_an_attribute_of_any_name():
    network = nn.Linear(4, 3)
    network.frozen = True
    captured = ti.capture(lambda x: network(x), network)
    for _ in range(3):
        captured(np.ones((2, 4), np.float32))
    assert len(captured.recordings) == 1


def test_a_replay_does_not_walk_through_the_modules(monkeypatch):
    training = Training(small())
    step = training.captured()
    for images, labels in batches(4):
        step(images, labels)
    monkeypatch.setattr(nn.Module, "_members", None)
    step(images, labels)
    assert len(step.recordings) == 1


def test_what_a_step_returns_is_left_alone_by_the_next():
    training = Training(small())
    step = training.captured()
    kept = [step(images, labels)[1] for images, labels in batches()]
    again = [t.numpy().copy() for t in kept]
    for images, labels in batches(3):
        step(images, labels)
    for t, before in zip(kept, again, strict=True):
        np.testing.assert_array_equal(t.numpy(), before)
        assert t.node is None


def test_two_recorded_steps_in_one_arena_do_not_disturb_each_other():
    training = Training(small())
    step, data = training.captured(), list(batches(8))
    shapes = [data[i][0][: 2 + i % 2] for i in range(8)]
    other = copy.deepcopy(training)
    for (_, labels), images in zip(data, shapes, strict=True):
        found = step(images, labels[: len(images)])
        right = other.step(Tensor(images), labels[: len(images)])
        assert found[1].shape == right[1].shape
    assert len(step.recordings) == 2


# -- memory, threads, reading ------------------------------------------------------------------------------------------


def test_a_recording_lets_go_of_its_memory():
    training = Training(small())
    step = training.captured()
    for images, labels in batches(3):
        step(images, labels)
    before = len(gc.get_objects())
    for _ in range(3):
        step(images, labels)
    assert len(gc.get_objects()) - before < 50


def test_two_threads_take_turns():
    network = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4)).eval()
    captured, wrong = ti.capture(lambda x: network(x), network), []
    rng = np.random.default_rng(0)

    def work(seed):
        own = np.random.default_rng(seed)
        for _ in range(30):
            x = own.random((3, 6), np.float32)
            with no_grad():
                if captured(x).numpy().tobytes() != network(Tensor(x)).numpy().tobytes():
                    wrong.append(seed)

    threads = [threading.Thread(target=work, args=(int(seed),)) for seed in rng.integers(0, 100, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_list_of_launches_can_be_read():
    training = Training(small())
    step = training.captured()
    for images, labels in batches(2):
        step(images, labels)
    [recording] = step.recordings
    lines = str(recording).splitlines()
    assert len(lines) == len(recording.calls)
    assert any("window_product 4x8x8x3" in line or "pad_images 4x8x8x3" in line for line in lines)
    assert any("sgd_step" in line for line in lines)


def test_old_recordings_are_forgotten():
    captured = ti.capture(lambda x: x * 2)
    for _ in range(2):
        for n in range(1, 20):
            assert (captured(np.full(n, 3.0)).numpy() == 6).all()
    assert len(captured.recordings) <= replay.MOST_RECORDINGS
