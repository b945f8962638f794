"""Verdicts on claims about what whole networks cost: counted by building them."""

from functools import partial

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.course.claims import Finding, beside, when

printed, counted = beside("printed"), beside("counted")


def parameters(within=0.02):
    """AlexNet, GoogLeNet and VGG, and their ratios."""
    alexnet, googlenet, *vggs = (
        counted.counted(name).params
        for name in ("alexnet", "googlenet", "vgg16", "vgg19")
    )
    ratio, over = alexnet / googlenet, [vgg / alexnet for vgg in vggs]
    right = [
        abs(alexnet / printed.ALEXNET_PARAMS - 1) < within,
        round(googlenet, -6) == printed.GOOGLENET_PARAMS,
        round(ratio) == printed.GOOGLENET_FEWER_THAN_ALEXNET,
        any(round(value) == printed.VGG_OVER_ALEXNET for value in over),
    ]
    return Finding(
        "true" if all(right) else "false",
        {
            "alexnet": alexnet,
            "googlenet": googlenet,
            "alexnet_over_googlenet": ratio,
            "vgg16_over_alexnet": over[0],
            "vgg19_over_alexnet": over[1],
            "right_is_within": within,
            "printed_times": [
                printed.GOOGLENET_FEWER_THAN_ALEXNET,
                printed.VGG_OVER_ALEXNET,
            ],
            "printed_ratio": printed.ALEXNET_PARAMS / printed.GOOGLENET_PARAMS,
        },
    )


def googlenet_macs():
    """GoogLeNet with either first layer, and the column of its Table 1."""
    separable, plain = (
        counted.counted(name).macs
        for name in ("googlenet_separable", "googlenet")
    )
    verdict = when(
        {
            "its first 7x7 is depthwise-separable": round(separable, -8)
            == printed.GOOGLENET_MACS,
            "its first 7x7 is plain": round(plain, -8)
            == printed.GOOGLENET_MACS,
        }
    )
    return Finding(
        verdict,
        {
            "separable": separable,
            "plain": plain,
            "column_in_millions": sum(
                millions for _, millions in printed.GOOGLENET_TABLE_1.values()
            ),
        },
    )


def first_layer():
    """Which 7x7 from 3 to 64 channels has the parameters and operations that Table 1 prints for it."""
    found = {
        name: [counted.kernels(name, "conv1"), *counted.cost(name, "conv1")]
        for name in ("googlenet", "googlenet_separable")
    }
    with nn.shape_only():
        pair = nn.units.chain(
            3,
            [(64, (7, 1)), (64, (1, 7))],
            unit=partial(nn.Conv2d, bias=False),
        )
    verdict = when(
        {
            "it is a plain convolution": fits_first_row(*found["googlenet"]),
            "it is depthwise-separable, with eight filters for each colour": fits_first_row(
                *found["googlenet_separable"]
            ),
        }
    )
    return Finding(
        verdict,
        {
            "plain": found["googlenet"][::2],
            "separable": found["googlenet_separable"][::2],
            "multiplier": found["googlenet_separable"][0] // (49 * 3 + 3 * 64),
            "pair_7x1_1x7_weights": summary(pair, 14).params,
            "copied": (7 + 7) * 3 * 64,
        },
    )


def fits_first_row(weights, params, macs):
    """Whether counts round to what is printed, with or without biases, K being 1000 or 1024."""
    thousands, millions = printed.GOOGLENET_TABLE_1["conv1"]
    return round(macs / 1e6) == millions and any(
        round(number / k, 1) == thousands
        for number in (weights, params)
        for k in (1000, 1024)
    )


def bn_inception(within=0.02):
    """BN-Inception as TF-slim builds it against GoogLeNet with the separable 7x7 that both have."""
    new, old = (
        counted.counted("bn_inception_slim"),
        counted.counted("googlenet_separable"),
    )
    params = new.conventions.affine
    more = {
        "params": params / old.conventions.affine,
        "cost": new.macs / old.macs,
    }
    modules = {
        name: sum(
            stage.startswith("inception_")
            for stage in counted.network(name).stages
        )
        for name in ("googlenet", "bn_inception_slim")
    }
    extra = 3 * (
        modules["bn_inception_slim"] - modules["googlenet"]
    )  # weight layers of a module's longest branch
    right = [
        abs(more[key] - 1 - printed.BN_MORE[key]) < within for key in more
    ]
    right += [
        new.depth - old.depth - extra == printed.BN_MORE["layers"],
        round(params, -5) == printed.BN_PARAMS,
    ]
    return Finding(
        "true" if all(right) else "false",
        {
            "params": params,
            "params_ratio": more["params"],
            "macs_ratio": more["cost"],
            "cost_more": more["cost"] - 1,
            "params_more": more["params"] - 1,
            "right_is_within": within,
            "printed_params": printed.BN_PARAMS,
            "printed_more": list(printed.BN_MORE.values()),
            "depth": new.depth,
            "layers_more": new.depth - old.depth,
            "of_them_in_extra_modules": extra,
            "in_second_3x3": new.depth - old.depth - extra,
            "modules": modules["bn_inception_slim"],
        },
    )


def v3_macs():
    """Inception-v3 as released."""
    v3 = counted.counted("inception_v3")
    in_text, in_table = (
        printed.V3_MACS,
        printed.V3_TABLE_3["BN-auxiliary"][2] * 1e9,
    )
    right = round(v3.macs, -9) == in_text or round(v3.macs, -8) == in_table
    return Finding(
        "true" if right else "false",
        {
            "macs": v3.macs,
            "printed": [in_text, in_table],
            "over_googlenet": v3.macs / counted.counted("googlenet").macs,
            "over_bn_inception": v3.macs
            / counted.counted("bn_inception_slim").macs,
            "params": v3.params,
            "params_below": printed.V3_PARAMS_BELOW,
            "params_are_below": v3.params < printed.V3_PARAMS_BELOW,
        },
    )


def v2_over_googlenet():
    """Inception-v2's printed cost, and that of three reconstructions, over GoogLeNet's.

    Only what is built counts, as for Inception-v3: the print is what is to be judged.
    """
    table = printed.V3_TABLE_3
    as_printed = table["Inception-v2"][2] / table["GoogLeNet"][2]
    macs = [
        counted.counted(name).macs
        for name in ("inception_v2", "inception_v2_b", "inception_v2_a")
    ]
    built = [
        value / counted.counted("googlenet_separable").macs for value in macs
    ]
    fits = any(round(value, 1) == printed.V2_OVER_GOOGLENET for value in built)
    return Finding(
        "true" if fits else "false",
        {
            "as_printed": as_printed,
            "printed_times": printed.V2_OVER_GOOGLENET,
            "printed_cost": table["Inception-v2"][2],
            "reconstructions_macs": macs,
            "reconstructions": built,
        },
    )


def blocks(name):
    """How many blocks Inception-ResNet has on each of its three grids."""
    stages = [
        stage.split("_")[0]
        for stage in counted.network(name).stages
        if stage.startswith("block")
    ]
    return [stages.count(kind) for kind in ("block35", "block17", "block8")]


def residual_cost(within=0.1):
    """Inception-ResNet v1 over Inception-v3, v2 over Inception-v4; v2 as released and as its figures print it."""
    pairs = {
        "v1_over_v3": ("inception_resnet_v1", "inception_v3"),
        "v2_over_v4": ("inception_resnet_v2", "inception_v4"),
        "v2_as_printed_over_v4": ("inception_resnet_v2_paper", "inception_v4"),
    }
    ratios = {
        key: counted.counted(new).macs / counted.counted(old).macs
        for key, (new, old) in pairs.items()
    }
    like = {key: abs(ratio - 1) < within for key, ratio in ratios.items()}
    released, drawn = (
        blocks("inception_resnet_v2"),
        list(printed.RESNET_V2_REPEATS),
    )
    assert blocks("inception_resnet_v2_paper") == drawn
    verdict = when(
        {
            "v2 has the released {}, {} and {} blocks".format(*released): like[
                "v1_over_v3"
            ]
            and like["v2_over_v4"],
            "v2 has the {}, {} and {} blocks of Fig. 15".format(*drawn): like[
                "v1_over_v3"
            ]
            and like["v2_as_printed_over_v4"],
        }
    )
    return Finding(
        verdict,
        {
            **ratios,
            "blocks": released,
            "blocks_as_printed": drawn,
            "about_is_within": within,
        },
    )


def fully_connected(most=0.5, few=0.15):
    """The share of parameters in fully connected layers."""
    names = (
        "alexnet",
        "vgg16",
        "googlenet",
        "inception_v3",
        "inception_v4",
        "inception_resnet_v2",
    )
    share = {
        name: sum(
            row.params
            for row in counted.counted(name).rows
            if row.op == "Linear"
        )
        / counted.counted(name).params
        for name in names
    }
    old, new = (
        [share[name] for name in names[:2]],
        [share[name] for name in names[2:]],
    )
    return Finding(
        "true" if min(old) > most and max(new) < few else "false",
        {**share, "most_is_above": most, "few_is_below": few},
    )


def neurons():
    """AlexNet's outputs after every weight layer, against the paper's list and its sum."""
    built = [
        row.activations
        for row in counted.counted("alexnet").rows
        if row.op in ("Conv2d", "Linear")
    ]
    listed = printed.ALEXNET_NEURONS_BY_LAYER
    first, columns = listed[0], (printed.ALEXNET_INPUT - 11) / 4 + 1
    side = models.info("alexnet").input_size[0]
    verdict = when(
        {
            f"its input is {side}x{side}, and rounded down": sum(built)
            // 10_000
            * 10_000
            == printed.ALEXNET_NEURONS,
            "the paper's own list of layers is added up": sum(listed)
            // 10_000
            * 10_000
            == printed.ALEXNET_NEURONS,
        }
    )
    return Finding(
        verdict,
        {
            "built_on_227": sum(built),
            "paper_list": sum(listed),
            "first_layer": [built[0], first],
            "first_factors": [[55, 55, 96], [55, first // 96 // 55, 96]],
            "stated_input": printed.ALEXNET_INPUT,
            "columns_of_first_layer_on_224": columns,
            "other_layers_agree": built[1:] == list(listed[1:]),
        },
    )


def auxiliary_heads(small=0.05):
    """[parameters, multiply-adds] of every auxiliary classifier, and GoogLeNet's two as shares of the network."""
    at = {
        "googlenet_4a": ("googlenet", "inception_4a", {}),
        "googlenet_4d": ("googlenet", "inception_4d", {}),
        "inception_v3": ("inception_v3", "Mixed_6e", {}),
        "inception_v4": ("inception_v4", "Mixed_6h", {"aux": True}),
        "inception_resnet_v2": (
            "inception_resnet_v2",
            "block17_20",
            {"aux": True},
        ),
    }
    heads = {
        key: counted.cost(name, f"aux_{stage}", training=True, **options)
        for key, (name, stage, options) in at.items()
    }
    both = [
        a + b
        for a, b in zip(
            heads["googlenet_4a"], heads["googlenet_4d"], strict=True
        )
    ]
    whole = counted.counted("googlenet")
    shares = [both[0] / whole.params, both[1] / whole.macs]
    verdict = when(
        {
            "multiply-adds are meant, not parameters": shares[1] < small,
            "parameters are meant, not multiply-adds": shares[0] < small,
        }
    )
    return Finding(
        verdict,
        {
            **heads,
            "both_params": both[0],
            "share_of_params": shares[0],
            "share_of_macs": shares[1],
            "heads": 2,
            "small_is_below": small,
        },
    )
