"""Batches in a reproducible order, prepared ahead of the training step by a thread."""

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from tinyinception import remedies
from tinyinception.checks import number, whole
from tinyinception.data.transforms import AlternatingFlip, Normalize, Transform
from tinyinception.errors import ArgumentError, DtypeError, NonFiniteError, ShapeError
from tinyinception.habits import absent, channels_first, named
from tinyinception.ops.operation import by_x

Batch = tuple[np.ndarray, np.ndarray]

_ORDER, _AUGMENT = 0, 1  # keep the random streams of shuffling and augmentation apart; AlternatingFlip has 2


class Loader:
    """Shuffled, augmented, normalised batches: x float32 N x H x W x C contiguous, y int64.

    The order is a pure function of (seed, epoch) and the augmentation of (seed, epoch, batch index), so a run that
    stopped in mid-epoch continues with the same batches from its epoch and position alone. `for x, y in loader` goes
    through the next epoch each time, from epoch 0 on. Transforms work on the images as they are stored; normalisation
    comes last.

    images: N x H x W x C, uint8, or floating in [0, 1].
    labels: N integers.
    mean, std: per channel, in units of [0, 1] pixels.
    drop_last: leave out a last batch that is not full.
    prefetch: batches prepared ahead by a thread; 0 prepares each when it is asked for, in the caller's thread.
    Raises ShapeError, DtypeError or ArgumentError naming what does not fit, before any batch is made, and
    NonFiniteError for pixels that are NaN or infinite.
    """

    @named
    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        *,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        shuffle: bool = False,
        seed: int = 0,
        transforms: Iterable[Transform | AlternatingFlip] = (),
        drop_last: bool = False,
        prefetch: int = 2,
    ) -> None:
        for name, array in (("images", images), ("labels", labels)):
            if not isinstance(array, np.ndarray):
                raise DtypeError(f"Loader: {name} must be a NumPy array, got {type(array).__name__}")
        if images.ndim != 4 or 0 in images.shape:
            raise ShapeError(f"Loader: images must be N x H x W x C and not empty, got shape {images.shape}")
        if images.dtype != np.uint8:
            _check_floating(images)
        if labels.shape != images.shape[:1]:
            raise ShapeError(f"Loader: labels of shape {labels.shape} for {len(images)} images")
        if labels.dtype.kind not in "iu":
            raise DtypeError(f"Loader: labels must be integers, got {labels.dtype}")
        batch_size = whole("Loader: batch_size", batch_size)
        if drop_last and batch_size > len(images):
            raise ArgumentError(
                f"Loader: drop_last leaves no batch, batch_size is {batch_size} and there are {len(images)} images"
            )
        self.images, self.labels, self.batch_size = images, labels, batch_size
        self.shuffle, self.drop_last = shuffle, drop_last
        self.seed, self.prefetch = whole("Loader: seed", seed, 0), whole("Loader: prefetch", prefetch, 0)
        self.transforms = tuple(transforms)
        self.normalize = Normalize(mean, std)
        self._next_epoch = 0
        if len(self.normalize.mean) != images.shape[-1]:
            raise ShapeError(
                f"Loader: mean has {len(self.normalize.mean)} values, the images have {images.shape[-1]} channels"
                + channels_first(images.shape, len(self.normalize.mean))
            )

    def __len__(self) -> int:
        """Batches per epoch."""
        n = len(self.images)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """The batches of the next epoch."""
        epoch, self._next_epoch = self._next_epoch, self._next_epoch + 1
        return self.epoch(epoch)

    def __repr__(self) -> str:
        settings = [
            f"{name}={getattr(self, name)!r}"
            for name in ("shuffle", "seed", "transforms", "drop_last")
            if getattr(self, name)
        ]
        return (
            f"Loader({by_x(self.images.shape)} images, batch_size={self.batch_size}"
            f"{''.join(f', {told}' for told in settings)}; batches: {len(self)})"
        )

    if not TYPE_CHECKING:  # or every name would do

        def __getattr__(self, name: str):
            raise absent(type(self).__name__, name, remedies.LOADER, self)

    def order(self, epoch: int) -> np.ndarray:
        """The indices of the images in the order of an epoch."""
        if not self.shuffle:
            return np.arange(len(self.images))
        return np.random.default_rng([self.seed, _ORDER, epoch]).permutation(len(self.images))

    @named
    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from batch index `start` on. Raises ArgumentError outside the epoch."""
        epoch = whole("Loader: epoch", epoch, 0)
        start = number("Loader: start", start, f"[0, {len(self)}]", Integral)
        order = self.order(epoch)

        def batch(index: int) -> Batch:
            return self._batch(epoch, index, order[index * self.batch_size : (index + 1) * self.batch_size])

        indices = range(start, len(self))
        return _ahead(batch, indices, self.prefetch) if self.prefetch else map(batch, indices)

    def _batch(self, epoch: int, index: int, chosen: np.ndarray) -> Batch:
        images = self.images[chosen]
        rng = np.random.default_rng([self.seed, _AUGMENT, epoch, index])
        for transform in self.transforms:
            if isinstance(transform, AlternatingFlip):
                images = transform.at(images, self.seed, epoch, chosen)
            else:
                images = transform(images, rng)
        return np.ascontiguousarray(self.normalize(images)), self.labels[chosen].astype(np.int64)


def _check_floating(images: np.ndarray) -> None:
    if images.dtype.kind != "f":
        raise DtypeError(f"Loader: images must be uint8, or floating in [0, 1], got {images.dtype}")
    low, high = images.min(), images.max()
    if not np.isfinite(low + high):
        i, *pixel = np.argwhere(~np.isfinite(images))[0].tolist()
        raise NonFiniteError(f"Loader: images[{i}] is {images[i][tuple(pixel)]} at row, column, channel {pixel}")
    if low < 0 or high > 1:
        raise ArgumentError(
            f"Loader: floating images must lie in [0, 1], but go from {low:g} to {high:g}; bytes can stay uint8, or be "
            "divided by 255"
        )


def _ahead(make: Callable[[int], Batch], indices: Iterable[int], depth: int) -> Iterator[Batch]:
    """Yield make(i) in order while a thread works up to `depth` items ahead; closing the iterator ends the thread.

    In a process that was forked meanwhile, to which threads do not come along, the caller's thread makes the rest. The
    thread runs NumPy only, so that it needs no turn where Numba's kernels can be launched from one thread at a time.
    """
    indices, process, done = list(indices), os.getpid(), 0
    ready: queue.SimpleQueue = queue.SimpleQueue()
    room = threading.Semaphore(depth)
    abandoned = threading.Event()

    def work() -> None:
        try:
            for index in indices:
                room.acquire()
                if abandoned.is_set():
                    return
                ready.put((make(index), None))
            ready.put((None, None))
        except BaseException as error:
            ready.put((None, error))

    thread = threading.Thread(target=work, name="tinyinception-loader", daemon=True)
    thread.start()
    try:
        while os.getpid() == process:
            batch, error = ready.get()
            if error is not None:
                raise error
            if batch is None:
                return
            room.release()
            done += 1
            yield batch
        yield from map(make, indices[done:])
    finally:
        if os.getpid() == process:
            abandoned.set()
            room.release()
            thread.join()
