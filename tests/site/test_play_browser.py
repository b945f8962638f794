"""The arithmetic of the small explorables, evaluated in the page, is the package's."""

from functools import partial
from itertools import product

import numpy as np
import pytest

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.errors import TinyInceptionError
from tinyinception.kernels import reference
from tinyinception.nn.functional import conv2d, cross_entropy
from tinyinception.site.modules import published
from tinyinception.tensor import Tensor

PLAIN = partial(nn.ConvUnit, norm=None, relu=False, bias=False)


@pytest.fixture
def play(browse):
    """play(NAME, code, argument): what a function in the page NAME returns for the argument."""
    opened = {}

    def evaluate(name, code, argument=None):
        opened[name] = opened.get(name) or browse(name)
        return opened[name].evaluate(code, argument)

    return evaluate


def said(call):
    """The message that the package refuses a call with, None if it does not."""
    try:
        call()
    except TinyInceptionError as error:
        return str(error)
    return None


# -- 5x5 or two 3x3 ----------------------------------------------------------------------------------------------------


def widths_between(rule, count, m, c, n):
    if rule == "output":
        return [n] * (count - 1)
    if rule == "own":
        return [c] * (count - 1)
    return [max(1, round(m * (n / m) ** ((i + 1) / count))) for i in range(count - 1)]


def kernels_of(kind, n):
    return {"one": [n], "pair": [(n, 1), (1, n)], "stack": [3] * ((n - 1) // 2)}[kind]


def test_convolutions_cost_what_the_package_counts(play):
    choices = list(product(("one", "stack", "pair"), ("root", "output", "own"), (3, 5, 7, 11), (1, 2)))
    rng = np.random.default_rng(0)
    settings = [
        dict(zip(("kind", "rule", "kernel", "stride"), choice, strict=True))
        | dict(zip("mcn", map(int, rng.integers(1, 200, 3)), strict=True))
        | {"grid": int(rng.integers(1, 40))}
        for choice in choices
    ]
    found = play("factorization", "settings => settings.map(s => factorization.cost(s))", settings)
    for s, ours in zip(settings, found, strict=True):
        kernels = kernels_of(s["kind"], s["kernel"])
        outputs = [*widths_between(s["rule"], len(kernels), s["m"], s["c"], s["n"]), s["n"]]
        with nn.shape_only():
            path = list(zip(outputs, kernels, strict=True))
            network = nn.units.chain(s["m"], path, stride=s["stride"], unit=PLAIN)
        counted = summary(network, s["grid"], channels=s["m"])
        assert ours["widths"] == [s["m"], *outputs]
        assert (ours["weights"], ours["macs"], ours["bytes"]) == (counted.params, counted.macs, counted.bytes_moved), s


def test_the_curve_of_a_factorization_is_the_cost_of_very_wide_layers_and_ends_at_the_limits_of_lesson_11(play):
    alphas = [0.5, 1, 1.5, 16 / 9, 4]
    cases = list(product(("stack", "pair"), ("root", "output"), (3, 5, 7), alphas))
    found = play("factorization", "cases => cases.map(c => factorization.share(...c))", cases)
    for (kind, rule, n, alpha), share in zip(cases, found, strict=True):
        areas = [np.prod(k if isinstance(k, tuple) else (k, k)) for k in kernels_of(kind, n)]
        widths = np.array([1, *np.cumprod([alpha ** (1 / len(areas))] * len(areas))])
        if rule == "output":
            widths[1:] = alpha
        assert share == pytest.approx((areas * widths[:-1] * widths[1:]).sum() / (n * n * alpha))
    limits = play("factorization", "rules => rules.map(r => factorization.limit('stack', r, 5))", ["root", "output"])
    assert limits == pytest.approx([((25 + 301**0.5) / 18) ** 2, 16 / 9])


@pytest.mark.parametrize(("kind", "n"), [*product(("one", "stack", "pair"), (3, 5, 7))])
def test_paths_through_a_window_are_the_gradient_of_kernels_of_ones(play, kind, n):
    found = np.array(play("factorization", "([kind, n]) => factorization.paths(kind, n)", [kind, n]))
    grad = np.ones((1, 1, 1, 1))
    for kernel in reversed(kernels_of(kind, n)):
        kh, kw = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        shape = (1, grad.shape[1] + kh - 1, grad.shape[2] + kw - 1, 1)
        grad = reference.conv2d_input_grad(grad, np.ones((kh, kw, 1, 1)), shape, (1, 1), (0,) * 4, 1)
    assert np.array_equal(found, grad[0, :, :, 0])


# -- label smoothing ---------------------------------------------------------------------------------------------------


def test_the_smoothed_loss_and_its_gradient_are_the_packages(play):
    rng = np.random.default_rng(1)
    cases = []
    for classes, eps, kind in product((2, 5, 10, 1000), (0.0, 0.1, 0.3, 1.0), ("even", "falling")):
        cases.append([rng.normal(0, 3, classes).tolist(), int(rng.integers(classes)), kind, eps])
    code = """cases => cases.map(([z, right, kind, eps]) => {
        const u = smoothing.prior(kind, z.length);
        return {u, ...smoothing.evaluate(z, right, u, eps)};
    })"""
    for (z, right, kind, eps), found in zip(cases, play("smoothing", code, cases), strict=True):
        ranks = np.ones(len(z)) if kind == "even" else 1 / np.arange(1, len(z) + 1)
        assert np.allclose(found["u"], ranks / ranks.sum())
        logits = Tensor(np.array([z]), requires_grad=True)
        loss = cross_entropy(logits, [right], label_smoothing=eps, prior=np.array(found["u"]))
        loss.backward()
        assert found["loss"] == pytest.approx(loss.item(), rel=1e-10)
        assert np.allclose(found["gradient"], logits.grad[0], atol=1e-12)
        assert (1 - eps) * found["hard"] + eps * found["even"] == pytest.approx(found["loss"])


def test_the_best_gap_is_where_the_packages_loss_is_least(play):
    cases = [
        [classes, right, kind, eps]
        for classes, right, kind, eps in product((2, 5, 10, 1000), (0, 1), ("even", "falling"), (0.05, 0.1, 0.5))
    ]
    code = """cases => cases.map(([K, right, kind, eps]) => {
        const u = smoothing.prior(kind, K), gap = smoothing.bestGap(K, right, u, eps);
        return [u, gap, ...[-0.01, 0, 0.01].map(d => smoothing.lossAt(gap + d, K, right, u, eps))];
    })"""
    for (classes, right, kind, eps), (u, gap, *losses) in zip(cases, play("smoothing", code, cases), strict=True):
        z = np.zeros((3, classes))
        z[:, right] = gap + np.array([-0.01, 0, 0.01])
        options = {"label_smoothing": eps, "prior": np.array(u), "reduction": "none"}
        assert np.allclose(losses, cross_entropy(Tensor(z), [right] * 3, **options).numpy(), rtol=1e-10)
        assert losses[1] < min(losses[0], losses[2])
        if kind == "even":
            assert gap == pytest.approx(np.log(1 + classes * (1 - eps) / eps))
    assert play("smoothing", "() => smoothing.bestGap(5, 0, smoothing.prior('even', 5), 0) === Infinity")


def test_the_copied_example_comes_out_as_it_was_copied_and_as_the_package_has_it(play):
    p = [0.10, 0.10, 0.10, 0.36, 0.34]
    code = """p => ['even', 'ones'].map(kind => {
        const u = smoothing.prior(kind, 5);
        return {...smoothing.evaluate(p.map(Math.log), 3, u, 0.1), refusal: smoothing.refusal(u)};
    })"""
    done, copied = play("smoothing", code, p)
    assert np.round([done["hard"], done["loss"], copied["loss"]] / np.log(2), 2).tolist() == [1.47, 1.59, 2.63]
    assert (round(done["sum"], 9), round(copied["sum"], 9)) == (1, 1.4)
    code = """p => p.map((_, k) => [-1e-6, 1e-6].map(h => smoothing.evaluate(
        p.map((x, i) => Math.log(x) + (i === k ? h : 0)), 3, smoothing.prior('ones', 5), 0.1).loss))"""
    nudged = np.array(play("smoothing", code, p))
    assert np.allclose(copied["gradient"], (nudged[:, 1] - nudged[:, 0]) / 2e-6, atol=1e-8)
    refused = said(lambda: cross_entropy(Tensor(np.log([p])), [3], label_smoothing=0.1, prior=np.ones(5)))
    assert (done["refusal"], copied["refusal"]) == (None, refused)


# -- convolution as a product ------------------------------------------------------------------------------------------


def test_the_im2col_matrix_and_the_refusals_are_the_packages(play):
    settings = [
        dict(zip(("size", "kernel", "stride", "padding", "dilation"), values, strict=True))
        for values in product((1, 3, 5, 8), (1, 2, 3, 5), (1, 2, 3), ("valid", "same", 1, 3), (1, 2, 3))
    ]
    rng = np.random.default_rng(2)
    settings = [settings[i] for i in rng.permutation(len(settings))[:150]]
    images = [rng.integers(0, 10, (s["size"],) * 2).tolist() for s in settings]
    weights = [rng.integers(-2, 3, s["kernel"] ** 2).tolist() for s in settings]
    code = """all => all.map(([s, image, weights]) => {
        const found = convolution.geometry(s);
        if (found.error) return found;
        const matrix = convolution.im2col(s, image);
        return {...found, matrix, copies: convolution.copies(s), product: convolution.product(matrix, weights)};
    })"""
    found = play("convolution", code, list(zip(settings, images, weights, strict=True)))
    for s, image, w, ours in zip(settings, images, weights, found, strict=True):
        x = np.array(image, float)[None, :, :, None]
        kernel = np.array(w, float).reshape(s["kernel"], s["kernel"], 1, 1)
        options = {name: s[name] for name in ("stride", "padding", "dilation")}
        refused = said(lambda x=x, kernel=kernel, options=options: conv2d(Tensor(x), Tensor(kernel), **options))
        assert ours["error"] == refused, s
        if refused is None:
            geometry = kernel.shape[:2], (s["stride"],) * 2, tuple(ours["pads"]), (s["dilation"],) * 2
            theirs = reference.im2col(x, *geometry)
            assert np.array_equal(ours["matrix"], theirs.reshape(-1, s["kernel"] ** 2)), s
            assert np.array_equal(
                ours["copies"], reference.col2im(np.ones_like(theirs), x.shape, *geometry)[0, :, :, 0]
            )
            out = conv2d(Tensor(x), Tensor(kernel), **options).numpy()
            assert np.array_equal(np.reshape(ours["product"], out.shape), out), s


# -- Inception modules -------------------------------------------------------------------------------------------------


def test_every_published_module_costs_what_its_network_counts(play):
    modules = published()
    found = play("module", "modules => modules.map(m => inceptionModule.cost(m))", modules)
    rows = {}
    for name, title in (("googlenet", "GoogLeNet"), ("bn_inception", "BN-Inception"), ("inception_v3", "Inception-v3")):
        for row in summary(name).rows:
            stage = row.name.partition(".")[0].partition("_")[2]
            rows.setdefault((title, stage), []).append(row)
    assert [sum(m["network"] == title for m in modules) for title in ("GoogLeNet", "BN-Inception", "Inception-v3")] == [
        9,
        10,
        11,
    ]
    for module, ours in zip(modules, found, strict=True):
        mine = rows[module["network"], module["name"]]
        assert ours["macs"] == sum(row.macs for row in mine)
        assert [row["macs"] for branch in ours["branches"] for row in branch["convolutions"]] == [
            row.macs for row in mine if row.op == "Conv2d"
        ]
        assert ours["outputs"] == mine[-1].output[2]


def test_a_module_of_other_widths_costs_what_the_package_counts(play):
    rng = np.random.default_rng(3)
    first = published()[0]
    many = rng.integers(1, 400, (20, 8)).tolist()
    code = """([module, many]) => many.map(([inputs, grid, ...widths]) =>
        inceptionModule.cost({...inceptionModule.withWidths(module, widths), inputs, grid: 1 + grid % 40}))"""
    for numbers, ours in zip(many, play("module", code, [first, many]), strict=True):
        inputs, grid, *widths = numbers
        names = ("n1", "r3", "n3", "r5", "n5", "pool_proj")
        with nn.shape_only():
            module = nn.inception(inputs, **dict(zip(names, widths, strict=True)), unit=PLAIN)
        counted = summary(module, 1 + grid % 40, channels=inputs)
        assert (ours["weights"], ours["macs"]) == (counted.params, counted.macs)
        assert ours["outputs"] == counted.rows[-1].output[2]


def test_a_stride_in_the_middle_of_a_branch_makes_what_follows_cheaper(play):
    first = {"kernel": [3, 3], "stride": 2, "valid": True, "outputs": 4}
    steps = [[first], [{"kernel": [3, 3], "stride": 1, "valid": False, "outputs": 5}]]
    module = {"inputs": 8, "grid": 9, "branches": [{"name": "path", "pool": None, "steps": steps}]}
    with nn.shape_only():
        branch = nn.Sequential(PLAIN(8, 4, 3, stride=2, padding="valid"), PLAIN(4, 5, 3))
    found = play("module", "module => inceptionModule.cost(module)", module)
    assert found["macs"] == summary(branch, 9, channels=8).macs


# -- grid reduction ----------------------------------------------------------------------------------------------------


def three_ways(s):
    k, n, m = s["inputs"], s["outputs"], s["kernel"]
    how = {"padding": s["padding"], "unit": PLAIN}
    with nn.shape_only():
        return [
            nn.pool_then_conv(k, n, kernel_size=m, **how),
            nn.conv_then_pool(k, n, kernel_size=m, **how),
            nn.grid_reduction(k, [(n - k, m)], **how),
        ]


def test_three_ways_to_halve_a_grid_cost_and_refuse_what_the_package_does(play):
    settings = [
        dict(zip(("grid", "inputs", "outputs", "kernel", "padding"), values, strict=True))
        for values in product((2, 3, 4, 35, 36), (8, 320), (8, 16, 640), (1, 3, 5), ("valid", "same"))
    ]
    code = "all => all.map(s => { const no = reduction.refusal(s); return no ? {no} : {no, ways: reduction.ways(s)}; })"
    for s, found in zip(settings, play("reduction", code, settings), strict=True):
        refused = said(lambda s=s: [summary(way, s["grid"], channels=s["inputs"]) for way in three_ways(s)])
        assert found["no"] == refused, s
        if refused is None:
            for way, module in zip(found["ways"], three_ways(s), strict=True):
                counted = summary(module, s["grid"], channels=s["inputs"])
                rows = counted.rows[-1:] if isinstance(module, nn.Branches) else counted.rows
                assert way["macs"] == counted.macs
                assert [place["numbers"] for place in way["places"][1:]] == [row.activations for row in rows]
                assert way["narrowest"] == min(row.activations for row in rows)


# -- autograd ----------------------------------------------------------------------------------------------------------


def walked(walk, number):
    """The walks of lesson 1, over numbers: (sender, receiver, use, part, sum after it)."""
    value = {"a": number, "b": 2 * number, "c": 4 * number**2}
    local, parent = {"c": value["b"], "b": 1}, {"c": "b", "b": "a"}
    grad, log = {"a": 0, "b": 0, "c": 1}, []

    def go(node, deeper):
        part = grad[node] * local[node]
        for use in (0, 1):
            to = parent[node]
            grad[to] = part if walk == "assigning" else grad[to] + part
            log.append((node, to, use, part, grad[to]))
            if deeper and to in parent:
                go(to, deeper)

    if walk == "ordered":
        go("c", False)
        go("b", False)
    else:
        go("c", True)
    return log


def test_messages_of_the_diamond_are_those_of_lesson_1_and_in_order_the_packages(play):
    cases = list(product(("ordered", "eager", "assigning"), (-4, 0, 1, 3)))
    code = "cases => cases.map(([walk, a]) => autograd.messages(walk, a))"
    ends = {}
    for (walk, number), messages in zip(cases, play("autograd", code, cases), strict=True):
        keys = ("from", "to", "use", "part", "after")
        assert [tuple(m[key] for key in keys) for m in messages] == walked(walk, number)
        assert all(m["gradient"] * m["local"] == m["part"] for m in messages)
        ends[walk, number] = messages[-1]["after"]
        a = Tensor(float(number), requires_grad=True)
        b = a + a
        (b * b).backward()
        assert walk != "ordered" or messages[-1]["after"] == a.grad
    assert [ends[walk, 3] for walk in ("ordered", "eager", "assigning")] == [24, 36, 6]


# -- batch normalisation -----------------------------------------------------------------------------------------------


def test_batch_norm_forward_backward_and_running_statistics_are_the_twins(play):
    rng = np.random.default_rng(4)
    cases = []
    for training, count in product((True, False), (2, 5, 12)):
        setting = {"gamma": rng.normal(1, 1), "beta": rng.normal(), "eps": 10.0 ** -rng.integers(1, 6)}
        setting |= {"runningMean": rng.normal(), "runningVar": rng.uniform(0.1, 3), "training": training}
        cases.append([rng.normal(2, 3, count).tolist(), rng.normal(0, 1, count).tolist(), setting])
    code = """cases => cases.map(([x, g, s]) => [batchNorm.forward(x, s), batchNorm.backward(x, g, s),
        batchNorm.follow(s, x, 0.1)])"""
    for (x, g, s), (forward, backward, after) in zip(cases, play("batch_norm", code, cases), strict=True):
        column, grad = np.array(x)[:, None], np.array(g)[:, None]
        gamma, beta = np.array([s["gamma"]]), np.array([s["beta"]])
        moments = None if s["training"] else (np.array([s["runningMean"]]), np.array([s["runningVar"]]))
        y, found = reference.batch_norm(column, gamma, beta, s["eps"], False, moments)
        theirs = reference.batch_norm_grad(grad, column, found, gamma, beta, False, s["training"])
        assert np.allclose(forward["y"], y[:, 0], atol=1e-12)
        assert np.allclose([forward["mean"], forward["var"]], [found.mean[0], found.var[0]])
        assert np.allclose(backward["x"], theirs[0][:, 0], atol=1e-12)
        assert np.allclose([backward["gamma"], backward["beta"]], [theirs[1][0], theirs[2][0]])
        layer = nn.BatchNorm2d(1).to(np.float64)
        layer.running_mean[:], layer.running_var[:] = s["runningMean"], s["runningVar"]
        layer(Tensor(column))
        assert np.allclose([after["runningMean"], after["runningVar"]], [layer.running_mean[0], layer.running_var[0]])
