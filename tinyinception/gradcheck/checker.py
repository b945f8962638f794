"""`check`, the one function of this room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from tinyinception.checks import number, whole
from tinyinception.errors import ArgumentError, NonFiniteError
from tinyinception.gradcheck.differences import EPS, ROUNDINGS, Arrays, Slope, central, complex_step, norm
from tinyinception.gradcheck.probe import Parameters, Probe
from tinyinception.gradcheck.report import Entry, Report
from tinyinception.habits import named
from tinyinception.nn import Module
from tinyinception.ops.operation import Operation

METHODS = ("auto", "elementwise", "direction", "complex")
SMALL = 500  # numbers up to which "auto" looks at each of them


@named
def check(
    function: Callable | Module | Operation,
    *inputs: Any,
    parameters: Parameters = None,
    method: str = "auto",
    rtol: float | None = None,
    directions: int = 2,
    seed: int = 0,
) -> Report:
    """Compare the gradients of `function` with differences of its values.

    function: a module, an operation, or any function of tensors that returns a tensor, or tuples of tensors such as
    `Output`, all of which are contracted with random cotangents. inputs: arrays or tensors; None is passed on as it is.
    parameters: tensors that the function uses without taking them: a module, a dict or a list; by default those of
    `function` if it is a module, and `()` leaves them out. A network inside a loss is given as the module, so that its
    running statistics become float64 too.

    method:
      "elementwise": central differences for each number, the slowest and the most precise to read;
      "direction": the derivative along `directions` random directions of each tensor, for tensors of any size;
      "complex": each number by a complex step, which loses no digits, where every operation is analytic;
      "auto": elementwise up to 500 numbers in all, else direction.

    Everything is computed in float64, whatever was given, and everything the user owns (parameters, gradients, running
    statistics, the state of `nn.random`) is left as it was. Random numbers must come from `nn.random`: they repeat.

    The error is |analytic - numeric| / max(|analytic|, |numeric|), by direction relative to the gradient's norm, and
    must be at most rtol: by default 1e-6, and 1e-12 for a complex step. A gap below the rounding error of the function
    and its backward proves nothing, so the denominator is at least that rounding error / rtol; it is shown as `noise`.
    Where the function has a kink (ReLU at 0, a tie in a max-pool), or bends within 1e-5, differences cannot tell: such
    places are counted and listed in `Report.kinks`, neither passed nor failed; more than half of them is not ok.

    Raises nothing for a wrong gradient: see `Report.ok` and `Report.raise_if_wrong()`. Raises ArgumentError for a
    function that does not repeat itself, or is not analytic where a complex step was asked for, and NonFiniteError for
    NaN.

    >>> import numpy as np
    >>> report = check(lambda x: x.relu() * x, np.array([-1.0, 0.5, 2.0]))
    >>> report.ok, report.kinks
    (True, [])
    >>> report["x"].numeric.shape, report.worst.worst_error < 1e-6
    ((3,), True)
    >>> check(lambda x: x.relu(), np.array([0.0, 0.5, 2.0])).kinks
    [('x', (0,))]
    """
    if method not in METHODS:
        raise ArgumentError(f"gradcheck: method must be one of {', '.join(METHODS)}, got {method!r}")
    directions, seed = whole("gradcheck: directions", directions), whole("gradcheck: seed", seed, 0)
    if rtol is not None:
        rtol = number("gradcheck: rtol", rtol, "(0, inf)")
    probe = Probe(function, inputs, parameters)
    if method == "auto":
        method = "elementwise" if sum(v.size for v in probe.values) <= SMALL else "direction"
    rtol = rtol if rtol is not None else 1e-12 if method == "complex" else 1e-6
    rng = np.random.default_rng(seed)
    with probe.borrowed(), np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # a step may leave the domain
        if method == "complex" and (names := probe.not_analytic()):
            raise ArgumentError(
                f"gradcheck: a complex step needs analytic operations, and {', '.join(names)} is none; "
                "use method='elementwise' or 'direction'"
            )
        middle = _values_twice(probe)
        cotangents = [rng.standard_normal(y.shape) for y in middle]
        gradients = probe.gradients(cotangents)
        entries = []
        lines: Iterable[np.ndarray]
        for k, gradient in enumerate(gradients):
            if method == "direction":
                lines = [rng.standard_normal(gradient.shape) for _ in range(directions)]
                analytic = np.array([np.vdot(gradient, line) for line in lines])
                size, shape = float(np.linalg.norm(gradient[np.isfinite(gradient)])), (directions,)
            else:
                lines = (_axis(gradient.shape, i) for i in range(gradient.size))
                analytic, size, shape = gradient, 0.0, gradient.shape
            slopes = [_slope(probe, k, line, middle, cotangents, method, rtol, size) for line in lines]
            entries.append(_entry(probe.names[k], gradient, analytic, slopes, shape, size, rtol))
    return Report(method, rtol, tuple(entries))


def _values_twice(probe: Probe) -> list[np.ndarray]:
    """The outputs, finite and the same on a second call."""
    first = [y.copy() for y in probe.outputs(probe.values)]
    for y in first:
        if not np.isfinite(y).all():
            raise NonFiniteError("gradcheck: the function's value is NaN or infinite at the given inputs")
    if not all(np.array_equal(a, b) for a, b in zip(first, probe.outputs(probe.values), strict=True)):
        raise ArgumentError(
            "gradcheck: the function gives different values for the same inputs; random numbers must "
            "come from nn.random, and inputs must not be changed in place"
        )
    return first


def _axis(shape: tuple[int, ...], index: int) -> np.ndarray:
    line = np.zeros(shape)
    line.flat[index] = 1.0
    return line


def _slope(
    probe: Probe, k: int, line: np.ndarray, middle: Arrays, cotangents: Arrays, method: str, rtol: float, size: float
) -> Slope:
    """The derivative along `line` in the k-th tensor, all others held.

    The noise of the result includes backward's own rounding error: where terms cancel, about the outputs' rounding
    error divided by `unit`.
    """
    moved = probe.values[k][line != 0]
    unit = max(1.0, float(np.sqrt(np.mean(np.square(moved)))))

    def at(t: complex) -> list[np.ndarray]:
        values = list(probe.values)
        values[k] = values[k] + t * line
        return probe.outputs(values)

    slope = (
        complex_step(at, cotangents)
        if method == "complex"
        else central(at, middle, cotangents, unit=unit, rtol=rtol, scale=size)
    )
    return replace(slope, noise=slope.noise + ROUNDINGS * EPS * norm(cotangents, middle) / unit)


def _entry(
    name: str,
    gradient: np.ndarray,
    analytic: np.ndarray,
    slopes: list[Slope],
    shape: tuple[int, ...],
    size: float,
    rtol: float,
) -> Entry:
    numeric = np.array([s.value for s in slopes]).reshape(shape)
    kink = np.array([s.kink for s in slopes]).reshape(shape)
    largest = np.abs(gradient, where=np.isfinite(gradient), out=np.zeros(gradient.shape)).max()
    noise = np.array([s.noise for s in slopes]).reshape(shape) + ROUNDINGS * EPS * max(largest, size)
    scale = np.maximum(np.maximum(np.abs(analytic), np.abs(numeric)), np.maximum(noise / rtol, size))
    gap = np.abs(analytic - numeric)
    with np.errstate(invalid="ignore"):
        error = np.where(gap == 0, 0.0, gap / np.where(scale > 0, scale, 1.0))
    error = np.where(np.isfinite(analytic), error, np.inf)
    return Entry(name, gradient.shape, analytic, numeric, noise, error, kink, rtol)
