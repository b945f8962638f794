"""A network as an ONNX file, which runtimes of other makers run. Needs the `onnx` extra.

    export.to_onnx(network, "net.onnx", (32, 32, 3))

The opset is 23, the newest that onnxruntime has on every Python that this package runs on: its last for Python 3.10 is
1.23. Of the nodes used here later opsets change nothing but the dtypes that they take.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tinyinception import __version__
from tinyinception.checks import whole
from tinyinception.errors import ArgumentError, CheckpointError, DtypeError, GraphError
from tinyinception.export.graph import FIRST, Graph, same_graphs
from tinyinception.export.operations import translate
from tinyinception.files import save_file
from tinyinception.habits import named
from tinyinception.nn import Module, Output
from tinyinception.tape import Node
from tinyinception.tensor import Hook, Tensor, no_grad, observe

OPSET, IR_VERSION = 23, 11
BATCH = "N"
LIMIT = 2**31 - 1  # bytes of one message of protobuf
ROOM = 2**24  # of them for all that is not weights

Step = tuple[Node, tuple, Tensor]


@named
def to_onnx(
    network: Module, file: str | Path, image_shape: Sequence[int], *, metadata: Mapping[str, Any] | None = None
) -> None:
    """Write a network, as it is in evaluation, as an ONNX file of opset 23, checked by onnx's own checker.

    image_shape: (height, width, channels) of one input, or the sizes of one that is no image. In the file images are
    N x channels x height x width and called "images", other inputs N x ... and "input"; the batch may have any size;
    the result is called "logits". Constants have the dotted names of the parameters, in the layouts of ONNX. Images
    must be normalised before, as here. metadata: texts, or what JSON can hold, for the file's metadata_props.
    Raises ArgumentError without the library onnx, for an operation that cannot be exported and for a network that
    computes with the size of its batch, DtypeError for one that is not float32, GraphError for one without numbers, and
    CheckpointError where the file cannot be written or would be larger than the format allows.
    """
    onnx = _library()
    names = _check(network)
    sizes = tuple(whole("onnx: image_shape", n) for n in image_shape)
    traces = [_trace(network, (batch, *sizes)) for batch in (2, 3)]
    graphs = [_build(names, *pair) for pair in (traces, traces[::-1])]
    if differing := same_graphs(*graphs):
        raise ArgumentError(
            f"onnx: {type(network).__name__} computes with the size of its batch, first at "
            f"{differing}; it would be exported for one size only"
        )
    contents = _model(onnx, graphs[0], traces, metadata or {}).SerializeToString()
    onnx.checker.check_model(contents, full_check=True)
    save_file(Path(file), contents)


def _library() -> Any:
    try:
        import onnx
        import onnx.checker
    except ImportError:
        raise ArgumentError(
            "onnx: this needs the library onnx; install it with pip install 'tinyinception[onnx]'"
        ) from None
    newest = onnx.defs.onnx_opset_version()
    if newest < OPSET:
        raise ArgumentError(
            f"onnx: version {onnx.__version__} knows opsets up to {newest}, this needs {OPSET}; update "
            "it with pip install -U 'tinyinception[onnx]'"
        )
    return onnx


def _check(network: Module) -> dict[int, str]:
    """What the file calls a network's parameters and buffers, by the id of their arrays."""
    if not isinstance(network, Module):
        raise ArgumentError(f"onnx: network must be a Module, got {type(network).__name__}")
    for name, parameter in network.named_parameters():
        if parameter.data is None:
            raise GraphError(f"onnx: {name} has no numbers, it was built inside shape_only()")
        if parameter.dtype != np.float32:
            raise DtypeError(
                f"onnx: {name} must be float32, got {parameter.dtype}; convert the network with network.to(np.float32)"
            )
    arrays = [*((name, p.numpy()) for name, p in network.named_parameters()), *network.named_buffers()]
    size = sum(array.nbytes for _, array in arrays)
    if size > LIMIT - ROOM:
        raise CheckpointError(f"onnx: the network has {size:,} bytes of weights, one file of ONNX holds {LIMIT:,}")
    return {id(array): name for name, array in arrays}


# -- what the network does: the operations of one forward pass on shapes alone -----------------------------------------


class _Recorder(Hook):
    """Notes every operation whose result depends on the input; what does not has numbers, and is a constant."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def after(self, node: Node, inputs: Sequence[Tensor | np.ndarray | None], output: Tensor) -> None:
        if output.data is None:
            self.steps.append((node, tuple(inputs), output))


@contextmanager
def _evaluating(network: Module) -> Iterator[None]:
    """Evaluation mode, and afterwards for each module the mode it was in."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _trace(network: Module, shape: tuple[int, ...]) -> tuple[Tensor, list[Step], dict[str, Tensor]]:
    """The input, the operations in order, and the outputs by name. The tensors in it must outlive every use of ids."""
    image, recorder = Tensor.shape_only(*shape), _Recorder()
    with _evaluating(network), no_grad(), observe(recorder):
        answer = network(image)
    if isinstance(answer, Output):
        outputs = {"logits": answer.logits, **{f"aux_{i}": head for i, head in enumerate(answer.aux, 1)}}
    elif isinstance(answer, Tensor):
        outputs = {"logits": answer}
    elif isinstance(answer, (tuple, list)) and answer:
        outputs = {f"output_{i}": t for i, t in enumerate(answer, 1)}
    else:
        outputs = {"output": answer}
    for name, t in outputs.items():
        if not isinstance(t, Tensor):
            raise ArgumentError(
                f"onnx: {type(network).__name__} must return an Output, a Tensor or a tuple of "
                f"Tensors, got {type(t).__name__} as {name}"
            )
    return image, recorder.steps, outputs


# -- the file ----------------------------------------------------------------------------------------------------------


def _build(names: Mapping[int, str], trace: tuple, other: tuple) -> Graph:
    """The graph of one trace; the other, of another batch, tells which sizes grow with the batch."""
    image, steps, outputs = trace
    pairs = [(image, other[0]), *((a[2], b[2]) for a, b in zip(steps, other[1], strict=False))]
    varies = {
        id(a): tuple(axis for axis, (m, n) in enumerate(zip(a.shape, b.shape, strict=False)) if m != n)
        for a, b in pairs
    }
    graph = Graph(names, {**{id(step[2]): () for step in steps}, **varies})
    graph.add(image, graph.unique("images" if image.ndim == 4 else "input"), first=image.ndim == 4)
    reserved = {name: graph.unique(name) for name in outputs}
    for step in steps:
        translate(graph, *step)
    for name, t in outputs.items():
        graph.rename(graph.first(t) if t.ndim == 4 else graph.plain(t), reserved[name])
    return graph


def _model(onnx: Any, graph: Graph, traces: Sequence[tuple], metadata: Mapping[str, Any]) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    def declared(name: str, one: Tensor, other: Tensor) -> Any:
        shape = [m if m == n else BATCH for m, n in zip(one.shape, other.shape, strict=True)]
        return helper.make_tensor_value_info(
            name, TensorProto.FLOAT, [shape[axis] for axis in FIRST] if len(shape) == 4 else shape
        )

    (image, _, outputs), (other_image, _, other_outputs) = traces
    inputs = [declared("images" if image.ndim == 4 else "input", image, other_image)]
    results = [declared(name, t, other_outputs[name]) for name, t in outputs.items()]
    constants = [
        numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        for name, array in graph.constants.items()
    ]
    title = str(metadata.get("model", "network"))
    body = helper.make_graph(graph.nodes, title, inputs, results, constants)
    model = helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tinyinception",
        producer_version=__version__,
    )
    helper.set_model_props(
        model, {key: value if isinstance(value, str) else json.dumps(value) for key, value in metadata.items()}
    )
    return model
