"""Verdicts on the readings' claims about how whole networks are made: looked up in built ones."""

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.claims import Finding, beside

printed, counted, counts, grids = map(
    beside, ("printed", "counted", "counts", "grids")
)


def modules(name):
    """The stages of a network whose branches are joined, in order."""
    network = counted.network(name)
    return [
        stage
        for stage in network.stages
        if isinstance(getattr(network, stage), nn.Branches)
    ]


def heads(name):
    """The stages that auxiliary classifiers are attached to."""
    network = counted.network(name)
    return [
        stage for stage in network.stages if hasattr(network, f"aux_{stage}")
    ]


def kernels(name, stage):
    """Sizes of the convolutions in a stage, such as "1x7"."""
    found = {
        layer.kernel_size
        for path, layer in counted.network(name).named_modules()
        if isinstance(layer, nn.Conv2d) and path.startswith(f"{stage}.")
    }
    return {f"{height}x{width}" for height, width in found}


def googlenet_is_costly(network="googlenet"):
    """Parameters and multiply-adds of the three networks of 2012 to 2014, and a module made twice as wide."""
    names = ("alexnet", "vgg16", network)
    params, macs = (
        [getattr(counted.counted(name), key) for name in names]
        for key in ("params", "macs")
    )
    with nn.shape_only():
        once = nn.inception(
            192, n1=64, r3=96, n3=128, r5=16, n5=32, pool_proj=32
        )
        twice = nn.inception(
            384, n1=128, r3=192, n3=256, r5=32, n5=64, pool_proj=64
        )
    doubled = (
        summary(twice, 28, channels=384).macs
        / summary(once, 28, channels=192).macs
    )
    return Finding(
        "false" if params[-1] == min(params) else "true",
        {
            "params": params,
            "macs": macs,
            "fewer_params": [n / params[-1] for n in params[:-1]],
            "macs_over": [macs[2] / n for n in macs[:2]],
            "times_if_twice_as_wide": doubled,
        },
    )


def auxiliary_places():
    """Where GoogLeNet and Inception-v3 have auxiliary classifiers, and what the latter's costs."""
    old, new = heads("googlenet"), heads("inception_v3")
    already = old == [
        f"inception_{module}" for module in printed.GOOGLENET_AUX_AT
    ]
    return Finding(
        "false" if already or new == old else "true",
        {
            "googlenet": old,
            "inception_v3": new,
            "inception_v3_cost": counted.cost(
                "inception_v3", f"aux_{new[0]}", training=True
            ),
        },
    )


def auxiliary_numbers():
    """Classifiers of GoogLeNet and Inception-v3, auxiliary and together with the main one."""
    auxiliary = [len(heads(name)) for name in ("googlenet", "inception_v3")]
    everything = [number + 1 for number in auxiliary]
    stated = list(printed.READING_AUXILIARY)
    verdict = (
        "true"
        if auxiliary == stated
        else "true if the main classifier is counted among them"
        if everything == stated
        else "false"
    )
    return Finding(
        verdict, {"auxiliary": auxiliary, "with_the_main_one": everything}
    )


def v2_kernels(called_v2=("inception_v2", "bn_inception_slim")):
    """Modules with 1x1, 3x3 and 5x5, in what is called v2, in GoogLeNet, and in the released Inception-v3."""
    names = (*called_v2, "googlenet", "inception_v3")
    have = {
        name: sum(
            {"1x1", "3x3", "5x5"} <= kernels(name, stage)
            for stage in modules(name)
        )
        for name in names
    }
    all_of_v2 = all(have[name] == len(modules(name)) for name in names[:2])
    found = set().union(
        *(kernels(names[0], stage) for stage in modules(names[0]))
    )
    return Finding(
        "true" if all_of_v2 else "false",
        {
            "called_v2": [have[name] for name in called_v2],
            "googlenet": have["googlenet"],
            "inception_v3": have["inception_v3"],
            "modules": [len(modules(name)) for name in names],
            "kernels_of_v2": sorted(found),
        },
    )


def diagram(wanted=("1a", "2a", "4e")):
    """Whether any network has modules 1a, 2a and 4e, or two auxiliary classifiers on its last module."""
    names = (
        "googlenet",
        "bn_inception",
        "inception_v2",
        "inception_v3",
        "inception_v4",
        "inception_resnet_v2",
    )
    letters = {
        name: {stage.split("_")[-1] for stage in modules(name)}
        for name in names
    }
    on_last = {name: heads(name).count(modules(name)[-1]) for name in names}
    fits = [
        name
        for name in names
        if set(wanted) <= letters[name] or on_last[name] == 2
    ]
    return Finding(
        "true" if fits else "false",
        {
            "networks_like_it": len(fits),
            "heads_on_last_modules": sum(on_last.values()),
            "with_1a_or_2a": sum(
                bool({"1a", "2a"} & found) for found in letters.values()
            ),
            "v3_modules_by_grid": [
                sum(
                    counted.rows("inception_v3", stage)[-1].output[0] == side
                    for stage in modules("inception_v3")
                    if stage not in ("Mixed_6a", "Mixed_7a")  # the reductions
                )
                for side in (35, 17, 8)
            ],
            "networks": len(names),
            "v3_auxiliary_grid": counted.rows(
                "inception_v3", heads("inception_v3")[0]
            )[-1].output[0],
        },
    )


def table_1_params():
    """GoogLeNet's Table 1 against the built network, row by row: parameters in units of 1024, operations in millions.

    A cell is off where neither rounding nor leaving biases in or out accounts for the difference.
    """
    off = {"params": [], "operations": []}
    for row, (thousands, millions) in printed.GOOGLENET_TABLE_1.items():
        stage = {"linear": "head"}.get(
            row, row if row.startswith("conv") else f"inception_{row}"
        )
        weights = counted.kernels("googlenet_separable", stage) / 1024
        params, macs = counted.cost("googlenet_separable", stage)
        if min(abs(weights - thousands), abs(params / 1024 - thousands)) > 0.5:
            off["params"].append(row)
        if abs(macs / 1e6 - millions) > 0.5:
            off["operations"].append(row)
    plain, separable = (
        counted.kernels(name, "conv1")
        for name in ("googlenet", "googlenet_separable")
    )
    wrong = [
        abs(value / 1024 - printed.GOOGLENET_TABLE_1["conv1"][0]) > 0.1
        for value in (plain, separable)
    ]
    return Finding(
        "true"
        if all(wrong)
        else "true if the first layer is a plain convolution"
        if wrong[0]
        else "false",
        {
            "printed": printed.GOOGLENET_TABLE_1["conv1"][0],
            "multiplier": separable // (49 * 3 + 3 * 64),
            "unit": 1024,
            "plain": plain,
            "separable": separable,
            "separable_macs": counted.cost("googlenet_separable", "conv1")[1],
            "params_off": off["params"],
            "operations_off": off["operations"],
        },
    )


def googlenet_size():
    """Depth and parameters of GoogLeNet: in inference, in training with its heads, and of convolutions alone."""
    whole, training = (
        counted.counted("googlenet"),
        counted.counted("googlenet", training=True),
    )
    convolutions = whole.params - sum(
        row.params for row in whole.rows if row.op == "Linear"
    )
    sizes = [whole.params, training.params, convolutions]
    right = whole.depth == printed.GOOGLENET_DEPTH and any(
        round(n, -6) == printed.GOOGLENET_PARAMS for n in sizes
    )
    return Finding(
        "true" if right else "false",
        {
            "depth": whole.depth,
            "params": whole.params,
            "in_training": training.params,
            "convolutions": convolutions,
            "column_in_thousands": sum(
                thousands
                for thousands, _ in printed.GOOGLENET_TABLE_1.values()
            ),
        },
    )


def bn_inception_cost(network="bn_inception_slim"):
    """Multiply-adds of BN-Inception and GoogLeNet, both with the separable 7x7."""
    new, old = (
        counted.counted(name).macs for name in (network, "googlenet_separable")
    )
    return Finding(
        "true" if new > old else "false",
        {
            "macs": [new, old],
            "more": new / old - 1,
            "printed": printed.BN_MORE["cost"],
        },
    )


def table_1_as_it_stands():
    """Rows of Inception-v2's Table 1 whose result is not the next row's input: in the stem, and between modules."""
    stem, rows = grids.table_1_rows(), printed.V2_TABLE_1_MODULES
    network = counted.network("inception_v2_a")
    given = {
        stage: counted.rows("inception_v2_a", stage)[-1].output
        for stage in network.stages
    }
    last = [
        given[
            [stage for stage in given if stage.startswith(f"fig{figure}")][-1]
        ]
        for figure, *_ in rows[:-1]
    ]
    wanted = [(grid, grid, channels) for _, _, grid, channels in rows[1:]]
    jumps = sum(
        found != want for found, want in zip(last, wanted, strict=True)
    )
    closed = [
        given[stage] for stage in given if stage.startswith("reduction")
    ] == wanted
    verdict = (
        "true"
        if not jumps and stem.verdict == "true"
        else "true if that 3x3 is padded and reductions are put between the modules"
        if closed
        else "false"
    )
    return Finding(
        verdict,
        {
            "misfits_in_stem": stem.figures["misfits"],
            "unpadded": stem.figures["unpadded"],
            "jumps": jumps,
            "before_jumps": [list(shape) for shape in last],
            "after_jumps": [list(shape) for shape in wanted],
        },
    )


def residual_blocks(branches=0):
    """Whether the residual blocks of Inception-ResNet-v2 join their branches, and what happens to the result.

    branches: how many each block has, if not what is built.
    """
    network = counted.network("inception_resnet_v2")
    blocks = [
        stage
        for stage in network.stages
        if isinstance(getattr(network, stage), nn.ResidualInception)
    ]
    paths = {
        stage: len(list(getattr(network, stage).branches.named_children()))
        for stage in blocks
    }
    join = [
        (branches or paths[stage]) > 1
        and any(
            row.op == "Concat"
            for row in counted.rows("inception_resnet_v2", stage)
        )
        for stage in blocks
    ]
    first = blocks[0]
    parts = [
        counted.rows("inception_resnet_v2", f"{first}.branches.{name}")[
            -1
        ].output[-1]
        for name, _ in getattr(network, first).branches.named_children()
    ]
    joined, up = (
        counted.rows("inception_resnet_v2", f"{first}.{part}")[-1].output[-1]
        for part in ("branches", "up")
    )
    return Finding(
        "false" if all(join) else "true",
        {
            "blocks": len(blocks),
            "that_join": sum(join),
            "parts": parts,
            "joined": joined,
            "up": up,
        },
    )


def widening_by_pooling():
    """Channels after the last module of each grid of Inception-v2, and what the reductions behind them join."""
    parts = grids.reductions().figures
    ends = [
        counted.rows("inception_v2", stage)[-1].output[-1]
        for stage in ("fig5_3", "fig6_4")
    ]
    with nn.shape_only():
        pooled = (
            summary(
                nn.Branches(nn.MaxPool2d(3, stride=2)), 35, channels=ends[0]
            )
            .rows[-1]
            .output[-1]
        )
    wanted = [channels for *_, channels in printed.V2_TABLE_1_MODULES[1:]]
    return Finding(
        "true" if ends == wanted else "false",
        {
            "before": ends,
            "pooled": pooled,
            "parts_17": parts["parts_17"],
            "parts_8": parts["parts_8"],
            "after": parts["channels"],
        },
    )


def shrinking_cost(d=32):
    """Both orders of pooling and an m x m convolution from k to 2k channels on an even grid d, against the formulae."""
    k, found, formulae = 64, [], []
    sizes = [1, 3, 5]
    for m in sizes:
        with nn.shape_only():
            ways = [
                way(k, 2 * k, kernel_size=m, padding="same")
                for way in (nn.conv_then_pool, nn.pool_then_conv)
            ]
        found.append([summary(way, d, channels=k).macs for way in ways])
        formulae.append([2 * d**2 * m**2 * k**2, d**2 * m**2 * k**2 // 2])
    return Finding(
        "true" if found == formulae else "false",
        {
            "built": found,
            "sizes": sizes,
            "ratio": found[0][1] / found[0][0],
            "without_m_squared": formulae[0],
        },
    )
