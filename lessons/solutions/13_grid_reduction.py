"""Solutions of lesson 13."""


def reduction_costs(d, k, m):
    """Output pixels of the convolution times m m times channels in times channels out."""
    small, large = (d // 2) ** 2, d * d
    return (
        small * m * m * k * 2 * k,
        large * m * m * k * 2 * k,
        small * m * m * k * k,
    )


def narrowest(d, k):
    """Pooling first leaves a quarter; the others are narrowest at their output, which is half."""
    small = (d // 2) ** 2
    return small * k, small * 2 * k, small * 2 * k


def reduced_channels(channels, paths):
    """The last convolution of each path, and the pooling, which keeps what comes in."""
    return channels + sum(path[-1] for path in paths)
