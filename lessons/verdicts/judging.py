"""Verdicts on claims about how networks were judged: views made, printed errors divided."""

from tinyinception.course.claims import Finding, beside
from tinyinception.judge.crops import crop_scheme

printed = beside("printed")


def crops():
    """The views of one image that GoogLeNet's scheme names, and every row of its table of costs."""
    views = len(
        crop_scheme(144, image_size=(375, 500), input_size=(224, 224)).views
    )
    product = 1
    for number in printed.GOOGLENET_CROPS.values():
        product *= number
    costs = [
        models * crops for models, crops, _, _ in printed.GOOGLENET_TABLE_3
    ]
    right = views == product == 144 and costs == [
        cost for _, _, cost, _ in printed.GOOGLENET_TABLE_3
    ]
    return Finding(
        "true" if right else "false",
        {
            "views": views,
            "factors": list(printed.GOOGLENET_CROPS.values()),
            "networks": max(row[0] for row in printed.GOOGLENET_TABLE_3),
            "largest_cost": max(costs),
        },
    )


def less_error():
    """GoogLeNet's top-5 error against the winners of 2012 and 2013, as Table 2 prints them."""
    board, ours = printed.LEADERBOARD, printed.LEADERBOARD["GoogLeNet 2014"]
    teams = ("SuperVision 2012", "Clarifai 2013")
    external, alone = (
        [1 - ours / board[team + kind] for team in teams]
        for kind in (", external", "")
    )
    theirs = board["SuperVision 2012, external"]
    least, most = (
        1 - (ours + 0.005 * sign) / (theirs - 0.05 * sign) for sign in (1, -1)
    )  # before rounding
    right = (
        least <= printed.GOOGLENET_LESS_ERROR_THAN_SUPERVISION <= most
        and round(external[1], 2) == printed.GOOGLENET_LESS_ERROR_THAN_CLARIFAI
    )
    return Finding(
        "true" if right else "false",
        {
            "errors": [theirs, board["Clarifai 2013, external"], ours],
            "with_external": external,
            "without_external": alone,
            "supervision_by_rounding": [least, most],
        },
    )


def left_out():
    """Validation images that section 10 leaves out, against the list of the challenge; the effect that papers state."""
    out = printed.VALIDATION_IMAGES - printed.V3_VALIDATION_IMAGES
    return Finding(
        "true" if out == printed.BLACKLISTED else "false",
        {
            "images": [
                printed.VALIDATION_IMAGES,
                printed.V3_VALIDATION_IMAGES,
            ],
            "left_out": out,
            "share": out / printed.VALIDATION_IMAGES,
            "effect": list(printed.BLACKLIST_EFFECT),
            "effect_in_v4": list(printed.V4_BLACKLIST_EFFECT),
        },
    )


def blacklist_effect():
    """The errors of one network without the blacklisted images and with all, from two papers' tables."""
    without = [
        *printed.V3_TABLE_4.values(),
        (printed.V3_ENSEMBLE_TOP1, printed.V3_ENSEMBLE_TOP5["validation"]),
    ]
    whole = list(printed.V3_ON_ALL_IMAGES.values())
    more = [
        [round(b[i] - a[i], 2) for a, b in zip(without, whole, strict=True)]
        for i in (0, 1)
    ]  # points of top-1, of top-5
    means = [sum(points) / len(points) for points in more]
    says = printed.BLACKLIST_EFFECT
    fits = [round(mean, 1) for mean in means] == [
        round(effect, 1) for effect in says
    ]
    return Finding(
        "true" if fits else "false",
        {
            "crops": list(printed.V3_TABLE_4),
            "without_top1": [a for a, _ in without],
            "all_top1": [a for a, _ in whole],
            "without_top5": [b for _, b in without],
            "all_top5": [b for _, b in whole],
            "mean_more": means,
            "said": list(says),
            "said_in_v4": list(printed.V4_BLACKLIST_EFFECT),
        },
    )


def headings():
    """Whether the two columns of Table 4 can stand under their headings: a top-5 error is never above the top-1."""
    columns = dict(
        zip(
            printed.V3_TABLE_4_HEADINGS,
            zip(*printed.V3_TABLE_4.values(), strict=True),
            strict=True,
        )
    )
    possible = all(
        five <= one
        for five, one in zip(columns["top-5"], columns["top-1"], strict=True)
    )
    return Finding(
        "true" if possible else "false",
        {
            "crops": list(printed.V3_TABLE_4),
            "under_top5": list(columns["top-5"]),
            "under_top1": list(columns["top-1"]),
            "possible": possible,
        },
    )


def googlenet_gain():
    """The difference of the first and last errors of GoogLeNet's Table 3."""
    table = printed.GOOGLENET_TABLE_3
    gain = round(table[0][3] - table[-1][3], 2)
    return Finding(
        "true"
        if abs(gain - printed.GOOGLENET_GAIN) <= 0.01 + 1e-9
        else "false",
        {
            "errors": [table[0][3], table[-1][3]],
            "gain": gain,
            "printed": printed.GOOGLENET_GAIN,
            "rounding": 0.01,
        },
    )
