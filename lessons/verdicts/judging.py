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
        {"views": views, "largest_cost": max(costs)},
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
            "with_external": external,
            "without_external": alone,
            "supervision_by_rounding": [least, most],
        },
    )


def left_out():
    """Validation images that section 10 leaves out, against the list of the challenge."""
    out = printed.VALIDATION_IMAGES - printed.V3_VALIDATION_IMAGES
    return Finding(
        "true" if out == printed.BLACKLISTED else "false",
        {"left_out": out, "share": out / printed.VALIDATION_IMAGES},
    )
