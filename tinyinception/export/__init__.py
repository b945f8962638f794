"""Doors out: a network as a folder for the model hub, or as an ONNX file that other runtimes run.

    from tinyinception import export, weights

    trained = export.from_run("runs/first")
    export.to_folder(trained, "first")                       # model.safetensors, config.json, README.md
    weights.from_export("first").network                     # the same logits, to the bit
    export.to_onnx(trained.network, "first.onnx", trained.image_shape, metadata=export.facts(trained))

In an ONNX file images are N x C x H x W and come normalised: the mean and std stand in its metadata, not in its graph.
"""

from typing import TYPE_CHECKING

from tinyinception import remedies
from tinyinception.export.folder import to_folder
from tinyinception.export.onnx import OPSET, to_onnx
from tinyinception.export.source import facts, from_model, from_run
from tinyinception.habits import explain_call, missing_from

__all__ = ["OPSET", "facts", "from_model", "from_run", "to_folder", "to_onnx"]

explain_call(__name__, "export.to_onnx(network, FILE, image_shape) or export.to_folder(trained, FOLDER)")

if not TYPE_CHECKING:  # or every name would do
    __getattr__ = missing_from(__name__, remedies.EXPORT)
