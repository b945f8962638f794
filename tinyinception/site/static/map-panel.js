"use strict";
/* The network map: what is told of a network, a module, a layer. */

function aboutNetwork(network, side) {
  const by = ["params", "memory"].includes(state.values.by) ? state.values.by : "macs";
  const { name, whole } = MEASURES[by];
  const dear = [...network.boxes.values()].filter((box) => !box.stage.aux)
    .sort((a, b) => measure(b, by) - measure(a, by)).slice(0, 6);
  const heads = network.cards.filter((card) => card.aux);
  const link = (box) => html("a", { href: state.encode({ at: addressOf(box, side) }) || "#" }, `${box.text}`);
  return [
    html("h2", {}, network.name),
    html("p", { class: "where" }, `${network.text}; image ${times(network.plain.input)}`),
    html("h3", {}, `Where its ${name} ${by === "memory" ? "is" : "are"}`),
    html("p", {}, html("small", {}, "By the grid of what layers put out")),
    Explorer.bars(`${name} by grid`, byGrid(network, by).map(([grid, cost]) => ({ name: grid, value: cost, text: percent(cost / whole(network)), colour: "var(--cost-5)" }))),
    html("p", {}, html("small", {}, "The dearest boxes")),
    html("ol", {}, dear.map((box) => html("li", {}, link(box), ` in ${box.stage.title}: ${percent(measure(box, by) / whole(network))}`))),
    heads.length ? html("p", {}, `Auxiliary classifiers, in training only: ${short(network.training.params - network.plain.params)} parameters and ${short(network.training.macs - network.plain.macs)} multiply-adds more.`) : null,
    html("p", {}, html("small", {}, `Built in tinyinception/${network.file}.`)),
  ].filter(Boolean);
}

/** Cost and field of something, as a list of names and values; the numbers of `summary`. */
function facts(item) {
  const { counts, network } = item;
  const last = counts.last;
  const n = (item.stage || item).names.length;
  const share = (by) => { const x = MEASURES[by].of(counts) / MEASURES[by].whole(network); return x ? html("small", {}, ` ${percent(x)}`) : ""; };
  const rows = [
    ["output", times(last.output)],
    ["multiply-adds", count(counts.macs), share("macs")],
    ["parameters", count(counts.params), share("params")],
    ["memory for results", bytes(4 * counts.activations), share("memory")],
    ["bytes moved", bytes(counts.bytes_moved)],
    ["FLOPs per byte", counts.bytes_moved ? (counts.flops / counts.bytes_moved).toFixed(1) : "0"],
    ["receptive field", `${times(last.receptive_field)} px`],
    ["stride", `${times(last.stride)} px`],
    ["weight layers deep", count(last.depth)],
  ];
  if (n > 1) rows.push([`multiply-adds of all ${n}`, count(n * counts.macs)], ["field of the last of them", `${times(lastOf(item).receptive_field)} px`]);
  return html("dl", { class: "facts" }, rows.map(([name, ...value]) => [html("dt", {}, name), html("dd", {}, value)]));
}

/** The last operation of the last of the modules that a box or card stands for. */
function lastOf(item) {
  const { names, network } = item.stage || item;
  const path = names[names.length - 1] + item.path.slice(names[0].length);
  return layersOf(network).filter((row) => row.name === path || row.name.startsWith(`${path}.`)).pop();
}

function aboutBox(box) {
  const operations = box.counts.rows.map((row) => [row.op, row.output.join("×"), short(row.macs), short(row.params)]);
  return [
    html("h2", {}, box.text),
    html("p", { class: "where" }, box.path, ...repeated(box.stage)),
    facts(box),
    seen(box),
    ...(box.counts.rows.length > 1 ? [html("div", { class: "rows" }, Explorer.table("Its operations", ["operation", "output", "MACs", "params"], operations))] : []),
    ...origin(box.stage),
  ];
}

function aboutCard(card) {
  const side = shown.indexOf(card.network);
  const rows = card.parts.map((box) => [html("a", { href: state.encode({ at: addressOf(box, side) }) }, box.text), short(box.counts.macs), short(box.counts.params)]);
  return [
    html("h2", {}, card.title),
    html("p", { class: "where" }, card.aux ? "an auxiliary classifier, in training only" : `a module of ${card.network.name}`, ...repeated(card)),
    facts(card),
    seen(card),
    html("div", { class: "rows" }, Explorer.table("Its layers", ["layer", "MACs", "params"], rows)),
    ...origin(card),
  ];
}

const repeated = (card) => (card.names.length > 1 ? [`; the same in ${card.names.join(", ")}`] : []);

/** Links to the pages that show its window, and what a trained network makes of images there. */
function seen(item) {
  const layer = item.network.trained.find((name) => item.path === name || item.path.startsWith(`${name}.`) || (item.card && name.startsWith(`${item.path}.`)));
  return html("p", { class: "links" },
    html("a", { href: `field.html#network=${item.network.name}&layer=${item.path}${item.card ? "/" : ""}` }, "See its window on a picture"),
    layer ? html("a", { href: `seen.html#layer=${layer}` }, `See what ${layer}, trained, makes of images`) : null);
}

/** The figure of the paper and the code that builds a module. */
function origin(card) {
  const { figure, call, code } = card;
  const block = code === null ? null : card.network.code[code];
  return [
    figure ? html("p", {}, html("strong", {}, "In the papers: "), figure) : null,
    call ? html("h3", {}, "The code that builds it") : null,
    call ? html("p", { class: "where" }, `${call[0]}, line ${call[1]}`) : null,
    call ? html("pre", { tabindex: 0, "aria-label": "call" }, html("code", {}, call[3])) : null,
    block ? html("details", {}, html("summary", {}, `${block.name}, in ${block.place.replace(":", ", line ")}`), html("pre", { tabindex: 0, "aria-label": block.name }, html("code", {}, block.text))) : null,
  ].filter(Boolean);
}
