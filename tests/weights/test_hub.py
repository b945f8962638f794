"""Addresses on the model hub, "hf://OWNER/NAME": huggingface-hub reads a cache that the test makes, offline.

In a process of its own, since the library reads its environment when it is imported.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.helpers.places import ROOT
from tinyinception import export, models, nn, weights
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.weights.hub import is_address, local

MAIN, TAGGED = "0123456789abcdef0123456789abcdef01234567", "fedcba9876543210fedcba9876543210fedcba98"


def put(cache, repo, files, revision="main", commit=MAIN):
    """Files of a repository as huggingface-hub keeps them."""
    folder = cache / f"models--{repo.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True, exist_ok=True)
    (folder / "refs" / revision).write_text(commit, encoding="utf-8")
    snapshot = folder / "snapshots" / commit
    for name, contents in files.items():
        (snapshot / name).parent.mkdir(parents=True, exist_ok=True)
        (snapshot / name).write_bytes(contents)


def ask(cache, program, *, offline=True):
    """What a program prints that finds this cache, and its error, if that is one of the family.

    The hub's library waits between its attempts to reach an address; here that nobody answers is certain at once.
    """
    program = (
        "import sys, time, numpy as np\ntime.sleep = lambda seconds: None\nfrom tinyinception import models, weights\n"
        "from tinyinception.errors import TinyInceptionError\n"
        f"def main():\n    {program}\n"
        "try:\n    main()\nexcept TinyInceptionError as error:\n    print(type(error).__name__, error)\n"
    )
    environment = {
        **os.environ,
        "HF_HUB_CACHE": str(cache),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **({"HF_HUB_OFFLINE": "1"} if offline else {"HF_ENDPOINT": "http://127.0.0.1:9"}),
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """timm's inception_v4 under its names, and exports of ours in two revisions."""
    folder = tmp_path_factory.mktemp("cache")
    network = models.build("googlenet_torchvision", num_classes=3)
    weights.save_weights(network, folder / "published.safetensors")
    put(folder, "timm/googlenet", {"model.safetensors": (folder / "published.safetensors").read_bytes()})
    for commit, revision, seed in ((MAIN, "main", 1), (TAGGED, "v2", 2)):
        nn.random.manual_seed(seed)
        export.to_folder(export.from_model("plain_cifar", num_classes=4), folder / revision)
        files = {file.name: file.read_bytes() for file in (folder / revision).iterdir()}
        put(folder, "me/mine", {**files, "more/other.safetensors": files["model.safetensors"]}, revision, commit)
    return folder


ADDRESSES = {
    "hf://me/mine": "main",
    "hf://me/mine/model.safetensors": "main",
    "hf://me/mine@v2": "v2",
    "hf://me/mine/more/other.safetensors@v2": "v2",
    "hf://me/mine@v2/model.safetensors": "v2",
    f"hf://me/mine@{TAGGED}": "v2",
}


def test_exports_of_ours_by_every_form_of_address(cache):
    told = ask(
        cache,
        f"for address in {list(ADDRESSES)!r}:\n"
        "        net = models.build('plain_cifar', num_classes=4)\n"
        "        weights.load_weights(net, address)\n"
        "        print(address, *(float(a.sum()) for a in net.state_dict().values()))",
    )
    names = models.build("plain_cifar", num_classes=4).state_dict()
    stored = {revision: load_file(cache / revision / "model.safetensors") for revision in ("main", "v2")}
    assert [line.split() for line in told.splitlines()] == [
        [address, *(str(float(stored[revision][name].sum())) for name in names)]
        for address, revision in ADDRESSES.items()
    ]


def test_published_names(cache):
    told = ask(
        cache,
        "net = models.build('googlenet_torchvision', num_classes=3); "
        "weights.load_weights(net, 'hf://timm/googlenet'); print(float(net.head.fc.weight.data.sum()))",
    )
    stored = load_file(cache / "published.safetensors")
    np.testing.assert_allclose(float(told), stored["fc.weight"].sum(), rtol=1e-5)


def test_an_export_is_read_from_the_hub_whole(cache):
    told = ask(cache, "one = weights.from_export('hf://me/mine'); print(one.model, len(one.classes), one.image_shape)")
    assert told == "plain_cifar 4 (32, 32, 3)"
    told = ask(cache, "weights.from_export('hf://timm/googlenet')")
    assert told.startswith("CheckpointError hf://timm/googlenet: there is no config.json in the cache")


@pytest.mark.parametrize("offline", [True, False])
def test_what_cannot_be_had_says_what_to_put_where(cache, offline):
    told = ask(cache, "weights.load_weights(models.build('plain_cifar'), 'hf://nobody/nothing@v1')", offline=offline)
    assert told.startswith(
        "CheckpointError hf://nobody/nothing@v1: there is no model.safetensors at v1 in the cache, "
        "and it could not be fetched ("
    )
    assert told.endswith(
        "fetch it where there is a network and give the path of the file instead, or copy that "
        f"machine's folder models--nobody--nothing to {cache / 'models--nobody--nothing'}"
    )
    assert "\n" not in told


@pytest.mark.parametrize(
    "address", ["hf://", "hf://owner", "hf://owner/", "hf://owner/name@", "hf://a/b@c/d.safetensors@e"]
)
def test_an_address_of_another_form(address):
    with pytest.raises(ArgumentError, match="an address on the hub must be hf://OWNER/NAME, "):
        local(address)


def test_a_pickle_on_the_hub_is_not_even_fetched():
    with pytest.raises(ArgumentError, match=r"must be a \.safetensors file, got 'pytorch_model\.bin'; pickles"):
        local("hf://owner/name/pytorch_model.bin")


def test_without_the_library_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(
        ArgumentError,
        match=r"hf://a/b: this needs huggingface-hub; install it with pip install "
        r"'tinyinception\[hub\]'",
    ):
        weights.load_weights(nn.ReLU(), "hf://a/b")


def test_paths_are_no_addresses():
    assert is_address(Path("hf://owner/name"))
    for path in ("owner/name", "./hf:/x", Path("hf"), "hf.safetensors"):
        assert not is_address(path)
        assert local(path) is path
    with pytest.raises(CheckpointError, match="there is no such file"):
        weights.load(nn.ReLU(), "hf")
