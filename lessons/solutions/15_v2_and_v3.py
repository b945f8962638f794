"""Solutions of lesson 15."""


def grid_after(size, layers):
    """Each layer has room for its kernel once, and again every stride."""
    for kernel, stride in layers:
        size = (size - kernel) // stride + 1
    return size


def depth(five, six, seven):
    """Of each module only the longest branch counts."""
    return 5 + 3 * five + 3 + 5 * six + 4 + 3 * seven + 1


def fig6_weights(c):
    """Branch by branch."""
    one = 768 * 192
    single = 768 * c + 7 * c * c + 7 * c * 192
    double = 768 * c + 3 * 7 * c * c + 7 * c * 192
    pool = 768 * 192
    return one + single + double + pool


def reduced_channels(inputs, paths):
    """Of each path the last convolution's channels, and the pooling's."""
    return inputs + sum(path[-1] for path in paths)


def modules_for(layers, seven):
    """Try each number of Figure 5 modules; what is left must be a multiple of 5."""
    found = []
    for five in range(1, layers):
        left = layers - depth(five, 0, seven)
        if left > 0 and left % 5 == 0:
            found.append((five, left // 5))
    return found


def which_paper_network():
    """[open] Discussion.

    Ask for the number of parameters and of multiply-adds, and how both were counted: with or without the auxiliary
    classifier, with or without batch-norm's scales, 1000 or 1001 classes. "Inception-v2" may be BN-Inception, as in
    TF-slim (about 11 million parameters), or a reading of Table 1 (about 24 million); the count tells them apart. Then
    ask for the input size, and whether the error is of one crop or of many, of one network or of several, and on all
    validation images or without the blacklisted ones.
    """
