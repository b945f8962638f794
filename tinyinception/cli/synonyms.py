"""What people type who come from elsewhere, or mistype: which flag was meant. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

CUTOFF = 0.7  # of likeness, below which a suggestion would be a guess

SYNONYMS = {
    "--learning-rate": "--lr",
    "--lr-scheduler": "--schedule",
    "--scheduler": "--schedule",
    "--sched": "--schedule",
    "--opt": "--optimizer",
    "--optim": "--optimizer",
    "--wd": "--weight-decay",
    "--decay": "--weight-decay",
    "--smoothing": "--label-smoothing",
    "--ema": "--average",
    "--ema-decay": "--average",
    "--model-ema-decay": "--average",
    "--clip-grad": "--clip",
    "--max-grad-norm": "--clip",
    "--grad-clip": "--clip",
    "--hflip": "--flip",
    "--horizontal-flip": "--flip",
    "--warmup-epochs": "--warmup",
    "--warmup-steps": "--warmup",
    "--warmup-ratio": "--warmup",
    "--batch": "--batch-size",
    "--bs": "--batch-size",
    "-b": "--batch-size",
    "--train-batch-size": "--batch-size",
    "--num-epochs": "--epochs",
    "--n-epochs": "--epochs",
    "--max-epochs": "--epochs",
    "-e": "--epochs",
    "--num-train-epochs": "--epochs",
    "--output": "--out",
    "--run": "--out",
    "--run-dir": "--out",
    "--run-name": "--out",
    "--name": "--out",
    "--exp-name": "--out",
    "--project": "--out",
    "--dir": "--out",
    "--folder": "--out",
    "--log-dir": "--out",
    "--default-root-dir": "--out",
    "--output-dir": "--out",
    "--out-dir": "--out",
    "--save-dir": "--out",
    "--logdir": "--out",
    "-o": "--out",
    "--dataset": "--data",
    "--data-dir": "--data",
    "--data-path": "--data",
    "-d": "--data",
    "--arch": "--model",
    "-a": "--model",
    "--net": "--model",
    "-m": "--model",
    "--architecture": "--model",
    "--dropout": "--model-option dropout=X",
    "--drop-rate": "--model-option dropout=X",
    "--drop": "--model-option dropout=X",
    "--model-kwargs": "--model-option",
    "--image-size": "--input-size",
    "--img-size": "--input-size",
    "--imagesize": "--input-size",
    "--imgsize": "--input-size",
    "--crop-size": "--input-size",
    "--imgsz": "--input-size",
    "--img": "--input-size",
    "--resolution": "--input-size",
    "--size": "--input-size",
    "--num-classes": "--classes",
    "--in-chans": "--channels",
    "--in-channels": "--channels",
    "--pretrained": "--weights FILE",
    "--checkpoint": "--resume",
    "--resume-from": "--resume",
    "--resume-from-checkpoint": "--resume",
    "--ckpt": "--resume",
    "--ckpt-path": "--resume",
    "--continue": "--resume",
    "--initial-checkpoint": "--weights",
    "--early-stopping": "--patience",
    "--early-stop": "--patience",
    "--random-seed": "--seed",
    "--manual-seed": "--seed",
    "--num-threads": "--threads",
    "--jobs": "--threads",
    "-j": "--threads",
    "--n-jobs": "--threads",
    "--max-samples": "--limit",
    "--subset": "--limit",
    "--tensorboard": "--log tensorboard",
    "--logger": "--log",
    "--lr-find": "--find-lr",
    "--lr-finder": "--find-lr",
    "--auto-lr-find": "--find-lr",
    "--cfg": "--config",
    "--config-file": "--config",
    "-c": "--config",
    "--tta": "--crops",
    "--topk": "--top",
    "--top-k": "--top",
    "-k": "--top",
}

# What there is no flag for, and why.
REMARKS = {
    **dict.fromkeys(
        ("--workers", "--num-workers"),
        "batches are prepared beside the training without being asked to; --threads sets the threads of the kernels",
    ),
    **dict.fromkeys(("--device", "--gpu", "--gpus", "--cuda", "--accelerator", "--no-cuda"), "this runs on the CPU"),
    **dict.fromkeys(("--amp", "--fp16", "--half", "--bf16", "--precision"), "this computes in float32"),
    **dict.fromkeys(("--momentum", "--nesterov"), "sgd has Nesterov momentum 0.9, by which the defaults were chosen"),
    **dict.fromkeys(
        ("--val-split", "--test-size", "--split"), "a folder without test/ gives a fifth of each class to it"
    ),
    **dict.fromkeys(("--no-augment", "--no-aug"), "--no-flip --crop 0 --cutout 0 leave images as they are"),
    **dict.fromkeys(("--wandb", "--mlflow"), "in Python, train.fit(..., watchers=[...]) tells a watcher of your own"),
    **dict.fromkeys(("--save-best", "--save-best-only"), "best.safetensors is always kept beside the last"),
}


def hint(word: str, known: Collection[str]) -> str:
    """What to add to the error for an unknown word: `; did you mean '--lr'?`, a remark, or nothing."""
    word = word.split("=")[0]
    word = word.replace("_", "-") if word.startswith("-") else word
    meant = SYNONYMS.get(word)
    if meant is not None and meant.split()[0] in known:
        return f"; did you mean {meant!r}?"
    if word in REMARKS and word.startswith("-"):
        return f": {REMARKS[word]}"
    bare = {name.lstrip("-"): name for name in known if name.startswith("-") == word.startswith("-")}
    near = get_close_matches(word.lstrip("-"), list(bare), n=1, cutoff=CUTOFF)
    return f"; did you mean {bare[near[0]]!r}?" if near else ""
