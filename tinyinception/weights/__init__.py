"""Published weights: PyTorch's names, layouts and preprocessing.

    from tinyinception import models, weights

    network = models.build("inception_v3")
    weights.load_weights(network, "inception_v3.safetensors")
    weights.published("inception_v3").mean      # (0.5, 0.5, 0.5): what images want, applied by nobody but `predict`

timm publishes inception_v3, inception_v4 and inception_resnet_v2 as safetensors already. A .pth file, such as those of
TorchVision (inception_v3, googlenet, alexnet, vgg16), is a pickle, which can run any program when it is read and is
therefore never loaded here. On a machine with PyTorch this turns one into safetensors (its loader takes tensors only):

    import torch
    from safetensors.torch import save_file

    state = torch.load("googlenet-1378be20.pth", map_location="cpu", weights_only=True)
    save_file({name: tensor.float().contiguous() for name, tensor in state.items()
               if not name.endswith("num_batches_tracked")}, "googlenet.safetensors", metadata={"format": "pt"})

What is folded and what is not:

- TorchVision's Inception3 and GoogLeNet rescale images inside the network (`transform_input`). `published` gives the
  mean and std that have the same effect, 0.5 and 0.5; the weights stay as they are.
- The ports of TensorFlow's networks have 1000 classes at timm today, where older files have a background class too:
  `load_weights(..., drop_background=True)`.
- A prefix that all names of a file have, as DataParallel's "module." or torch.compile's "_orig_mod.", is left out.
- Batch-norm is not folded into the convolutions, so that a loaded network can be trained on.

`load_weights` also takes "hf://OWNER/NAME", a repository of the model hub (extra `hub`; its cache is huggingface-hub's
own). For a network of one's own there are `save` and `load`, which know no table of names: a safetensors file with the
names of `state_dict()`. `from_export` reads what `tinyinception export RUN FOLDER` wrote.

timm's vgg16 has other names than TorchVision's, which are the ones read and written here.
"""

from typing import TYPE_CHECKING

from tinyinception import remedies
from tinyinception.habits import missing_from
from tinyinception.weights.exported import Exported, from_export
from tinyinception.weights.file import load_weights, save_weights
from tinyinception.weights.own import load, save
from tinyinception.weights.predict import predict, read_classes
from tinyinception.weights.preprocessing import SETS, Published, published

__all__ = [
    "SETS",
    "Exported",
    "Published",
    "from_export",
    "load",
    "load_weights",
    "predict",
    "published",
    "read_classes",
    "save",
    "save_weights",
]

if not TYPE_CHECKING:  # or every name would do
    __getattr__ = missing_from(__name__, remedies.WEIGHTS)
