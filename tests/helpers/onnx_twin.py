"""What tests of ONNX files share: networks with numbers that matter, and onnxruntime as the judge of their logits."""

import numpy as np
import onnxruntime

from tinyinception import nn
from tinyinception.export import to_onnx
from tinyinception.tensor import Tensor, no_grad


class Made(nn.Module):
    """A network that is one function of a tensor."""

    def __init__(self, function):
        self.function = function

    def forward(self, x):
        return self.function(x)


def lived_in(network, seed=0):
    """The network with running statistics, gammas and betas as training leaves them, in evaluation mode."""
    rng = np.random.default_rng(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean[...] = rng.normal(0, 0.1, module.channels)
            module.running_var[...] = rng.uniform(0.5, 2, module.channels)
            for parameter in (module.gamma, module.beta):
                if parameter is not None:
                    parameter.data += rng.normal(0, 0.1, module.channels).astype(np.float32)
    return network.eval()


def exported(network, shape, file, **options):
    """A session of onnxruntime on the network's file."""
    to_onnx(network, file, shape, **options)
    return onnxruntime.InferenceSession(file)


def first(array):
    """Channels first, where it is images."""
    return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array


def difference(network, session, shape, batches=(1, 2)):
    """The largest difference of any output, relative to the largest number in it, over batches of random images."""
    rng, worst = np.random.default_rng(7), 0.0
    for batch in batches:
        x = rng.standard_normal((batch, *shape)).astype(np.float32)
        with no_grad():
            ours = network(Tensor(x))
        ours = [ours.logits, *ours.aux] if isinstance(ours, nn.Output) else [ours] if isinstance(ours, Tensor) else ours
        theirs = session.run(None, {session.get_inputs()[0].name: first(x)})
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            a = first(a.numpy())
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            assert np.isfinite(b).all()
            worst = max(worst, float(np.abs(a - b).max() / (np.abs(a).max() or 1)))
    return worst
