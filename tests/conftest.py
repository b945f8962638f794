"""Fixtures that several test files share."""

import os
import signal
from pathlib import Path

import numba
import pytest

from tinyinception import models, nn
from tinyinception.train import loop

# What the person at this terminal likes is not what tests expect, neither here nor in the processes that they start.
os.environ.update(TERM="xterm")
# Workers of pytest-xdist have more threads than there are cores: one that waits leaves its core to the others.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(name, None)

for name in {"SIGINT", "SIGHUP"} & set(
    dir(signal)
):  # ignored in the background and behind nohup, and by what is started
    if signal.getsignal(number := getattr(signal, name)) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)

TESTS = Path(__file__).parent


def pytest_make_parametrize_id(val, argname):
    """Bytes get their argument's name: a test's must not hold what a packer wrote, such as the time of packing."""
    return argname if isinstance(val, bytes) else None


# The tests of `pytest -m quick`: whole files, but for tests whose names hold one of these words, which take their time.
QUICK = {
    "campaign/test_campaign.py": ("no_bad_input", "killed_runs", "own", "can_be_repeated"),
    "cli/test_commands.py": (),
    "cli/test_completion.py": (),
    "cli/test_run_commands.py": ("train_prints", "resume_of_a_finished"),
    "cli/test_terminal.py": ("real_terminal", "waited", "one_view", "tables_of_any", "no_line_is"),
    "count/test_summary.py": ("receptive_field_is", "every_network_adds_up"),
    "course/test_machinery.py": ("picture", "notebook"),
    "data/test_folder.py": (),
    "data/test_formats.py": (),
    "data/test_loader.py": (),
    "data/test_sources.py": (),
    "engine/test_tape.py": (),
    "engine/test_tensor.py": (),
    "export/test_folder.py": ("drawn_set", "mistakes_of", "published", "onnx"),
    "gradcheck/test_checker.py": ("module",),
    "gradcheck/test_kinks.py": ("ties_in", "wherever"),
    "judge/test_scores.py": (),
    "kernels/test_pool_norm.py": ("response_norm_is_its_twin", "relu_is_its_twin", "256_taps", "pool_is_its_twin"),
    "models/test_cifar.py": (),
    "nn/test_block_counts.py": (),
    "nn/test_blocks.py": ("batch_norm_after_batch_norm",),
    "nn/test_layers.py": ("conv_is_the_sum", "local_response"),
    "nn/test_module.py": (),
    "ops/test_operators.py": (),
    "ops/test_pool_norm_loss.py": (),
    "optim/test_optimizers.py": ("resuming_in_the_middle",),
    "optim/test_running_average.py": (),
    "optim/test_schedules.py": (),
    "package/test_contributing.py": (),
    "package/test_habits.py": (),
    "package/test_habits_kinds.py": (),
    "package/test_package.py": (),
    "package/test_portability.py": (),
    "package/test_readme.py": ("run_as_they_stand", "print_what"),
    "plots/test_graph.py": (),
    "site/test_pages.py": (),
    "studies/test_definition.py": (),
    "studies/test_shares.py": (),
    "train/test_checkpoint.py": ("no_altered_byte",),
    "train/test_loop.py": ("memory", "learns_and_leaves"),
    "train/test_settings.py": (),
    "weights/test_layout.py": ("only_published",),
}


def pytest_collection_modifyitems(items):
    """Mark the quick tests."""
    for item in items:
        slow = QUICK.get(item.path.relative_to(TESTS).as_posix())
        if slow is not None and not any(word in item.name for word in slow):
            item.add_marker(pytest.mark.quick)


@pytest.fixture(scope="module")
def one_thread():
    """Kernels on one thread: on arrays of a few numbers, waking a second one costs fifty times the work itself."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


@pytest.fixture
def tiny_network(monkeypatch):
    """Whatever model a config names, training gets the tiny one, and draws no pictures."""
    from tests.helpers.tiny_runs import build_tiny

    monkeypatch.setattr(models, "build", build_tiny)
    monkeypatch.setattr(loop, "draw_pictures", lambda *_: None)


@pytest.fixture
def narrow(monkeypatch):
    """AlexNet's and VGG's hidden fully connected layers have 64 in place of 4096 units, which is a tenth of the work.

    For what does not depend on how many there are; the whole networks are compared with PyTorch's.
    """

    def linear(inputs, outputs, **options):
        return nn.Linear(*(64 if size == 4096 else size for size in (inputs, outputs)), **options)

    monkeypatch.setattr("tinyinception.models.alexnet.Linear", linear)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The result of a run of `tiny_runs.CONFIG` that nothing interrupted."""
    from tests.helpers.tiny_runs import build_tiny, fit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "build", build_tiny)
        return fit(tmp_path_factory.mktemp("runs") / "finished")


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Lessons 1, which works, and 2, whose last cell fails; lesson 1 has exercises. The working folder is empty."""
    from tests.helpers.small_course import make

    return make(monkeypatch, tmp_path)
