"""Solutions of lesson 18."""


def after_reduction(in_channels, convolutions):
    """The pooling passes all that came in."""
    return in_channels + sum(convolutions)


def block_weights(in_channels, branches):
    """Each path reads the input; `up` reads the concatenated ends of all paths."""
    total, ends = 0, 0
    for path in branches:
        read = in_channels
        for channels, kernel in path:
            total += kernel * kernel * read * channels
            read = channels
        ends += read
    return total + ends * in_channels


def largest_rate(curvature, momentum):
    """At the limit w changes its sign in every step and keeps its size: w, -w, w, ...

    Then v alternates too, v = m (-v) + slope gives v = slope / (1 + m), and the step is rate * v = 2 w.
    """
    return 2 * (1 + momentum) / curvature
