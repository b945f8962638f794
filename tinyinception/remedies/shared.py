"""What several tables of remedies say."""

from __future__ import annotations

LOAD_WEIGHTS = (
    "weights.load_weights(network, FILE) reads them from a file, timm's or TorchVision's, or from "
    "'hf://OWNER/NAME'; nothing is downloaded by building a network"
)
ONLY_CPU = "there is only the CPU; leave it out"
BY_STEP = "schedules are functions of the step: optimizer.lr = schedule(step) before optimizer.step()"
