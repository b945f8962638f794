"use strict";
/* Batch-norm of one channel: the arithmetic, which tests compare with the kernels' readable twins, then the page. */

// Batch normalisation of one channel, forward and backward, as `tinyinception.kernels.reference` has it.
const batchNorm = (() => {
  const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

  /** Mean and biased variance. */
  function moments(x) {
    const middle = mean(x);
    return { mean: middle, var: mean(x.map((value) => (value - middle) ** 2)) };
  }

  /** n = (x - mean) / sqrt(var + eps) and y = gamma n + beta, by the batch's statistics or the running ones. */
  function forward(x, { gamma, beta, eps, training, runningMean, runningVar }) {
    const by = training ? moments(x) : { mean: runningMean, var: runningVar };
    const normed = x.map((value) => (value - by.mean) / Math.sqrt(by.var + eps));
    return { ...by, spread: Math.sqrt(by.var + eps), normed, y: normed.map((n) => gamma * n + beta) };
  }

  /** Gradients of x, gamma and beta where `g` arrives for y; and for x what goes directly, through mean and through var. */
  function backward(x, g, setting) {
    const { normed, spread } = forward(x, setting);
    const scaled = g.map((part) => part * setting.gamma);
    const [throughMean, alike] = setting.training ? [mean(scaled), mean(scaled.map((part, i) => part * normed[i]))] : [0, 0];
    const paths = scaled.map((part, i) => ({ direct: part / spread, mean: -throughMean / spread, var: (-normed[i] * alike) / spread }));
    return {
      paths,
      x: paths.map((path) => path.direct + path.mean + path.var),
      gamma: g.reduce((sum, part, i) => sum + part * normed[i], 0),
      beta: g.reduce((sum, part) => sum + part, 0),
    };
  }

  /** The running statistics after one more batch, the variance unbiased. */
  function follow({ runningMean, runningVar }, x, momentum) {
    const found = moments(x);
    const unbiased = (found.var * x.length) / (x.length - 1);
    return {
      runningMean: runningMean + momentum * (found.mean - runningMean),
      runningVar: runningVar + momentum * (unbiased - runningVar),
    };
  }

  return { moments, forward, backward, follow };
})();

(() => {
  const { html, svg } = Explorer;
  const at = (id) => document.getElementById(id);
  const [LOW, HIGH, MOST] = [-10, 10, 12]; // the lines' ends, and how many values there may be
  const EPS = [1e-5, 1e-3, 0.01, 0.1, 1, 10];

  const state = Explorer.state({
    x: Explorer.text("1,2.5,3,4,4.5,6"),
    gamma: Explorer.number(1, { min: -3, max: 3, step: 0.05 }),
    beta: Explorer.number(0, { min: -5, max: 5, step: 0.1 }),
    eps: Explorer.number(1e-3, { values: EPS }),
    mode: Explorer.choice("training", ["training", "evaluation"]),
    mean: Explorer.number(0, { min: -10, max: 10, step: 0.001 }), // running, as a new layer has them
    var: Explorer.number(1, { min: 0, max: 200, step: 0.001 }),
    wants: Explorer.choice("one", ["one", "all", "apart"]),
    one: Explorer.number(5, { min: 0, max: MOST - 1 }),
  });

  const keep = (x) => Number(Math.min(Math.max(x, LOW), HIGH).toFixed(2));
  const values = (v) => {
    const said = v.x.split(",").slice(0, MOST).map(Number).filter(Number.isFinite).map(keep);
    return said.length < 2 ? [0, 1] : said;
  };
  const setting = (v) => ({ gamma: v.gamma, beta: v.beta, eps: v.eps, training: v.mode === "training", runningMean: v.mean, runningVar: v.var });
  const show = (x, places = 2) => x.toFixed(places).replace(/^-(?=.*[1-9])/, "−").replace(/^-/, "");
  const chosen = (v) => Math.min(v.one, values(v).length - 1);

  /** What arrives for y: gradient descent goes the other way, so -1 asks for more. */
  function arriving(v) {
    const x = values(v);
    const middle = batchNorm.moments(x).mean;
    return x.map((value, i) => (v.wants === "all" ? -1 : v.wants === "one" ? (i === chosen(v) ? -1 : 0) : value < middle ? 1 : -1));
  }

  // ---- controls ----

  const usual = { gamma: 1, beta: 0, eps: 1e-3, mode: "training", mean: 0, var: 1 };
  Explorer.presets(at("presets"), state, "Try", [
    ["A batch", { ...usual, x: "1,2.5,3,4,4.5,6" }],
    ["Twice as wide", { ...usual, x: "-1.5,1.5,2.5,4.5,5.5,8.5" }],
    ["One far away", { ...usual, x: "-3,-2.8,-2.6,-2.4,-2.2,9" }],
    ["Nearly equal", { ...usual, x: "3,3.01,3.02,3.01,3,3.02" }],
  ]);
  const panel = at("controls");
  Explorer.segments(panel, state, "mode", { label: "Statistics of", options: [["training", "this batch (training)"], ["evaluation", "running ones (evaluation)"]] });
  Explorer.slider(panel, state, "gamma", { label: "gamma", show });
  Explorer.slider(panel, state, "beta", { label: "beta", show: (x) => show(x, 1) });
  Explorer.slider(panel, state, "eps", { label: "eps", show: String });
  Explorer.segments(panel, state, "wants", { label: "The loss wants", options: [["one", "the chosen value higher"], ["all", "all higher"], ["apart", "the halves apart"]] });
  const button = (text, onclick) => html("button", { type: "button", onclick }, text);
  const follow = (times) => {
    const v = state.values;
    let running = { runningMean: v.mean, runningVar: v.var };
    for (let i = 0; i < times; i++) running = batchNorm.follow(running, values(v), 0.1);
    state.set({ mean: running.runningMean, var: running.runningVar });
  };
  const undo = () => {
    const found = batchNorm.forward(values(state.values), setting(state.values));
    state.set({ gamma: found.spread, beta: found.mean });
  };
  panel.append(html("div", { class: "buttons" },
    button("Train on this batch once more", () => follow(1)), button("… 20 times", () => follow(20)),
    button("Running statistics of a new layer", () => state.set({ mean: 0, var: 1 })),
    button("gamma and beta that undo it", undo),
    button("One value more", () => state.set({ x: [...values(state.values), 0].slice(0, MOST).join(",") })),
    button("One fewer", () => state.set({ x: values(state.values).slice(0, Math.max(2, values(state.values).length - 1)).join(",") }))));

  // ---- the picture ----

  const [TOP, DOWN] = [92, 246];
  let wide = 640; // as the place, so that letters and dots keep their size
  const across = (x) => 30 + ((x - LOW) / (HIGH - LOW)) * (wide - 60);
  const picture = svg("svg", { role: "group", "aria-label": "Values before and after" });
  const ground = svg("g", {});
  const dots = Array.from({ length: MOST }, (_, i) => makeDot(i));
  picture.append(ground, ...dots);
  at("picture").append(picture);

  /** A value that can be dragged. */
  function makeDot(i) {
    const dot = svg("circle", { class: "dot", r: 10, cy: TOP, tabindex: 0, role: "slider", "aria-label": `Value ${i + 1}`, "aria-valuemin": LOW, "aria-valuemax": HIGH });
    let held = null;
    const put = (x, how) => state.set({ x: values(state.values).map((old, k) => (k === i ? keep(x) : old)).join(",") }, how);
    // touch-action is not heeded inside SVG: without this a finger would scroll the page
    dot.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
    dot.addEventListener("pointerdown", (event) => {
      dot.setPointerCapture(event.pointerId);
      held = "push";
      state.set({ one: i }, "replace");
    });
    dot.addEventListener("pointermove", (event) => {
      if (!held) return;
      const frame = picture.getBoundingClientRect();
      const x = ((event.clientX - frame.left) / frame.width) * wide;
      put(LOW + ((x - 30) / (wide - 60)) * (HIGH - LOW), held);
      held = "replace";
    });
    for (const end of ["pointerup", "pointercancel"]) dot.addEventListener(end, () => { held = null; });
    dot.addEventListener("focus", () => state.set({ one: i }, "replace"));
    dot.addEventListener("keydown", (event) => {
      const x = values(state.values)[i];
      const to = { ArrowLeft: x - 0.25, ArrowDown: x - 0.25, ArrowRight: x + 0.25, ArrowUp: x + 0.25, PageDown: x - 2, PageUp: x + 2, Home: LOW, End: HIGH }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      put(to, "replace");
    });
    return dot;
  }

  function line(y, title, middle, spread) {
    const clamp = (x) => Math.min(Math.max(x, LOW), HIGH);
    const [left, right] = [clamp(middle - spread), clamp(middle + spread)].map(across);
    const inside = middle >= LOW && middle <= HIGH;
    return [
      svg("rect", { x: left, y: y - 20, width: Math.max(right - left, 1), height: 40, rx: 6, class: "spread" }),
      svg("path", { d: `M${across(LOW)} ${y}H${across(HIGH)}`, class: "axis" }),
      ...[-10, -5, 0, 5, 10].map((x) => [svg("path", { d: `M${across(x)} ${y + 20}v5`, class: "axis" }), svg("text", { x: across(x), y: y + 39, class: "tick" }, String(x).replace("-", "−"))]).flat(),
      inside ? svg("path", { d: `M${across(middle)} ${y - 24}v48`, class: "mean" }) : null,
      svg("text", { x: 8, y: y - 56, class: "title" }, title),
    ].filter(Boolean);
  }

  function draw(v) {
    wide = Math.min(Math.max(at("picture").clientWidth - 26, 280), 832);
    picture.setAttribute("viewBox", `0 0 ${wide} 300`);
    const [x, how] = [values(v), setting(v)];
    const found = batchNorm.forward(x, how);
    const back = batchNorm.backward(x, arriving(v), how);
    const one = chosen(v);
    const inside = (y) => Math.min(Math.max(y, LOW), HIGH);
    const step = 110; // pixels for a gradient of 1
    ground.replaceChildren(
      ...line(TOP, "x, before", found.mean, found.spread), ...line(DOWN, "y = gamma × n + beta, after", v.beta, Math.abs(v.gamma)),
      ...x.map((value, i) => svg("path", { class: i === one ? "thread chosen" : "thread", d: `M${across(value)} ${TOP + 10}C${across(value)} ${TOP + 70} ${across(inside(found.y[i]))} ${DOWN - 70} ${across(inside(found.y[i]))} ${DOWN - 8}` })),
      ...x.map((_, i) => svg("circle", { class: i === one ? "after chosen" : "after", r: 8, cx: across(inside(found.y[i])), cy: DOWN })),
      ...x.map((value, i) => {
        const reach = Math.min(Math.max(-back.x[i] * step, -90), 90);
        if (Math.abs(reach) < 1.5) return null;
        const [y, tip] = [TOP - 17 - (i % 3) * 7, across(value) + reach];
        return svg("path", { class: "down", d: `M${across(value)} ${y}H${tip}m${reach > 0 ? -5 : 5} -4L${tip} ${y}l${reach > 0 ? -5 : 5} 4` });
      }).filter(Boolean));
    dots.forEach((dot, i) => {
      dot.style.display = i < x.length ? "" : "none";
      if (i >= x.length) return;
      dot.setAttribute("cx", across(x[i]));
      dot.setAttribute("aria-valuenow", x[i]);
      dot.setAttribute("aria-valuetext", `${show(x[i])}, after it ${show(found.y[i])}`);
      dot.classList.toggle("chosen", i === one);
    });
    at("verdict").textContent = `${show(x[one])} becomes ${show(found.y[one])}`;
    const by = how.training ? "of this batch" : "running";
    const sum = back.x.reduce((all, g) => all + g, 0);
    at("sum").textContent = `Mean ${show(found.mean)} and variance ${show(found.var)} are ${by}. (${show(x[one])} − ${show(found.mean)}) / √(${show(found.var)} + ${v.eps}) = ${show(found.normed[one])}, times gamma, plus beta. `
      + (how.training ? v.wants === "all" ? "All values wish to rise, and none can: the mean would take it away again." : `The gradients of all values add up to ${show(sum)}: what one gains the others lose.`
        : "Every value has a gradient of its own: the running statistics do not move with it.");
    const readout = (name, big, note) => html("div", {}, html("dt", {}, name), html("dd", {}, big, html("small", {}, ` ${note}`)));
    const mine = batchNorm.moments(x);
    const after = batchNorm.moments(found.y);
    at("readouts").replaceChildren(
      readout("This batch", show(mine.mean), `variance ${show(mine.var)}`),
      readout("Running", show(v.mean), `variance ${show(v.var)}, momentum 0.1`),
      readout("After", show(after.mean), `variance ${show(after.var)}`),
      readout("Gradient of gamma", show(back.gamma), "sum of g × n"),
      readout("Gradient of beta", show(back.beta), "sum of g"));
    at("paths").replaceChildren(Explorer.table("Gradient of each value", ["value", "x", "y", "g arrives", "directly", "through the mean", "through the variance", "together"],
      x.map((value, i) => [`${i + 1}${i === one ? ", chosen" : ""}`, show(value), show(found.y[i]), show(arriving(v)[i], 0), ...[back.paths[i].direct, back.paths[i].mean, back.paths[i].var, back.x[i]].map((g) => show(g, 3))])));
  }

  state.watch(draw);
  addEventListener("resize", () => draw(state.values));
})();
