"""What a captured step may not do, and when it runs from Python instead."""

import numpy as np
import pytest

import tinyinception as ti
from tests.helpers.trainings import Training, batches, small
from tinyinception import nn
from tinyinception.errors import ArgumentError, CaptureError, NonFiniteWarning
from tinyinception.kernels import launch
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Hook, Tensor, no_grad, observe

pytestmark = pytest.mark.usefixtures("one_thread")


# -- what cannot be recorded -------------------------------------------------------------------------------------------

LOOKS = {
    "item": lambda loss, parameter: loss.item(),
    "float": lambda loss, parameter: float(loss),
    "bool": lambda loss, parameter: bool(loss),
    "if": lambda loss, parameter: 1 if loss > 3 else 0,
    "format": lambda loss, parameter: f"{loss:.3f}",
    "numpy": lambda loss, parameter: loss.numpy() + 1,
    "data": lambda loss, parameter: loss.data,
    "asarray": lambda loss, parameter: np.asarray(loss),
    "grad": lambda loss, parameter: parameter.grad,
    "retain_grad": lambda loss, parameter: (loss * 1).retain_grad(),
    "argmax": lambda loss, parameter: loss.reshape(1).argmax(),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_a_step_that_looks_at_its_numbers_is_refused_at_its_first_call(look):
    network = nn.Linear(4, 3)

    def step(x, labels):
        loss = cross_entropy(network(x), labels)
        loss.backward()
        look(loss, network.weight)
        return loss

    captured = ti.capture(step, network)
    with pytest.raises(CaptureError, match="cannot look at its own numbers"):
        captured(np.ones((2, 4), np.float32), np.array([0, 1]))
    assert launch.state.record is None
    assert Tensor(1.0).item() == 1  # and nothing stays blind


def test_labels_are_handed_on_and_not_looked_at():
    network = nn.Linear(4, 3)
    captured = ti.capture(lambda x, y: cross_entropy(network(x), np.eye(3)[np.asarray(y)]), network)
    with pytest.raises(CaptureError, match="done before the step is called"):
        captured(np.ones((2, 4), np.float32), np.array([0, 1]))


@pytest.mark.parametrize("wrong", [3, 0.5, [1.0], np.array(["a"]), np.ones(2, bool), np.ones(2, np.float16)])
def test_inputs_are_arrays(wrong):
    with pytest.raises(ArgumentError, match=r"capture: input 1 of the step must be an array"):
        ti.capture(lambda x, y: x, nn.Linear(1, 1))(np.ones(1), wrong)


@pytest.mark.parametrize("result", [3, "text", np.ones(2), {"loss": 1}], ids=str)
def test_results_are_tensors(result):
    captured = ti.capture(lambda x: result)
    with pytest.raises(CaptureError, match="must return tensors"):
        captured(np.ones(2))


def test_a_label_out_of_range_is_met_in_a_replay_too():
    training = Training(small())
    step = training.captured()
    for images, labels in batches(3):
        step(images, labels)
    with pytest.raises(ArgumentError, match="label 10 at index 1 is out of range"):
        step(images, np.array([0, 10, 1, 2]))


def test_who_draws_from_numpys_global_generator_is_not_replayed():
    def step(x):
        return x * float(np.random.rand())

    captured = ti.capture(step)
    assert len({captured(np.ones(2)).numpy()[0] for _ in range(6)}) == 6
    assert captured.recordings == []


def test_hooks_see_every_step():
    training, seen = Training(small()), []

    class Count(Hook):
        def after(self, node, inputs, output):
            seen.append(node)

    step = training.captured()
    for images, labels in batches(3):
        step(images, labels)
    with observe(Count()):
        step(images, labels)
    once = len(seen)
    assert once > 20
    end = training.network.fc.register_forward_hook(lambda module, inputs, output: seen.append(output))
    step(images, labels)
    assert len(seen) == once + 1
    end()
    step(images, labels)
    assert len(seen) == once + 1


def test_nan_in_an_input_is_still_told():
    training = Training(small())
    step = training.captured()
    for images, labels in batches(3):
        step(images, labels)
    images[0, 0, 0, 0] = np.nan
    with pytest.warns(NonFiniteWarning, match="holds 1 NaN"):
        step(images, labels)


def test_gradients_that_are_not_finite_leave_everything_as_it_was():
    training = Training(small(), momentum=0.9)

    def step(images, labels):
        training.optimizer.zero_grad()
        loss = cross_entropy(training.network(images), labels)
        loss.backward()
        training.optimizer.check_finite(loss)
        training.optimizer.step()
        return (loss,)

    training.step = step
    captured = training.captured()
    for images, labels in batches(3):
        captured(images, labels)
    with no_grad():
        training.network.fc.weight *= np.inf
    before = training.optimizer.state_dict(), [p.numpy().copy() for p in training.network.parameters()]
    with np.errstate(all="ignore"):
        captured(images, labels)
    assert not training.optimizer.finite[0]
    for name, array in before[0].items():
        np.testing.assert_array_equal(array, training.optimizer.state_dict()[name], err_msg=name)
    for parameter, array in zip(training.network.parameters(), before[1], strict=True):
        np.testing.assert_array_equal(parameter.numpy(), array)
