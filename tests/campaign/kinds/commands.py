"""Command lines: numbers out of range, unknown and missing words, names that no file system takes."""

from tests.campaign import command
from tests.campaign.outcome import Case
from tests.campaign.registry import kind
from tinyinception.cli.parser import COMMANDS

LINES = "command lines"

TRAIN = ("train", "--model", "single_5x5_cifar", "--limit", "4", "--batch-size", "4", "--epochs", "1")
NUMBERS = ["0", "-1", "", "x", "1.5", "nan", "inf", "1e3", "0x10", "--", "-0", "1,000", "9" * 5000]
FLAGS = {  # a command line, and flags of it that take a whole number above 0
    TRAIN: ("--limit", "--epochs", "--batch-size", "--threads"),
    ("evaluate", "RUN"): ("--crops",),
    ("predict", "RUN", "IMAGE"): ("--top",),
    ("summary", "single_5x5_cifar"): ("--input-size", "--channels", "--classes"),
    ("compare", "single_5x5_cifar", "double_3x3_cifar"): ("--input-size", "--channels", "--classes"),
    ("lesson", "1"): ("--start",),
}
RATES = ["0", "-1", "", "x", "nan", "inf", "-inf", "1e400", "0x1p3"]
SEEDS = ["-1", "", "x", "1.5", "nan", "1e3"]


def fill(words, place):
    stand = {"RUN": str(place.shared / "run"), "IMAGE": str(place.shared / "images" / "cat" / "0.png")}
    return [stand.get(word, word) for word in words]


def refused(words, place):
    """A case of a command line that has no right answer."""
    line = fill(words, place)

    def go():
        out = command.run(*line)
        raise AssertionError(f"accepted, with {out[:80]!r}")

    return Case(repr(" ".join(word if len(word) < 40 else f"{word[:30]}..." for word in words)), go)


def any_of(rng, things):
    things = list(things)
    return things[rng.integers(len(things))]


@kind(LINES, 3)
def a_whole_number_out_of_range(rng, place):
    words = any_of(rng, FLAGS)
    flag, value = any_of(rng, FLAGS[words]), any_of(rng, NUMBERS)
    return refused([*words, f"{flag}={value}"] if rng.random() < 0.5 else [*words, flag, value], place)


@kind(LINES, 1)
def a_rate_or_seed_out_of_range(rng, place):
    flag, values = [("--seed", SEEDS), ("--lr", RATES)][int(rng.random() < 0.7)]
    return refused([*TRAIN, flag, any_of(rng, values)], place)


@kind(LINES, 2)
def an_unknown_name(rng, place):
    name = any_of(
        rng,
        [
            "",
            " ",
            "x" * 5000,
            "a\0b",
            "a\nb",
            "caf\udce9",
            "Inception_CIFAR",
            "../../nowhere",
            "$(touch x)",
            "None",
            "é" * 200,
            "%s%n",
            "{}",
            "\x1b[31m",
        ],
    )
    return refused(
        any_of(
            rng,
            [
                ("train", "--model", name),
                (*TRAIN, "--data", name),
                (*TRAIN, "--optimizer", name),
                (*TRAIN, "--schedule", name),
                ("summary", name),
                ("compare", name),
                ("compare", "single_5x5_cifar", name),
                ("data", name),
                ("data", "fetch", name),
                (name,),
                ("lesson", name),
                ("evaluate", "RUN", "--data", name),
                ("evaluate", "RUN", "--weights", name),
                ("predict", "--model", name, "--weights", "IMAGE", "IMAGE"),
                ("summary", "single_5x5_cifar", f"--{name}x"),
            ],
        ),
        place,
    )


@kind(LINES, 1.5)
def a_place_that_cannot_be(rng, place):
    (place.folder / "link").symlink_to("link")
    path = any_of(rng, ["a\0b", "x" * 300, "x/" * 3000, "/dev/null/x", "/proc/x", "caf\udce9\0", "link"])
    return refused(
        any_of(
            rng,
            [
                (*TRAIN, "--out", path),
                ("train", "--resume", path),
                ("evaluate", path),
                ("predict", path, "IMAGE"),
                ("predict", "RUN", path),
                ("summary", "single_5x5_cifar", "--draw", path),
                ("lesson", "1", "--check", path),
                ("lesson", "1", "--notebook", f"{path}/x"),
                ("data", "fetch", "mnist", "--from", path),
                ("evaluate", "RUN", "--pictures", path),
                (*TRAIN, "--data", "mnist", "--from", path),
                ("predict", "--model", "googlenet_torchvision", "--weights", path, "IMAGE"),
                ("predict", "--model", "inception_v3", "--weights", "IMAGE", "--classes-file", path, "IMAGE"),
            ],
        ),
        place,
    )


@kind(LINES, 1.5)
def missing_and_surplus_words(rng, place):
    name = any_of(rng, COMMANDS)
    return refused(
        any_of(
            rng,
            [
                (name, "--no-such-flag"),
                (name, "--jso"),
                (name, "a", "b", "c", "--x=1"),
                ("train", "surplus"),
                ("train", "--resume"),
                ("train", "--resume", "RUN", "--lr", "1"),
                ("train", "--resume", "RUN", "--out", "x"),
                ("evaluate",),
                ("evaluate", "RUN", "--compare"),
                ("evaluate", "RUN", "RUN", "RUN", "--compare"),
                ("predict", "--weights", "IMAGE"),
                ("predict", "RUN", "--model", "inception_v3", "IMAGE"),
                ("summary",),
                ("summary", "a", "b"),
                ("compare",),
                ("data",),
                ("data", "fetch"),
                ("data", "list", "mnist"),
                ("data", "fetch", "drawn"),
                ("data", "list", "--from", "x"),
                ("lesson", "--check"),
                ("lesson", "1", "--all"),
                ("lesson", "99"),
                ("lesson", "-1"),
                ("lesson", "1", "2"),
                ("claims", "--no"),
                ("--verison",),
                ("-x",),
                ("nope",),
                ("evaluate", "RUN", "--crops", "3"),
                ("evaluate", "RUN", "--data", "cifar10x"),
                ("evaluate", "RUN", "--weights", "best"),
                ("summary", "single_5x5_cifar", "--draw", "x.xyz"),
                ("summary", "inception_v3", "--input-size", "5"),
                ("lesson", "1", "--start", "999"),
                ("lesson", "1", "--check", "nowhere.py"),
            ],
        ),
        place,
    )


@kind(LINES, 1)
def right_words(rng, place):
    """Large numbers that are right, and odd but honest names."""
    line = any_of(
        rng,
        [
            ("summary", "single_5x5_cifar", "--input-size", "1000"),
            ("summary", "single_5x5_cifar", "--classes", "1000000"),
            ("predict", "RUN", "IMAGE", "--top", "1000"),
            ("summary", "single_5x5_cifar", "--draw", "a b.png"),
            ("summary", "single_5x5_cifar", "--draw", "é.svg"),
            ("evaluate", "RUN", "--json"),
            ("data", "list", "--json"),
            ("compare", "single_5x5_cifar", "single_5x5_cifar"),
            ("--version",),
            ("--help",),
            ("train", "--help"),
            (),
        ],
    )
    return Case(repr(" ".join(line)), lambda: command.run(*fill(line, place)), valid=True)
