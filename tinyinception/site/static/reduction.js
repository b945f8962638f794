"use strict";
/* Halving the grid: the arithmetic, which tests compare with the package's count, then the page. */

// Three ways from a d x d grid of k channels to half the grid and n channels; poolings are 3x3 of stride 2.
const reduction = (() => {
  const WAYS = ["pool, then convolve", "convolve, then pool", "side by side"];

  const halved = (size, kernel, padding) => (padding === "same" ? Math.ceil(size / 2) : Math.floor((size - kernel) / 2) + 1);

  /** Why the three cannot be built so, in the package's words where it has some; null if they can. */
  function refusal({ grid, inputs, outputs, kernel, padding }) {
    if (outputs <= inputs) return `Conv2d: out_channels must be a whole number of at least 1, got ${outputs - inputs}`;
    if (padding === "valid" && grid < 3) return `MaxPool2d in pool: kernel 3x3 is larger than the padded input ${grid}x${grid} (${grid}x${grid} with padding (0, 0, 0, 0))`;
    if (padding === "valid" && grid < kernel) return `Conv2d in path1.conv1_${kernel}x${kernel}.conv: kernel ${kernel}x${kernel} is larger than the padded input ${grid}x${grid} (${grid}x${grid} with padding (0, 0, 0, 0))`;
    const [conv, pool] = [halved(grid, kernel, padding), halved(grid, 3, padding)];
    if (conv !== pool) return `Concat: inputs may differ in axis 3 only, but input 0 is 1x${conv}x${conv}x${outputs - inputs} and input 1 is 1x${pool}x${pool}x${inputs}`;
    return null;
  }

  /** For each way its multiply-adds, and the places on the way, grid and channels, with the numbers that are there. */
  function ways({ grid, inputs, outputs, kernel, padding }) {
    const out = halved(grid, 3, padding);
    const taps = kernel * kernel;
    const place = (name, size, channels) => ({ name, grid: size, channels, numbers: size * size * channels });
    const [start, end] = [place("in", grid, inputs), place("out", out, outputs)];
    return [
      { macs: out * out * taps * inputs * outputs, places: [start, place("pooled", out, inputs), end] },
      { macs: grid * grid * taps * inputs * outputs, places: [start, place("convolved", grid, outputs), end] },
      { macs: out * out * taps * inputs * (outputs - inputs), places: [start, end] },
    ].map((way, i) => ({ name: WAYS[i], ...way, narrowest: Math.min(...way.places.slice(1).map((p) => p.numbers)) }));
  }

  return { WAYS, halved, refusal, ways };
})();

(() => {
  const { html, svg, count, short, times } = Explorer;
  const at = (id) => document.getElementById(id);

  const state = Explorer.state({
    grid: Explorer.number(35, { min: 2, max: 64 }),
    inputs: Explorer.number(320, { min: 8, max: 1024, step: 8 }),
    outputs: Explorer.number(640, { min: 16, max: 2048, step: 8 }),
    kernel: Explorer.number(3, { values: [1, 3, 5] }),
    padding: Explorer.choice("valid", ["valid", "same"]),
  });

  const square = (n) => `${n} × ${n}`;
  Explorer.presets(at("presets"), state, "Try", [
    ["The lesson's", { grid: 35, inputs: 320, outputs: 640, kernel: 3, padding: "valid" }],
    ["The paper's formula", { grid: 36, inputs: 320, outputs: 640, kernel: 1, padding: "same" }],
    ...Explorer.data.reduction.map(({ name, ...sizes }) => [name, { ...sizes, kernel: 3 }]),
  ]);
  const panel = at("controls");
  Explorer.slider(panel, state, "grid", { label: "Grid", show: square });
  Explorer.slider(panel, state, "inputs", { label: "Channels in" });
  Explorer.slider(panel, state, "outputs", { label: "Channels out" });
  Explorer.segments(panel, state, "kernel", { label: "Convolution", options: [1, 3, 5].map((n) => [n, square(n)]) });
  Explorer.segments(panel, state, "padding", { label: "Padding of what halves", options: [["valid", "valid"], ["same", "same"]] });

  const COLOURS = ["var(--series-2)", "var(--series-1)", "var(--series-3)"];

  /** The places of one way below each other, as wide as their numbers. */
  function flow(way, i, most, v, least) {
    const [wide, step, high] = [320, 92, 22];
    const places = way.places;
    const picture = svg("svg", { viewBox: `0 0 ${wide} ${50 + 2 * step}`, role: "img", "aria-label": `${way.name}: ${places.map((p) => `${count(p.numbers)} numbers`).join(", then ")}` });
    const bars = places.map((place, k) => {
      const width = Math.max((place.numbers / most) * wide, 3);
      const y = 20 + (places.length === 2 ? 2 * k : k) * step;
      return { place, width, y, left: (wide - width) / 2 };
    });
    bars.slice(1).forEach((bar, k) => {
      const from = bars[k];
      const split = i === 2 ? bar.width * (v.inputs / v.outputs) : 0;
      const shape = (left, right, fill) => picture.append(svg("polygon", { points: `${from.left},${from.y + high} ${from.left + from.width},${from.y + high} ${right},${bar.y} ${left},${bar.y}`, class: "stream", style: `fill:${fill}` }));
      if (split) {
        shape(bar.left, bar.left + split, "var(--branch-pool)");
        shape(bar.left + split, bar.left + bar.width, COLOURS[i]);
      } else shape(bar.left, bar.left + bar.width, COLOURS[i]);
      const verb = i === 2 ? `pool beside convolve ${square(v.kernel)}` : (k === 0) === (i === 0) ? "pool" : `convolve ${square(v.kernel)}`;
      picture.append(svg("text", { x: wide / 2, y: (from.y + high + bar.y) / 2 - 6, class: "verb" }, verb));
    });
    bars.forEach(({ place, width, y, left }, k) => {
      const bottleneck = k > 0 && place.numbers < least;
      picture.append(svg("rect", { x: left, y, width, height: high, rx: 3, class: bottleneck ? "bottleneck" : "place" }));
      if (i === 2 && k === bars.length - 1) picture.append(svg("rect", { x: left, y, width: (width * v.inputs) / v.outputs, height: high, rx: 3, class: "passed" }));
      picture.append(svg("text", { x: wide / 2, y: y - 6, class: "size" }, `${times([place.grid, place.grid, place.channels])} = ${count(place.numbers)}${bottleneck ? " ← bottleneck" : ""}`));
    });
    return picture;
  }

  state.watch((v) => {
    const refusal = reduction.refusal(v);
    at("refusal").replaceChildren(refusal ? html("p", { class: "impossible" }, "So the three cannot be built. The package says:", html("br"), html("code", {}, refusal)) : "");
    for (const id of ["ways", "costs", "bars", "formula"]) at(id).hidden = refusal !== null;
    at("verdict").className = refusal ? "big bad" : "big";
    if (refusal) {
      at("verdict").textContent = "Impossible";
      at("sum").textContent = v.outputs <= v.inputs ? "Side by side passes all channels on and adds new ones: more have to come out than go in." : "";
      return;
    }
    const ways = reduction.ways(v);
    const [first, last, beside] = ways;
    const end = first.places[2];
    const most = Math.max(...ways.flatMap((way) => way.places.map((place) => place.numbers)));
    const share = (a, b) => `${Math.round((100 * a) / b)} %`;
    at("verdict").textContent = `Side by side costs ${share(beside.macs, last.macs)} of convolving first`;
    at("sum").textContent = `Only ${count(v.outputs - v.inputs)} of its ${count(v.outputs)} channels are computed, the pooling passes the other ${count(v.inputs)} on. Pooling first costs ${share(first.macs, last.macs)}, `
      + (first.narrowest < end.numbers ? `but everything has to pass through ${count(first.narrowest)} numbers, where ${count(end.numbers)} come out.` : "and has no bottleneck here.");
    at("ways").replaceChildren(...ways.map((way, i) => html("section", {}, html("h3", {}, way.name), flow(way, i, most, v, end.numbers),
      html("p", { class: "cost" }, html("strong", {}, short(way.macs)), " multiply-adds"))));
    at("bars").replaceChildren(Explorer.bars("Multiply-adds", ways.map((way, i) => ({
      name: way.name, value: way.macs, text: count(way.macs), note: `narrowest ${count(way.narrowest)}`, colour: COLOURS[i] }))));
    const m = v.kernel === 1 ? "" : `${v.kernel}² × `;
    const products = [[end.grid, v.outputs], [v.grid, v.outputs], [end.grid, v.outputs - v.inputs]];
    at("formula").replaceChildren(...products.map(([size, out], i) => html("li", {}, `${ways[i].name}: ${m}${size}² × ${v.inputs} × ${out} = ${count(ways[i].macs)}`)));
  });
})();
