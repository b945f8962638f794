"""What users of PyTorch, Keras, timm, torchinfo and scikit-learn type first: what it gives, or what the error says."""

import re

import numpy as np
import pytest

import tinyinception as ti
from tinyinception import data, models, nn, optim, train
from tinyinception.errors import TinyInceptionError

F = nn.functional

# What is typed, and what is true of its result `_`.
WORKS = [
    # PyTorch
    ("ti.manual_seed(0)", "_ is None"),
    ("optim.SGD([{'params': network.parameters(), 'lr': 0.2}], 0.1).lr", "_ == 0.1"),
    ("ti.Tensor([1.0, 2.0], requires_grad=True)", "_.requires_grad"),
    ("nn.Conv2d(3, 8, kernel_size=3)(images).shape", "_ == (2, 30, 30, 8)"),
    ("nn.Conv2d(3, 8, 3, padding=1)(images).shape", "_ == (2, 32, 32, 8)"),
    ("nn.Sequential(nn.ReLU(), nn.Identity(), nn.ReLU())[1:](x).shape", "_ == (2, 2)"),
    ("nn.Sequential(a=nn.ReLU(), b=nn.Identity())[:1].get_submodule('a')(x).shape", "_ == (2, 2)"),
    ("nn.CrossEntropyLoss(reduction='none')(x, [1, 0])", "_.shape == (2,)"),
    ("ti.no_grad(lambda: nn.Linear(2, 3)(x).requires_grad)()", "_ is False"),
    ("nn.Dropout()", "_.p == 0.5"),
    ("nn.Dropout(p=0.1)", "_.p == 0.1"),
    ("nn.Identity()(x)", "_ is x"),
    ("nn.ModuleList([nn.ReLU()])", "len(_) == 1"),
    (
        "nn.CrossEntropyLoss(label_smoothing=0.1)(x, [1, 0])",
        "_.item() == F.cross_entropy(x, [1, 0], label_smoothing=0.1).item()",
    ),
    ("nn.CrossEntropyLoss(reduction='sum')(x, [1, 0])", "abs(_.item() - 2 * F.cross_entropy(x, [1, 0]).item()) < 1e-6"),
    ("F.cross_entropy(x, np.array([1, 0]), label_smoothing=0.1)", "_.shape == ()"),
    ("optim.SGD(network.parameters(), lr=0.1)", "[name for name, _ in _.parameters][:2] == ['0', '1']"),
    ("optim.AdamW(list(network.parameters()), lr=1e-3)", "_.decoupled"),
    ("optim.Adam(network.named_parameters())", "_.parameters[0][0] == 'stem.conv1.conv.weight'"),
    ("[len(y) for _, y in loader]", "_ == [8, 8, 4]"),
    ("len(loader)", "_ == 3"),
    ("next(iter(loader))[0].shape", "_ == (8, 32, 32, 3)"),
    ("network.to('cpu')", "_ is network"),
    ("network.to('cpu').cpu()", "_ is network"),
    ("images.to('cpu').cpu()", "_ is images"),
    ("network.get_submodule('stem.conv1')", "_ is network.stem.conv1"),
    ("ti.Tensor([1.0]).requires_grad_()", "_.requires_grad"),
    ("nn.Linear(2, 3).requires_grad_(False)", "not any(p.requires_grad for p in _.parameters())"),
    ("nn.AdaptiveAvgPool2d(x.size).output_size", "_ == (4, 4)"),
    ("nn.Linear(x.size, 2)", "_.in_features == 4"),
    ("x == x", "_.all()"),
    ("x > 0", "_.tolist() == [[True, False], [True, True]]"),
    ("f'{x.sum():.3f}'", "_ == '7.000'"),
    ("x.argmax(1)", "_.tolist() == [0, 1]"),
    ("x.argmax()", "_ == 3"),
    ("x.argmax(-1, keepdims=True)", "_.tolist() == [[0], [1]]"),
    ("x.abs()", "_.numpy().tolist() == [[1, 2], [3, 5]]"),
    ("x.abs().sqrt()", "np.allclose(_.numpy() ** 2, [[1, 2], [3, 5]])"),
    ("x.T", "_.numpy().tolist() == [[1, 3], [-2, 5]]"),
    ("logits, aux = network(images)", "network.training or aux == ()"),
    ("network(images).logits.argmax(1).shape", "_ == (2,)"),
    ("dir(ti)", "'summary' in _ and 'manual_seed' in _"),
    # timm
    ("ti.list_models('*v3*')", "_ == ['inception_v3', 'inception_v3_151', 'inception_v3_79']"),
    ("models.list_models()", "_ == models.names()"),
    ("ti.create_model('nin_cifar', num_classes=7)(images).logits.shape", "_ == (2, 7)"),
    ("ti.build('nin_cifar').title", "_ == 'nin_cifar'"),
    # torchinfo
    ("ti.summary(network, 32).params", "_ == ti.summary('inception_cifar').params"),
    ("ti.summary(network).input", "_ == (32, 32, 3)"),
    ("str(ti.summary(network, 32, depth=1))", "'mixed_8a' in _ and 'conv1_1x1' not in _"),
    ("str(ti.summary(network, 32, depth=2))", "'  three' in _ and 'conv1_1x1' not in _"),
    # scikit-learn
    ("ti.check(lambda t: (t * t).sum(), x).ok", "_"),
]

# What is typed, and pieces of the message: what is wrong, and the remedy.
TOLD = [
    # PyTorch: arguments
    ("nn.Conv2d(3, 8, 3, 1, 1)", "Conv2d: stride and what follows must be given by name", "stride=", "got 5"),
    ("nn.MaxPool2d(2, 2)", "MaxPool2d: stride", "by name", "got 2"),
    ("nn.BatchNorm2d(8, 1e-5)", "BatchNorm2d: eps", "by name"),
    ("nn.BatchNorm2d(num_features=8)", "num_features is called channels here"),
    ("nn.BatchNorm2d(8, affine=False)", "no affine", "gamma=False, beta=False"),
    ("nn.Conv2d(3, 8)", "kernel_size must be given"),
    ("nn.Conv2d(3, 8, 3, out_channels=4)", "out_channels must be given once"),
    ("nn.Conv2d(3, 8, 3, padding_mode='reflect')", "no padding_mode", "zeros"),
    ("nn.Conv2d(3, 8, 3, device='cuda')", "no device", "only the CPU"),
    ("nn.Conv2d(3, 8, kernel=3)", "kernel is called kernel_size here"),
    ("nn.Linear(in_featuers=3, out_features=2)", "no in_featuers; did you mean in_features"),
    ("nn.Linear(3, 2, False)", "Linear: bias", "by name"),
    ("nn.ReLU(inplace=True)", "no inplace", "leave it out"),
    ("nn.Flatten(1)", "Flatten: got 1 by position", "no arguments"),
    ("nn.Dropout(rate=0.5)", "rate is called p here"),
    ("F.relu(x, inplace=True)", "relu: there is no inplace", "leave it out"),
    ("F.softmax(x, dim=1)", "softmax: there is no dim", "last axis"),
    ("F.conv2d(images, weight, None, 1, 1)", "conv2d: stride", "by name"),
    ("F.cross_entropy(x, [1, 0], smoothing=0.1)", "smoothing is called label_smoothing here"),
    ("F.cross_entropy(x, [1, 0], weight=[1, 2])", "classes have no weights"),
    ("F.cross_entropy(network(images), [1, 2])", "Output(logits, aux)", ".logits"),
    ("nn.Sequential([nn.ReLU(), nn.ReLU()])", "Sequential: '0' is a list", "Sequential(*modules)"),
    ("nn.Parameter(np.ones(3), requires_grad=False)", "no requires_grad", "requires_grad_(False)"),
    # PyTorch: names
    ("F.nll_loss(x, [1, 0])", "no attribute nll_loss", "cross_entropy"),
    ("nn.Softmax(dim=1)", "no attribute Softmax", "functional.softmax"),
    ("nn.GELU(approximate='none')", "GELU: approximate must be 'tanh'", "erf"),
    ("nn.SiLU()", "no attribute SiLU", "ReLU and GELU"),
    ("nn.utils.clip_grad_norm_(network.parameters(), 1.0)", "ti.optim"),
    ("nn.init.kaiming_normal_(network.stem.conv1.conv.weight)", "no attribute kaiming_normal_", "redraw(nn.init.he())"),
    ("ti.gradcheck(lambda t: t * t, x)", "room of the package", "ti.check"),
    ("optim.lr_scheduler.StepLR(optimizer, 30)", "schedules are functions", "optimizer.lr = schedule(step)"),
    ("optim.Cosine(0.1, 10).step()", "Cosine has no attribute step", "optimizer.lr = schedule(step)"),
    ("optim.Cosine(optimizer, T_max=10)", "T_max is called steps here", "functions"),
    ("optim.RMSprop(network.parameters())", "RMSProp"),
    ("optimizer.param_groups[0]['lr']", "param_groups", "optimizer.lr ="),
    ("optim.SGD([{'params': network.parameters(), 'betas': 1}], 0.1)", "setting of group 0", "betas", "lr"),
    ("optim.SGD(network, lr=0.1)", "module.parameters()", "a module itself"),
    ("optim.SGD(nn.Linear(2, 3).weight, lr=0.1)", "a single one", "[parameter]"),
    ("optim.SGD([x * ti.Tensor([1.0], requires_grad=True)], 0.1)", "'0' is a result, not a parameter"),
    ("optim.SGD(params=network.parameters(), learning_rate=0.1)", "params is called parameters here", "called lr here"),
    ("setattr(optimizer, 'learning_rate', 0.01)", "no attribute learning_rate", "optimizer.lr"),
    ("setattr(network, 'trainable', False)", "no attribute trainable", "requires_grad_(False)"),
    ("setattr(network.head, 'requires_grad', False)", "no attribute requires_grad", "requires_grad_(False)"),
    ("nn.BatchNorm2d(3).weight", "no attribute weight", "gamma"),
    ("optimizer.zero_grad(set_to_none=True)", "no set_to_none", "leave it out"),
    ("network.to('cuda')", "only the CPU"),
    ("network.to(device='cuda')", "no device", "only the CPU"),
    ("network.to(dtype=np.float64)", "no dtype", "by position"),
    ("x.to('cpu', non_blocking=True)", "no non_blocking", "only the CPU"),
    ("network.load_state_dict(network.state_dict(), strict=False)", "no strict", "module.state_dict()"),
    ("network.load_state_dict('net.pt')", "must be a state_dict()", "weights.load"),
    ("network.freeze()", "no attribute freeze", "requires_grad_(False)"),
    ("ti.Tensor([1.0], dtype=np.float64)", "no dtype", "np.asarray(numbers, np.float64)"),
    ("F.relu(np.zeros(3))", "ReLU: input 0 is no Tensor but ndarray", "Tensor(x)"),
    ("network(None)", "must be a Tensor, got NoneType"),
    ("nn.LabelSmoothingCrossEntropy(0.1)", "CrossEntropyLoss(label_smoothing=0.1)"),
    ("ti.set_random_seed(0)", "ti.manual_seed(0)"),
    ("ti.seed_everything(0)", "ti.manual_seed(0)"),
    ("ti.where(x > 0, x, x)", "x * mask"),
    ("data.TensorDataset(x, x)", "Dataset.from_arrays(images, labels)"),
    ("data.Dataset.from_arrays(np.zeros((4, 2, 2, 1)), np.zeros(4, int), test_size=0.2)", "no test_size", "a fifth"),
    ("data.Dataset.from_arrays(np.zeros((4, 2, 2, 1)), np.zeros(4, int), num_classes=2)", "the labels say it"),
    ("dataset.class_names", "dataset.classes"),
    # training, as others have it
    ("train.fit(network)", "config must be a train.Config, got Network", "network="),
    ("train.fit(train.Config(), callbacks=[])", "callbacks is called watchers here"),
    ("train.fit(train.Config(), model=network)", "model is called network here"),
    ("train.fit(train.Config(), epochs=3)", "it is a setting", "train.Config(epochs=...)"),
    ("train.fit(train.Config(), train_data=dataset)", "train_data is called dataset here"),
    ("train.Config(learning_rate=0.1)", "learning_rate is called lr here"),
    ("train.Config(num_epochs=3)", "num_epochs is called epochs here"),
    ("train.Config.for_data('drawn', learning_rate=0.1)", "learning_rate is called lr here"),
    ("train.Trainer(max_epochs=3)", "no attribute Trainer", "fit(config"),
    ("train.EarlyStopping(patience=3)", "Config(patience=5)"),
    ("train.ModelCheckpoint()", "best.safetensors"),
    ("ti.train(network)", "ti.train is a room", "train.fit"),
    ("ti.data('cifar10')", "ti.data is a room", "data.load"),
    ("ti.weights.load('net.safetensors')", "load: file must be given"),
    ("ti.weights.from_pretrained('timm/inception_v3')", "load_weights", "hf://OWNER/NAME"),
    ("ti.export(network, 'net.onnx')", "ti.export is a room", "to_onnx"),
    ("ti.export.export(network, x, 'net.onnx')", "to_onnx"),
    ("ti.list_models(pretrained=True)", "no pretrained", "weights.SETS"),
    ("ti.create_model('inception_v3.tv_in1k')", "'inception_v3', and 'tv_in1k' names weights"),
    ("ti.judge(network)", "ti.judge is a room", "judge.score(network, loader)"),
    ("ti.judge.evaluate(network)", "train.evaluate(RUN)"),
    ("ti.judge.score(network, images)", "loader must be"),
    ("train.evaluate(None)", "folder must be a path"),
    ("ti.weights.from_export(None)", "folder must be a path"),
    ("data.load(3)", "name must be that of a data set or a folder, got 3"),
    ("ti.export.to_folder(network, 'out')", "exported must come from", "got Network"),
    ("network.cuda()", "no attribute cuda", "only the CPU"),
    ("network.half()", "no attribute half", "float32"),
    ("network.to('float17')", "to: target must be a dtype", "'float17'"),
    ("network.add_module('a', nn.ReLU())", "no attribute add_module", "setattr"),
    ("network(images).argmax(1)", "Output has no attribute argmax", "network(x).logits"),
    ("network(images) * 2", "Output(logits, aux)", ".logits"),
    ("np.argmax(network(images))", "Output(logits, aux)", ".logits"),
    ("network(images, training=False)", "no training", "network.eval()"),
    ("network(x=images)", "by position", "x"),
    ("network(images, 3)", "got 2 by position"),
    ("network(ti.Tensor(np.zeros((2, 3, 32, 32))))", "N x H x W x 3", "x.transpose(0, 2, 3, 1)"),
    ("nn.Conv2d(1, 4, 3)(ti.Tensor(np.zeros((2, 1, 8, 8), np.float32)))", "8 channels", "x.transpose(0, 2, 3, 1)"),
    ("nn.BatchNorm2d(3)(ti.Tensor(np.zeros((2, 3, 8, 8), np.float32)))", "x.transpose(0, 2, 3, 1)"),
    ("network(np.zeros((2, 32, 32, 3), np.float32))", "ndarray"),
    ("ti.tensor([1.0])", "ti.tensor is a room", "ti.Tensor([1.0"),
    ("ti.zeros(2, 3)", "no attribute zeros", "ti.Tensor(np.zeros"),
    ("ti.randn(2, 3)", "no attribute randn", "default_rng"),
    ("ti.cat([x, x], dim=1)", "no attribute cat", "ti.concat"),
    ("ti.concat([x, x], dim=1)", "dim is called axis here"),
    ("ti.cuda.is_available()", "only the CPU"),
    ("ti.save(network.state_dict(), 'net.pt')", "ti.weights.save"),
    ("x.view(-1)", "no attribute view", "reshape"),
    ("x.permute(1, 0)", "no attribute permute", "transpose"),
    ("x.size()", "size is the number of elements, 4", "x.shape"),
    ("x.numel()", "no attribute numel", "x.size"),
    ("x.unsqueeze(0)", "no attribute unsqueeze", "x[:, None]"),
    ("x.float()", "no attribute float", "astype"),
    ("x.to('cuda')", "only the CPU"),
    ("x.to(np.float64)", "keeps its dtype", "astype"),
    ("x.mean(dim=1)", "mean: dim is called axis here"),
    ("x.sum(1, keepdim=True)", "sum: keepdim is called keepdims here"),
    ("x.sum(1, True)", "sum: keepdims must be given by name"),
    ("x.clone()", "no attribute clone", "copy"),
    ("(x * ti.Tensor([1.0], requires_grad=True)).requires_grad_(False)", "detach()"),
    ("data.DataLoader(dataset, batch_size=8)", "no attribute DataLoader", "dataset.loader"),
    ("data.Loader(dataset, batch_size=8)", "labels, mean and std must be given", "dataset.loader"),
    ("data.Loader(dataset, batch_size=8, num_workers=2)", "num_workers is called prefetch here"),
    ("dataset[0]", "two splits", "dataset.train_images"),
    ("len(dataset)", "two splits", "len(dataset.train_images)"),
    ("list(dataset)", "two splits", "dataset.loader"),
    ("dataset.train", "no attribute train", "dataset.train_images"),
    # TorchVision and timm
    ("models.inception_v3(num_classes=10)", "ti.build('inception_v3', num_classes=10)"),
    ("models.vgg19(num_classes=10)", "ti.build('vgg19', num_classes=10)"),
    ("ti.create_model('inception_v3', pretrained=True)", "no pretrained", "weights.load_weights", "hf://OWNER/NAME"),
    ("ti.build('inception_v3', classes=10)", "classes is called num_classes here"),
    ("ti.build('inception_v3', 10)", "num_classes", "by name"),
    ("ti.build('inception_v33')", "did you mean 'inception_v3'"),
    ("ti.build('nin_cifar', in_chans=1)", "in_chans is called channels here"),
    ("network.forward_features(images)", "get_submodule"),
    # Keras
    ("models.InceptionV3(weights='imagenet', classes=10)", "build('inception_v3', num_classes=10)", "load_weights"),
    ("nn.Conv2D(32, 3, activation='relu')", "Conv2d(in_channels, out_channels, kernel_size)", "ReLU"),
    ("nn.Conv2d(filters=32, kernel_size=3, strides=2)", "filters is called out_channels here", "called stride here"),
    ("nn.Conv2d(3, 32, 3, activation='relu')", "no activation", "nn.ReLU()"),
    ("nn.Dense(10)", "Linear(in_features, out_features)"),
    ("nn.Linear(units=10)", "units is called out_features here"),
    ("nn.MaxPool2d(pool_size=2)", "pool_size is called kernel_size here"),
    ("ti.keras.layers.Dense(10)", "ti.nn"),
    ("network.compile(optimizer='adam')", "nothing to compile"),
    ("network.fit(images, [0, 1], epochs=3)", "train.fit(train.Config"),
    ("network.predict(images)", "network(ti.Tensor(x)).logits.argmax(1)"),
    ("network.evaluate(images, [0, 1])", "train.evaluate"),
    ("network.summary()", "ti.summary(network"),
    ("optim.Adam(network.parameters(), learning_rate=0.1)", "learning_rate is called lr here"),
    # torchinfo
    ("ti.summary(network, (1, 3, 32, 32))", "(height, width)", "got (1, 3, 32, 32)"),
    ("ti.summary(network, input_data=images)", "no input_data", "summary(network, 224)"),
    ("ti.summary(nn.ReLU())", "a module needs input_size"),
    # scikit-learn
    ("network.score(images, [0, 1])", "train.evaluate"),
    ("network.predict_proba(images)", "softmax"),
    ("data.train_test_split(images)", "two splits"),
]


@pytest.fixture(scope="module")
def names():
    """What a user has at hand when typing these lines."""
    ti.manual_seed(0)
    network = models.build("inception_cifar").eval()
    dataset = data.load("drawn", limit=20)
    return {
        "ti": ti,
        "nn": nn,
        "F": F,
        "optim": optim,
        "models": models,
        "data": data,
        "train": train,
        "np": np,
        "network": network,
        "images": ti.Tensor(np.zeros((2, 32, 32, 3), np.float32)),
        "dataset": dataset,
        "weight": ti.Tensor(np.zeros((3, 3, 3, 4), np.float32)),
        "x": ti.Tensor([[1.0, -2.0], [3.0, 5.0]]),
        "optimizer": optim.SGD(network.parameters(), 0.1),
        "loader": dataset.loader("train", 8, prefetch=0),
    }


def test_the_table_is_long_enough_to_mean_something():
    assert len(WORKS) + len(TOLD) >= 60
    assert len({row[0] for row in WORKS + TOLD}) == len(WORKS) + len(TOLD)


@pytest.mark.parametrize(("typed", "holds"), WORKS, ids=[row[0] for row in WORKS])
def test_what_is_typed_works(typed, holds, names):
    before = dict(names)
    exec(f"_ = {typed}" if not re.match(r"\w+, \w+ = ", typed) else typed, before)
    assert eval(holds, before)


@pytest.mark.parametrize(("typed", "told"), [(row[0], row[1:]) for row in TOLD], ids=[row[0] for row in TOLD])
def test_what_is_typed_is_refused_with_the_remedy(typed, told, names):
    with pytest.raises(TinyInceptionError) as caught:
        eval(typed, dict(names))
    assert [piece for piece in told if piece not in str(caught.value)] == [], caught.value
