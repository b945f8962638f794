"""Attributes and methods of objects: of tensors, modules, optimisers, schedules, loaders and data sets."""

from __future__ import annotations

from tinyinception.remedies.shared import BY_STEP, ONLY_CPU

_FLOATS = "convert the array, ti.Tensor(x.numpy().astype(np.float64))"
_IN_PLACE = "write tensor[...] = numbers inside `with ti.no_grad():`"

_NUMPY = "a NumPy array has it, x.numpy()"

TENSOR = {
    "view": "write x.reshape(...)",
    "view_as": "write x.reshape(y.shape)",
    "reshape_as": "write x.reshape(y.shape)",
    "permute": "write x.transpose(0, 2, 3, 1)",
    "swapaxes": "write x.transpose(...) with all axes",
    "movedim": "write x.transpose(...) with all axes",
    "t": "write x.T",
    "mT": "write x.transpose(...) with all axes",
    "numel": "write x.size, the number of elements",
    "nelement": "write x.size",
    "dim": "write x.ndim",
    "ndimension": "write x.ndim",
    "unsqueeze": "write x[:, None], or x.reshape(...)",
    "squeeze": "write x[:, 0], or x.reshape(...)",
    "ravel": "write x.flatten(0)",
    "expand": "arithmetic broadcasts",
    "expand_as": "arithmetic broadcasts",
    "repeat": "write ti.concat([x, x], axis)",
    "broadcast_to": "it is done by arithmetic",
    "chunk": "write x.split(size, axis)",
    "clone": "write ti.Tensor(x.numpy().copy()), or x * 1 with its history",
    "copy": "write ti.Tensor(x.numpy().copy()), or x * 1 with its history",
    "contiguous": "leave it out",
    "cuda": ONLY_CPU,
    "device": ONLY_CPU,
    "is_cuda": ONLY_CPU,
    "pin_memory": ONLY_CPU,
    "get_device": ONLY_CPU,
    "float": _FLOATS,
    "double": _FLOATS,
    "half": "it computes in float32, float64 or complex128; " + _FLOATS,
    "bfloat16": "it computes in float32, float64 or complex128; " + _FLOATS,
    "astype": _FLOATS,
    "type": _FLOATS,
    "long": "labels and indices are NumPy arrays, x.numpy().astype(int)",
    "byte": _NUMPY,
    "bool": "write x > 0",
    "int": "labels and indices are NumPy arrays, x.numpy().astype(int)",
    "tolist": "write x.numpy().tolist()",
    "min": "write -(-x).max()",
    "amax": "write x.max(axis)",
    "amin": "write -(-x).max(axis)",
    "argmin": "write (-x).argmax(axis)",
    "argsort": "write np.argsort(x.numpy())",
    "sort": "write np.sort(x.numpy())",
    "topk": "write np.argsort(x.numpy())",
    "clamp": "write x.relu() and arithmetic",
    "clip": "write x.relu() and arithmetic",
    "std": "write ((x - x.mean()) ** 2).mean() ** 0.5",
    "var": "write ((x - x.mean()) ** 2).mean()",
    "norm": "write (x * x).sum() ** 0.5",
    "prod": "write x.log().sum().exp() for positive numbers",
    "square": "write x * x",
    "pow": "write x ** 2",
    "add": "write x + y",
    "sub": "write x - y",
    "mul": "write x * y",
    "div": "write x / y",
    "neg": "write -x",
    "matmul": "write x @ y",
    "mm": "write x @ y",
    "bmm": "write x @ y",
    "dot": "write x @ y",
    "softmax": "write nn.functional.softmax(x)",
    "eq": "write x == y",
    "gt": "write x > y",
    "log_softmax": "write nn.functional.log_softmax(x)",
    "any": "write (x > 0).any()",
    "all": "write (x > 0).all()",
    "zero_": _IN_PLACE,
    "fill_": _IN_PLACE,
    "copy_": _IN_PLACE,
    "add_": "write x += y inside `with ti.no_grad():`",
    "sub_": "write x -= y inside `with ti.no_grad():`",
    "mul_": "write x *= y inside `with ti.no_grad():`",
    "normal_": _IN_PLACE,
    "uniform_": _IN_PLACE,
    "masked_fill": "write x * mask, an array of 0 and 1",
    "gather": "write (x * one_hot).sum(1)",
    "grad_fn": "write x.node",
    "is_leaf": "write x.node is None",
    "detach_": "write x = x.detach()",
    "register_hook": "watch operations with ti.observe(hook)",
    "sin": _NUMPY,
    "cos": _NUMPY,
    "round": _NUMPY,
    "floor": _NUMPY,
    "cumsum": _NUMPY,
    "new_zeros": "write ti.Tensor(np.zeros(shape))",
    "logits": "this is a tensor of logits already",
    "assign": "write tensor[...] = numbers",
    "nonzero": "write np.nonzero(x.numpy())",
}

_FIT = "train.fit(train.Config.for_data(...)) trains by a config; or write the loop: loss.backward(); optimizer.step()"
_EVALUATE = "train.evaluate(RUN) measures a trained run; or count network(x).logits.argmax(1) == labels"
_PREDICT = "call it, network(ti.Tensor(x)).logits.argmax(1), after network.eval(); train.predict(RUN, images) for files"
_DTYPE = "write module.to(np.float64) or module.to(np.float32)"
_SAVE = "write ti.weights.save(network, 'net.safetensors') and ti.weights.load(network, file)"
_ADD = "assign it, network.name = module, or setattr(network, name, module)"

SWITCHES = ("trainable", "requires_grad")  # what to set on a module would change nothing

MODULE = {
    "compile": "there is nothing to compile; " + _FIT,
    "fit": _FIT,
    "fit_generator": _FIT,
    "train_on_batch": _FIT,
    "evaluate": _EVALUATE,
    "score": _EVALUATE,
    "predict": _PREDICT,
    "predict_proba": "write nn.functional.softmax(logits)",
    "predict_classes": _PREDICT,
    "transform": "call the module, module(x)",
    "fit_transform": "call the module, module(x)",
    "get_params": "write list(network.named_parameters())",
    "set_params": "write network.load_state_dict(...)",
    "summary": "write ti.summary(network, input_size), in pixels",
    "count_params": "write ti.summary(network, input_size).params",
    "save": _SAVE,
    "save_weights": _SAVE,
    "save_pretrained": "write ti.export.to_folder(trained, folder)",
    "load_weights": "write ti.weights.load_weights(network, file), or ti.weights.load for your own",
    "from_pretrained": "write ti.weights.load_weights(network, 'hf://OWNER/NAME')",
    "get_weights": "write network.state_dict()",
    "set_weights": "write network.load_state_dict(...)",
    "layers": "write list(network.children())",
    "get_layer": "write network.get_submodule('stem.conv')",
    "weights": "write list(network.parameters())",
    "trainable_weights": "write list(network.parameters())",
    "freeze": "write module.requires_grad_(False)",
    "unfreeze": "write module.requires_grad_(True)",
    "trainable": "write module.requires_grad_(False)",
    "requires_grad": "write module.requires_grad_(False)",
    "weight": "a batch-norm calls it gamma",
    "bias": "a batch-norm calls it beta",
    "num_features": "a batch-norm calls it channels",
    "add": "write nn.Sequential(a, b, c)",
    "call": "a subclass defines forward(self, x)",
    "inputs": "a network is called with any image that fits",
    "output_shape": "write ti.summary(network, input_size)",
    "to_json": "write ti.summary(network, size).to_json()",
    "cuda": ONLY_CPU,
    "device": ONLY_CPU,
    "half": "it computes in float32 or float64; " + _DTYPE,
    "bfloat16": "it computes in float32 or float64; " + _DTYPE,
    "float": _DTYPE,
    "double": _DTYPE,
    "type": _DTYPE,
    "add_module": _ADD,
    "register_module": _ADD,
    "register_parameter": "assign it, network.name = nn.Parameter(array)",
    "get_parameter": "write dict(network.named_parameters())[name]",
    "buffers": "write network.named_buffers()",
    "get_buffer": "write dict(network.named_buffers())[name]",
    "extra_repr": "it is called describe",
    "register_full_backward_hook": "watch operations with ti.observe(hook)",
    "register_forward_pre_hook": "watch operations with ti.observe(hook)",
    "share_memory": "leave it out",
    "forward_features": "take network.get_submodule(name), or register_forward_hook",
    "reset_classifier": "build it with num_classes=, or assign another module to the last stage",
    "get_classifier": "it is the last stage, list(network.children())[-1]",
    "default_cfg": "write ti.weights.published(name)",
    "pretrained_cfg": "write ti.weights.published(name)",
    "append": "write nn.Sequential(*modules, module), or use nn.ModuleList",
    "manual_backward": "write loss.backward()",
    "configure_optimizers": "make the optimiser beside the network",
    "training_step": "write the loop; there is no trainer class",
}

LOGITS = "the result of a network is Output(logits, aux); write network(x).logits"

OPTIMIZER = {
    "param_groups": "write optimizer.lr = ... for the learning rate; parameters that want another one get an optimiser "
    "of their own",
    "add_param_group": "make another optimiser for those parameters",
    "learning_rate": "write optimizer.lr",
    "defaults": "print(optimizer) shows its settings",
    "state": "write optimizer.state_dict()",
    "minimize": "write loss.backward(); optimizer.step()",
    "apply_gradients": "write loss.backward(); optimizer.step()",
}

SCHEDULE = {
    name: BY_STEP
    for name in (
        "step",
        "get_last_lr",
        "get_lr",
        "last_epoch",
        "state_dict",
        "load_state_dict",
        "optimizer",
        "base_lrs",
    )
}

LOADER = {
    "dataset": "write loader.images and loader.labels",
    "num_workers": "write loader.prefetch",
    "sampler": "write loader.order(epoch)",
    "classes": "a Dataset has them",
    "next": "write next(iter(loader))",
    "take": "write itertools.islice(loader, n)",
}

_SPLITS = "a data set has two splits, train_images with train_labels and test_images with test_labels"

DATASET = {
    "train": "write dataset.train_images and dataset.train_labels, or dataset.loader('train', batch_size)",
    "test": "write dataset.test_images and dataset.test_labels, or dataset.loader('test', batch_size)",
    "data": _SPLITS,
    "images": _SPLITS,
    "labels": _SPLITS,
    "targets": _SPLITS,
    "x_train": _SPLITS,
    "y_train": _SPLITS,
    "x_test": _SPLITS,
    "y_test": _SPLITS,
    "transform": "write dataset.loader(..., augment=[...])",
    "class_to_idx": "write dataset.classes, in the order of the labels",
    "num_classes": "write len(dataset.classes)",
    "class_names": "write dataset.classes",
    "samples": _SPLITS,
    "imgs": _SPLITS,
    "batch": "write dataset.loader('train', batch_size)",
    "map": "write dataset.loader('train', batch_size, augment=[...])",
    "shuffle": "write dataset.loader('train', batch_size, shuffle=True)",
    "take": "write dataset.first(n)",
    "shape": "write dataset.image_shape",
    "target": _SPLITS,
    "target_names": "write dataset.classes",
    "feature_names": "write dataset.classes for the names of classes",
}

BLIND = (
    "a captured step cannot look at its own numbers, since they are computed again without Python; return the tensor "
    "and look at the result, or call the step as it is, without capture"
)
