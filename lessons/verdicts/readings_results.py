"""Verdicts on the readings' claims about errors and their causes: compared with the papers' own tables."""

from tinyinception.course.claims import Finding, beside

printed = beside("printed")


def v2_error():
    """Whose top-5 error 6.67 % is, and what is printed for Inception-v2 and v3."""
    owners = [
        list(row[:3])
        for row in printed.GOOGLENET_TABLE_3
        if row[3] == printed.READING_TOP5
    ]
    v2, v3 = (
        printed.V3_TABLE_3["Inception-v2"],
        printed.V3_TABLE_3["BN-auxiliary"],
    )
    return Finding(
        "true" if printed.READING_TOP5 in v2 else "false",
        {
            "stated": printed.READING_TOP5,
            "models_crops_cost": owners,
            "networks_of_v3": 4,
            "v2_top1": v2[0],
            "v3_single_crop": list(v3[:2]),
            "v3_ensemble": list(printed.V3_ENSEMBLE_TOP5.values()),
        },
    )


def googlenet_error():
    """Whether any error that is printed for GoogLeNet rounds to 6 %."""
    ensemble = min(row[3] for row in printed.GOOGLENET_TABLE_3)
    single = next(row[3] for row in printed.GOOGLENET_TABLE_3 if row[2] == 1)
    top1 = printed.V3_TABLE_3["GoogLeNet"][0]
    return Finding(
        "true"
        if printed.READING_ERROR in map(round, (ensemble, single, top1))
        else "false",
        {
            "best_ensemble": ensemble,
            "single_crop": single,
            "models_and_crops": list(printed.GOOGLENET_TABLE_3[-1][:2]),
            "in_rethinking": list(printed.V3_TABLE_3["GoogLeNet"][:2]),
        },
    )


def bn_regularisation():
    """The part of the L2 penalty that BN-Inception keeps."""
    kept = 1 / printed.BN_L2_FACTOR
    return Finding(
        "true" if kept == 0 else "false",
        {"divided_by": printed.BN_L2_FACTOR, "kept": kept},
    )


def bn_ensemble():
    """BN-Inception's ensemble on validation and test images, and what the five times fewer steps belong to."""
    found = printed.BN_ENSEMBLE_TOP5
    times = printed.BN_STEPS["Inception"][0] / printed.BN_X30_STEPS_TO_74_8
    right = found["validation"] == printed.READING_VALIDATION_TOP5
    return Finding(
        "true" if right else "false",
        {
            "stated": printed.READING_VALIDATION_TOP5,
            "validation": found["validation"],
            "test": found["test"],
            "steps_in_millions": [
                printed.BN_STEPS["Inception"][0] / 1e6,
                printed.BN_X30_STEPS_TO_74_8 / 1e6,
            ],
            "single_x30_fewer_steps": times,
            "single_x30_top1": printed.BN_STEPS["BN-x30"][1],
        },
    )


def v3_steps():
    """What Table 3 adds to Inception-v2 on the way to v3, with the gain in top-1 error of each."""
    stated = set(printed.READING_V3_ADDS)
    rows = list(printed.V3_TABLE_3.items())
    start = list(printed.V3_TABLE_3).index("Inception-v2")
    gains = {
        name: round(before[0] - row[0], 2)
        for (_, before), (name, row) in zip(
            rows[start:], rows[start + 1 :], strict=False
        )
    }
    costs = [
        printed.V3_TABLE_3[name][2]
        for name in ("Label Smoothing", "Factorized 7x7")
    ]
    return Finding(
        "true" if set(gains) == stated else "false",
        {
            "gains": list(gains.values()),
            "gain": round(sum(gains.values()), 2),
            "left_out": sorted(set(gains) - stated),
            "largest": max(gains, key=gains.get),
            "share_left_out": sum(gains[name] for name in set(gains) - stated)
            / sum(gains.values()),
            "cost": costs,
        },
    )


def evaluated_on(images=("validation", "test")):
    """The two errors of Inception-v3's ensemble, and the images they were measured on."""
    found = printed.V3_ENSEMBLE_TOP5
    where = dict(zip(found, images, strict=False))
    return Finding(
        "true" if set(where.values()) == {"validation"} else "false",
        {"networks": 4, **found},
    )


def smoothing_gain():
    """What label smoothing gains by Table 3, top-1 and top-5, against what section 7 says of both."""
    before, after = (
        printed.V3_TABLE_3["RMSProp"],
        printed.V3_TABLE_3["Label Smoothing"],
    )
    gains = [
        round(old - new, 2)
        for old, new in zip(before[:2], after[:2], strict=True)
    ]
    stated = printed.LABEL_SMOOTHING_GAIN
    fits = [
        abs(gain - stated) <= 0.1 + 1e-9 for gain in gains
    ]  # each figure may have been up to 0.05 more or less
    return Finding(
        "true" if all(fits) else "false",
        {
            "errors_top1": [before[0], after[0]],
            "errors_top5": [before[1], after[1]],
            "gains": gains,
            "before_rounding": [[gain - 0.1, gain + 0.1] for gain in gains],
            "stated": stated,
        },
    )
