# %% [markdown]
# # Lesson 9. Vanishing gradients and auxiliary classifiers
#
# **Time:** 30 minutes. **Afterwards you know** how fast a gradient fades with
# depth and what decides it, when an auxiliary classifier supplies gradient and
# when it cannot, and what the two papers say about them.
#
# ## The question
#
# GoogLeNet has two extra classifiers on the way, after modules 4a and 4d.
# Their losses, times 0.3, are added to the main one in training; afterwards
# they are thrown away. Ever since, summaries say that they are there against
# vanishing gradients. A year later *Rethinking the Inception Architecture*
# looked again, and called them regularisers. Who is right?

# %% [markdown]
# ## How a gradient fades
#
# Backward goes through the layers from the last to the first, and each
# multiplies the gradient by something. Take one layer with weights of variance
# v, followed by a ReLU. An input's gradient is a sum of fan_out products
# (fan_out: the number of outputs it feeds), and the ReLU lets about half of
# them through. So the mean square of the gradient is multiplied by
#
#     v fan_out / 2
#
# - **Glorot** initialisation, usual in 2014, has v = 2 / (fan_in + fan_out).
#   With equal fans that is a factor of 1/2, so the gradient itself shrinks by
#   sqrt(1/2) = 0.71 in every layer.
# - **He** initialisation (2015) has v = 2 / fan_in: a factor of 1. Nothing
#   fades.
#
# **Predict:** after 24 layers of Glorot's kind, what is left of the gradient:
# a tenth, a hundredth, under a thousandth?

# %%
from functools import partial

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course import COLOURS, figure, show, stored
from tinyinception.data import drawn
from tinyinception.models.network import Network
from tinyinception.nn.functional import cross_entropy
from tinyinception.nn.init import glorot
from tinyinception.tensor import Tensor

DEPTH, WIDTH, WEIGHT = 24, 16, 0.3
UNITS = {
    "Glorot": partial(nn.ConvUnit, norm=None, init=glorot()),
    "He": partial(nn.ConvUnit, norm=None),
    "batch-norm": nn.ConvUnit,
}
pixels, labels = drawn.draw(64)
images = pixels.astype(np.float32) / 128 - 1


def build(unit, head):
    """24 convolutions of 3x3 in a row, on 8x8 pixels after the first; a second classifier after layer 12, or not."""
    stages = {
        f"layer{i}": unit(
            WIDTH if i > 1 else 3, WIDTH, 3, stride=1 if i > 1 else 4
        )
        for i in range(1, DEPTH + 1)
    }
    stages["head"] = nn.classifier(WIDTH, 10)
    aux = {f"layer{DEPTH // 2}": nn.classifier(WIDTH, 10)} if head else {}
    return Network(
        stages, channels=3, input_size=32, aux=aux, aux_weight=WEIGHT
    )


def gradients(unit, head, seeds=3):
    """Norm of the gradient at the output of every layer, untrained; geometric mean over draws of the weights."""
    logs, outputs = [], []
    for seed in range(seeds):
        nn.random.manual_seed(seed)
        network = build(unit, head)
        outputs.clear()
        for name in network.stages[:-1]:
            getattr(network, name).register_forward_hook(
                lambda _, __, out: outputs.append(out.retain_grad())
            )
        logits, aux = network(Tensor(images))
        loss = cross_entropy(logits, labels)
        for side in aux:
            loss = loss + WEIGHT * cross_entropy(side, labels)
        loss.backward()
        logs.append([np.log(np.linalg.norm(out.grad)) for out in outputs])
    return np.exp(np.mean(logs, axis=0))


norms = {
    name: {head: gradients(unit, head) for head in (False, True)}
    for name, unit in UNITS.items()
}
print("             last layer   first layer   per layer")
per_layer = {}
for name, both in norms.items():
    first, last = both[False][0], both[False][-1]
    per_layer[name] = (first / last) ** (1 / (DEPTH - 1))
    print(f"{name:11} {last:11.1e} {first:13.1e} {per_layer[name]:11.2f}")
assert 0.6 < per_layer["Glorot"] < 0.75
assert norms["Glorot"][False][0] < 1e-3 * norms["Glorot"][False][-1]
assert 0.2 < norms["He"][False][0] / norms["He"][False][-1] < 0.8
assert 1.1 < per_layer["batch-norm"] < 1.3

# %% [markdown]
# With Glorot's weights less than a thousandth arrives, with He's about four
# tenths: the layers are the same, only the first weights are larger, by a
# factor of 1.41. **Not depth alone makes a gradient vanish, but the scale of
# the weights.**
#
# Batch-norm sets that scale itself. In an untrained network it even overdoes
# it: the gradient grows on its way back. (A wide network of this kind has a
# known factor of sqrt(pi / (pi - 1)) = 1.21 per layer.)
#
# ## What a classifier half-way adds
#
# It sends 0.3 times its own gradient into layer 12, from where it has half as
# far to go.
#
# **Predict:** how much more gradient does layer 1 get from it: with Glorot's
# weights, with He's, with batch-norm?

# %%
gain = {name: both[True][0] / both[False][0] for name, both in norms.items()}
for name, factor in gain.items():
    print(
        f"{name:11} gradient at layer 1 with the auxiliary classifier: {factor:5.2f} times that without"
    )
assert gain["Glorot"] > 8
assert all(0.9 < gain[name] < 1.35 for name in ("He", "batch-norm"))

styles = {
    "Glorot": ("vermilion", "o"),
    "He": ("black", "s"),
    "batch-norm": ("blue", "^"),
}
layers = np.arange(1, DEPTH + 1)
drawn_figure, axes = figure(width=9, height=4.8)
for name, (colour, marker) in styles.items():
    axes.semilogy(
        layers,
        norms[name][False],
        "-",
        marker=marker,
        color=COLOURS[colour],
        label=f"{name}",
    )
    axes.semilogy(
        layers,
        norms[name][True],
        "--",
        marker=marker,
        markerfacecolor="white",
        color=COLOURS[colour],
    )
axes.plot(
    [],
    [],
    "--",
    color=COLOURS["grey"],
    label="dashed: with a classifier after layer 12",
)
axes.axvline(12, color=COLOURS["grey"], linewidth=1)
axes.set(
    xlabel="layer (1 is next to the image)",
    ylabel="norm of the gradient at its output (log scale)",
    title="An auxiliary classifier adds gradient where it vanishes, and only there",
    xlim=(0.5, 24.5),
)
axes.legend(loc="lower right")
show(drawn_figure, "09_gradients")

# %% [markdown]
# So an auxiliary classifier **can** be a source of gradient: where the weights
# let it vanish. Where they do not, or with batch-norm, the main classifier's
# own gradient is larger than what is added.
#
# ## Does it help to learn?
#
# More gradient is not yet better learning. A stored experiment trains such a
# network, 12 convolutions deep, on drawn images of four kinds: with Glorot's
# weights, with He's, with batch-norm; each with an auxiliary classifier
# half-way and without; four times each, from other weights. The same learning
# rate for all, 900 steps. 25 % is guessing.
#
# **Predict:** in which of the three does the main classifier learn earlier
# with the auxiliary one than without?

# %%
result = stored("deep_heads")
curves, side = result["curves"], result["auxiliary"]
print(
    "accuracy of the main classifier in the last 50 steps, four trainings each"
)
for name, runs in curves.items():
    print(
        f"{name:20} "
        + " ".join(f"{run[-1]:6.0%}" for run in runs)
        + f"   mean {np.mean([r[-1] for r in runs]):.0%}"
    )
print(
    f"the auxiliary classifier itself, Glorot: {' '.join(f'{run[-1]:.0%}' for run in side['Glorot'])}"
)
early = {
    kind: np.mean([run[:6] for run in curves[f"batch-norm, {kind}"]], axis=1)
    for kind in ("no head", "head")
}
for kind, means in early.items():
    print(
        f"batch-norm, {kind + ':':8} mean of the first 300 steps: "
        + " ".join(f"{mean:.0%}" for mean in means)
    )
learned = {
    name: [run[-1] > 0.4 for run in runs] for name, runs in curves.items()
}
assert [sum(learned[f"Glorot, {kind}"]) for kind in ("no head", "head")] == [
    0,
    1,
]
assert sum(run[-1] > 0.4 for run in side["Glorot"]) == 2
assert learned["He, no head"] == [True, False, False, True]
assert learned["He, head"] == [False, True, False, True]
assert early["head"].min() < early["no head"].max()
assert 0.02 < early["head"].mean() - early["no head"].mean() < 0.03
assert (
    min(
        run[-1]
        for kind in ("no head", "head")
        for run in curves[f"batch-norm, {kind}"]
    )
    > 0.85
)

drawn_figure, all_axes = figure(1, 3, width=11, height=3.8, sharey=True)
steps = np.arange(1, len(next(iter(curves.values()))[0]) + 1) * result["every"]
for axes, (name, (colour, _)) in zip(all_axes, styles.items(), strict=True):
    for kind, style, shade in (
        ("no head", "-", colour),
        ("head", "--", "grey"),
    ):
        for run in curves[f"{name}, {kind}"]:
            axes.plot(
                steps,
                100 * np.array(run),
                style,
                color=COLOURS[shade],
                linewidth=1.8,
            )
    axes.axhline(25, color=COLOURS["black"], linewidth=0.8)
    axes.set(xlabel="step", title=name, ylim=(15, 100))
all_axes[0].set(ylabel="accuracy of the main classifier, %")
all_axes[0].plot([], [], "-", color=COLOURS["vermilion"], label="without")
all_axes[0].plot(
    [], [], "--", color=COLOURS["grey"], label="with an auxiliary classifier"
)
all_axes[0].legend(loc="upper left")
show(drawn_figure, "09_learning")

# %% [markdown]
# - **Glorot.** Without, none of the four learns anything. With, the auxiliary
#   classifier learns in two of four, and in one it takes the main one along.
#   Gradient where there was none: that helps, a little.
# - **He.** Two of four learn without, two of four with. Not the same two: from
#   the first weights alone one would say that an auxiliary classifier hurts,
#   from the second that it helps. Four trainings show no difference.
# - **Batch-norm.** All learn, and end alike. At the beginning those with are 2
#   points ahead on average, which is less than trainings of one kind differ
#   among themselves.
#
# ## What the papers say
#
# - *Going Deeper with Convolutions* introduces them, in 2014, after 4a and 4d.
#   (Not "Inception-v2", as one summary has it.) It hopes for three things:
#   more gradient in early layers, features there that already tell classes
#   apart, and regularisation.
# - *Rethinking*, section 4, finds that the training with and without looks the
#   same until both are accurate; only near the end does the one with them come
#   out slightly higher. Removing the lower of the two does no harm. Hence the
#   name regulariser: what keeps a network from fitting the training images too
#   closely. As support it offers that the main classifier is better if the
#   side one has batch-norm or dropout; in Table 3 that is 21.6 to 21.2 % top-1
#   error.
#
# "Looks the same at the beginning" is about what our networks with batch-norm
# show too. Whether the last bit, near the end, is regularisation, a few
# minutes on drawn images cannot tell, and we do not claim to.
#
# **Predict:** GoogLeNet has 7.0 million parameters. How many do its two
# auxiliary classifiers have, and what share of the multiply-adds do they add?

# %%
print(
    "network        auxiliary classifier   parameters   multiply-adds   of the network's own"
)
sizes = {}
for name in ("googlenet", "inception_v3"):
    own = summary(name)
    for row in summary(name, training=True).rows:
        place = row.name.split(".")[0]
        if place.startswith("aux"):
            params, macs = sizes.get((name, place), (0, 0))
            sizes[name, place] = params + row.params, macs + row.macs
    for (of, place), (params, macs) in sizes.items():
        if of == name:
            print(
                f"{name:14} {place:22} {params:10,} {macs:15,} {params / own.params:12.0%} and {macs / own.macs:.2%}"
            )
assert list(sizes.values()) == [
    (3_188_840, 4_169_728),
    (3_190_888, 4_202_496),
    (3_326_696, 5_683_200),
]
together = sum(
    params for (name, _), (params, _) in sizes.items() if name == "googlenet"
)
assert together == 6_379_728
assert round(together / summary("googlenet").params, 2) == 0.91

# %% [markdown]
# 6.4 million, nine tenths of the network itself, for half a percent more
# multiply-adds: in each of the two a linear layer from 2048 to 1024 numbers
# and one from there to the classes hold nearly all. Inception-v3 keeps one,
# after its last 17x17 module. After training all of them are thrown away.
#
# ## Take away
#
# - Each layer multiplies the gradient's mean square by v fan_out / 2. With
#   Glorot's weights a gradient shrinks to 0.7 of its size in each layer, with
#   He's hardly.
# - A classifier half-way adds gradient where it vanishes (25 times at layer 1,
#   with Glorot's weights), and hardly any elsewhere.
# - In our trainings it helped a little with Glorot's weights, and made no
#   difference that four trainings could show with He's or with batch-norm.
#   From a single run one could have concluded anything.
# - Introduced by GoogLeNet at 4a and 4d; Inception-v3 keeps one. They nearly
#   double GoogLeNet's parameters in training.
#
# **Exercises:** `lessons/exercises/09_auxiliary.py`, checked by `tinyinception
# lesson 9 --check`.
#
# **Paper:** Szegedy et al., *Going Deeper with Convolutions*, section 5;
# *Rethinking the Inception Architecture for Computer Vision*, section 4,
# Figure 8, Table 3.
