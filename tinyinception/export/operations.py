"""Each operation of ours as nodes of ONNX: one function for each kind, and the table of them, `TRANSLATIONS`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tinyinception import ops
from tinyinception.export.graph import AXIS, FIRST, Graph
from tinyinception.kernels.reference import GELU_CUBIC, GELU_SLOPE
from tinyinception.ops import Operation
from tinyinception.tape import Node
from tinyinception.tensor import Tensor

END = np.iinfo(np.int64).max  # in ONNX's Slice: as far as it goes
Inputs = Sequence[Tensor]
Maybe = Sequence[Tensor | None]  # None where a bias, a gamma or a beta is not there


def translate(g: Graph, node: Node, inputs: Maybe, output: Tensor) -> None:
    """Add one operation to the graph; ArgumentError, which names the layer, for one that ONNX or this table has not."""
    g.use = node
    kind = TRANSLATIONS.get(type(node.op))  # not a subclass of it, which may compute something else
    if kind is None:
        known = ", ".join(sorted(one.__name__ for one in TRANSLATIONS))
        raise g.refuse(f"cannot be exported: it is none of {known}")
    kind(g, node.op, inputs, output)


# -- convolution and matrix products -----------------------------------------------------------------------------------


def _conv(g: Graph, op: ops.Conv2d, inputs: Maybe, output: Tensor) -> None:
    x, w, *bias = (t for t in inputs if t is not None)
    window = op.window(x.shape, w.shape)
    operands = [g.first(x), g.in_order(w, (3, 2, 0, 1)), *map(g.plain, bias)]
    name = g.node(
        "Conv",
        *operands,
        kernel_shape=w.shape[:2],
        strides=window.stride,
        pads=_pads(window.padding),
        dilations=window.dilation,
        group=op.groups,
    )
    g.add(output, name, first=True)


def _linear(g: Graph, op: ops.Linear, inputs: Maybe, output: Tensor) -> None:
    g.add(output, g.node("Gemm", *(g.plain(t) for t in inputs if t is not None)))


def _matmul(g: Graph, op: ops.MatMul, inputs: Inputs, output: Tensor) -> None:
    g.add(output, g.node("MatMul", *map(g.plain, inputs)))


# -- pooling -----------------------------------------------------------------------------------------------------------


def _max_pool(g: Graph, op: ops.MaxPool2d, inputs: Inputs, output: Tensor) -> None:
    window, pads, beyond = _window(op, inputs[0])
    g.add(
        output,
        g.node(
            "MaxPool",
            g.first(inputs[0]),
            kernel_shape=window.kernel,
            strides=window.stride,
            pads=_pads(_sum(pads, beyond)),
        ),
        first=True,
    )


def _avg_pool(g: Graph, op: ops.AvgPool2d, inputs: Inputs, output: Tensor) -> None:
    """What hangs over the end in ceil_mode never counts, so padding that does count becomes pixels first.

    And where it differs from side to side: onnxruntime before 1.25 takes one side for another there (its issue 26708).
    """
    x, (window, pads, beyond) = g.first(inputs[0]), _window(op, inputs[0])
    counted = op.count_include_pad and any(pads)
    if counted and (any(beyond) or len(set(pads)) > 1):
        top, bottom, left, right = pads
        x = g.node("Pad", x, g.constant([0, 0, top, left, 0, 0, bottom, right], "pads"))
        counted, pads = False, (0, 0, 0, 0)
    g.add(
        output,
        g.node(
            "AveragePool",
            x,
            kernel_shape=window.kernel,
            strides=window.stride,
            pads=_pads(_sum(pads, beyond)),
            count_include_pad=int(counted),
        ),
        first=True,
    )


def _adaptive(g: Graph, op: ops.AdaptiveAvgPool2d, inputs: Inputs, output: Tensor) -> None:
    """Equal bins are a pooling; others a product with the matrix of means from the left and from the right."""
    x, grid, out = inputs[0], inputs[0].shape[1:3], output.shape[1:3]
    if grid == out:
        name = g.node("Identity", g.first(x))
    elif all(n % o == 0 for n, o in zip(grid, out, strict=True)):
        bins = [n // o for n, o in zip(grid, out, strict=True)]
        name = g.node("AveragePool", g.first(x), kernel_shape=bins, strides=bins)
    else:
        rows, columns = (_means(n, o, x.dtype) for n, o in zip(grid, out, strict=True))
        inner = g.node("MatMul", g.first(x), g.constant(columns.T, "columns"))
        name = g.node("MatMul", g.constant(rows, "rows"), inner)
    g.add(output, name, first=True)


def _global_pool(g: Graph, op: ops.GlobalAvgPool, inputs: Inputs, output: Tensor) -> None:
    g.add(output, g.node("Flatten", g.node("GlobalAveragePool", g.first(inputs[0])), axis=1))


def _window(op: ops.MaxPool2d | ops.AvgPool2d, x: Tensor) -> tuple:
    """Window, padding, and how far the last windows of ceil_mode hang over it at the bottom and right."""
    window, out = op.geometry(x.shape)
    pads = window.padding
    if not op.ceil_mode:
        return window, pads, (0, 0, 0, 0)
    ends = [
        max((o - 1) * s + k - n - before, 0)
        for o, s, k, n, before in zip(out, window.stride, window.kernel, x.shape[1:3], (pads[0], pads[2]), strict=True)
    ]
    bottom, right = min(pads[1], ends[0]), min(pads[3], ends[1])  # less where a window in the padding was dropped
    return window, (pads[0], bottom, pads[2], right), (0, ends[0] - bottom, 0, ends[1] - right)


def _sum(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    return tuple(m + n for m, n in zip(a, b, strict=True))


def _pads(padding: Sequence[int]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) in ONNX's order: what is before each axis, then what is after it."""
    top, bottom, left, right = padding
    return top, left, bottom, right


def _means(size: int, bins: int, dtype: np.dtype) -> np.ndarray:
    """Bins x size: row i averages bin i."""
    matrix = np.zeros((bins, size), dtype)
    for i, one in enumerate(ops.AdaptiveAvgPool2d((bins, 1)).bins((1, size, 1, 1))):
        matrix[i, one[2]] = 1 / (one[2].stop - one[2].start)
    return matrix


def _gelu(g: Graph, op: ops.GELU, inputs: Inputs, output: Tensor) -> None:
    """Written out, since ONNX has it from opset 20 only."""
    x, dtype = inputs[0], inputs[0].dtype
    first = g.is_first(x)
    source = g.first(x) if first else g.plain(x)

    def number(value: float, name: str) -> str:
        return g.constant(np.asarray(value, dtype), name)

    cube = g.node("Mul", g.node("Mul", source, source), source)
    inner = g.node("Add", source, g.node("Mul", cube, number(GELU_CUBIC, "cubic")))
    bent = g.node("Tanh", g.node("Mul", inner, number(GELU_SLOPE, "slope")))
    half = g.node("Mul", source, number(0.5, "half"))
    g.add(output, g.node("Mul", half, g.node("Add", bent, number(1.0, "one"))), first)


# -- normalisation -----------------------------------------------------------------------------------------------------


def _batch_norm(g: Graph, op: ops.BatchNorm, inputs: tuple, output: Tensor) -> None:
    x, *learned = inputs[:3]
    if op.training:
        raise g.refuse(
            "normalises by the statistics of its own batch, which an exported network cannot; call eval(), "
            "or give it running statistics"
        )
    gamma, beta = (None if t is None else g.data(t) for t in learned)
    mean, var = inputs[3:]
    if x.ndim in (2, 4):  # elsewhere the channels are not the second axis
        source = g.first(x) if x.ndim == 4 else g.plain(x)
        g.add(output, _normalised(g, source, mean, var, gamma, beta, op.eps, op.relu), first=x.ndim == 4)
        return
    mean, var = (np.asarray(a, np.float64) for a in (mean, var))
    scale = (1 if gamma is None else gamma) / np.sqrt(var + op.eps)
    shift = (0 if beta is None else beta) - mean * scale
    scaled = g.node("Mul", g.plain(x), g.constant(scale.astype(x.dtype), "scale"))
    name = g.node("Add", scaled, g.constant(shift.astype(x.dtype), "shift"))
    g.add(output, g.node("Relu", name) if op.relu else name)


def _normalised(
    g: Graph,
    x: str,
    mean: np.ndarray,
    var: np.ndarray,
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    eps: float,
    relu: bool,
) -> str:
    """Batch-norm of a value whose second axis are the channels."""
    numbers = {
        "gamma": np.ones_like(mean) if gamma is None else gamma,
        "beta": np.zeros_like(mean) if beta is None else beta,
        "running_mean": mean,
        "running_var": var,
    }
    constants = [g.constant(array, g.names.get(id(array), name)) for name, array in numbers.items()]
    name = g.node("BatchNormalization", x, *constants, epsilon=eps)
    return g.node("Relu", name) if relu else name


def _response_norm(g: Graph, op: ops.LocalResponseNorm, inputs: Inputs, output: Tensor) -> None:
    """ONNX divides alpha by the size. Runtimes know no even sizes: then the sum is a product with a band of ones."""
    x = inputs[0]
    if x.ndim == 4 and op.size % 2:
        g.add(
            output,
            g.node("LRN", g.first(x), size=op.size, alpha=op.alpha * op.size, beta=op.beta, bias=op.k),
            first=True,
        )
        return
    source, channel = g.plain(x), np.arange(x.shape[-1])
    distance = channel[:, None] - channel  # of the channel that is summed from the one that it is summed for
    band = op.alpha * ((-(op.size // 2) <= distance) & (distance <= (op.size - 1) // 2))
    total = g.node("MatMul", g.node("Mul", source, source), g.constant(band.astype(x.dtype), "band"))
    total = g.node("Add", total, g.constant(np.asarray(op.k, x.dtype), "k"))
    power = g.node("Pow", total, g.constant(np.asarray(op.beta, x.dtype), "beta"))
    g.add(output, g.node("Div", source, power))


# -- element by element ------------------------------------------------------------------------------------------------


def _unary(kind: str) -> Callable:
    def translation(g: Graph, op: Operation, inputs: Inputs, output: Tensor) -> None:
        first = g.is_first(inputs[0])
        g.add(output, g.node(kind, g.first(inputs[0]) if first else g.plain(inputs[0])), first)

    return translation


def _binary(kind: str) -> Callable:
    def translation(g: Graph, op: Operation, inputs: Inputs, output: Tensor) -> None:
        images = output.ndim == 4 and all(t.ndim == 4 or t.data is not None for t in inputs)
        first = images and any(map(g.is_first, inputs))
        g.add(output, g.node(kind, *(_beside_images(g, t) if first else g.plain(t) for t in inputs)), first)

    return translation


def _beside_images(g: Graph, t: Tensor) -> str:
    """An operand of images with the channels first; a constant of fewer axes gets those that broadcasting adds."""
    if t.ndim in (0, 4):
        return g.plain(t) if t.ndim == 0 else g.first(t)
    return g.constant(t.numpy().reshape((1,) * (4 - t.ndim) + t.shape).transpose(FIRST))


def _power(g: Graph, op: ops.Power, inputs: Inputs, output: Tensor) -> None:
    x, first = inputs[0], g.is_first(inputs[0])
    exponent = g.constant(np.asarray(op.exponent, x.dtype), "exponent")
    g.add(output, g.node("Pow", g.first(x) if first else g.plain(x), exponent), first)


def _log_softmax(g: Graph, op: ops.LogSoftmax, inputs: Inputs, output: Tensor) -> None:
    first = g.is_first(inputs[0])
    source, axis = (g.first(inputs[0]), 1) if first else (g.plain(inputs[0]), -1)
    g.add(output, g.node("LogSoftmax", source, axis=axis), first)


def _dropout(g: Graph, op: ops.Dropout, inputs: Inputs, output: Tensor) -> None:
    if op.p:
        raise g.refuse("draws at random in evaluation too; use the module nn.Dropout, which does so in training only")
    _unary("Identity")(g, op, inputs, output)


# -- moving numbers ----------------------------------------------------------------------------------------------------


def _concat(g: Graph, op: ops.Concat, inputs: Inputs, output: Tensor) -> None:
    axis, first = op.axis % output.ndim, any(map(g.is_first, inputs))
    names = [g.first(t) if first else g.plain(t) for t in inputs]
    g.add(output, g.node("Concat", *names, axis=AXIS[axis] if first else axis), first)


def _pad(g: Graph, op: ops.Pad, inputs: Inputs, output: Tensor) -> None:
    x, first = inputs[0], g.is_first(inputs[0])
    widths = [op.widths[axis] for axis in FIRST] if first else op.widths
    pads = g.constant([before for before, _ in widths] + [after for _, after in widths], "pads")
    value = g.constant(np.asarray(op.value, x.dtype), "value")
    g.add(output, g.node("Pad", g.first(x) if first else g.plain(x), pads, value), first)


def _transpose(g: Graph, op: ops.Transpose, inputs: Inputs, output: Tensor) -> None:
    g.add(output, g.in_order(inputs[0], op.order(inputs[0].ndim)))


def _reshape(g: Graph, op: ops.Reshape, inputs: Inputs, output: Tensor) -> None:
    """The sizes that grow with the batch are left to the runtime: one may be whatever remains, others as in the input.

    A single pixel or a single channel has its numbers in the same order in both layouts, and needs no Transpose.
    """
    x, target = inputs[0], list(output.shape)
    free = []
    for axis in g.varies[id(output)]:
        copied = axis in g.varies[id(x)] and axis < x.ndim and x.shape[axis] == output.shape[axis]
        target[axis] = 0 if copied else -1
        free += [] if copied else [axis]
    if len(free) > 1:
        raise g.refuse(f"cannot be exported: axes {free} of its result both depend on the batch")
    alike = g.is_first(x) and (x.shape[3] == 1 or x.shape[1] == x.shape[2] == 1)
    g.add(output, g.node("Reshape", g.first(x) if alike else g.plain(x), g.constant(target, "shape")))


def _slice(g: Graph, op: ops.Slice, inputs: Inputs, output: Tensor) -> None:
    x, index = inputs[0], _one_for_each_axis(op.index, inputs[0].ndim)
    first = g.is_first(x) and all(isinstance(i, slice) for i in index)
    name, axis, cuts, single, new = g.first(x) if first else g.plain(x), 0, [], [], []
    for place, i in enumerate(index):
        if i is None:
            new.append(place - sum(not isinstance(j, slice) and j is not None for j in index[:place]))
            continue
        if not isinstance(i, slice):
            single.append(axis)
            i = slice(i, END if i == -1 else i + 1)
        step = 1 if i.step is None else i.step
        start = (0 if step > 0 else END) if i.start is None else i.start
        stop = (END if step > 0 else -END) if i.stop is None else i.stop
        if (start, stop, step) != (0, END, 1):
            cuts.append((start, stop, AXIS[axis] if first else axis, step))
        axis += 1
    if cuts:
        columns = zip(("starts", "ends", "axes", "steps"), zip(*cuts, strict=True), strict=True)
        name = g.node("Slice", name, *(g.constant(column, word) for word, column in columns))
    if single:
        name = g.node("Squeeze", name, g.constant(single, "squeezed"))
    if new:
        name = g.node("Unsqueeze", name, g.constant(new, "new"))
    g.add(output, name, first)


def _one_for_each_axis(index: tuple, ndim: int) -> list:
    """The index with `...`, or what is left out at its end, written out."""
    whole = [slice(None)] * (ndim - sum(i is not None and i is not Ellipsis for i in index))
    for place, i in enumerate(index):
        if i is Ellipsis:
            return [*index[:place], *whole, *index[place + 1 :]]
    return [*index, *whole]


def _reduction(kind: str) -> Callable:
    def translation(g: Graph, op: ops.Sum, inputs: Inputs, output: Tensor) -> None:
        x, axes = inputs[0], op.axes(inputs[0].shape)
        if not axes:  # which ONNX takes for all of them
            return _unary("Identity")(g, op, inputs, output)
        kept = [AXIS[axis] for axis in range(x.ndim) if axis not in axes] if g.is_first(x) else []
        first = g.is_first(x) and (op.keepdims or kept == sorted(kept))  # else what remains is in another order
        where = g.constant([AXIS[axis] if first else axis for axis in axes], "axes")
        name = g.node(kind, g.first(x) if first else g.plain(x), where, keepdims=int(op.keepdims))
        g.add(output, name, first and op.keepdims)

    return translation


TRANSLATIONS: dict[type[Operation], Callable] = {
    ops.Add: _binary("Add"),
    ops.Subtract: _binary("Sub"),
    ops.Multiply: _binary("Mul"),
    ops.Divide: _binary("Div"),
    ops.Negate: _unary("Neg"),
    ops.Power: _power,
    ops.MatMul: _matmul,
    ops.Exp: _unary("Exp"),
    ops.Log: _unary("Log"),
    ops.GELU: _gelu,
    ops.ReLU: _unary("Relu"),
    ops.Sigmoid: _unary("Sigmoid"),
    ops.Tanh: _unary("Tanh"),
    ops.Conv2d: _conv,
    ops.Linear: _linear,
    ops.MaxPool2d: _max_pool,
    ops.AvgPool2d: _avg_pool,
    ops.AdaptiveAvgPool2d: _adaptive,
    ops.GlobalAvgPool: _global_pool,
    ops.BatchNorm: _batch_norm,
    ops.LocalResponseNorm: _response_norm,
    ops.LogSoftmax: _log_softmax,
    ops.Dropout: _dropout,
    ops.Concat: _concat,
    ops.Pad: _pad,
    ops.Transpose: _transpose,
    ops.Reshape: _reshape,
    ops.Slice: _slice,
    ops.Sum: _reduction("ReduceSum"),
    ops.Mean: _reduction("ReduceMean"),
    ops.Max: _reduction("ReduceMax"),
}
