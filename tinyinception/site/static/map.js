"use strict";
/* The network map: what the reader chooses and sees. map-boxes.js has the networks and their pictures, map-panel.js what
   is told of a box. */

const NAMES = Explorer.data.map.map((network) => network.name);

const state = Explorer.state({
  network: Explorer.choice("inception_v3", NAMES),
  beside: Explorer.choice("", ["", ...NAMES]),
  by: Explorer.choice("macs", ["macs", "params", "memory", "intensity", "kind"]),
  at: Explorer.text(""),
  find: Explorer.text(""),
  zoom: Explorer.number(1, { min: 0.5, max: 4, step: 0.25 }),
});

// ---- what is shown ----

const at = (id) => document.getElementById(id);
const stage = at("stage");
let shown = []; // the networks
const NARROW = 640; // pixels below which two networks stand below each other
let first = true; // whether the page has just been opened
let drawn = ""; // what the picture was made for

function draw(values) {
  const wanted = [values.network, ...(values.beside ? [values.beside] : [])];
  Promise.all(wanted.map((name) => Explorer.load(`map-${name}`))).then((networks) => {
    if (values !== state.values) return; // changed meanwhile
    shown = networks.map(prepare);
    totals();
    compare();
    repaint(values);
    recolour(values);
    legend(values);
    find(values);
    select(values);
    if (first && values.at) stage.querySelector(".chosen")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    first = false;
  });
}

function repaint(values) {
  const gap = 24;
  const stacked = stage.clientWidth < NARROW;
  const beside = stacked ? 1 : shown.length;
  const room = Math.max((stage.clientWidth - 24 - gap * (beside - 1)) / beside, 200);
  const chosen = shown.map((network) => choose(network, room, beside === 1));
  const scale = Math.min(...chosen.map((one) => one.scale)) * values.zoom;
  const made = JSON.stringify([shown.map((n) => n.name), scale, chosen.map((one) => one.scene.size)]);
  if (made === drawn) return;
  drawn = made;
  stage.innerHTML = `<div class="maps${stacked ? " stacked" : ""}">${chosen.map(({ scene }, side) =>
    `<div>${shown.length > 1 ? `<h2>${escape(shown[side].name)}</h2>` : ""}${paint(shown[side], scene, scale, side)}</div>`).join("")}</div>`;
  for (const box of stage.querySelectorAll(".box[role]")) box.setAttribute("aria-label", spoken(itemOf(box)));
}

const itemOf = (element) => {
  const network = shown[element.dataset.side];
  return element.dataset.path === undefined ? network.cards[element.dataset.card] : network.boxes.get(element.dataset.path);
};

/** What a screen reader says of a box. */
function spoken(item) {
  const share = item.counts.macs / item.network.plain.macs;
  const what = item.card ? `module ${item.title}` : `${item.text}, ${item.path.replaceAll(".", " ")}`;
  return `${what}: ${item.counts.last.output.join(" by ")}, ${short(item.counts.macs)} multiply-adds${share ? `, ${percent(share)}` : ""}`;
}

function recolour(values) {
  const units = [...stage.querySelectorAll(".unit")].map((element) => ({ element, item: itemOf(element) }));
  const by = values.by;
  const most = by === "kind" ? 1 : dearest(by);
  for (const { element, item } of units) {
    const value = by === "kind" ? 0 : measure(item, by);
    const fill = by === "kind" ? Explorer.colour(`branch-${item.kind}`) : value ? Explorer.cost(Math.sqrt(value / most)) : Explorer.colour("paper");
    element.firstChild.style.fill = fill;
    element.lastChild.style.fill = Explorer.inkOn(fill);
  }
  for (const text of stage.querySelectorAll("[data-detail]")) text.textContent = detail(shown[text.dataset.side].cards[text.dataset.detail], by);
}

/** The most that any box shown costs. */
const dearest = (by) => Math.max(1e-9, ...shown.flatMap((network) => [...network.boxes.values()].map((box) => measure(box, by))));

function legend(values) {
  if (values.by === "kind") {
    at("legend").replaceChildren(html("ul", { class: "key" }, Object.entries(KINDS).map(([kind, said]) =>
      html("li", {}, html("i", { style: `background:var(--branch-${kind})` }), said))));
    return;
  }
  const { name, text, whole } = MEASURES[values.by];
  const most = dearest(values.by);
  const share = (value) => (whole && shown.length === 1 && value ? ` (${percent(value / whole(shown[0]))})` : "");
  at("legend").replaceChildren(
    html("div", {}, `${name} of a box${values.by === "intensity" ? "" : " (×n: of all n together)"}, square-root scale`),
    html("div", { class: "ramp", style: `background:linear-gradient(90deg,${[...Array(9).keys()].map((i) => `var(--cost-${i})`)})` }),
    html("div", { class: "ticks" }, [0, 0.5, 1].map((x) => html("span", {}, x ? text(x * x * most) + share(x * x * most) : "0"))));
}

// ---- totals ----

const TOTALS = [
  ["parameters", (n) => short(n.plain.params), (n) => n.plain.params],
  ["multiply-adds", (n) => short(n.plain.macs), (n) => n.plain.macs],
  ["weight layers deep", (n) => String(n.plain.depth), (n) => n.plain.depth],
  ["receptive field", (n) => `${count(n.plain.receptive_field)} px`, (n) => n.plain.receptive_field],
  ["memory, inference", (n) => bytes(n.plain.activation_bytes.inference), (n) => n.plain.activation_bytes.inference],
  ["memory, training", (n) => bytes(n.training.activation_bytes.training), (n) => n.training.activation_bytes.training],
  ["FLOPs per byte", (n) => n.plain.intensity.toFixed(1), (n) => n.plain.intensity],
];

/** What one network comes to. */
function totals() {
  at("totals").hidden = shown.length > 1;
  at("totals").replaceChildren(...TOTALS.map(([name, text]) => html("div", {}, html("dt", {}, name), html("dd", {}, text(shown[0])))));
}

/** What two networks come to, and how many times the second is the first. */
function compare() {
  const place = at("compared");
  place.hidden = shown.length < 2;
  if (place.hidden) return;
  const [a, b] = shown;
  place.replaceChildren(
    Explorer.table("For one image, each network at the size it was made for", ["", ...TOTALS.map(([name]) => name), "image"], [
      ...shown.map((network) => [network.name, ...TOTALS.map(([, text]) => text(network)), times(network.plain.input)]),
      ["ratio", ...TOTALS.map(([, , value]) => `${(value(b) / value(a)).toFixed(2)} ×`), ""]]));
}

// ---- what was chosen ----

/** The box or card that `at` names, as [item, side]. */
function chosenOf(values) {
  const [, second, path] = /^(beside:)?(.*)$/.exec(values.at);
  const side = second ? 1 : 0;
  return [path && shown[side] ? boxAt(shown[side], path) : null, side];
}

const addressOf = (item, side) => (side ? "beside:" : "") + item.path;

function select(values) {
  const [item, side] = chosenOf(values);
  for (const element of stage.querySelectorAll(".chosen")) element.classList.remove("chosen");
  for (const element of stage.querySelectorAll("[aria-pressed]")) element.removeAttribute("aria-pressed");
  const panel = at("layer");
  panel.classList.toggle("open", item !== null);
  if (!item) {
    panel.replaceChildren(...shown.map(aboutNetwork).flat());
    return;
  }
  const element = elementOf(item, side);
  element.classList.add("chosen");
  element.setAttribute("aria-pressed", "true");
  panel.replaceChildren(
    html("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => close() }, "×"),
    ...(item.card ? aboutCard(item) : aboutBox(item)));
  panel.scrollTop = 0;
  Explorer.say(spoken(item));
}

const elementOf = (item, side) =>
  stage.querySelector(item.card ? `[data-side="${side}"][data-card="${item.number}"]` : `[data-side="${side}"][data-path="${CSS.escape(item.path)}"]`);

function close() {
  const [item, side] = chosenOf(state.values);
  state.set({ at: "" });
  if (item) elementOf(item, side).focus();
}

// ---- search ----

let hits = [];

/** Whether a box is meant by a text: in its name, its label, or a module that it stands for. */
function meant(box, text) {
  const names = box.stage.names.map((name) => name + box.path.slice(box.stage.names[0].length));
  return [...names, box.text, box.text.replaceAll("×", "x")].some((name) => name.toLowerCase().includes(text));
}

function find(values) {
  const text = values.find.trim().toLowerCase();
  const units = [...stage.querySelectorAll(".unit")];
  hits = text ? units.filter((element) => meant(itemOf(element), text)) : [];
  stage.classList.toggle("searching", text !== "");
  for (const element of units) element.classList.toggle("hit", hits.includes(element));
  at("found").textContent = text ? `${hits.length} of ${units.length} boxes; Enter goes from one to the next` : "";
  const input = at("find");
  if (input.value.trim().toLowerCase() !== text) input.value = values.find;
}

function nextHit() {
  if (!hits.length) return;
  const [item, side] = chosenOf(state.values);
  const now = item ? hits.indexOf(elementOf(item, side)) : -1;
  pick(hits[(now + 1) % hits.length]);
  hits[(now + 1) % hits.length].scrollIntoView({ block: "nearest", inline: "nearest" });
}

// ---- what the reader does ----

function pick(element) {
  let item = itemOf(element);
  if (item.card && item.parts.length === 1) item = item.parts[0];
  state.set({ at: addressOf(item, Number(element.dataset.side)) });
}

stage.addEventListener("click", (event) => {
  const box = event.target.closest(".box");
  if (box) pick(box);
});

stage.addEventListener("keydown", (event) => {
  const box = event.target.closest(".box");
  if (!box) return;
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const all = [...stage.querySelectorAll(".box[tabindex]")];
  const target = { Home: all[0], End: all[all.length - 1] }[event.key] || (event.key in steps && all[all.indexOf(box) + steps[event.key]]);
  if (event.key === "Enter" || event.key === " ") pick(box);
  else if (event.key === "Escape" && state.values.at) close();
  else if (target) target.focus();
  else if (!(event.key in steps)) return;
  event.preventDefault();
});

const groups = [["From the papers", (n) => n.input[0] > 32], ["At 32 × 32", (n) => n.input[0] <= 32]].map(([name, belongs]) =>
  [name, Explorer.data.map.filter(belongs).map((n) => [n.name, n.name])]);
const controls = at("controls");
Explorer.chooser(controls, state, "network", { label: "Network", options: groups });
Explorer.chooser(controls, state, "beside", { label: "Beside it", options: [["", "none"], ...groups] });
controls.append(html("div", { class: "control" }, html("label", { for: "find" }, "Search for a layer"),
  html("div", {}, html("input", { type: "search", id: "find", placeholder: "3x3, pool, Mixed_6b …", style: "width:100%",
    oninput: (event) => state.set({ find: event.target.value }, "replace"),
    onkeydown: (event) => { if (event.key === "Enter") nextHit(); } }))));
Explorer.segments(controls, state, "by", { label: "Coloured by", options: [["macs", "multiply-adds"], ["params", "parameters"], ["memory", "memory"], ["intensity", "FLOPs per byte"], ["kind", "kind of layer"]] });
at("smaller").addEventListener("click", () => state.set({ zoom: state.values.zoom - 0.25 }, "replace"));
at("larger").addEventListener("click", () => state.set({ zoom: state.values.zoom + 0.25 }, "replace"));
at("fit").addEventListener("click", () => state.set({ zoom: 1 }, "replace"));

state.watch(draw);
let width = stage.clientWidth;
new ResizeObserver(() => {
  if (stage.clientWidth === width) return;
  width = stage.clientWidth;
  draw(state.values);
}).observe(stage);
