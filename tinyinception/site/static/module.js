"use strict";
/* An Inception module: the arithmetic, which tests compare with the package's count, then the picture and the sliders. */

// What an Inception module costs: a branch is a list of steps, a step the convolutions that stand side by side in it.
const inceptionModule = (() => {
  /** The output grid of a convolution or pooling of stride 1 or 2, unpadded where `valid`. */
  const grid = (size, { kernel, stride, valid }) => (valid ? Math.floor((size - kernel[0]) / stride) + 1 : Math.ceil(size / stride));

  /** Every convolution of the module with inputs, outputs, weights and multiply-adds, branch by branch. */
  function cost(setting) {
    const branches = setting.branches.map((branch) => {
      let [inputs, size] = [setting.inputs, setting.grid];
      const convolutions = branch.steps.flatMap((step, level) => {
        const rows = step.map((conv, place) => {
          const weights = conv.kernel[0] * conv.kernel[1] * inputs * conv.outputs;
          const out = grid(size, conv);
          return { ...conv, level, place, inputs, weights, macs: out * out * weights, out };
        });
        inputs = rows.reduce((sum, row) => sum + row.outputs, 0);
        size = rows[0].out;
        return rows;
      });
      const sum = (key) => convolutions.reduce((all, row) => all + row[key], 0);
      return { name: branch.name, pool: branch.pool, convolutions, outputs: inputs, weights: sum("weights"), macs: sum("macs") };
    });
    const sum = (key) => branches.reduce((all, branch) => all + branch[key], 0);
    return { branches, outputs: sum("outputs"), weights: sum("weights"), macs: sum("macs") };
  }

  /** The widths of all convolutions in one list, and the module with others. */
  const widths = (setting) => setting.branches.flatMap((b) => b.steps.flatMap((step) => step.map((conv) => conv.outputs)));
  function withWidths(setting, list) {
    let next = 0;
    const branches = setting.branches.map((b) => ({ ...b, steps: b.steps.map((step) => step.map((conv) => ({ ...conv, outputs: list[next++] }))) }));
    return { ...setting, branches };
  }

  return { grid, cost, widths, withWidths };
})();

(() => {
  const { html, svg, count, short, times, percent } = Explorer;
  const at = (id) => document.getElementById(id);
  const published = Explorer.data.module;
  const title = (module) => `${module.network} ${module.name}`;
  const titles = published.map(title);
  const networks = [...new Set(published.map((module) => module.network))];

  const state = Explorer.state({
    module: Explorer.choice(titles[0], titles),
    inputs: Explorer.text(""), // as built unless said, as the grid and the widths
    grid: Explorer.text(""),
    widths: Explorer.text(""),
  });

  const whole = (text, least, most) => (/^\d+$/.test(text) && text >= least && text <= most ? Number(text) : null);
  const built = (v) => published[titles.indexOf(v.module)];

  /** The module as the sliders have it. */
  function setting(v) {
    const base = built(v);
    const usual = inceptionModule.widths(base);
    const said = v.widths.split(",");
    const widths = usual.map((width, i) => whole(said[i] ?? "", 1, 1024) ?? width);
    return { ...inceptionModule.withWidths(base, widths), inputs: whole(v.inputs, 1, 4096) ?? base.inputs, grid: whole(v.grid, 3, 64) ?? base.grid };
  }

  const FILL = { "1x1": "branch-1x1", "3x3": "branch-3x3", "5x5": "branch-5x5" };
  const fill = (conv) => FILL[conv.kernel.join("x")] || "branch-other";
  const kernelText = (conv) => times(conv.kernel) + (conv.stride > 1 ? " / 2" : "");
  const branchText = (branch) => [
    ...(branch.pool ? [`${branch.pool.kind} pooling${branch.pool.stride > 1 ? " / 2" : ""}`] : []),
    ...branch.steps.map((step) => step.map(kernelText).join(" and ")),
  ].join(" → ").replaceAll(" × ", "\u00a0×\u00a0");

  // ---- controls ----

  Explorer.chooser(at("pick"), state, "module", { label: "Module", options: networks.map((network) => [network, published.filter((m) => m.network === network).map((m) => [title(m), title(m)])]) });
  const chooser = at("pick").querySelector("select");
  chooser.addEventListener("change", () => state.set({ inputs: "", grid: "", widths: "" }, "replace"));
  const panel = at("controls");
  let sliders = [];
  let made = "";

  function slide(label, least, most, read, write, colour) {
    const id = `slide-${sliders.length}`;
    const input = html("input", { type: "range", id, min: least, max: most });
    const output = html("output", { for: id });
    let moving = false;
    input.addEventListener("input", () => { state.set(write(Number(input.value)), moving ? "replace" : "push"); moving = true; });
    input.addEventListener("change", () => { moving = false; });
    const mark = colour ? html("i", { style: `background:var(--${colour})` }) : null;
    sliders.push({ input, output, read });
    return html("div", { class: "control" }, html("label", { for: id }, mark, label), output, input);
  }

  /** Sliders for the chosen module, made anew only when another is chosen. */
  function make(v) {
    if (made === v.module) return;
    made = v.module;
    sliders = [];
    let next = 0;
    const base = built(v);
    const most = Math.max(256, 64 * Math.ceil((1.5 * Math.max(...inceptionModule.widths(base))) / 64));
    panel.replaceChildren(
      slide("Channels in", 1, Math.max(512, 2 * base.inputs), (s) => s.inputs, (x) => ({ inputs: String(x) })),
      slide("Grid", 3, 64, (s) => s.grid, (x) => ({ grid: String(x) })),
      ...base.branches.filter((branch) => branch.steps.length).map((branch) => html("fieldset", {}, html("legend", {}, branchText(branch)),
        branch.steps.flat().map((conv) => {
          const place = next++;
          const write = (x) => ({ widths: inceptionModule.widths(setting(state.values)).map((w, i) => (i === place ? x : w)).join(",") });
          return slide(kernelText(conv), 1, most, (s) => inceptionModule.widths(s)[place], write, fill(conv));
        }))),
      html("button", { type: "button", onclick: () => state.set({ inputs: "", grid: "", widths: "" }) }, "As built"));
  }

  // ---- the picture ----

  /** Boxes from the bottom up; scale: pixels a channel, and pixels a weight of one output channel. */
  function draw(cost, inputs, scale, wide, high) {
    const picture = svg("svg", { viewBox: `0 0 ${wide} ${high + 84}`, role: "img", "aria-label": `${state.values.module}: ${cost.branches.map((b) => `${b.name} ${percent(b.macs / cost.macs, 0)} of the work`).join(", ")}` });
    const ground = high + 44;
    const bar = (y, channels, text) => {
      const width = Math.max(channels * scale.x, 2);
      picture.append(svg("rect", { x: (wide - width) / 2, y, width, height: 20, rx: 3, class: "joint" }), svg("text", { x: wide / 2, y: y + 14.5, class: "inside" }, text));
    };
    const flows = [];
    let x = scale.left;
    let slider = 2;
    for (const branch of cost.branches) {
      const column = columnOf(branch) * scale.x;
      const middle = x + column / 2;
      let y = ground;
      if (branch.pool) {
        y -= 16;
        const width = Math.max(column, Math.min(56, 2 * (wide - middle) - 2)); // as far as the picture goes
        picture.append(svg("rect", { x: middle - width / 2, y, width, height: 14, rx: 7, class: "pooling" }), svg("text", { x: middle, y: y + 11, class: "inside small" }, "pool"));
      }
      const levels = new Map();
      branch.convolutions.forEach((conv) => levels.set(conv.level, [...(levels.get(conv.level) || []), conv]));
      for (const step of levels.values()) {
        const tall = Math.max(...step.map((conv) => conv.kernel[0] * conv.kernel[1] * conv.inputs * scale.y));
        let left = middle - (step.reduce((sum, conv) => sum + conv.outputs, 0) * scale.x) / 2;
        for (const conv of step) {
          const [width, height] = [conv.outputs * scale.x, conv.kernel[0] * conv.kernel[1] * conv.inputs * scale.y];
          const target = sliders[slider++].input;
          const box = svg("rect", { x: left, y: y - height, width, height, class: "box", style: `fill:var(--${fill(conv)})`, onclick: () => target.focus() },
            svg("title", {}, `${kernelText(conv)}, ${conv.inputs} to ${conv.outputs} channels: ${count(conv.weights)} weights, ${count(conv.macs)} multiply-adds`));
          picture.append(box);
          const ink = Explorer.inkOn(Explorer.colour(fill(conv)));
          if (width > 34 && height > 15) picture.append(svg("text", { x: left + width / 2, y: y - height / 2 + (height > 32 ? -2 : 4), class: "inside", style: `fill:${ink}` }, kernelText(conv).replaceAll(" ", "")));
          if (width > 34 && height > 32) picture.append(svg("text", { x: left + width / 2, y: y - height / 2 + 13, class: "inside small", style: `fill:${ink}` }, conv.outputs));
          left += width;
        }
        y -= tall + 3;
      }
      flows.push([middle, y]);
      x += column + scale.gap;
    }
    flows.forEach(([middle, y]) => picture.append(svg("path", { class: "flow", d: `M${middle} ${y}V26M${middle} ${ground + 2}V${ground + 12}` })));
    bar(4, cost.outputs, `${count(cost.outputs)} channels out`);
    bar(ground + 13, inputs, `${count(inputs)} channels in`);
    return picture;
  }

  const columnOf = (branch) => {
    const levels = new Map();
    branch.convolutions.forEach((conv) => levels.set(conv.level, (levels.get(conv.level) || 0) + conv.outputs));
    return Math.max(...levels.values(), 24);
  };
  const heightOf = (branch) => {
    const levels = new Map();
    branch.convolutions.forEach((conv) => levels.set(conv.level, Math.max(levels.get(conv.level) || 0, conv.kernel[0] * conv.kernel[1] * conv.inputs)));
    return [...levels.values()].reduce((sum, height) => sum + height, 0);
  };

  function paint(v) {
    const now = setting(v);
    const all = [inceptionModule.cost(now), inceptionModule.cost(built(v))];
    const wide = Math.min(Math.max(at("picture").clientWidth - 26, 320), 900);
    const [high, gap] = [wide > 600 ? 360 : 300, wide > 600 ? 26 : 12];
    const sums = all.map((cost, i) => [Math.max(cost.branches.reduce((sum, b) => sum + columnOf(b), 0), cost.outputs, i ? built(v).inputs : now.inputs), Math.max(...cost.branches.map(heightOf))]);
    const [most, tallest] = [0, 1].map((i) => Math.max(...sums.map((sum) => sum[i])));
    const room = wide - gap * (all[0].branches.length - 1);
    const scale = { x: room / most, y: (high - 12) / tallest, gap };
    scale.left = (room - all[0].branches.reduce((sum, b) => sum + columnOf(b), 0) * scale.x) / 2;
    
    at("picture").replaceChildren(draw(all[0], now.inputs, scale, wide, high));
  }

  state.watch((v) => {
    make(v);
    const now = setting(v);
    const [cost, before] = [inceptionModule.cost(now), inceptionModule.cost(built(v))];
    sliders.forEach(({ input, output, read }) => {
      input.value = read(now);
      output.textContent = count(read(now));
    });
    paint(v);
    const dearest = cost.branches.reduce((best, branch) => (branch.macs > best.macs ? branch : best));
    const altered = v.inputs !== "" || v.grid !== "" || v.widths !== "";
    const ratio = cost.macs / before.macs;
    at("verdict").textContent = `${short(cost.macs)} multiply-adds`;
    at("sum").textContent = `${percent(dearest.macs / cost.macs, 0)} of them are in the branch of ${branchText(now.branches[cost.branches.indexOf(dearest)])}, which puts out ${dearest.outputs} of the ${count(cost.outputs)} channels.`
      + (altered ? ` As built the module has ${short(before.macs)}, so yours has ${ratio >= 1 ? "+" : "−"}${Math.abs(100 * (ratio - 1)).toFixed(1)} %.` : "");
    const readout = (name, big, note) => html("div", {}, html("dt", {}, name), html("dd", {}, big, html("small", {}, ` ${note}`)));
    const reduced = cost.branches.flatMap((b) => b.convolutions).filter((c) => c.kernel.join() === "1,1").reduce((sum, c) => sum + c.macs, 0);
    at("readouts").replaceChildren(
      readout("Multiply-adds", count(cost.macs), "for one image"),
      readout("Weights", count(cost.weights), "without biases"),
      readout("Channels out", count(cost.outputs), `${(cost.outputs / now.inputs).toFixed(2)} times what comes in`),
      readout("In 1 × 1 convolutions", percent(reduced / cost.macs, 0), "of the multiply-adds"));
    at("branches").replaceChildren(Explorer.bars("Multiply-adds of each branch", cost.branches.map((branch, i) => ({
      name: branchText(now.branches[i]), value: branch.macs, text: short(branch.macs), note: `${percent(branch.macs / cost.macs, 0)} for ${percent(branch.outputs / cost.outputs, 0)} of the channels`,
      colour: `var(--${branch.convolutions.length ? fill(branch.convolutions.reduce((best, c) => (c.macs > best.macs ? c : best))) : "branch-pool"})`,
    }))));
    at("rows").replaceChildren(Explorer.table("Convolution by convolution", ["convolution", "channels in", "out", "weights", "multiply-adds", "share"],
      cost.branches.flatMap((branch) => branch.convolutions.map((c) => [`${branch.name}: ${kernelText(c)}`, count(c.inputs), count(c.outputs), count(c.weights), count(c.macs), percent(c.macs / cost.macs)]))));
    at("key").replaceChildren(...[["1 × 1", "branch-1x1"], ["3 × 3", "branch-3x3"], ["5 × 5", "branch-5x5"], ["1 × n and n × 1", "branch-other"], ["pooling, which has no weights", "branch-pool"]]
      .map(([text, colour]) => html("li", {}, html("i", { style: `background:var(--${colour})` }), text)));
  });

  addEventListener("resize", () => paint(state.values));
})();
