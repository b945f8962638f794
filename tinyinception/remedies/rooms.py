"""Names in the package and its rooms: layers, functions, distributions, networks, optimisers, data sets."""

from __future__ import annotations

from tinyinception.remedies.shared import BY_STEP, LOAD_WEIGHTS, ONLY_CPU

NN = {
    "Conv2D": "write Conv2d(in_channels, out_channels, kernel_size), with nn.ReLU() after it",
    "Dense": "write Linear(in_features, out_features)",
    "MaxPooling2D": "write MaxPool2d(kernel_size)",
    "MaxPool2D": "write MaxPool2d(kernel_size)",
    "AveragePooling2D": "write AvgPool2d(kernel_size)",
    "GlobalAveragePooling2D": "write GlobalAvgPool()",
    "BatchNormalization": "write BatchNorm2d(channels)",
    "Activation": "write ReLU()",
    "Input": "leave it out; in_channels says what a layer takes",
    "InputLayer": "leave it out; in_channels says what a layer takes",
    "Concatenate": "write Branches(...) or ti.concat",
    "Add": "write a module whose forward returns x + y, or ResidualInception",
    "Model": "subclass nn.Module",
    "DepthwiseConv2D": "write Conv2d(n, n, kernel_size, groups=n)",
    "SeparableConv2D": "write SeparableConv(...)",
    "ZeroPadding2D": "write padding= in the layer, or x.pad(widths)",
    "Softmax": "write nn.functional.softmax(logits); the loss takes logits as they are",
    "LogSoftmax": "write nn.functional.log_softmax(logits)",
    "ModuleDict": "write Branches or Sequential with names, or one attribute each",
    "ParameterList": "assign each to an attribute",
    "Sigmoid": "write x.sigmoid()",
    "Tanh": "write x.tanh()",
    "BatchNorm1d": "write BatchNorm2d(channels), on N x 1 x 1 x C",
    **dict.fromkeys(
        ("LabelSmoothingCrossEntropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"),
        "write CrossEntropyLoss(label_smoothing=0.1)",
    ),
    "NLLLoss": "write CrossEntropyLoss(), which takes logits",
    "MSELoss": "write ((x - y) ** 2).mean()",
    "L1Loss": "write abs(x - y).mean()",
    "BCEWithLogitsLoss": "write nn.functional.cross_entropy with two classes",
    "BCELoss": "write nn.functional.cross_entropy with two classes",
    "Unflatten": "write x.reshape(...)",
    "Dropout2d": "write Dropout(p)",
    "DataParallel": "kernels use all cores already",
    "F": "write ti.nn.functional",
    "utils": "clip_grad_norm is in ti.optim",
    "ZeroPad2d": "write padding= in the layer, or x.pad(widths)",
    "AdaptiveMaxPool2d": "write x.max((1, 2))",
    "BasicConv2d": "it is called ConvUnit",
    "ConvNormAct": "it is called ConvUnit",
    "InceptionA": "write inception_35x35",
    "InceptionB": "write grid_reduction",
    "InceptionC": "write inception_factorized",
    "InceptionE": "write inception_expanded",
    "Inception": "write inception(in_channels, n1=..., ...)",
    **{
        name: "there are ReLU and GELU, and x.sigmoid() and x.tanh()"
        for name in ("SiLU", "LeakyReLU", "ELU", "PReLU", "Hardswish", "ReLU6", "Softplus", "Mish")
    },
    **{
        name: "this package has what Inception networks need; write it as a Module, or as an ops.Operation"
        for name in (
            "LayerNorm",
            "GroupNorm",
            "InstanceNorm2d",
            "LSTM",
            "GRU",
            "RNN",
            "Embedding",
            "MultiheadAttention",
            "Transformer",
            "Conv1d",
            "Conv3d",
            "ConvTranspose2d",
            "Upsample",
            "PixelShuffle",
        )
    },
}

_REDRAW = "give init= to the layer, or write parameter.redraw(nn.init.{0})"

INIT = {
    **{name: _REDRAW.format("he()") for name in ("kaiming_normal_", "kaiming_uniform_", "he_normal", "HeNormal")},
    **{
        name: _REDRAW.format("glorot()")
        for name in ("xavier_normal_", "xavier_uniform_", "glorot_uniform", "GlorotUniform")
    },
    **{f"{name}_": _REDRAW.format(name) for name in ("zeros", "ones")},
    **{name: _REDRAW.format("normal(std)") for name in ("normal_", "RandomNormal")},
    **{name: _REDRAW.format("uniform(limit)") for name in ("uniform_", "RandomUniform")},
    "constant_": _REDRAW.format("constant(value)"),
    "trunc_normal_": _REDRAW.format("truncated_normal(std)"),
}

FUNCTIONAL = {
    "nll_loss": "write cross_entropy(logits, labels), which is log_softmax and nll_loss in one",
    "mse_loss": "write ((x - y) ** 2).mean()",
    "l1_loss": "write abs(x - y).mean()",
    "pad": "write x.pad(widths)",
    "one_hot": "write np.eye(classes, dtype=np.float32)[labels]",
    "sigmoid": "write x.sigmoid()",
    "tanh": "write x.tanh()",
    "normalize": "write x / (x * x).sum(-1, keepdims=True) ** 0.5",
    "interpolate": "images are scaled by Pillow, before",
    "adaptive_max_pool2d": "write x.max((1, 2))",
    "binary_cross_entropy": "write cross_entropy with two classes",
    "binary_cross_entropy_with_logits": "write cross_entropy with two classes",
    "max_pool2d_with_indices": "write max_pool2d",
    "unfold": "write kernels.reference.im2col, or read lesson 3",
    **{
        name: "there are relu and gelu, and x.sigmoid() and x.tanh()"
        for name in ("silu", "leaky_relu", "elu", "hardswish", "softplus", "mish")
    },
}

_SCHEDULES = "there are Constant, ExponentialStaircase, Cosine and Triangular; " + BY_STEP

OPTIM = {
    "lr_scheduler": _SCHEDULES,
    "schedulers": _SCHEDULES,
    "StepLR": _SCHEDULES,
    "CosineAnnealingLR": _SCHEDULES,
    "OneCycleLR": _SCHEDULES,
    "ReduceLROnPlateau": _SCHEDULES,
    "ExponentialLR": _SCHEDULES,
    "LambdaLR": _SCHEDULES,
    "CosineDecay": _SCHEDULES,
    "LRScheduler": _SCHEDULES,
    "ExponentialDecay": _SCHEDULES,
    "RMSprop": "it is spelt RMSProp; with rule='pytorch', alpha is decay, and its defaults are the Inception papers'",
    "clip_grad_norm_": "it is called clip_grad_norm",
    "swa_utils": "write RunningAverage(network.named_parameters())",
    **{
        name: "there are SGD, RMSProp, Adam, AdamW and Muon"
        for name in (
            "Adagrad",
            "Adadelta",
            "NAdam",
            "RAdam",
            "LBFGS",
            "Lion",
            "Lamb",
            "Adamax",
            "Nadam",
            "Ftrl",
        )
    },
}

TRAIN = {
    "train": "write fit(config), or fit(config, network=..., dataset=...)",
    "test": "write evaluate(RUN)",
    "validate": "write evaluate(RUN)",
    "Trainer": "write fit(config, network=..., dataset=..., watchers=[...])",
    "TrainingArguments": "write Config(...)",
    "Learner": "write fit(config, network=..., dataset=...)",
    "Callback": "subclass Watcher",
    "LightningModule": "subclass nn.Module, and give it to fit(config, network=...)",
    "callbacks": "subclass Watcher, and give fit(..., watchers=[...])",
    "EarlyStopping": "write Config(patience=5)",
    "ModelCheckpoint": "a run keeps its last checkpoint, and best.safetensors",
    "CSVLogger": "a run has log.csv and steps.csv",
    "TensorBoardLogger": "write fit(..., watchers=[TensorBoard()])",
    "SummaryWriter": "write fit(..., watchers=[TensorBoard()])",
    "WandbLogger": "subclass Watcher, whose epoch(row) is given the figures",
    "lr_find": "write find_lr(config)",
    "load": "write load_run(RUN)",
    "load_from_checkpoint": "write load_run(RUN)",
    "load_checkpoint": "write load_run(RUN)",
}

JUDGE = {
    **dict.fromkeys(("evaluate", "test", "validate"), "write score(network, loader), or train.evaluate(RUN)"),
    "predict": "write train.predict(RUN, images)",
    "accuracy": "write score(network, loader).accuracy",
    "accuracy_score": "write score(network, loader).accuracy",
    "confusion_matrix": "write score(network, loader).confusion",
    "top_k_accuracy_score": "write score(network, loader).top(5)",
    "log_loss": "write score(network, loader).loss",
    "calibration_curve": "write score(network, loader).calibration(); plots.calibration_curve draws it",
    "TenCrop": "write crop_scheme(10, image_size, input_size)",
}

_LOAD = "write load_weights(network, FILE), or 'hf://OWNER/NAME' as FILE"

WEIGHTS = {
    "from_pretrained": _LOAD,
    "load_pretrained": _LOAD,
    "load_checkpoint": _LOAD,
    "load_state_dict_from_url": _LOAD,
    "load_file": "write load(network, FILE)",
    "save_file": "write save(network, FILE)",
    "load_model": "write load(network, FILE)",
    "save_model": "write save(network, FILE)",
    "load_state_dict": "write load(network, FILE)",
    "save_state_dict": "write save(network, FILE)",
    "save_pretrained": "write ti.export.to_folder(trained, FOLDER)",
}

EXPORT = {
    "export": "write to_onnx(network, FILE, image_shape), or to_folder(trained, FOLDER)",
    "save_pretrained": "write to_folder(trained, FOLDER)",
    "push_to_hub": "write to_folder(trained, FOLDER), and upload that folder with huggingface-cli",
    "from_folder": "write ti.weights.from_export(FOLDER)",
    "torchscript": "there is to_onnx",
    "jit": "there is to_onnx",
    "to_torchscript": "there is to_onnx",
    "to_safetensors": "write ti.weights.save(network, FILE)",
}

DATA = {
    "DataLoader": "a data set makes its own, dataset.loader('train', batch_size); or Loader(images, labels, ...)",
    **dict.fromkeys(
        ("TensorDataset", "ArrayDataset", "from_arrays", "from_tensor_slices", "NumpyDataset"),
        "write Dataset.from_arrays(images, labels)",
    ),
    **dict.fromkeys(("ImageDataGenerator", "AugMix", "TrivialAugmentWide"), "there are RandomCrop, RandomFlip, Cutout"),
    "ImageFolder": "write load(FOLDER) or read_folder(FOLDER)",
    "random_split": "a Dataset has its two splits, train and test",
    "datasets": "write load('cifar10')",
    "Compose": "give a list: transforms=[RandomCrop(4), RandomFlip()]",
    "RandomHorizontalFlip": "it is called RandomFlip",
    "RandomErasing": "Cutout(size) is its kind here",
    "ToTensor": "leave it out; a Loader gives float32 arrays, normalised",
    "load_data": "write load('cifar10')",
    "image_dataset_from_directory": "write load(FOLDER)",
    "train_test_split": "a Dataset has its two splits",
}

_ARRAYS = "make it with NumPy, ti.Tensor(np.{0}(...))"

TOP = {
    **{
        name: _ARRAYS.format(name)
        for name in ("zeros", "ones", "full", "arange", "linspace", "eye", "zeros_like", "ones_like", "empty")
    },
    "rand": "make it with NumPy, ti.Tensor(np.random.default_rng(0).random((2, 3)))",
    "randn": "make it with NumPy, ti.Tensor(np.random.default_rng(0).standard_normal((2, 3)))",
    "randint": "labels are NumPy arrays, np.random.default_rng(0).integers(0, 10, 32)",
    "randperm": "write np.random.default_rng(0).permutation(n)",
    "from_numpy": "write ti.Tensor(array)",
    "as_tensor": "write ti.Tensor(array)",
    "FloatTensor": "write ti.Tensor(...)",
    "constant": "write ti.Tensor(...)",
    "Variable": "write ti.Tensor(x, requires_grad=True)",
    "cat": "write ti.concat(tensors, axis)",
    "concatenate": "write ti.concat(tensors, axis)",
    "stack": "write ti.concat([x[None] for x in tensors], 0)",
    "Parameter": "write ti.nn.Parameter",
    "Module": "write ti.nn.Module",
    "Sequential": "write ti.nn.Sequential",
    "F": "write ti.nn.functional",
    "functional": "write ti.nn.functional",
    "layers": "write ti.nn",
    "keras": "write ti.nn and ti.models",
    "losses": "write ti.nn.functional.cross_entropy",
    "optimizers": "write ti.optim",
    "applications": "write ti.models.build(name)",
    "cuda": ONLY_CPU,
    "device": ONLY_CPU,
    "mps": ONLY_CPU,
    "backends": ONLY_CPU,
    "compile": "kernels compile by themselves",
    "jit": "kernels compile by themselves",
    "inference_mode": "write ti.no_grad()",
    "set_grad_enabled": "write ti.no_grad()",
    "save": "write ti.weights.save(network, file)",
    "load": "write ti.weights.load(network, file)",
    "seed": "write ti.manual_seed(0)",
    "set_seed": "write ti.manual_seed(0)",
    "random": "write ti.manual_seed(0)",
    "utils": "loaders are in ti.data, clip_grad_norm in ti.optim",
    "torchinfo": "write ti.summary(network, size)",
    "float32": "write np.float32",
    "float64": "write np.float64",
    "int64": "write np.int64",
    "long": "write np.int64",
    "float16": "it computes in float32 or float64",
    "bfloat16": "it computes in float32 or float64",
    "set_num_threads": "set NUMBA_NUM_THREADS, or --threads on the command line",
    "autograd": "write tensor.backward(); see ti.tensor",
    "matmul": "write x @ y",
    "exp": "write x.exp()",
    "log": "write x.log()",
    "relu": "write x.relu()",
    "sum": "write x.sum()",
    "mean": "write x.mean()",
    "max": "write x.max()",
    "argmax": "write x.argmax()",
    "softmax": "write ti.nn.functional.softmax(x)",
    "flatten": "write x.flatten()",
    "sqrt": "write x.sqrt()",
    "abs": "write abs(x)",
    "sigmoid": "write x.sigmoid()",
    "hub": "write ti.weights.load_weights(network, 'hf://OWNER/NAME')",
    "fit": "write ti.train.fit(config)",
    "plot_model": "write ti.draw(network, path='net.png')",
    "onnx": "write ti.export.to_onnx",
    **dict.fromkeys(("set_random_seed", "seed_everything", "initial_seed", "Generator"), "write ti.manual_seed(0)"),
    **dict.fromkeys(("Trainer", "Learner"), "write ti.train.fit(config, network=..., dataset=...)"),
    "Dataset": "write ti.data.Dataset",
    "DataLoader": "write dataset.loader('train', batch_size)",
    "where": "write x * mask + y * (1 - mask), where mask is an array of 0 and 1",
    "allclose": "write np.allclose(x, y)",
    "equal": "write (x == y).all()",
    "isnan": "write np.isnan(x.numpy())",
    "is_tensor": "write isinstance(x, ti.Tensor)",
    "Conv2d": "write ti.nn.Conv2d",
    "Linear": "write ti.nn.Linear",
    "SGD": "write ti.optim.SGD",
    "Adam": "write ti.optim.Adam",
    "datasets": "write ti.data.load('cifar10')",
}

BUILD = "write ti.build({0!r}, num_classes=10), or another of list_models()"

MODELS = {
    "get_model": "write build(name)",
    "load_model": "write weights.from_export(FOLDER) or train.load_run(RUN)",
    "Inception3": "write build('inception_v3', num_classes=10); " + LOAD_WEIGHTS,
    "from_pretrained": "write build(name); " + LOAD_WEIGHTS,
    "InceptionV3": "write build('inception_v3', num_classes=10); " + LOAD_WEIGHTS,
    "InceptionResNetV2": "write build('inception_resnet_v2', num_classes=10); " + LOAD_WEIGHTS,
    "VGG16": "write build('vgg16'); " + LOAD_WEIGHTS,
    "VGG19": "write build('vgg19'); " + LOAD_WEIGHTS,
    "GoogLeNet": "write build('googlenet')",
    "is_model": "write name in names()",
    "Sequential": "write nn.Sequential(...)",
    "Model": "subclass nn.Module",
}
