"use strict";
/* One large kernel, 3x3 in a row, or a column and a row. First the arithmetic, which tests compare with the package's
   count, then the picture that can be pulled apart, then bars, curves and a table. */

// What convolutions cost, closed form, as `tinyinception.count` has it: stride at the last one, "same" padding, no bias.
const factorization = (() => {
  const KINDS = ["one", "stack", "pair"]; // n x n; 3x3 until they see as much; n x 1 and 1 x n

  /** The kernels, [height, width] of each, that stand for one n x n. */
  function kernels(kind, n) {
    if (kind === "one") return [[n, n]];
    if (kind === "pair") return [[n, 1], [1, n]];
    return Array.from({ length: (n - 1) / 2 }, () => [3, 3]);
  }

  /** Channels between `count` convolutions from m to n channels: "root" in equal steps, "output" as wide as the output. */
  function middles(rule, count, m, n, own) {
    return Array.from({ length: count - 1 }, (_, i) => {
      if (rule === "output") return n;
      if (rule === "own") return own;
      return Math.max(1, Math.round(m * (n / m) ** ((i + 1) / count)));
    });
  }

  /** Weights, multiply-adds and bytes of each convolution in a row; float32, everything read or written once. */
  function rows(kernelSizes, widths, grid, stride) {
    return kernelSizes.map(([height, width], i) => {
      const out = i === kernelSizes.length - 1 ? Math.ceil(grid / stride) : grid;
      const weights = height * width * widths[i] * widths[i + 1];
      const moved = grid * grid * widths[i] + weights + out * out * widths[i + 1];
      return { kernel: [height, width], inputs: widths[i], outputs: widths[i + 1], weights, macs: out * out * weights, bytes: 4 * moved };
    });
  }

  /** The same of all of them, and their widths. */
  function cost(setting) {
    const { kind, rule, m, c, n, kernel, grid, stride } = setting;
    const sizes = kernels(kind, kernel);
    const widths = [m, ...middles(rule, sizes.length, m, n, c), n];
    const each = rows(sizes, widths, grid, stride);
    const sum = (key) => each.reduce((total, row) => total + row[key], 0);
    return { widths, rows: each, weights: sum("weights"), macs: sum("macs"), bytes: sum("bytes") };
  }

  /** Weights as a share of one n x n, where the output is `alpha` times as wide as the input; widths not rounded. */
  function share(kind, rule, kernel, alpha) {
    const sizes = kernels(kind, kernel);
    const steps = sizes.length;
    const width = (i) => (i === 0 ? 1 : i === steps || rule === "output" ? alpha : alpha ** (i / steps));
    const weights = sizes.reduce((sum, [h, w], i) => sum + h * w * width(i) * width(i + 1), 0);
    return weights / (kernel * kernel * alpha);
  }

  /** Where the share is 1, alpha up to 64; null where it never is. */
  function limit(kind, rule, kernel) {
    let [low, high] = [1, 64];
    if (share(kind, rule, kernel, low) >= 1 || share(kind, rule, kernel, high) < 1) return null;
    while (high - low > 1e-9) {
      const middle = (low + high) / 2;
      if (share(kind, rule, kernel, middle) < 1) low = middle;
      else high = middle;
    }
    return low;
  }

  /** For each pixel of an n x n window, over how many paths it reaches the output. */
  function paths(kind, n) {
    return kernels(kind, n).reduce((grid, [height, width]) => {
      const [rows, columns] = [grid.length, grid[0].length];
      const next = Array.from({ length: rows + height - 1 }, () => Array(columns + width - 1).fill(0));
      grid.forEach((row, i) => row.forEach((count, j) => {
        for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) next[i + y][j + x] += count;
      }));
      return next;
    }, [[1]]);
  }

  return { KINDS, kernels, middles, rows, cost, share, limit, paths };
})();

(() => {
  const { html, svg, count, bytes, times } = Explorer;
  const at = (id) => document.getElementById(id);
  const NUMBERS = ["no", "one", "two", "three", "four"];
  const { modules } = Explorer.data.factorization;

  const state = Explorer.state({
    kind: Explorer.choice("one", factorization.KINDS),
    kernel: Explorer.number(5, { values: [3, 5, 7] }),
    m: Explorer.number(16, { min: 1, max: 400 }),
    rule: Explorer.choice("root", ["root", "output", "own"]),
    c: Explorer.number(23, { min: 1, max: 400 }),
    n: Explorer.number(32, { min: 1, max: 400 }),
    grid: Explorer.number(28, { min: 4, max: 64 }),
    stride: Explorer.number(1, { values: [1, 2] }),
  });

  const square = (n) => `${n} × ${n}`;
  const name = (kind, n) => ({
    one: `one ${square(n)}`,
    stack: n === 3 ? "3 × 3 as it is" : `${NUMBERS[(n - 1) / 2]} 3 × 3`,
    pair: `${n} × 1 and 1 × ${n}`,
  })[kind];
  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  const colours = { one: "var(--branch-5x5)", stack: "var(--branch-3x3)", pair: "var(--branch-other)" };
  const kindOf = ({ kind, kernel }) => (kernel === 3 && kind === "stack" ? "one" : kind); // a 3x3 is one 3x3
  const change = (ratio) => `${ratio < 1 ? "−" : "+"}${Math.round(100 * Math.abs(ratio - 1))} %`;

  // ---- controls ----

  const kinds = Explorer.segments(at("way"), state, "kind", { label: "The kernel", options: factorization.KINDS.map((kind) => [kind, kind]) });
  const panel = at("controls");
  const label = (point) => [`${point.network} ${point.module}, ${point.kind === "one" ? name("one", point.kernel) : name(point.kind, point.kernel)}`, point];
  const groups = [...new Set(modules.map((point) => point.network))];
  const pick = html("select", { id: "pick", onchange: () => { if (pick.value) choose(modules[pick.value]); } },
    html("option", { value: "" }, "own widths"),
    groups.map((network) => html("optgroup", { label: network }, modules.map((point, i) =>
      (point.network === network ? html("option", { value: i }, label(point)[0].replace(`${network} `, "")) : null)))));
  panel.append(html("div", { class: "control" }, html("label", { for: "pick" }, "Widths of"), pick));
  Explorer.slider(panel, state, "m", { label: "Channels in" });
  const middle = Explorer.slider(panel, state, "c", { label: "Channels in the middle" });
  middle.addEventListener("input", () => state.set({ rule: "own" }, "replace"));
  Explorer.segments(panel, state, "rule", { label: "Who chooses the middle", options: [["root", "paper: equal growth"], ["output", "BN-Inception: as the output"], ["own", "I do"]] });
  Explorer.slider(panel, state, "n", { label: "Channels out" });
  Explorer.slider(panel, state, "kernel", { label: "Kernel", show: square });
  Explorer.slider(panel, state, "grid", { label: "Input grid", show: square });
  Explorer.slider(panel, state, "stride", { label: "Stride of the last" });

  /** The sliders as in a module; what it has for a 5x5 is not taken apart, unless it came so. */
  function choose({ kind, kernel, m, c, n, grid, stride }) {
    const built = kind === "one" ? {} : { kind, rule: c === n ? "output" : "own", c };
    state.set({ kernel, m, n, grid, stride, ...built });
  }

  const fits = (point, v) => ["kernel", "m", "n", "grid", "stride"].every((key) => point[key] === v[key])
    && (point.kind === "one" || (point.kind === kindOf(v) && factorization.cost({ ...v, kind: point.kind }).widths[1] === point.c));

  state.watch((v) => {
    kinds.forEach((input, i) => { input.labels[0].textContent = capital(name(factorization.KINDS[i], v.kernel)); });
    kinds[1].disabled = v.kernel === 3;
    const between = factorization.cost({ ...v, kind: kindOf(v) === "one" ? (v.kernel === 3 ? "pair" : "stack") : v.kind }).widths.slice(1, -1);
    if (v.rule !== "own") middle.value = between[0];
    middle.previousElementSibling.textContent = between.join(" and ");
    middle.setAttribute("aria-valuetext", between.join(" and "));
    const found = modules.findIndex((point) => fits(point, v));
    pick.value = found < 0 ? "" : found;
  });

  // ---- the pyramid ----

  let apart = kindOf(state.values) === "one" ? 0 : 1; // how far it is pulled, as drawn
  let shape = apart ? kindOf(state.values) : "stack"; // what it is pulled into
  let pulling = null;
  let frame = 0;
  const splits = (v) => (v.kernel === 3 ? "pair" : shape === "one" ? "stack" : shape);

  function draw(v) {
    const into = splits(v);
    const planes = factorization.kernels(into, v.kernel).reduceRight((sizes, [h, w]) => [[sizes[0][0] + h - 1, sizes[0][1] + w - 1], ...sizes], [[1, 1]]);
    const wide = Math.min(166 / v.kernel, 40);
    const [middleX, tall, base] = [284, wide / 2, 312];
    const height = 128 + 112 * apart;
    const level = (i) => base - (height * i) / (planes.length - 1);
    const spot = (i, x, y) => [middleX + (x - y) * wide, level(i) + (x + y) * tall];
    const flat = (i, [x0, y0], [x1, y1]) => [[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(([x, y]) => spot(i, x, y));
    const polygon = (points, attributes) => svg("polygon", { points: points.map((p) => p.map((c) => c.toFixed(1)).join(",")).join(" "), ...attributes });
    const paths = factorization.paths(apart > 0.5 ? into : "one", v.kernel);
    const most = Math.max(...paths.flat());
    const layers = planes.map(([rows, columns], i) => {
      const ghost = i > 0 && i < planes.length - 1;
      const cells = Array.from({ length: rows * columns }, (_, k) => {
        const [y, x] = [Math.floor(k / columns), k % columns];
        const corner = [x - columns / 2, y - rows / 2];
        const fill = i ? colours[apart > 0.5 ? into : "one"] : "var(--branch-1x1)";
        const strength = i ? 0.9 : 0.2 + (0.75 * paths[y][x]) / most;
        const cell = polygon(flat(i, corner, [corner[0] + 1, corner[1] + 1]), { class: "cell", style: `fill:${fill};fill-opacity:${strength.toFixed(2)}` });
        if (i > 0 || most === 1) return cell;
        const [cx, cy] = spot(i, corner[0] + 0.5, corner[1] + 0.5);
        return [cell, svg("text", { x: cx, y: cy + 4, class: "paths" }, paths[y][x])];
      });
      return svg("g", { opacity: ghost ? apart.toFixed(2) : 1 }, cells);
    });
    const sides = planes.slice(1).map(([rows, columns], k) => {
      const [low, high] = [planes[k], [rows, columns]].map(([r, c], j) => flat(k + j, [-c / 2, -r / 2], [c / 2, r / 2]));
      const into2 = [[1, 2], [2, 3]].map(([a, b]) => polygon([low[a], low[b], high[b], high[a]], { class: "side" }));
      const edges = [1, 2, 3].map((c) => svg("path", { class: "edge", d: `M${low[c]}L${high[c]}` })); // the fourth is behind
      return [into2, edges];
    });
    const order = layers.map((layer, i) => [layer, sides[i] || []]).flat(Infinity);
    const notes = planes.map(([rows, columns], i) => {
      const side = i && i < planes.length - 1 ? apart : 1;
      const text = i === 0 ? `${times([rows, columns])} pixels in` : i === planes.length - 1 ? "one pixel out" : `${times([rows, columns])} between`;
      return svg("text", { x: 8, y: level(i) + (i ? 4 : 24), class: "note-text", opacity: side.toFixed(2) }, text);
    });
    scene.replaceChildren(...notes, ...order);
    const [, top] = spot(planes.length - 1, 0, 0);
    handle.setAttribute("transform", `translate(${middleX} ${top - tall - 20})`);
    hint.textContent = apart > 0.5 ? "push together" : "pull apart";
    const said = apart > 0.5 ? `apart: ${name(into, v.kernel)}` : `together: ${name("one", v.kernel)}`;
    handle.setAttribute("aria-valuenow", apart > 0.5 ? 1 : 0);
    handle.setAttribute("aria-valuetext", said);
  }

  const picture = svg("svg", { viewBox: "0 0 460 404", role: "group", "aria-label": "The pixels that one output pixel sees" });
  const hint = svg("text", { x: 26, y: 5, class: "note-text" });
  const handle = svg("g", { class: "handle", tabindex: 0, role: "slider", "aria-label": "Pull the kernel apart", "aria-valuemin": 0, "aria-valuemax": 1, "aria-orientation": "vertical" },
    svg("circle", { r: 22, class: "reach" }), svg("circle", { r: 15, class: "knob" }), svg("path", { d: "M-5 -3L0 -8L5 -3M-5 3L0 8L5 3" }), hint);
  const scene = svg("g", {}); // the handle stays where it is: moved in the page, it would lose the pointer and the focus
  picture.append(scene, handle);
  at("pyramid").append(picture, html("figcaption", {}, "The number in each pixel of the input: over how many ways it reaches the output, when the kernel is apart."));

  const split = (yes) => (yes ? splits(state.values) : "one");
  function move(target) {
    cancelAnimationFrame(frame);
    if (Explorer.still()) apart = target;
    draw(state.values);
    if (Math.abs(apart - target) < 0.01) { apart = target; draw(state.values); return; }
    frame = requestAnimationFrame(() => { apart += (target - apart) * 0.22; move(target); });
  }

  // touch-action is not heeded inside SVG: without this a finger would scroll the page
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    cancelAnimationFrame(frame);
    pulling = { y: event.clientY, from: apart, scale: 404 / picture.getBoundingClientRect().height, how: "push" };
    event.preventDefault();
    handle.focus({ focusVisible: false });
  });
  handle.addEventListener("pointermove", (event) => {
    if (!pulling) return;
    apart = Math.min(Math.max(pulling.from + ((pulling.y - event.clientY) * pulling.scale) / 112, 0), 1);
    const kind = split(apart > 0.5);
    if (kind !== kindOf(state.values)) { state.set({ kind }, pulling.how); pulling.how = "replace"; }
    draw(state.values);
  });
  for (const end of ["pointerup", "pointercancel"])
    handle.addEventListener(end, () => {
      if (!pulling) return;
      pulling = null;
      move(apart > 0.5 ? 1 : 0);
    });
  handle.addEventListener("keydown", (event) => {
    const now = kindOf(state.values) !== "one";
    const wanted = { ArrowUp: true, ArrowRight: true, End: true, PageUp: true, ArrowDown: false, ArrowLeft: false, Home: false, PageDown: false, Enter: !now, " ": !now }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    state.set({ kind: split(wanted) });
  });

  state.watch((v) => {
    const kind = kindOf(v);
    if (kind !== "one") shape = kind;
    if (pulling) return;
    move(kind === "one" ? 0 : 1);
  });

  // ---- figures ----

  const product = (rows) => rows.map((row) => `${row.kernel[0] * row.kernel[1]} × ${row.inputs} × ${row.outputs}`).join(" + ");

  state.watch((v) => {
    const kind = kindOf(v);
    const all = Object.fromEntries(factorization.KINDS.filter((k) => v.kernel > 3 || k !== "stack").map((k) => [k, factorization.cost({ ...v, kind: k })]));
    const [one, mine] = [all.one, all[kind]];
    const share = mine.weights / one.weights;
    const percent = Math.round(100 * Math.abs(share - 1));
    at("verdict").textContent = kind === "one" ? `${count(one.weights)} weights` : percent === 0 ? "As many weights" : `${percent} % ${share < 1 ? "fewer" : "more"} weights`;
    at("verdict").className = `big ${kind === "one" || percent === 0 ? "" : share < 1 ? "good" : "bad"}`;
    const whole = `${capital(name("one", v.kernel))}: ${product(one.rows)} = ${count(one.weights)}.`;
    at("sum").textContent = kind === "one" ? whole : `${capital(name(kind, v.kernel))}: ${product(mine.rows)} = ${count(mine.weights)} weights. ${whole}`;
    const card = (title, key, show, note) => html("section", {}, html("h3", {}, title), Explorer.bars(title, Object.entries(all).map(([k, cost]) => ({
      name: name(k, v.kernel), value: cost[key], text: show(cost[key]), note: k === "one" ? "" : change(cost[key] / one[key]), colour: colours[k],
    }))), html("p", {}, html("small", {}, note)));
    at("costs").replaceChildren(
      card("Weights", "weights", count, "taps × channels in × channels out"),
      card("Multiply-adds", "macs", count, "weights × pixels out, of each convolution"),
      card("Bytes moved", "bytes", bytes, "what goes in, the weights and what comes out, once each, 4 bytes a number: the middle is written and read again"));
    at("rows").replaceChildren(Explorer.table("Convolution by convolution", ["kernel", "channels in", "out", "weights", "multiply-adds", "bytes"],
      mine.rows.map((row) => [times(row.kernel), ...[row.inputs, row.outputs, row.weights, row.macs].map(count), bytes(row.bytes)])));
  });

  // ---- the curves ----

  const RULES = { root: ["var(--series-3)", "paper's middle, equal growth"], output: ["var(--series-1)", "middle as wide as the output"] };

  /** Points at one place become one. */
  function dots(v, kind) {
    const found = new Map();
    const add = (point, rule, built) => {
      const cost = factorization.cost({ ...point, rule: built ? "own" : rule, kind });
      const share = cost.weights / factorization.cost({ ...point, kind: "one" }).weights;
      const key = [(point.n / point.m).toFixed(3), Math.round(30 * share), built].join();
      found.set(key, { x: point.n / point.m, y: share, rule, built, points: [...(found.get(key)?.points || []), point] });
    };
    for (const point of modules.filter((p) => p.kernel === v.kernel)) {
      if (point.kind === kind) add(point, "output", true);
      else if (point.kind === "one") ["root", "output"].forEach((rule) => add(point, rule, false));
    }
    return [...found.values()];
  }

  state.watch((v) => {
    const kind = kindOf(v) === "one" ? splits(v) : v.kind;
    const chart = Chart({
      label: `Cost of ${name(kind, v.kernel)} as a share of ${name("one", v.kernel)}, over channels out divided by channels in`,
      x: { from: 0.5, to: 4.5, label: "channels out ÷ channels in" }, y: { from: 0, to: 2, label: `weights, % of ${name("one", v.kernel)}`, show: (share) => `${Math.round(100 * share)}` },
      width: Math.min(Math.max(at("curve").clientWidth, 340), 720), height: 380,
    });
    chart.svg.setAttribute("role", "group");
    chart.area.append(svg("rect", { x: chart.left, y: chart.top, width: chart.right - chart.left, height: chart.y(1) - chart.top, class: "dearer" }),
      svg("text", { x: chart.left + 10, y: chart.top + 20, class: "name" }, "costs more"), svg("text", { x: chart.left + 10, y: chart.bottom - 12, class: "name" }, "costs less"));
    chart.rule({ y: 1, colour: "var(--ink)" });
    for (const [rule, [colour]] of Object.entries(RULES))
      chart.line(Array.from({ length: 81 }, (_, i) => 0.5 + i / 20).map((alpha) => [alpha, factorization.share(kind, rule, v.kernel, alpha)]).filter(([, y]) => y <= 2), { colour });
    for (const { x, y, rule, built, points } of dots(v, kind)) {
      const names = [...new Set(points.map((p) => p.network))].map((network) => `${network} ${[...new Set(points.filter((p) => p.network === network).map((p) => p.module))].join(", ")}`).join("; ");
      const title = `${names}: ${Math.round(100 * y)} %${built ? ", as built" : ", if replaced"}`;
      const dot = chart.dot(x, y, { colour: built ? "var(--ink)" : RULES[rule][0], radius: built ? 6 : 7, title });
      const go = () => { choose(points[0]); if (!built) state.set({ rule, kind }, "replace"); };
      for (const [key, value] of Object.entries({ tabindex: 0, role: "button", class: "point", "aria-label": title })) dot.setAttribute(key, value);
      dot.addEventListener("click", go);
      dot.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); go(); } });
    }
    const here = factorization.cost({ ...v, kind }).weights / factorization.cost({ ...v, kind: "one" }).weights;
    const inside = [Math.min(Math.max(v.n / v.m, 0.5), 4.5), Math.min(here, 2)];
    chart.area.append(svg("circle", { class: "here", cx: chart.x(inside[0]), cy: chart.y(inside[1]), r: 12 }));
    at("curve").replaceChildren(chart.svg);
    const limits = Object.keys(RULES).map((rule) => [rule, factorization.limit(kind, rule, v.kernel)]);
    const until = (limit) => (limit === null ? "" : `, cheaper up to ${limit.toFixed(2)}`);
    at("key").replaceChildren(
      ...limits.map(([rule, limit]) => html("li", {}, html("i", { style: `background:${RULES[rule][0]}` }), RULES[rule][1] + until(limit))),
      html("li", {}, html("i", { style: "background:var(--ink)" }), "as built in BN-Inception and Inception-v3"),
      html("li", {}, html("i", { style: "background:none;border:2px solid var(--focus);border-radius:50%" }), "your setting"));
  });
})();
