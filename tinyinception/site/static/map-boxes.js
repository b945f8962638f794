"use strict";
/* The network map: networks as boxes with their costs, and their pictures as the package laid them out. */

const { html, count, short, bytes, percent, times } = Explorer;
const KINDS = { "1x1": "1 × 1", "3x3": "3 × 3", "5x5": "5 × 5", pool: "pooling", other: "other kernels, linear" };
const LINES = ["inner", "identity", "flow", "aux"];
const FONT = 86; // pixels an inch below which several columns are hard to read
const [LEAST, MOST] = [76, 128]; // pixels an inch that fitting to the window may choose

// ---- what networks, cards and boxes cost ----

/** What a box can be coloured by: of counts, and as text. */
const MEASURES = {
  macs: { name: "multiply-adds", of: (c) => c.macs, text: short, whole: (n) => n.plain.macs },
  params: { name: "parameters", of: (c) => c.params, text: short, whole: (n) => n.plain.params },
  memory: { name: "memory for results", of: (c) => 4 * c.activations, text: bytes, whole: (n) => 4 * n.plain.activations },
  intensity: { name: "FLOPs per byte", of: (c) => (c.bytes_moved ? c.flops / c.bytes_moved : 0), text: (x) => x.toFixed(1) },
};

/** The rows of a network as objects, with the keys of `summary(...).to_json()["layers"]`. */
const layersOf = (network) => network.layers.map((row) => Object.fromEntries(network.fields.map((field, i) => [field, row[i]])));

/** The counts of operations together, and what the last of them puts out and sees. */
function together(rows) {
  const sum = { rows, last: rows[rows.length - 1] };
  for (const field of ["params", "macs", "flops", "activations", "bytes_moved"]) sum[field] = rows.reduce((n, row) => n + row[field], 0);
  return sum;
}

/** A network with its boxes by path and its cards, each with its counts; made once. */
function prepare(network) {
  if (network.cards) return network;
  const rows = layersOf(network);
  const below = (path) => together(rows.filter((row) => row.name === path || row.name.startsWith(`${path}.`)));
  network.boxes = new Map();
  network.cards = network.stages.map((stage, i) => {
    const card = { ...stage, number: i, network, path: stage.names[0], counts: below(stage.names[0]), card: true };
    card.parts = stage.units.map(([path, text, kind]) => {
      const box = { path, text, kind, stage: card, network, counts: below(path) };
      network.boxes.set(path, box);
      return box;
    });
    return card;
  });
  return network;
}

/** What a network costs by the grid of what its layers put out, in the order of the forward pass: [[grid, cost], ...]. */
function byGrid(network, by) {
  const found = new Map();
  const aside = network.cards.filter((card) => card.aux).map((card) => card.path);
  for (const row of layersOf(network)) {
    if (row.op === "Dropout") continue; // in training only, as what stands aside
    if (aside.some((path) => row.name === path || row.name.startsWith(`${path}.`))) continue;
    const grid = row.output.length > 1 ? times(row.output.slice(0, 2)) : "no grid";
    found.set(grid, (found.get(grid) || 0) + MEASURES[by].of(row));
  }
  return [...found].filter(([, cost]) => cost > 0);
}

/** A box by its path, that of an equal module too, else a card by the name of one of its modules. */
function boxAt(network, path) {
  if (network.boxes.has(path)) return network.boxes.get(path);
  const card = network.cards.find((one) => one.names.some((name) => path === name || path.startsWith(`${name}.`)));
  if (!card || card.names.includes(path)) return card || null;
  const name = card.names.find((one) => path.startsWith(`${one}.`));
  return network.boxes.get(card.path + path.slice(name.length)) || null;
}

/** What a box is coloured by: for modules that are drawn once, all of them together. */
function measure(box, by) {
  const one = MEASURES[by].of(box.counts);
  return by === "intensity" ? one : one * (box.stage || box).names.length;
}

// ---- painting ----

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

/** "35×35×288  4.3 %": the second half depends on what the map is coloured by. */
function detail(card, by) {
  const said = card.output.join("×");
  if (by === "kind") return said;
  const value = measure(card, by);
  if (by === "intensity") return `${said}  ${value.toFixed(0)}`;
  const whole = MEASURES[by].whole(card.network);
  return value ? `${said}  ${card.aux ? "+" : ""}${percent(value / whole)}` : said;
}

/** A scene as SVG, boxes in the order of the forward pass; `side` tells those of two networks apart. */
function paint(network, scene, scale, side) {
  const [width, height] = scene.size;
  const boxes = scene.boxes.map(([kind, x, y, w, h, what]) => {
    const card = kind === "card" || kind === "aux";
    const rect = `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="${card ? 70 : 40}"/>`;
    const text = (said) => `<text x="${x + w / 2}" y="${y + h / 2}">${escape(said)}</text>`;
    if (kind === "join") return `<g class="join">${rect}${text(what)}</g>`;
    if (!card) return `<g class="box unit" tabindex="0" role="button" data-side="${side}" data-path="${escape(what)}">${rect}${text(network.boxes.get(what).text)}</g>`;
    const alone = network.cards[what].parts.length === 1; // its only box says it all
    return `<g class="box ${kind}"${alone ? "" : ' tabindex="0" role="button"'} data-side="${side}" data-card="${what}">${rect}</g>`;
  });
  const wires = scene.lines.map(([kind, arrow, ...at]) => {
    const d = at.map((n, i) => (i % 2 ? n : `${i ? "L" : "M"}${n}`)).join(" ");
    return `<path class="${LINES[kind]}" d="${d}"${arrow ? ` marker-end="url(#arrow-${side})"` : ""}/>`;
  });
  const texts = scene.texts.map(([x, y, end, bold, card, said]) =>
    `<text class="${bold ? "title" : "detail"}${end ? " end" : ""}" x="${x}" y="${y}"${card >= 0 && !bold ? ` data-side="${side}" data-detail="${card}"` : ""}>${escape(said)}</text>`);
  return `<svg viewBox="0 0 ${width} ${height}" width="${(width / 1000) * scale}" height="${(height / 1000) * scale}" role="group" aria-label="${escape(network.name)}">
    <defs><marker id="arrow-${side}" viewBox="0 0 10 10" refX="9.5" refY="5" markerWidth="70" markerHeight="70" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 1 10 5 0 9z"/></marker></defs>
    ${boxes.join("")}<g class="wires" aria-hidden="true">${wires.join("")}</g>${texts.join("")}</svg>`;
}

/** Inches to the right edge of the cards and as much margin as on their left; what stands beside them is left out. */
function widthOfCards(scene) {
  const cards = scene.boxes.filter(([kind]) => kind === "card");
  return (Math.max(...cards.map(([, x, , w]) => x + w)) + Math.min(...cards.map(([, x]) => x))) / 1000;
}

/** The scene with the most columns that a width has room for, and at how many pixels an inch it is drawn.

    beyond: auxiliary classifiers may lie beyond the edge, where one moves to them sideways. */
function choose(network, room, beyond) {
  const fits = network.scenes.filter((scene) => (scene.size[0] / 1000) * FONT <= room);
  const scene = fits.length ? fits[fits.length - 1] : network.scenes[0];
  const wide = beyond && scene === network.scenes[0] ? widthOfCards(scene) : scene.size[0] / 1000;
  return { scene, scale: Math.min(MOST, Math.max(LEAST, room / wide)) };
}
