"""A data set in memory, checked once when it is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from tinyinception import remedies
from tinyinception.checks import number, whole
from tinyinception.data.loader import Loader
from tinyinception.data.transforms import AlternatingFlip, RandomCrop, RandomFlip, Transform
from tinyinception.errors import ArgumentError, CallError, DtypeError, ShapeError
from tinyinception.habits import absent, named
from tinyinception.notebook import rich


def pixel_statistics(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, in units of [0, 1] pixels; images are uint8, N x H x W x C."""
    levels = np.arange(256) / 255
    means, deviations = [], []
    for channel in range(images.shape[-1]):
        counts = np.bincount(images[..., channel].ravel(), minlength=256)
        mean = counts @ levels / counts.sum()
        means.append(round(float(mean), 5))
        deviations.append(round(float(np.sqrt(counts @ (levels - mean) ** 2 / counts.sum())), 5))
    return tuple(means), tuple(deviations)


@named
@dataclass(frozen=True, eq=False)
class Dataset:
    """Images (uint8, N x H x W x C) and labels (int64, N) for training and test.

    `mean` and `std` are per channel in units of [0, 1] pixels, computed from the training images where not given;
    `flip` says whether a mirrored image keeps its label. Raises ShapeError, DtypeError or ArgumentError naming the
    field that does not fit, and the sizes.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    flip: bool = True

    @classmethod
    @named
    def from_arrays(
        cls,
        images: np.ndarray,
        labels: np.ndarray,
        classes: Sequence[str] | None = None,
        *,
        test_images: np.ndarray | None = None,
        test_labels: np.ndarray | None = None,
        name: str = "arrays",
        mean: tuple[float, ...] = (),
        std: tuple[float, ...] = (),
        flip: bool = True,
    ) -> "Dataset":
        """Images of one's own: N x H x W x C or N x H x W, bytes or floats from 0 to 1, which become bytes.

        labels: N whole numbers from 0. classes: their names, by default the numbers. Without test images, a fifth of
        each class, always the same, is for testing. Raises as Dataset does, saying what to do about the usual mistakes.
        """
        if (test_images is None) != (test_labels is None):
            raise ArgumentError("from_arrays: test_images and test_labels go together")
        pairs = [_pair("", images, labels)]
        if test_images is not None and test_labels is not None:
            pairs.append(_pair("test_", test_images, test_labels))
        if classes is None:
            classes = [str(k) for k in range(max(int(numbers.max()) for _, numbers in pairs) + 1)]
        if isinstance(classes, str) or not all(isinstance(one, str) for one in classes):
            raise ArgumentError(f"from_arrays: classes must be a list of names, got {classes!r}")
        (train, numbers), *rest = pairs
        if not rest:
            test = _fifth(numbers)
            rest = [(train[test], numbers[test])]
            train, numbers = train[~test], numbers[~test]
        return cls(name, train, numbers, *rest[0], tuple(classes), mean, std, flip)

    def __post_init__(self) -> None:
        self._check("train")
        self._check("test")
        train, test = self.train_images.shape[1:], self.test_images.shape[1:]
        if train != test:
            raise ShapeError(f"{self.name}: train_images are {train} each, test_images {test}")
        if not self.mean and not self.std:
            mean, std = pixel_statistics(self.train_images)
            object.__setattr__(self, "mean", mean)
            object.__setattr__(self, "std", tuple(s or 1.0 for s in std))  # a constant channel is only centred
        channels = self.train_images.shape[-1]
        for field, interval in (("mean", "(-inf, inf)"), ("std", "(0, inf)")):
            values = tuple(number(f"{self.name}: {field}", value, interval) for value in getattr(self, field))
            if len(values) != channels:
                raise ShapeError(f"{self.name}: {field} has {len(values)} values, the images have {channels} channels")
            object.__setattr__(self, field, values)

    def _check(self, split: str) -> None:
        images, labels = getattr(self, f"{split}_images"), getattr(self, f"{split}_labels")
        where = f"{self.name}: {split}_"
        for name, array in (("images", images), ("labels", labels)):
            if not isinstance(array, np.ndarray):
                raise DtypeError(f"{where}{name} must be a NumPy array, got {type(array).__name__}")
        if images.dtype != np.uint8:
            raise DtypeError(f"{where}images must be uint8, got {images.dtype}")
        if labels.dtype != np.int64:
            raise DtypeError(f"{where}labels must be int64, got {labels.dtype}")
        if images.ndim != 4 or 0 in images.shape:
            raise ShapeError(f"{where}images must be N x H x W x C and not empty, got shape {images.shape}")
        if labels.shape != images.shape[:1]:
            raise ShapeError(f"{where}labels has shape {labels.shape} for {len(images)} images")
        if labels.min() < 0 or labels.max() >= len(self.classes):
            wrong = int(np.flatnonzero((labels < 0) | (labels >= len(self.classes)))[0])
            raise ArgumentError(f"{where}labels[{wrong}] is {labels[wrong]}, of {len(self.classes)} classes from 0")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        return self.train_images.shape[1:]

    @property
    def augmentation(self) -> tuple[Transform, ...]:
        """The usual augmentation of small images: crops padded by 4 pixels, and mirroring where it keeps the label."""
        return (RandomCrop(4), RandomFlip()) if self.flip else (RandomCrop(4),)

    def __repr__(self) -> str:
        height, width, channels = self.image_shape
        return (
            f"Dataset({self.name!r}: {len(self.train_images):,} + {len(self.test_images):,} images of "
            f"{height}x{width}x{channels}, {len(self.classes)} classes)"
        )

    _repr_html_ = rich("dataset")

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        raise CallError(f"len: {self.name} has two splits; write len(dataset.train_images) or len(dataset.test_images)")

    def __getitem__(self, index: object) -> NoReturn:
        raise CallError(
            f"{self.name} has two splits; write dataset.train_images[...] and dataset.train_labels[...], "
            "or dataset.loader('train', batch_size)"
        )

    if not TYPE_CHECKING:  # or every name would do

        def __getattr__(self, name: str):
            raise absent(type(self).__name__, name, remedies.DATASET, self)

    @named
    def first(self, n: int) -> "Dataset":
        """At most the first n images of each split; mean and std stay. Raises ArgumentError for n below 1."""
        n = whole("limit", n)
        return replace(
            self,
            train_images=self.train_images[:n],
            train_labels=self.train_labels[:n],
            test_images=self.test_images[:n],
            test_labels=self.test_labels[:n],
        )

    @named
    def hold_out(self, n: int) -> "Dataset":
        """The last n training images as test images, the others to train on: for a search that must not see the test.

        mean and std stay. Raises ArgumentError for n below 1, or as many as there are.
        """
        n, there = whole("holdout", n), len(self.train_images)
        if n >= there:
            raise ArgumentError(f"holdout must be below {there:,}, the training images of {self.name}, got {n:,}")
        return replace(
            self,
            train_images=self.train_images[:-n],
            train_labels=self.train_labels[:-n],
            test_images=self.train_images[-n:],
            test_labels=self.train_labels[-n:],
        )

    @named
    def loader(
        self,
        split: str,
        batch_size: int,
        *,
        augment: bool | Iterable[Transform | AlternatingFlip] = False,
        shuffle: bool = False,
        seed: int = 0,
        drop_last: bool = False,
        prefetch: int = 2,
    ) -> Loader:
        """Batches of one split, "train" or "test"; augment is True for the usual one, or the transforms to apply."""
        if split not in ("train", "test"):
            raise ArgumentError(f"loader: split must be 'train' or 'test', got {split!r}")
        transforms = (self.augmentation if augment else ()) if isinstance(augment, bool) else tuple(augment)
        return Loader(
            getattr(self, f"{split}_images"),
            getattr(self, f"{split}_labels"),
            batch_size,
            shuffle=shuffle,
            seed=seed,
            transforms=transforms,
            mean=self.mean,
            std=self.std,
            drop_last=drop_last,
            prefetch=prefetch,
        )


def _pair(which: str, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images as bytes N x H x W x C, and labels as int64, of what `Dataset.from_arrays` is given."""
    name = f"from_arrays: {which}"
    for what, array in (("images", images), ("labels", labels)):
        if not isinstance(array, np.ndarray):
            raise DtypeError(f"{name}{what} must be a NumPy array, got {type(array).__name__}; np.asarray makes one")
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or 0 in images.shape:
        raise ShapeError(
            f"{name}images must be N x H x W x C, or N x H x W where they are grey, and not empty, but "
            f"have shape {images.shape}"
        )
    if images.shape[3] > 4 and images.shape[1] in (1, 3, 4):
        raise ShapeError(
            f"{name}images have shape {images.shape}, with channels before the grid; they come last here: "
            "images.transpose(0, 2, 3, 1)"
        )
    if images.dtype.kind == "f":
        if not (images.min() >= 0 and images.max() <= 1):  # not so for NaN
            raise ArgumentError(
                f"{name}images of floats must lie in [0, 1], got {images.min():g} to "
                f"{images.max():g}; give pixels as they are, they are normalised with mean and std "
                "when they are used"
            )
        images = np.rint(images * 255).astype(np.uint8)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2:
        raise ShapeError(
            f"{name}labels must be N whole numbers, got shape {labels.shape}; of one-hot rows, labels.argmax(axis=1)"
        )
    if labels.dtype.kind not in "iu":
        raise DtypeError(
            f"{name}labels must be whole numbers from 0, got {labels.dtype}; of names, "
            "np.unique(labels, return_inverse=True) makes the classes and the labels"
        )
    if labels.shape != images.shape[:1]:
        raise ShapeError(f"{name}labels have shape {labels.shape} for {len(images)} images")
    return np.ascontiguousarray(images), labels.astype(np.int64)


def _fifth(labels: np.ndarray) -> np.ndarray:
    """Of each class a fifth, at least one image, drawn with a fixed seed; as a mask."""
    chosen, mixed = np.zeros(len(labels), bool), np.random.default_rng(0).permutation(len(labels))
    for label in np.unique(labels):
        own = mixed[labels[mixed] == label]
        if len(own) < 2:
            raise ArgumentError(
                f"from_arrays: class {label} has one image, which cannot be split into training and "
                "test; give test_images and test_labels"
            )
        chosen[own[: max(1, round(0.2 * len(own)))]] = True
    return chosen
