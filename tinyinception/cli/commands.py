"""What each command does: ask a room of the package, print the answer; only that room is imported."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

from tinyinception.cli.parser import UsageError
from tinyinception.terminal import paint, say, table, width, wrap

INDENT = " " * 5  # below the number of a lesson


def run_train(options: Namespace) -> None:
    """Train, or continue a run; the result on standard output, all progress on standard error."""
    from tinyinception.cli import training

    given = training.given(options)
    if options.resume is not None:
        settings = training.Config.settings()
        foreign = [settings[name].name_of_flag(name) for name in given if name not in training.RESUMABLE]
        foreign += [f"--{name}" for name in ("out", "config", "budget", "ensure", "find_lr") if getattr(options, name)]
        if foreign:
            raise UsageError(
                f"--resume continues a run with its own settings; leave out {foreign[0].replace('_', '-')}"
            )
    if options.ensure and (options.out is None or options.find_lr):
        raise UsageError("--ensure goes with --out DIR, the folder of the run, and without --find-lr")
    if options.threads is not None:
        os.environ.pop("OMP_NUM_THREADS", None)  # it is only the default
    config = None if options.resume is not None else training.config(options)
    from tinyinception import train
    from tinyinception.kernels import jit
    from tinyinception.train import budgets
    from tinyinception.train.ranks import here

    first = here().rank == 0  # which sets the threads of several, before somebody chooses
    if options.threads is not None:
        jit.set_threads(options.threads)
    if config is not None and options.find_lr:
        if not first:
            return
        found = train.find_lr(config)
        _answer(options, {**asdict(found), "picture": str(found.draw(options.out or "."))}, [str(found)])
        return
    watchers: list[train.Watcher] = [] if options.log is None else [train.TensorBoard()]
    if config is not None and options.budget is not None and first:
        say(budgets.told(options.budget, config))
        watchers.append(budgets.Forecast())
    if config is None:
        result = train.resume(
            options.resume,
            given.get("data"),
            epochs=given.get("epochs"),
            watchers=watchers,
            eager=options.eager,
            pictures=options.pictures,
        )
    else:
        begin = train.ensure if options.ensure else train.fit
        result = begin(config, options.out, watchers=watchers, eager=options.eager, pictures=options.pictures)
    if not first:  # another one tells it
        return
    _answer(
        options,
        asdict(result),
        _wrapped(
            [
                f"{result.told} in {result.seconds:.0f} s ({result.images_per_second:,.0f} images/s)",
                f"run folder {result.run}",
            ]
        ),
    )


def run_evaluate(options: Namespace) -> None:
    """Measure a run, or several together."""
    from tinyinception import train

    measured = train.evaluate(
        options.folders,
        options.data,
        crops=options.crops,
        compare=options.compare,
        averaged={None: None, "raw": False, "averaged": True}[options.weights],
        pictures=options.pictures,
    )
    runs, classes = measured.get("runs", []), len(measured["classes"])
    longest = max(len(row["name"]) for row in measured["classes"])
    what = f"ensemble of {len(runs)} runs" if runs else measured["model"]
    views = f", {measured['crops']} views of each" if measured["crops"] > 1 else ""
    lines = [f"{what} on {measured['data']}, {measured['images']:,} test images{views}", _figures(measured, classes)]
    for row in measured["classes"]:
        share = "no images" if row["accuracy"] is None else f"{row['accuracy']:7.2%} of {row['images']:,}"
        lines.append(f"  {row['name']:{longest}}  {share}")
    lines += [f"{one['run']} alone: {_figures(one, classes)}" for one in runs]
    if options.compare:
        lines.append(measured["comparison"]["sentence"])
    if len(set(map(os.path.realpath, options.folders))) < len(options.folders):
        say("one run was given more than once; it counts as often, and differs from itself in nothing")
    if options.pictures is not None:
        lines.append(f"pictures in {options.pictures}")
    _answer(options, measured, _wrapped(lines))


def _figures(measured: dict, classes: int) -> str:
    top = f"{measured['test_top5']:.2%}" if classes > 5 else f"always right ({classes} classes)"
    return (
        f"test accuracy {measured['test_accuracy']:.2%}   top 5 {top}   loss {measured['test_loss']:.4f}   "
        f"calibration error {measured['ece']:.2%}"
    )


def run_predict(options: Namespace) -> None:
    """Classify files with a run, or with published weights; or a test image of the run's own data."""
    from tinyinception.errors import shown

    used, answers = _predict_by_run(options) if options.weights is None else _predict_published(options)
    predictions, lines = [], []
    for image, label, answer in answers:
        true = {} if label is None else {"class": label}
        classes = [{"name": name, "probability": p} for name, p in answer]
        predictions.append({"image": _text(image), **true, "classes": classes})
        lines.append(shown(image) if label is None else f"{shown(image)}: {label}")
        lines += [f"  {p:7.2%}  {name}" for name, p in answer]
    _answer(options, {**used, "predictions": predictions}, lines)


# Of each image its name, its true class where that is known, and the most probable classes.
Answers = list[tuple[str, str | None, list[tuple[str, float]]]]


def _predict_by_run(options: Namespace) -> tuple[dict, Answers]:
    """What was used, and the answers."""
    if foreign := [flag for flag in ("model", "classes_file") if getattr(options, flag) is not None]:
        raise UsageError(f"predict: --{foreign[0].replace('_', '-')} goes with --weights FILE, not with a run")
    from tinyinception import train

    _require(options, *(("RUN", "IMAGE") if options.test is None else ("RUN",)))
    folder, *images = options.files
    if options.test is None:
        answers = train.predict(folder, images, top=options.top, say=say)
        return {"run": folder}, [(image, None, answer) for image, answer in zip(images, answers, strict=True)]
    if images:
        raise UsageError("predict: either IMAGE or --test N, not both")
    return {"run": folder}, [train.predict_test(folder, options.test, top=options.top)]


def _text(name: str) -> str:
    """A file's name as JSON can hold it: bytes that are no UTF-8 as escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _predict_published(options: Namespace) -> tuple[dict, Answers]:
    """What was used, and the answers; what was done to the images is said on standard error."""
    if options.model is None:
        raise UsageError("predict: --weights needs --model, the network that the weights are of")
    if options.test is not None:
        raise UsageError("predict: --test goes with a run, not with --weights")
    _require(options, "IMAGE")
    from tinyinception import weights

    known = weights.published(options.model)
    names = None if options.classes_file is None else weights.read_classes(options.classes_file)
    answers = weights.predict(known.name, options.weights, options.files, classes=names, top=options.top, say=say)
    return (
        {"model": known.model, "weight_set": known.name, "weights": options.weights},
        [(image, None, answer) for image, answer in zip(options.files, answers, strict=True)],
    )


def _require(options: Namespace, *words: str) -> None:
    """UsageError, in argparse's words, unless there is one of `files` for each word."""
    if missing := words[len(options.files) :]:
        raise UsageError(
            f"the following arguments are required: {', '.join(missing)} (see `tinyinception predict --help`)"
        )


def run_export(options: Namespace) -> None:
    """Write a run or a network to a file or a folder."""
    from tinyinception.cli import export

    answer, lines = export.write(options)
    _answer(options, answer, _wrapped(lines))


def run_summary(options: Namespace) -> None:
    """Count one network."""
    from tinyinception.count import summary
    from tinyinception.count.table import summary_table

    counted = summary(
        options.model,
        options.input_size,
        channels=options.channels,
        num_classes=options.classes,
        training=options.training,
        depth=options.depth,
    )
    lines = _bright(summary_table(counted, width(sys.stdout)))
    if options.draw is not None:
        from tinyinception.plots import draw

        draw(
            options.model, options.input_size, channels=options.channels, num_classes=options.classes, path=options.draw
        )
        lines.append(f"picture in {options.draw}")
    _answer(options, counted.to_json(), lines)


def run_compare(options: Namespace) -> None:
    """Count several networks."""
    from tinyinception.count import compare
    from tinyinception.count.table import comparison_table

    compared = compare(
        options.models,
        options.input_size,
        channels=options.channels,
        num_classes=options.classes,
        training=options.training,
    )
    _answer(options, compared.to_json(), _bright(comparison_table(compared.summaries, width(sys.stdout))))


def _bright(table: str) -> list[str]:
    """The lines of a table, those above a rule, its heads, in bold letters."""
    lines = table.split("\n")
    below = [*lines[1:], ""]
    return [
        paint(line, "bold", sys.stdout) if rule and not rule.strip("-") else line
        for line, rule in zip(lines, below, strict=True)
    ]


def run_data(options: Namespace) -> None:
    """List data sets, or fetch one."""
    from tinyinception import data

    if options.action == "fetch":
        if options.name is None:
            raise UsageError("data fetch: which one? Give the NAME of a data set (see `tinyinception data list`)")
        folder = str(data.fetch(options.name, options.source))
        _answer(options, {"name": options.name, "folder": folder}, [folder])
        return
    if options.name is not None or options.source is not None:
        raise UsageError("data list takes no NAME and no --from")
    rows = data.listing()
    cells = [["name", "classes", "train", "test", "download", "where"]]
    for row in rows:
        size = f"{row.bytes / 1e6:.1f} MB" if row.bytes else "none"
        where = "in the cache" if row.cached and row.bytes else _host(row.source)
        cells.append([row.name, str(row.classes), f"{row.train:,}", f"{row.test:,}", size, where])
    head, *lines = table(cells, [0, 5], width(sys.stdout), drop=[1, 3])  # classes, test
    lines.insert(0, paint(head, "bold", sys.stdout))
    _answer(options, {"data": [asdict(row) for row in rows]}, lines)


def _host(source: str) -> str:
    """Of an address the end of its host's name, which fits into a line; other sources as they are."""
    from urllib.parse import urlsplit

    host = urlsplit(source).hostname
    return source if host is None else ".".join(host.split(".")[-3:])


def run_lesson(options: Namespace) -> int:
    """List lessons, step through one, check exercises and so on; 1 where exercises are unsolved."""
    from tinyinception.cli import lessons

    return lessons.run(options)


def run_claims(options: Namespace) -> None:
    """Compute the verdict of every claim asked for; DataError where one no longer agrees."""
    from tinyinception.cli import claims

    weighed = claims.weigh(options)
    _answer(options, {"claims": [one.to_json() for one in weighed]}, claims.lines(options, weighed))
    claims.refuse_odd(weighed)


def run_study(options: Namespace) -> None:
    """List the studies, plan one, or run one."""
    from tinyinception.cli import studies

    _answer(options, *studies.answer(options))


def run_site(options: Namespace) -> None:
    """Write the lessons and the explorer as pages."""
    from tinyinception.cli import site

    _answer(options, *site.answer(options))


def run_completion(options: Namespace) -> None:
    """Print a shell's script."""
    from tinyinception.cli.completion import script

    print(script(options.shell), end="")


def _wrapped(lines: Sequence[str]) -> list[str]:
    """Lines for standard output, those that are too long for a terminal as several."""
    return [part for line in lines for part in wrap(line, width(sys.stdout), rest="    ")]


def _answer(options: Namespace, value: dict, lines: Sequence[str]) -> None:
    """A command's whole standard output: `value` as one JSON object where that was asked for, otherwise `lines`."""
    print(json.dumps(value) if options.json else "\n".join(lines))
