"""Classify image files with published weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tinyinception import models, nn
from tinyinception.data import read_image
from tinyinception.data.fetch import read_file
from tinyinception.errors import DataError, shown
from tinyinception.habits import named
from tinyinception.judge.scores import best_classes, check_request
from tinyinception.weights.file import class_count, load_weights
from tinyinception.weights.preprocessing import Published, published

BATCH = 8  # images of 299x299
_NAMES = 1 << 20  # bytes of a file with class names


@named
def predict(
    weight_set: str,
    file: str | Path,
    images: Sequence[str | Path],
    *,
    classes: Sequence[str] | None = None,
    top: int = 5,
    say: Callable[[str], None] | None = None,
) -> list[list[tuple[str, float]]]:
    """Classify image files: for each the `top` most probable (class, probability), best first.

    weight_set: as for `published`, whose preprocessing is applied. file: its safetensors file. classes: names in the
    network's order; numbers as text unless given. say: told in one line what the preprocessing is, of converted colours
    as by `read_image`, and of a prefix as by `load_weights`. Raises, before anything is computed, DataError for a file
    that is no image or a wrong number of class names, ArgumentError for top below 1 or no images, and as
    `load_weights`; then NonFiniteError where the weights give no probabilities.
    """
    known = published(weight_set)
    check_request(images, top)
    count = class_count(known.model, file)
    classes = [str(i) for i in range(count)] if classes is None else classes
    if len(classes) != count:
        raise DataError(f"{len(classes)} class names were given, but the weights in {file} have {count} classes")
    pixels = np.stack([view(path, known, say) for path in images])
    network = build(known.model, file, count, say)
    if say is not None:
        say(f"preprocessing of {known.name}: {known.describe()}")
    batches = (known.normalize(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH))
    return best_classes(network, batches, classes, top, file)


def build(model: str, file: str | Path, classes: int, say: Callable[[str], None] | None = None) -> nn.Module:
    """A network with published weights in evaluation mode, without auxiliary classifiers. Raises as `load_weights`."""
    with nn.shape_only():
        network = models.build(model, num_classes=classes)
    load_weights(network, file, ignore_aux=True, say=say)
    return network.eval()


def view(path: str | Path, known: Published, say: Callable[[str], None] | None = None) -> np.ndarray:
    """What a network with this weight set sees of an image file, in bytes; DataError for a file that is no image."""
    return read_image(path, known.resize, crop=known.input_size, interpolation=known.interpolation, say=say)


@named
def read_classes(file: str | Path) -> list[str]:
    """Class names, one in each line, in the order of the network's classes; DataError where they cannot be read."""
    try:
        text = read_file(Path(file), _NAMES).decode("utf-8")
    except (DataError, UnicodeDecodeError) as error:
        raise DataError(f"{shown(file)} cannot be read as class names: {error.__cause__ or error}") from error
    names = [line.strip() for line in text.rstrip().splitlines()]
    if not names or not all(names):
        raise DataError(f"{shown(file)}: every line must have the name of one class")
    return [shown(name) for name in names]
