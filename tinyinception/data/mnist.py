"""MNIST (LeCun et al. 1998), Fashion-MNIST (Xiao et al. 2017) in IDX files; 28 x 28 grey, padded to 32 x 32 x 1."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tinyinception.data.cache import Member
from tinyinception.data.dataset import Dataset
from tinyinception.data.download import Download
from tinyinception.data.fetch import Recipe, gunzip, read_file
from tinyinception.errors import DataError, shown

_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_SIZES = (47_040_016, 60_008, 7_840_016, 10_008)
FASHION_CLASSES = (
    "t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


def _unpack(place: Path, members: tuple[Member, ...]) -> Iterator[tuple[Member, str, bytes]]:
    """The four files from a folder, each as .gz or unpacked."""
    for member in members:
        plain, packed = place / member.name, place / f"{member.name}.gz"
        if packed.is_file():
            yield member, f"{shown(packed)}, unpacked,", gunzip(packed, member.size)
        elif plain.is_file():
            yield member, shown(plain), read_file(plain, member.size)
        else:
            raise DataError(f"{shown(place)} holds neither {packed.name} nor {plain.name}")


def _recipe(name: str, address: str, packed: tuple[tuple[int, str], ...], plain: tuple[str, ...], **more) -> Recipe:
    return Recipe(
        name,
        tuple(Member(file, size, sha) for file, size, sha in zip(_FILES, _SIZES, plain, strict=True)),
        tuple(Download(f"{address}/{file}.gz", *pin) for file, pin in zip(_FILES, packed, strict=True)),
        _unpack,
        **more,
    )


MNIST = _recipe(
    "mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    (
        (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)

FASHION_MNIST = _recipe(
    "fashion_mnist",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    (
        (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    system=("/usr/share/datasets/fashion-mnist",),  # Debian's dataset-fashion-mnist
)


def read_idx(path: Path) -> np.ndarray:
    """An IDX file of bytes: two zeros, type 8, the number of axes, big-endian sizes, data. Raises DataError."""
    contents = path.read_bytes()
    axes = contents[3] if len(contents) > 3 and contents[:3] == b"\0\0\x08" else 0
    shape = tuple(np.frombuffer(contents[4 : 4 + 4 * axes], ">u4").tolist())
    data = np.frombuffer(contents, np.uint8, offset=min(4 + 4 * axes, len(contents)))
    if not axes or len(shape) != axes or data.size != np.prod(shape):
        raise DataError(f"{path} is no IDX file of bytes: sizes {shape} but {data.size:,} bytes of data")
    return data.reshape(shape)


def _read(name: str, folder: Path, **facts) -> Dataset:
    images, labels, test_images, test_labels = (read_idx(folder / file) for file in _FILES)

    def padded(grey: np.ndarray) -> np.ndarray:
        return np.pad(grey, ((0, 0), (2, 2), (2, 2)))[..., None]

    return Dataset(
        name,
        padded(images),
        labels.astype(np.int64),
        padded(test_images),
        test_labels.astype(np.int64),
        **facts,
    )


def read_mnist(folder: Path) -> Dataset:
    """MNIST from its verified folder: 60,000 + 10,000 handwritten digits."""
    return _read("mnist", folder, classes=tuple("0123456789"), mean=(0.10004,), std=(0.27522,), flip=False)


def read_fashion_mnist(folder: Path) -> Dataset:
    """Fashion-MNIST from its verified folder: 60,000 + 10,000 articles of clothing."""
    return _read("fashion_mnist", folder, classes=FASHION_CLASSES, mean=(0.21900,), std=(0.33181,))
