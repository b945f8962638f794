"""All that changes while a network is trained, and how it goes into a checkpoint and comes back."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np

from tinyinception.checks import whole
from tinyinception.data import AlternatingFlip, Cutout, Dataset, Loader, RandomCrop, RandomFlip, Transform
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.judge.nonfinite import check_finite, describe, is_finite
from tinyinception.judge.scores import Classifier, log_probabilities
from tinyinception.nn import Module, Parameter, random
from tinyinception.optim import (
    SGD,
    Adam,
    Constant,
    Cosine,
    ExponentialStaircase,
    Lookahead,
    Muon,
    Optimizer,
    RMSProp,
    RunningAverage,
    Schedule,
    Triangular,
    weights_only,
)
from tinyinception.replay import Captured
from tinyinception.train.checkpoint import CHECKPOINT, Tensors, save
from tinyinception.train.config import LEARNING_RATES, MOMENTA, Config
from tinyinception.train.early import Early
from tinyinception.train.first_layer import whiten
from tinyinception.train.network import Factory, build
from tinyinception.train.pretrained import frozen, start_from
from tinyinception.train.ranks import Ranks
from tinyinception.train.run import Run
from tinyinception.train.state import DataFacts, Position, check_log

DROPOUT = 3  # the stream of random numbers that dropout has on each of several ranks; the loader has 0 to 2
AUX_WEIGHT = 0.3  # of a network that has auxiliary heads and does not say what they count: the papers'


@dataclass
class Session:
    """A training run in memory. Equal config and data give equal sessions, bit for bit.

    own: the caller's network, or a function that makes it. fresh: whether it begins, so that the weights of the config
    are read; otherwise `restore` follows. loss: of the last step's batch. eager: run every step from Python, instead of
    recording it once and replaying it. ranks: the processes that train together, this one among them.
    """

    config: Config
    dataset: Dataset
    own: Module | Factory | None = None
    fresh: bool = True
    position: Position = field(default_factory=Position)
    log: list[dict] = field(default_factory=list)
    loss: float = math.nan
    eager: bool = False
    ranks: Ranks = field(default_factory=Ranks)

    def __post_init__(self) -> None:
        config, dataset = self.config, self.dataset
        self.facts, self.share = DataFacts.of(dataset), np.ones(1)  # the second: of a batch, this rank's
        self.generator = random.seeded(config.seed)
        with random.using(self.generator):
            self.network = build(config, self.facts, self.own)
        self.told = ""
        if self.fresh and config.weights is not None:
            self.told = start_from(self.network, config.weights, len(self.facts.classes))
        self.frozen_norms = frozen(self.network, config.freeze)
        self._first_bias = None if config.whiten is None else whiten(self.network, dataset, self.fresh)
        self.early = Early(config, dataset, self.network)
        usual = getattr(self.network, "aux_weight", AUX_WEIGHT)
        self.aux_weight = usual if config.aux_weight is None else config.aux_weight
        self.train_loader = dataset.loader(
            "train",
            config.batch_size,
            augment=_transforms(config, dataset),
            shuffle=True,
            seed=config.seed,
            drop_last=len(dataset.train_images) >= config.batch_size,
        )
        self.test_loader = self._test_loader()
        self.schedule = _schedule(config, len(self.train_loader))
        self.optimizer = _optimizer(config, self.network)
        self.average: RunningAverage | None = None
        if config.average is not None:
            self.average = RunningAverage(_averaged(self.network), config.average)
        self.captured: Captured | None = None  # the training step, from the first one on
        self._classify: Classifier | None = None

    def _test_loader(self) -> Loader:
        """The test images, of several ranks this one's part. ArgumentError where some rank would have none."""
        whole, ranks = self.dataset.loader("test", self.config.batch_size), self.ranks
        if ranks.size == 1:
            return whole
        batch = min(self.config.batch_size, len(self.train_loader.images))
        for what, images in (("images in a batch", batch), ("test images", len(whole.images))):
            if images < ranks.size:
                raise ArgumentError(f"ranks: {images} {what} are too few for {ranks.size} ranks")
        part = ranks.part(len(whole.images))
        mean, std = self.dataset.mean, self.dataset.std
        return Loader(whole.images[part], whole.labels[part], whole.batch_size, mean=mean, std=std)

    def compare(self) -> None:
        """Raises ArgumentError where another rank begins with other settings, images or weights than rank 0."""
        if self.ranks.size > 1:
            settings = replace(self.config, data="drawn", source=None, input_size=None)  # images may lie elsewhere
            weights = {name: array.tobytes() for name, array in self.network.state_dict().items()}
            digest = sha256(pickle.dumps(weights)).hexdigest()
            self.ranks.same(settings=settings, images=(self.facts.train, self.facts.test), weights=digest)

    def prepare(self) -> None:
        """What is set anew before each step, as functions of the position: rates, and what is trained no longer."""
        config, step, optimizer = self.config, self.position.step, self.optimizer
        optimizer.lr = self.schedule(step)
        if self.ranks.size > 1:
            drawn = np.random.PCG64([config.seed, DROPOUT, self.ranks.rank, step])
            self.generator.bit_generator.state = drawn.state
        if isinstance(optimizer, Lookahead):
            done = min(1.0, step / (config.epochs * len(self.train_loader)))
            optimizer.alpha = 1 - 0.95**optimizer.k * done**3  # airbench's
        if self._first_bias is not None and config.whiten is not None:
            learns = self.position.epoch < config.whiten
            if self._first_bias.requires_grad != learns:
                self._first_bias.requires_grad = learns
        for norm in self.frozen_norms:  # whoever calls network.train() wakes them
            norm.eval()

    @property
    def best(self) -> dict[str, Any]:
        """The row of the log with the best test accuracy, the first of several; there is one after the first epoch."""
        return max(self.log, key=accuracy_of)

    @property
    def is_done(self) -> bool:
        """Whether all epochs are done, or the last `patience` of them, since the run was extended, brought nothing."""
        at, patience = self.position, self.config.patience
        if at.epoch >= self.config.epochs or patience is None or at.batch or not self.log:
            return at.epoch >= self.config.epochs
        extended = max((step for step, _ in self.config.extended), default=0) // len(self.train_loader)
        return at.epoch - max(self.best["epoch"], extended) >= patience

    def extend(self, epochs: int) -> None:
        """Plan for another number of epochs: from here on, the rates are those of a run of so many from the start.

        Raises ArgumentError for fewer than are begun.
        """
        at, config = self.position, self.config
        if whole("epochs", epochs) < at.epoch + (at.batch > 0):
            raise ArgumentError(
                f"epochs must be at least {at.epoch + (at.batch > 0)}, which are done or begun, got {epochs}"
            )
        if epochs != config.epochs:
            history = (*config.extended, (at.step, config.epochs))
            self.config = replace(config, epochs=epochs, extended=history)
            self.schedule = _schedule(self.config, len(self.train_loader))
            self.early = Early(self.config, self.dataset, self.network)

    def save(self, run: Run) -> None:
        """Write the checkpoint. Raises NonFiniteError, keeping the one before, where a parameter is NaN or infinite.

        Of several ranks, the first does so; all have the same to write.
        """
        if self.ranks.rank > 0:
            return
        check_finite(self.network)
        with random.using(self.generator):
            drawn = random.get_state()
        tensors = {f"{part}/{name}": array for part, arrays in self._parts() for name, array in arrays.items()}
        save(
            run.folder,
            tensors,
            {
                "config": asdict(self.config),
                "data": asdict(self.facts),
                "log": self.log,
                "position": asdict(self.position),
                "random": drawn,
            },
        )

    def restore(self, run: Run, tensors: Tensors, state: dict) -> None:
        """Continue from what `save` wrote for this run. Raises CheckpointError naming what does not fit."""
        load_network(run, tensors, self.network, averaged=False)
        with belonging(run):
            if not isinstance(then := state.get("config"), dict):
                raise ArgumentError(f"config must be an object with names and values, got {repr(then)[:80]}")
            now: dict[str, Any]
            now = {"data": self.config.data, "source": self.config.source}  # the facts say whether they are the same
            if self.config.extended:  # config.json says so already, the next checkpoint will
                *before, (_, planned) = self.config.extended
                if (then.get("epochs"), then.get("extended", [])) == (planned, [list(pair) for pair in before]):
                    now |= {"epochs": self.config.epochs, "extended": self.config.extended}
            differing = self.config.differences({**then, **now})
            differing += DataFacts.restore(state.get("data")).differences(self.facts)
            if differing:
                raise CheckpointError(f"{run.folder}: the checkpoint was made with {'; '.join(differing)}")
            position = Position.restore(state.get("position"))
            steps = len(self.train_loader)
            if position.epoch > self.config.epochs or position.batch > steps * (position.epoch < self.config.epochs):
                raise ArgumentError(
                    f"position must lie in {self.config.epochs} epochs of {steps} batches, got epoch "
                    f"{position.epoch}, batch {position.batch}"
                )
            if position.step != position.epoch * steps + position.batch:
                raise ArgumentError(
                    f"position.step must be {position.epoch * steps + position.batch} in epoch "
                    f"{position.epoch}, batch {position.batch}, got {position.step}"
                )
            log = check_log(state.get("log"), position.epoch)
            with random.using(self.generator):
                random.set_state(state.get("random"))
        self.optimizer.load_state_dict(_part(tensors, "optimizer"))
        if self.average is not None:
            self.average.load_state_dict(_finite(run, _part(tensors, "average")))
        self.position, self.log = position, log

    def parts(self) -> list[Any]:
        """What a training step works on."""
        return [self.network, self.optimizer, *([] if self.average is None else [self.average])]

    def slow(self) -> AbstractContextManager[None]:
        """Inside, the network holds Lookahead's slow weights, where there is one; afterwards what it held before."""
        return self.optimizer.apply() if isinstance(self.optimizer, Lookahead) else nullcontext()

    def judged(self) -> AbstractContextManager[None]:
        """Inside, the network holds what counts: its running averages, or else the slow weights, or else its own."""
        return self.slow() if self.average is None else self.average.apply()

    def classify(self, images: np.ndarray) -> np.ndarray:
        """Log-probabilities of a normalised batch, by replay too, in the memory of the training step."""
        if self.eager:
            return log_probabilities(self.network, images)
        if self._classify is None:
            self._classify = Classifier(self.network, None if self.captured is None else self.captured.arena)
        return self._classify(images)

    def _parts(self) -> Iterator[tuple[str, Tensors]]:
        yield "network", self.network.state_dict()
        yield "optimizer", self.optimizer.state_dict()
        if self.average is not None:
            yield "average", self.average.state_dict()


@contextmanager
def belonging(run: Run) -> Iterator[None]:
    """Turn what cannot be in the state of a checkpoint into one CheckpointError."""
    try:
        yield
    except ArgumentError as error:
        raise CheckpointError(f"{run.folder / CHECKPOINT} cannot be used: {error}") from error


def accuracy_of(row: Mapping[str, Any]) -> float:
    """The test accuracy that counts in a row of the log: with averaged parameters where they are kept."""
    averaged = row["averaged_test_accuracy"]
    return row["test_accuracy"] if averaged is None else averaged


def load_network(run: Run, tensors: Tensors, network: Module, averaged: bool) -> None:
    """Give a network the parameters and statistics of a checkpoint, or their running averages.

    Raises CheckpointError where these are of another network, or NaN or infinite.
    """
    values = _part(tensors, "network")
    if averaged:  # all of them: half averaged, half not, would be a network that never was
        values = _part(tensors, "average/average")
    _finite(run, values)
    try:
        network.load_state_dict(values)
    except CheckpointError as error:
        raise CheckpointError(
            f"{run.folder}: the checkpoint is of another network than the one in config.json: {error}"
        ) from error


def with_slow(tensors: Tensors) -> Tensors:
    """The tensors of a checkpoint, in which the network has the slow weights of Lookahead where there is one."""
    return {**tensors, **{f"network/{name}": array for name, array in _part(tensors, "optimizer/slow").items()}}


def _part(tensors: Tensors, part: str) -> Tensors:
    """The tensors of a checkpoint below a name such as "optimizer", under their own names."""
    return {name.removeprefix(f"{part}/"): array for name, array in tensors.items() if name.startswith(f"{part}/")}


def _finite(run: Run, tensors: Tensors) -> Tensors:
    for name, array in tensors.items():
        if not is_finite(array):
            raise CheckpointError(
                f"{run.folder / CHECKPOINT} cannot be used: {name} holds NaN or infinity ({describe(array)})"
            )
    return tensors


def _averaged(network: Module) -> list[tuple[str, Parameter | np.ndarray]]:
    """Parameters and batch-norm's running statistics: averaged weights would not fit statistics that are not."""
    return [*network.named_parameters(), *network.named_buffers()]


def _transforms(config: Config, dataset: Dataset) -> list[Transform | AlternatingFlip]:
    flip = dataset.flip if config.flip is None else config.flip
    grey = tuple(round(255 * mean) for mean in dataset.mean)
    return [
        *([RandomCrop(config.crop, config.border or "zero")] if config.crop else []),
        *([AlternatingFlip() if config.alternating_flip else RandomFlip()] if flip else []),
        *([Cutout(config.cutout, grey)] if config.cutout else []),
    ]


def _schedule(config: Config, epoch_steps: int) -> Schedule:
    steps = config.epochs * epoch_steps
    warmup = int(config.warmup * steps)
    if config.schedule == "constant":
        return Constant(config.lr)
    if config.schedule == "staircase":
        return ExponentialStaircase(config.lr, 0.94, 2 * epoch_steps)
    if config.schedule == "cosine":
        return Cosine(config.lr, steps, warmup)
    return Triangular(config.lr, steps, warmup)


def _optimizer(config: Config, network: Module) -> Optimizer | Lookahead:
    chosen = _rule(config, network)
    if config.lookahead is None:
        return chosen
    return Lookahead(chosen, config.lookahead, buffers=network.named_buffers())


def _rule(config: Config, network: Module) -> Optimizer:
    options: dict[str, Any]
    options = {"lr": config.lr, "weight_decay": config.weight_decay, "decay_filter": weights_only}
    if config.momentum is not None:
        options["momentum"] = config.momentum
    groups, momentum = _groups(config, network), MOMENTA.get(config.optimizer)
    if config.optimizer == "sgd":
        return SGD(groups, **{"momentum": momentum, "nesterov": True, **options})
    if config.optimizer == "rmsprop":
        return RMSProp(groups, **options)
    if config.optimizer == "muon":  # as in airbench94_muon
        return Muon(groups, **{"momentum": momentum, "ns_steps": 3, "normalize": True, "sgd_momentum": 0.85, **options})
    return Adam(groups, decoupled=True, **options)


def _groups(config: Config, network: Module) -> list[Any]:
    """Parameters by name; in groups where some have rates of their own."""
    trained = [(name, parameter) for name, parameter in network.named_parameters() if parameter.requires_grad]
    usual = LEARNING_RATES["sgd"] if config.optimizer == "muon" else None
    rates = {1: config.bias_lr or usual, 2: config.head_lr or usual}  # by the number of axes
    by_rate: dict[float | None, list[tuple[str, Parameter]]] = {}
    for name, parameter in trained:
        by_rate.setdefault(rates.get(parameter.ndim), []).append((name, parameter))
    if list(by_rate) == [None]:
        return trained
    return [{"params": pairs} if rate is None else {"params": pairs, "lr": rate} for rate, pairs in by_rate.items()]
