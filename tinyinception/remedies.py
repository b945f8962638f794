"""Words of PyTorch, Keras, timm, torchinfo and scikit-learn that are none of ours, and what to write instead."""

from __future__ import annotations

# Arguments: what others call them, and what of it we call them, whichever a function has.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "kernel": ("kernel_size",), "pool_size": ("kernel_size",), "strides": ("stride",), "dilation_rate": ("dilation",),
    "filters": ("out_channels",), "in_planes": ("in_channels",), "out_planes": ("out_channels",),
    "units": ("out_features",), "in_chans": ("channels", "in_channels"), "in_channels": ("channels",),
    "num_features": ("channels",), "use_bias": ("bias",), "kernel_initializer": ("init",),
    "bias_initializer": ("bias_init",), "epsilon": ("eps",), "rate": ("p", "dropout"), "drop_rate": ("dropout", "p"),
    "drop_prob": ("p",), "classes": ("num_classes",), "n_classes": ("num_classes",), "n_class": ("num_classes",),
    "smoothing": ("label_smoothing",), "labels": ("target",), "y_true": ("target",), "y_pred": ("logits",),
    "input": ("x", "logits"), "inputs": ("x",), "dim": ("axis",), "dims": ("axes", "axis"), "keepdim": ("keepdims",),
    "start_dim": ("start",), "params": ("parameters",), "learning_rate": ("lr",), "rho": ("decay",),
    "beta_1": ("betas",), "beta_2": ("betas",), "num_workers": ("prefetch",),
    "depth_multiplier": ("multiplier",), "input_shape": ("input_size",),
    "image_size": ("input_size",), "in_size": ("input_size",), "X": ("images",),
    "y": ("labels",), "init_lr": ("base",), "initial_learning_rate": ("base",), "T_max": ("steps",),
    "eta_min": ("final",), "decay_steps": ("steps", "every"), "decay_rate": ("rate",), "step_size": ("every",),
    "gamma": ("rate",), "model_name": ("name",),
    "split_size_or_sections": ("sizes",), "alpha": ("decay",), "shape": ("sizes",), "output_shape": ("output_size",),
    "max_lr": ("base",), "total_steps": ("steps",), "random_state": ("seed",),
}

_WEIGHTS = ("weights.load_weights(network, FILE) reads them from a file, timm's or TorchVision's, or from "
            "'hf://OWNER/NAME'; nothing is downloaded by building a network")
_CPU = "there is only the CPU; leave it out"
_LAST = "it is always over the last axis; leave it out"
_DECAY = "give weight_decay, and decay_filter for which parameters decay"

# Arguments that others have and we do not, by their word or as "function.word".
WORDS = {
    "activation": "put nn.ReLU() after the layer, or use nn.ConvUnit(in_channels, out_channels, kernel_size)",
    "padding_mode": "padding is with zeros; leave it out",
    "inplace": "memory is used again by itself; leave it out",
    "data_format": "images are always N x H x W x C; leave it out",
    "input_shape": "write in_channels, the first argument; sizes follow from the images",
    "input_dim": "write in_features, the first argument",
    "device": _CPU, "map_location": _CPU,
    "dtype": "it is float32 like the arrays it is made of; convert with module.to(np.float64) or Tensor(array)",
    "affine": "gamma and beta say whether a scale and a shift are learned; gamma=False, beta=False for neither",
    "scale": "gamma says whether a scale is learned", "center": "beta says whether a shift is learned",
    "track_running_stats": "running statistics are always kept; leave it out",
    "return_indices": "the gradient knows where the largest are; leave it out",
    "divisor_override": "the mean is over the window; multiply the result",
    "requires_grad": "write .requires_grad_(False) after it",
    "softmax.dim": _LAST, "log_softmax.dim": _LAST, "softmax.axis": _LAST, "log_softmax.axis": _LAST,
    "training": "network.train() and network.eval() switch the mode; dropout(x) is as in training",
    "weight": "classes have no weights; give soft targets N x K, or reduction='sum' and weigh the terms",
    "ignore_index": "leave those rows out: logits and labels of the others",
    "from_logits": "it always takes logits; leave it out", "size_average": "write reduction='mean' or 'sum'",
    "pretrained": _WEIGHTS, "weights": _WEIGHTS, "checkpoint_path": _WEIGHTS,
    "include_top": "a network has its classifier; take it apart with network.get_submodule(name)",
    "aux_logits": "write aux=True or aux=False, where the network has auxiliary classifiers",
    "transform_input": "weights.published(name) gives the mean and std instead",
    "features_only": "network.get_submodule(name) is a part of it, register_forward_hook shows its result",
    "global_pool": "the pooling is part of the network", "in_chans": "write channels=",
    "foreach": "leave it out", "fused": "leave it out", "maximize": "turn the sign of the loss",
    "capturable": "leave it out", "differentiable": "leave it out", "set_to_none": "they always are None; leave it out",
    "clipnorm": "optim.clip_grad_norm(parameters, max_norm) before the step",
    "lr_decay": "schedules are functions: optimizer.lr = schedule(step)", "decay": _DECAY, "lambd": _DECAY,
    "norm_type": "it is the Euclidean norm; leave it out",
    "pin_memory": "leave it out", "collate_fn": "batches are arrays; leave it out",
    "sampler": "shuffle and seed are all",
    "batch_sampler": "shuffle and seed are all", "persistent_workers": "leave it out",
    "dataset": "a data set makes its own: dataset.loader('train', batch_size)",
    "transform": "give transforms=[...]",
    "closure": "compute the loss and backward before step()",
    "optimizer": "schedules are functions: lr = schedule(step)",
    "last_epoch": "schedules are functions of the step; leave it out",
    "input_data": "give the size of images: summary(network, 224)", "batch_size": "all counts are for one image",
    "col_names": "all columns are shown; leave it out", "verbose": "print(summary(...)) prints; leave it out",
    "col_width": "leave it out", "row_settings": "leave it out", "create_graph": "there are no second derivatives",
    "expand_nested": "depth= says how deep modules are shown", "show_trainable": "leave it out",
}

# More to say of a call that does not fit.
CALLS = {
    "Loader": "a data set makes its own, dataset.loader('train', batch_size)",
    "Constant": "schedules are functions of the step, optimizer.lr = schedule(step)",
    "Cosine": "schedules are functions of the step, optimizer.lr = schedule(step)",
    "ExponentialStaircase": "schedules are functions of the step, optimizer.lr = schedule(step)",
    "Triangular": "schedules are functions of the step, optimizer.lr = schedule(step)",
}

_ONLY_CPU = "there is only the CPU; leave it out"
_FLOATS = "convert the array, ti.Tensor(x.numpy().astype(np.float64))"
_IN_PLACE = "write tensor[...] = numbers inside `with ti.no_grad():`"
_NUMPY = "a NumPy array has it, x.numpy()"

TENSOR = {
    "view": "write x.reshape(...)", "view_as": "write x.reshape(y.shape)", "reshape_as": "write x.reshape(y.shape)",
    "permute": "write x.transpose(0, 2, 3, 1)", "swapaxes": "write x.transpose(...) with all axes",
    "movedim": "write x.transpose(...) with all axes", "t": "write x.T", "mT": "write x.transpose(...) with all axes",
    "numel": "write x.size, the number of elements", "nelement": "write x.size", "dim": "write x.ndim",
    "ndimension": "write x.ndim", "unsqueeze": "write x[:, None], or x.reshape(...)",
    "squeeze": "write x[:, 0], or x.reshape(...)", "ravel": "write x.flatten(0)", "expand": "arithmetic broadcasts",
    "expand_as": "arithmetic broadcasts", "repeat": "write ti.concat([x, x], axis)",
    "broadcast_to": "it is done by arithmetic",
    "chunk": "write x.split(size, axis)", "clone": "write ti.Tensor(x.numpy().copy()), or x * 1 with its history",
    "copy": "write ti.Tensor(x.numpy().copy()), or x * 1 with its history", "contiguous": "leave it out",
    "cuda": _ONLY_CPU, "device": _ONLY_CPU, "is_cuda": _ONLY_CPU, "pin_memory": _ONLY_CPU, "get_device": _ONLY_CPU,
    "float": _FLOATS, "double": _FLOATS, "half": "it computes in float32, float64 or complex128; " + _FLOATS,
    "bfloat16": "it computes in float32, float64 or complex128; " + _FLOATS, "astype": _FLOATS, "type": _FLOATS,
    "long": "labels and indices are NumPy arrays, x.numpy().astype(int)", "byte": _NUMPY, "bool": "write x > 0",
    "int": "labels and indices are NumPy arrays, x.numpy().astype(int)", "tolist": "write x.numpy().tolist()",
    "min": "write -(-x).max()", "amax": "write x.max(axis)", "amin": "write -(-x).max(axis)",
    "argmin": "write (-x).argmax(axis)", "argsort": "write np.argsort(x.numpy())", "sort": "write np.sort(x.numpy())",
    "topk": "write np.argsort(x.numpy())", "clamp": "write x.relu() and arithmetic",
    "clip": "write x.relu() and arithmetic",
    "std": "write ((x - x.mean()) ** 2).mean() ** 0.5", "var": "write ((x - x.mean()) ** 2).mean()",
    "norm": "write (x * x).sum() ** 0.5", "prod": "write x.log().sum().exp() for positive numbers",
    "square": "write x * x", "pow": "write x ** 2", "add": "write x + y", "sub": "write x - y", "mul": "write x * y",
    "div": "write x / y", "neg": "write -x", "matmul": "write x @ y", "mm": "write x @ y", "bmm": "write x @ y",
    "dot": "write x @ y", "softmax": "write nn.functional.softmax(x)", "eq": "write x == y", "gt": "write x > y",
    "log_softmax": "write nn.functional.log_softmax(x)", "any": "write (x > 0).any()", "all": "write (x > 0).all()",
    "zero_": _IN_PLACE, "fill_": _IN_PLACE, "copy_": _IN_PLACE, "add_": "write x += y inside `with ti.no_grad():`",
    "sub_": "write x -= y inside `with ti.no_grad():`", "mul_": "write x *= y inside `with ti.no_grad():`",
    "normal_": _IN_PLACE, "uniform_": _IN_PLACE, "masked_fill": "write x * mask, an array of 0 and 1",
    "gather": "write (x * one_hot).sum(1)", "grad_fn": "write x.node", "is_leaf": "write x.node is None",
    "detach_": "write x = x.detach()", "register_hook": "watch operations with ti.observe(hook)",
    "sin": _NUMPY, "cos": _NUMPY, "round": _NUMPY, "floor": _NUMPY, "cumsum": _NUMPY,
    "new_zeros": "write ti.Tensor(np.zeros(shape))", "logits": "this is a tensor of logits already",
    "assign": "write tensor[...] = numbers", "nonzero": "write np.nonzero(x.numpy())",
}

_FIT = "train.fit(train.Config.for_data(...)) trains by a config; or write the loop: loss.backward(); optimizer.step()"
_EVALUATE = "train.evaluate(RUN) measures a trained run; or count network(x).logits.argmax(1) == labels"
_PREDICT = "call it, network(ti.Tensor(x)).logits.argmax(1), after network.eval(); train.predict(RUN, images) for files"
_DTYPE = "write module.to(np.float64) or module.to(np.float32)"
_SAVE = "write ti.weights.save(network, 'net.safetensors') and ti.weights.load(network, file)"
_ADD = "assign it, network.name = module, or setattr(network, name, module)"

SWITCHES = ("trainable", "requires_grad")  # what to set on a module would change nothing

MODULE = {
    "compile": "there is nothing to compile; " + _FIT, "fit": _FIT, "fit_generator": _FIT, "train_on_batch": _FIT,
    "evaluate": _EVALUATE, "score": _EVALUATE, "predict": _PREDICT,
    "predict_proba": "write nn.functional.softmax(logits)",
    "predict_classes": _PREDICT, "transform": "call the module, module(x)",
    "fit_transform": "call the module, module(x)",
    "get_params": "write list(network.named_parameters())", "set_params": "write network.load_state_dict(...)",
    "summary": "write ti.summary(network, input_size), in pixels",
    "count_params": "write ti.summary(network, input_size).params",
    "save": _SAVE, "save_weights": _SAVE, "save_pretrained": "write ti.export.to_folder(trained, folder)",
    "load_weights": "write ti.weights.load_weights(network, file), or ti.weights.load for your own",
    "from_pretrained": "write ti.weights.load_weights(network, 'hf://OWNER/NAME')",
    "get_weights": "write network.state_dict()", "set_weights": "write network.load_state_dict(...)",
    "layers": "write list(network.children())", "get_layer": "write network.get_submodule('stem.conv')",
    "weights": "write list(network.parameters())", "trainable_weights": "write list(network.parameters())",
    "trainable": "write module.requires_grad_(False)", "requires_grad": "write module.requires_grad_(False)",
    "weight": "a batch-norm calls it gamma", "bias": "a batch-norm calls it beta",
    "num_features": "a batch-norm calls it channels", "add": "write nn.Sequential(a, b, c)",
    "call": "a subclass defines forward(self, x)", "inputs": "a network is called with any image that fits",
    "output_shape": "write ti.summary(network, input_size)", "to_json": "write ti.summary(network, size).to_json()",
    "cuda": _ONLY_CPU, "device": _ONLY_CPU, "half": "it computes in float32 or float64; " + _DTYPE,
    "bfloat16": "it computes in float32 or float64; " + _DTYPE, "float": _DTYPE, "double": _DTYPE, "type": _DTYPE,
    "add_module": _ADD, "register_module": _ADD, "register_parameter": "assign it, network.name = nn.Parameter(array)",
    "get_parameter": "write dict(network.named_parameters())[name]", "buffers": "write network.named_buffers()",
    "get_buffer": "write dict(network.named_buffers())[name]", "extra_repr": "it is called describe",
    "register_full_backward_hook": "watch operations with ti.observe(hook)",
    "register_forward_pre_hook": "watch operations with ti.observe(hook)", "share_memory": "leave it out",
    "forward_features": "take network.get_submodule(name), or register_forward_hook",
    "reset_classifier": "build it with num_classes=, or assign another module to the last stage",
    "get_classifier": "it is the last stage, list(network.children())[-1]",
    "default_cfg": "write ti.weights.published(name)", "pretrained_cfg": "write ti.weights.published(name)",

    "append": "write nn.Sequential(*modules, module), or use nn.ModuleList", "manual_backward": "write loss.backward()",
    "configure_optimizers": "make the optimiser beside the network",
    "training_step": "write the loop; there is no trainer class",
}

LOGITS = "the result of a network is Output(logits, aux); write network(x).logits"

_SCHEDULE = "schedules are functions of the step: optimizer.lr = schedule(step) before optimizer.step()"
OPTIMIZER = {
    "param_groups": "write optimizer.lr = ... for the learning rate; parameters that want another one get an optimiser "
                    "of their own", "add_param_group": "make another optimiser for those parameters",
    "learning_rate": "write optimizer.lr", "defaults": "print(optimizer) shows its settings",
    "state": "write optimizer.state_dict()", "minimize": "write loss.backward(); optimizer.step()",
    "apply_gradients": "write loss.backward(); optimizer.step()",
}
SCHEDULE = {name: _SCHEDULE for name in ("step", "get_last_lr", "get_lr", "last_epoch", "state_dict", "load_state_dict",
                                         "optimizer", "base_lrs")}

_SCHEDULES = "there are Constant, ExponentialStaircase, Cosine and Triangular; " + _SCHEDULE
OPTIM = {
    "lr_scheduler": _SCHEDULES, "schedulers": _SCHEDULES, "StepLR": _SCHEDULES, "CosineAnnealingLR": _SCHEDULES,
    "OneCycleLR": _SCHEDULES, "ReduceLROnPlateau": _SCHEDULES, "ExponentialLR": _SCHEDULES, "LambdaLR": _SCHEDULES,
    "CosineDecay": _SCHEDULES, "LRScheduler": _SCHEDULES, "ExponentialDecay": _SCHEDULES,
    "RMSprop": "it is spelt RMSProp; with rule='pytorch', alpha is decay, and its defaults are the Inception papers'",
    "clip_grad_norm_": "it is called clip_grad_norm", "swa_utils": "write RunningAverage(network.named_parameters())",
    **{name: "there are SGD, RMSProp, Adam and AdamW" for name in (
        "Adagrad", "Adadelta", "NAdam", "RAdam", "LBFGS", "Lion", "Lamb", "Adamax", "Muon", "Nadam", "Ftrl")},
}

NN = {
    "Conv2D": "write Conv2d(in_channels, out_channels, kernel_size), with nn.ReLU() after it",
    "Dense": "write Linear(in_features, out_features)", "MaxPooling2D": "write MaxPool2d(kernel_size)",
    "MaxPool2D": "write MaxPool2d(kernel_size)", "AveragePooling2D": "write AvgPool2d(kernel_size)",
    "GlobalAveragePooling2D": "write GlobalAvgPool()", "BatchNormalization": "write BatchNorm2d(channels)",
    "Activation": "write ReLU()", "Input": "leave it out; in_channels says what a layer takes",
    "InputLayer": "leave it out; in_channels says what a layer takes",
    "Concatenate": "write Branches(...) or ti.concat",
    "Add": "write a module whose forward returns x + y, or ResidualInception", "Model": "subclass nn.Module",
    "DepthwiseConv2D": "write Conv2d(n, n, kernel_size, groups=n)", "SeparableConv2D": "write SeparableConv(...)",
    "ZeroPadding2D": "write padding= in the layer, or x.pad(widths)", "Softmax": "write nn.functional.softmax(logits); "
    "the loss takes logits as they are", "LogSoftmax": "write nn.functional.log_softmax(logits)",
    "ModuleDict": "write Branches or Sequential with names, or one attribute each",
    "ParameterList": "assign each to an attribute",
    "Sigmoid": "write x.sigmoid()", "Tanh": "write x.tanh()",
    "BatchNorm1d": "write BatchNorm2d(channels), on N x 1 x 1 x C",
    "NLLLoss": "write CrossEntropyLoss(), which takes logits", "MSELoss": "write ((x - y) ** 2).mean()",
    "L1Loss": "write abs(x - y).mean()", "BCEWithLogitsLoss": "write nn.functional.cross_entropy with two classes",
    "BCELoss": "write nn.functional.cross_entropy with two classes", "Unflatten": "write x.reshape(...)",
    "Dropout2d": "write Dropout(p)", "DataParallel": "kernels use all cores already", "F": "write ti.nn.functional",
    "utils": "clip_grad_norm is in ti.optim", "ZeroPad2d": "write padding= in the layer, or x.pad(widths)",
    "AdaptiveMaxPool2d": "write x.max((1, 2))", "BasicConv2d": "it is called ConvUnit",
    "ConvNormAct": "it is called ConvUnit",
    "InceptionA": "write inception_35x35", "InceptionB": "write grid_reduction",
    "InceptionC": "write inception_factorized",
    "InceptionE": "write inception_expanded", "Inception": "write inception(in_channels, n1=..., ...)",
    **{name: "there is ReLU, and x.sigmoid() and x.tanh()" for name in (
        "GELU", "SiLU", "LeakyReLU", "ELU", "PReLU", "Hardswish", "ReLU6", "Softplus", "Mish")},
    **{name: "this package has what Inception networks need; write it as a Module, or as an ops.Operation" for name in (
        "LayerNorm", "GroupNorm", "InstanceNorm2d", "LSTM", "GRU", "RNN", "Embedding", "MultiheadAttention",
        "Transformer", "Conv1d", "Conv3d", "ConvTranspose2d", "Upsample", "PixelShuffle")},
}

_REDRAW = "give init= to the layer, or write parameter.redraw(nn.init.{0})"
INIT = {
    **{name: _REDRAW.format("he()") for name in ("kaiming_normal_", "kaiming_uniform_", "he_normal", "HeNormal")},
    **{name: _REDRAW.format("glorot()") for name in ("xavier_normal_", "xavier_uniform_", "glorot_uniform",
                                                     "GlorotUniform")},
    **{f"{name}_": _REDRAW.format(name) for name in ("zeros", "ones")},
    **{name: _REDRAW.format("normal(std)") for name in ("normal_", "RandomNormal")},
    **{name: _REDRAW.format("uniform(limit)") for name in ("uniform_", "RandomUniform")},
    "constant_": _REDRAW.format("constant(value)"), "trunc_normal_": _REDRAW.format("truncated_normal(std)"),
}

FUNCTIONAL = {
    "nll_loss": "write cross_entropy(logits, labels), which is log_softmax and nll_loss in one",
    "mse_loss": "write ((x - y) ** 2).mean()", "l1_loss": "write abs(x - y).mean()", "pad": "write x.pad(widths)",
    "one_hot": "write np.eye(classes, dtype=np.float32)[labels]", "sigmoid": "write x.sigmoid()",
    "tanh": "write x.tanh()",
    "normalize": "write x / (x * x).sum(-1, keepdims=True) ** 0.5",
    "interpolate": "images are scaled by Pillow, before",
    "adaptive_max_pool2d": "write x.max((1, 2))", "binary_cross_entropy": "write cross_entropy with two classes",
    "binary_cross_entropy_with_logits": "write cross_entropy with two classes",
    "max_pool2d_with_indices": "write max_pool2d", "unfold": "write kernels.reference.im2col, or read lesson 3",
    **{name: "there is relu, and x.sigmoid() and x.tanh()" for name in (
        "gelu", "silu", "leaky_relu", "elu", "hardswish", "softplus", "mish")},
}

LOADER = {
    "dataset": "write loader.images and loader.labels", "num_workers": "write loader.prefetch",
    "sampler": "write loader.order(epoch)", "classes": "a Dataset has them", "next": "write next(iter(loader))",
    "take": "write itertools.islice(loader, n)",
}

_SPLITS = "a data set has two splits, train_images with train_labels and test_images with test_labels"
DATASET = {
    "train": "write dataset.train_images and dataset.train_labels, or dataset.loader('train', batch_size)",
    "test": "write dataset.test_images and dataset.test_labels, or dataset.loader('test', batch_size)",
    "data": _SPLITS, "images": _SPLITS, "labels": _SPLITS, "targets": _SPLITS, "x_train": _SPLITS, "y_train": _SPLITS,
    "x_test": _SPLITS, "y_test": _SPLITS, "transform": "write dataset.loader(..., augment=[...])",
    "class_to_idx": "write dataset.classes, in the order of the labels", "num_classes": "write len(dataset.classes)",
    "batch": "write dataset.loader('train', batch_size)",
    "map": "write dataset.loader('train', batch_size, augment=[...])",
    "shuffle": "write dataset.loader('train', batch_size, shuffle=True)", "take": "write dataset.first(n)",
    "shape": "write dataset.image_shape", "target": _SPLITS, "target_names": "write dataset.classes",
    "feature_names": "write dataset.classes for the names of classes",
}

DATA = {
    "DataLoader": "a data set makes its own, dataset.loader('train', batch_size); or Loader(images, labels, ...)",
    "TensorDataset": "write Dataset(...) from arrays", "ImageFolder": "write load(FOLDER) or read_folder(FOLDER)",
    "random_split": "a Dataset has its two splits, train and test",
    "datasets": "write load('cifar10')", "Compose": "give a list: transforms=[RandomCrop(4), RandomFlip()]",
    "RandomHorizontalFlip": "it is called RandomFlip", "RandomErasing": "Cutout(size) is its kind here",
    "ToTensor": "leave it out; a Loader gives float32 arrays, normalised", "load_data": "write load('cifar10')",
    "image_dataset_from_directory": "write load(FOLDER)", "train_test_split": "a Dataset has its two splits",
}

_ARRAYS = "make it with NumPy, ti.Tensor(np.{0}(...))"
TOP = {
    **{name: _ARRAYS.format(name) for name in ("zeros", "ones", "full", "arange", "linspace", "eye", "zeros_like",
                                               "ones_like", "empty")},
    "rand": "make it with NumPy, ti.Tensor(np.random.default_rng(0).random((2, 3)))",
    "randn": "make it with NumPy, ti.Tensor(np.random.default_rng(0).standard_normal((2, 3)))",
    "randint": "labels are NumPy arrays, np.random.default_rng(0).integers(0, 10, 32)",
    "randperm": "write np.random.default_rng(0).permutation(n)",
    "from_numpy": "write ti.Tensor(array)", "as_tensor": "write ti.Tensor(array)",
    "FloatTensor": "write ti.Tensor(...)",
    "constant": "write ti.Tensor(...)", "Variable": "write ti.Tensor(x, requires_grad=True)",
    "cat": "write ti.concat(tensors, axis)",
    "concatenate": "write ti.concat(tensors, axis)", "stack": "write ti.concat([x[None] for x in tensors], 0)",
    "Parameter": "write ti.nn.Parameter", "Module": "write ti.nn.Module", "Sequential": "write ti.nn.Sequential",
    "F": "write ti.nn.functional", "functional": "write ti.nn.functional", "layers": "write ti.nn",
    "keras": "write ti.nn and ti.models",
    "losses": "write ti.nn.functional.cross_entropy", "optimizers": "write ti.optim",
    "applications": "write ti.models.build(name)",
    "cuda": _ONLY_CPU, "device": _ONLY_CPU, "mps": _ONLY_CPU, "backends": _ONLY_CPU,
    "compile": "kernels compile by themselves",
    "jit": "kernels compile by themselves", "inference_mode": "write ti.no_grad()",
    "set_grad_enabled": "write ti.no_grad()",
    "save": "write ti.weights.save(network, file)", "load": "write ti.weights.load(network, file)",
    "seed": "write ti.manual_seed(0)", "set_seed": "write ti.manual_seed(0)", "random": "write ti.manual_seed(0)",
    "utils": "loaders are in ti.data, clip_grad_norm in ti.optim", "torchinfo": "write ti.summary(network, size)",
    "float32": "write np.float32", "float64": "write np.float64", "int64": "write np.int64", "long": "write np.int64",
    "float16": "it computes in float32 or float64", "bfloat16": "it computes in float32 or float64",
    "set_num_threads": "set NUMBA_NUM_THREADS, or --threads on the command line",
    "autograd": "write tensor.backward(); see ti.tensor",
    "matmul": "write x @ y", "exp": "write x.exp()", "log": "write x.log()", "relu": "write x.relu()",
    "sum": "write x.sum()",
    "mean": "write x.mean()", "max": "write x.max()", "argmax": "write x.argmax()",
    "softmax": "write ti.nn.functional.softmax(x)",
    "flatten": "write x.flatten()", "sqrt": "write x.sqrt()", "abs": "write abs(x)", "sigmoid": "write x.sigmoid()",
    "hub": "write ti.weights.load_weights(network, 'hf://OWNER/NAME')", "fit": "write ti.train.fit(config)",
    "plot_model": "write ti.draw(network, path='net.png')", "onnx": "write ti.export.to_onnx",
}

BUILD = "write ti.build({0!r}, num_classes=10), or another of list_models()"

MODELS = {
    "get_model": "write build(name)", "load_model": "write weights.from_export(FOLDER) or train.load_run(RUN)",
    "InceptionV3": "write build('inception_v3', num_classes=10); " + _WEIGHTS,
    "InceptionResNetV2": "write build('inception_resnet_v2', num_classes=10); " + _WEIGHTS,
    "VGG16": "write build('vgg16'); " + _WEIGHTS, "VGG19": "write build('vgg19'); " + _WEIGHTS,
    "GoogLeNet": "write build('googlenet')", "is_model": "write name in names()",
    "Sequential": "write nn.Sequential(...)",
    "Model": "subclass nn.Module",
}
