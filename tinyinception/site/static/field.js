"use strict";
/* Receptive fields: the window of a place in a layer, drawn on a picture; beside it the gradient that arrives. */

const { svg, html, times, count } = Explorer;
const { networks, effective, trained, images, pictures } = Explorer.data.field;
const SMALL = 32; // pixels; networks for larger images get the photograph
const at = (id) => document.getElementById(id);

const state = Explorer.state({
  network: Explorer.choice("inception_cifar", networks.map((n) => n.name)),
  layer: Explorer.text(""),
  weights: Explorer.choice("fresh", ["fresh", "trained"]), // of the heat
  row: Explorer.number(50, { min: 0, max: 100, step: 0.1 }),
  column: Explorer.number(50, { min: 0, max: 100, step: 0.1 }),
});

let network = null; // { name, input, layers: [{ path, text, kind, stage, output, field, stride, centre, depth }] }
let heat = null;

/** A place (row, column) of a layer from per cent of its grid; 50 is the middle. */
const placeOf = (layer, row, column) =>
  [row, column].map((percent, axis) => Math.min(Math.floor((percent / 100) * layer.output[axis]), layer.output[axis] - 1));

/** First row, first column, height and width in pixels of what a place sees; beyond the image there is only padding. */
function windowOf(layer, place) {
  const [top, left] = place.map((n, axis) => layer.centre[axis] + n * layer.stride[axis] - (layer.field[axis] - 1) / 2);
  return [top, left, ...layer.field];
}

/** Side of the image and how many of its pixels, in parts of 1, a window covers. */
function covered(layer, place) {
  const [top, left, high, wide] = windowOf(layer, place);
  const [height, width] = network.input;
  const inside = (from, size, whole) => Math.max(0, Math.min(from + size, whole) - Math.max(from, 0));
  return (inside(top, high, height) * inside(left, wide, width)) / (height * width);
}

const layerAt = (path) => network.layers.find((layer) => layer.path === path && layer.kind !== "module")
  || network.layers.find((layer) => layer.path === path)
  || network.layers.find((layer) => layer.path.startsWith(`${path}.`));

/** The layer of the address, else the last one whose window is well inside the image. */
const chosen = (values) => (values.layer && byId(values.layer))
  || network.layers.filter((layer) => Math.max(...layer.field) <= 0.7 * network.input[0]).pop() || network.layers[0];

const nameOf = (layer) => (layer.kind === "module" ? `the output of ${layer.stage}` : layer.text);

const idOf = (layer) => (layer.kind === "module" ? `${layer.path}/` : layer.path);
const byId = (id) => (id.endsWith("/") ? network.layers.find((l) => idOf(l) === id) : layerAt(id));

function draw(values) {
  const wanted = [Explorer.load(`field-${values.network}`)];
  const both = trained.includes(values.network);
  if (effective.includes(values.network)) wanted.push(Explorer.load(`field-${both && values.weights === "trained" ? "trained" : "heat"}-${values.network}`));
  at("weights").hidden = !both;
  Promise.all(wanted).then(([data, found]) => {
    if (values !== state.values) return;
    heat = found || null;
    if (!network || network.name !== data.name) {
      const keys = ["path", "text", "kind", "stage", "output", "field", "stride", "centre", "depth"];
      network = { ...data, layers: data.layers.map((row) => Object.fromEntries(keys.map((key, i) => [key, row[i]]))) };
      list();
    }
    show(chosen(values), values);
    grow(chosen(values));
  });
}

// ---- the pictures ----

function show(layer, values) {
  const place = placeOf(layer, values.row, values.column);
  const [height, width] = network.input;
  const [top, left, high, wide] = windowOf(layer, place);
  const margin = 0.04 * Math.max(height, width);
  const box = [Math.min(left, 0) - margin, Math.min(top, 0) - margin, Math.max(left + wide, width) + margin, Math.max(top + high, height) + margin];
  const side = Math.max(box[2] - box[0], box[3] - box[1]);
  const view = `${(box[0] + box[2] - side) / 2} ${(box[1] + box[3] - side) / 2} ${side} ${side}`;
  const small = height <= SMALL;
  const frame = (children, label) => svg("svg", { viewBox: view, role: "img", "aria-label": label }, children);
  const dot = 0.012 * side;
  const marks = [
    svg("rect", { class: "edge", x: 0, y: 0, width, height }),
    svg("rect", { class: "window", x: left, y: top, width: wide, height: high }),
    svg("rect", { class: "window", x: left, y: top, width: wide, height: high }),
    svg("circle", { class: "centre", cx: left + wide / 2, cy: top + high / 2, r: dot }),
  ];
  const shade = svg("path", { class: "shade", "fill-rule": "evenodd", d: `M0 0H${width}V${height}H0Z M${Math.max(left, 0)} ${Math.max(top, 0)}H${Math.min(left + wide, width)}V${Math.min(top + high, height)}H${Math.max(left, 0)}Z` });
  const label = `${nameOf(layer)} sees ${times(layer.field)} pixels of ${times([height, width])}`;
  at("picture").replaceChildren(frame([
    svg("image", { href: small ? pictures.small : pictures.large, x: 0, y: 0, width, height, preserveAspectRatio: "none", class: small ? "pixels" : null }),
    shade, ...marks], label));
  const [rows, columns] = layer.output;
  at("caption").textContent = `Place ${place[0] + 1} of ${rows} from the top and ${place[1] + 1} of ${columns} from the left in ${nameOf(layer)}: it sees ${times(layer.field)} pixels. Move over the picture to move it.`;
  showHeat(layer, place, frame, marks);
  numbers(layer, place);
  for (const button of at("layers").querySelectorAll("button")) {
    const here = button.dataset.id === idOf(layer);
    button.setAttribute("aria-pressed", here);
    if (here) keepInView(button);
  }
}

function keepInView(button) {
  const box = at("layers");
  if (button.offsetTop < box.scrollTop || button.offsetTop + button.offsetHeight > box.scrollTop + box.clientHeight)
    box.scrollTop = button.offsetTop - box.clientHeight / 2;
}

function showHeat(layer, place, frame, marks) {
  const found = heat && heat[layer.path];
  const middle = [Math.floor(layer.output[0] / 2), Math.floor(layer.output[1] / 2)];
  at("effective").hidden = !found;
  if (!found) return;
  const [height, width] = network.input;
  const here = place.every((n, axis) => n === middle[axis]);
  const [top, left, high, wide] = windowOf(layer, middle);
  const half = found.square / 2;
  at("heat").replaceChildren(frame([
    svg("image", { href: heatPicture(found.levels, height, width), x: 0, y: 0, width, height, class: "pixels", preserveAspectRatio: "none" }),
    svg("rect", { class: "square", x: left + wide / 2 - half, y: top + high / 2 - half, width: found.square, height: found.square }),
    ...marks.map((mark) => mark.cloneNode(true))], `Gradient of the middle place of ${nameOf(layer)}`));
  const whose = state.values.weights === "trained" && trained.includes(network.name) ? "The network at half its width, trained on drawn images" : "Fresh weights";
  at("heat-caption").textContent = `${whose}: how much of the gradient of the middle place arrives at each pixel. A square of ${times([found.square, found.square])} (dashed) has 90 % of its energy. ${here ? "" : "The window is that of another place now."}`;
}

const made = new Map(); // pictures of levels, by what they are made of

/** Levels as a picture in the colours of cost. */
function heatPicture(levels, height, width) {
  const key = `${Explorer.isDark()} ${levels}`;
  if (!made.has(key)) made.set(key, paintHeat(levels, height, width));
  return made.get(key);
}

function paintHeat(levels, height, width) {
  const canvas = html("canvas", { width, height });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  const ramp = [...Array(256).keys()].map((i) => (i ? Explorer.cost(i / 255) : Explorer.colour("paper"))).map((hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16)));
  for (let i = 0; i < height * width; i++) {
    const level = parseInt(levels.slice(2 * i, 2 * i + 2), 16);
    pixels.data.set([...ramp[level], 255], 4 * i);
  }
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}

function numbers(layer, place) {
  const found = heat && heat[layer.path];
  at("numbers").replaceChildren(...[
    ["receptive field", `${layer.field.join("×")} px`],
    ["of the image", Explorer.percent(covered(layer, place), 0)],
    ["places lie apart", `${layer.stride.join("×")} px`],
    ["output", layer.output.join("×")],
    ["weight layers deep", count(layer.depth)],
    ...(found ? [["90 % of the gradient", `${found.square}×${found.square} px`]] : []),
  ].map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))));
}

let grown = ""; // what the chart was made for

/** Window over depth, a dot for each layer. */
function grow(layer) {
  const key = [network.name, idOf(layer), at("growth").clientWidth].join(" ");
  if (key === grown) return;
  grown = key;
  const most = Math.max(...network.layers.map((l) => Math.max(...l.field)));
  const deepest = Math.max(...network.layers.map((l) => l.depth));
  const chart = Chart({ label: "Receptive field over depth", width: Math.max(at("growth").clientWidth, 300), height: 280, x: { from: 0, to: deepest + 1, label: "weight layers between the image and the layer" }, y: { from: 0, to: most * 1.05, label: "pixels" } });
  chart.rule({ y: network.input[0] });
  chart.area.append(svg("text", { x: chart.left + 6, y: chart.y(network.input[0]) - 5 }, `the image: ${network.input[0]}`));
  for (const one of network.layers) {
    const circle = chart.dot(one.depth, Math.max(...one.field), {
      colour: one === layer ? "var(--focus)" : one.kind === "module" ? "var(--muted)" : `var(--branch-${one.kind})`,
      radius: one === layer ? 9 : 5, title: `${one.text}, ${one.stage}: ${times(one.field)}` });
    circle.addEventListener("click", () => state.set({ layer: idOf(one) }));
  }
  at("growth").replaceChildren(chart.svg);
}

// ---- the list ----

function list() {
  const groups = [];
  for (const layer of network.layers) {
    if (!groups.length || groups[groups.length - 1][0] !== layer.stage) groups.push([layer.stage, []]);
    groups[groups.length - 1][1].push(layer);
  }
  const peek = (layer) => show(layer, state.values);
  const back = () => show(chosen(state.values), state.values);
  at("layers").replaceChildren(...groups.flatMap(([stage, layers]) => [
    html("h3", {}, stage),
    ...layers.map((layer) => html("button", { type: "button", "data-id": idOf(layer),
      onclick: () => state.set({ layer: idOf(layer) }), onmouseenter: () => peek(layer), onmouseleave: back, onfocus: () => peek(layer), onblur: back },
      html("i", { style: layer.kind === "module" ? null : `background:var(--branch-${layer.kind})` }),
      html("span", {}, layer.text), html("span", { class: "number" }, layer.field.join("×")))),
  ]));
}

// ---- what the reader does ----

function point(event) {
  const picture = event.currentTarget.querySelector("svg");
  if (!picture || !network) return;
  const inverse = picture.getScreenCTM().inverse();
  const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(inverse);
  const layer = chosen(state.values);
  const [row, column] = [spot.y, spot.x].map((pixel, axis) => {
    const nearest = Math.round((pixel - 0.5 - layer.centre[axis]) / layer.stride[axis]);
    const place = Math.min(Math.max(nearest, 0), layer.output[axis] - 1);
    return ((place + 0.5) / layer.output[axis]) * 100;
  });
  state.set({ row, column }, "replace");
}

for (const id of ["picture", "heat"]) at(id).addEventListener("pointermove", point);
at("picture").addEventListener("pointerdown", point);

const groups = [["At 32 × 32", (n) => n.input[0] <= SMALL], ["From the papers", (n) => n.input[0] > SMALL]].map(([name, belongs]) =>
  [name, networks.filter(belongs).map((n) => [n.name, n.name])]);
const controls = at("controls");
Explorer.chooser(controls, state, "network", { label: "Network", options: groups });
Explorer.segments(at("weights"), state, "weights", { label: "Weights of the heat", options: [["fresh", "fresh"], ["trained", "trained"]] });
Explorer.slider(controls, state, "row", { label: "From top to bottom", unit: "%" });
Explorer.slider(controls, state, "column", { label: "From left to right", unit: "%" });
Explorer.presets(controls, state, "Place", [["middle", { row: 50, column: 50 }], ["corner", { row: 0, column: 0 }]]);
state.watch(draw);
