"use strict";
/* What each layer sees: choose an image, a class, a layer and a channel of one of two trained networks.

   Explorer.data.seen says which networks there are; the numbers and pictures of each come with its own data file. A
   sheet is a picture with a row for each image and a column for each channel, of which a tile shows one cell. */
const { html } = Explorer;
const SETS = Explorer.data.seen.sets;
const place = (id) => document.getElementById(id);
const state = Explorer.state({
  set: Explorer.choice(SETS[0].name, SETS.map((one) => one.name)),
  image: Explorer.number(0, { min: 0, max: 11 }),
  class: Explorer.text(),
  at: Explorer.text(),
  layer: Explorer.text(),
  channel: Explorer.text(),
});
const number = (x) => Number(x.toPrecision(3)).toString();
const spoken = (name) => name.replace(/_/g, " ");

/** What the reader has chosen, with what holds where nothing was: the answer's class, the first module, a lively channel. */
function chosen(data, values) {
  const probabilities = data.probabilities[values.image];
  const answer = probabilities.indexOf(Math.max(...probabilities));
  const label = data.classes.includes(values.class) ? data.classes.indexOf(values.class) : answer;
  const layer = data.layers.find((one) => one.name === values.layer) || data.layers[SHOWN];
  const heated = data.layers.filter((one) => one.heat);
  const at = heated.find((one) => one.name === values.at) || heated[heated.length - 1];
  const wanted = /^\d+$/.test(values.channel) ? Number(values.channel) : -1;
  const channel = wanted >= 0 && wanted < layer.channels ? wanted : layer.liveliest;
  return { image: values.image, answer, label, layer, at, channel };
}
const SHOWN = 4; // the layer one sees first: the first Inception module

const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** Grad-CAM at a layer for a class of an image: rows of numbers from 0 to 255, which is the map's largest. */
function heatOf(data, at, image, label) {
  const [rows, columns] = at.grid;
  const first = (image * data.classes.length + label) * rows * columns;
  const values = bytesOf(at.heat).subarray(first, first + rows * columns);
  return Array.from({ length: rows }, (_, r) => Array.from(values.subarray(r * columns, (r + 1) * columns)));
}

/** The largest value of a channel on an image. */
function peakOf(data, layer, image, channel) {
  return (bytesOf(layer.bright)[image * layer.channels + channel] / 255) * layer.peaks[channel];
}

/** The style of a tile that shows one cell of a sheet; how large it is, --side says where it stands (seen.css). */
const cell = (sheet, [rows, columns], row, column) =>
  `background-image:${sheet};--rows:${rows};--columns:${columns};--row:${row};--column:${column}`;

const url = (picture) => `url(${picture})`;
const tile = (style, said) => html("span", { class: "tile", style, ...(said ? { role: "img", "aria-label": said } : { "aria-hidden": "true" }) });

/** Radio buttons that look like what they choose; the one that is checked keeps the focus when it is drawn again. */
function radios(box, name, options, chosenValue, choose) {
  const held = box.contains(document.activeElement) ? document.activeElement.value : null;
  box.querySelectorAll(":scope > :not(legend)").forEach((old) => old.remove());
  const groups = new Map();
  for (const { value, said, content, group, kind, style } of options) {
    if (!groups.has(group)) {
      groups.set(group, html("div", { class: "group", style: kind ? `--branch:var(--branch-${kind})` : null },
        group ? html("p", {}, group) : null));
      box.append(groups.get(group));
    }
    const input = html("input", { type: "radio", name, value, "aria-label": said, checked: String(value) === String(chosenValue), onchange: () => choose(value) });
    groups.get(group).append(html("label", { title: said, style }, input, content));
  }
  if (held !== null) (box.querySelector(":checked") || document.body).focus();
}

function drawImages(data, now) {
  const options = data.labels.map((label, image) => ({
    value: image,
    said: `${spoken(data.classes[label])}, test image ${data.indices[image]}`,
    content: tile(cell(url(data.images), [1, data.labels.length], 0, image)),
  }));
  radios(place("images"), "image", options, now.image, (image) => state.set({ image }));
}

function drawAnswer(data, now) {
  const said = (label) => Explorer.percent(data.probabilities[now.image][label]);
  const options = data.classes.map((name, label) => ({
    value: name,
    said: `${spoken(name)}, ${said(label)}`,
    content: html("span", { class: "row", "aria-hidden": "true" },
      html("span", { class: "name" }, spoken(name)),
      html("span", { class: "track" }, html("i", { style: `width:${100 * data.probabilities[now.image][label]}%` })),
      html("span", { class: "number" }, said(label))),
  }));
  radios(place("classes"), "class", options, data.classes[now.label], (name) => state.set({ class: name }));
  const truth = spoken(data.classes[data.labels[now.image]]);
  const answer = spoken(data.classes[now.answer]);
  const right = data.labels[now.image] === now.answer;
  place("image").replaceChildren(tile(cell(url(data.images), [1, data.labels.length], 0, now.image), truth));
  place("image-said").textContent = right
    ? `Test image ${data.indices[now.image]}: ${truth}, and so says the network.`
    : `Test image ${data.indices[now.image]}: ${truth}. The network says ${answer}.`;
}

function drawHeat(data, now) {
  const rows = heatOf(data, now.at, now.image, now.label);
  const name = spoken(data.classes[now.label]);
  const canvas = html("canvas", { width: rows[0].length, height: rows.length, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  rows.forEach((row, y) => row.forEach((value, x) => {
    context.fillStyle = `rgb(0 0 0 / ${0.82 * (1 - value / 255)})`;
    context.fillRect(x, y, 1, 1);
  }));
  const most = Math.max(...rows.flat());
  const at = rows.flat().indexOf(most);
  const where = most ? `brightest in row ${Math.floor(at / rows[0].length) + 1}, column ${(at % rows[0].length) + 1} of ${rows.length}` : "nowhere";
  place("heat").replaceChildren(html("div", { role: "img", "aria-label": `Grad-CAM for ${name}: ${where}` },
    tile(cell(url(data.images), [1, data.labels.length], 0, now.image)), canvas));
  place("heat-said").textContent = most
    ? `What speaks for ${name}: Grad-CAM at ${now.at.name}, ${Explorer.times(now.at.grid)} cells.`
    : `Nothing here speaks for ${name}: Grad-CAM at ${now.at.name} is zero everywhere.`;
  place("class-dream").replaceChildren(tile(cell(url(data.classDreams), [1, data.classes.length], 0, now.label), `A dream of ${name}`));
  place("class-dream-said").textContent = `A dream of ${name}: noise, changed until the network is ${Explorer.percent(data.sure[now.label])} sure of it.`;
}

const SIDES = { 32: 64, 16: 48, 8: 40, 4: 32 }; // of a tile, by the side of its map

function drawLayer(data, now) {
  const options = data.layers.map((layer) => ({
    value: layer.name,
    said: `${layer.name}: ${layer.channels} channels of ${Explorer.times(layer.grid)}`,
    content: html("span", { class: "card", "aria-hidden": "true" }, html("b", {}, layer.name),
      html("small", {}, `${Explorer.times([...layer.grid, layer.channels])}`)),
  }));
  radios(place("layers"), "layer", options, now.layer.name, (layer) => state.set({ layer, channel: "" }));
  const { layer } = now;
  const window = Math.min(...layer.field) > 32 ? "can depend on the whole image" : `depends on ${Explorer.times(layer.field)} pixels of the image`;
  place("layer-said").textContent =
    `${layer.channels} channels, each a map of ${Explorer.times(layer.grid)}; a value ${window}. ` +
    `A dot marks the ${layer.dreams.length} channels that dream.`;
  place("on-map").href = `map.html#network=${data.network}&at=${layer.name}`;
  const sizes = [data.labels.length, layer.channels];
  const bright = bytesOf(layer.bright);
  const groups = layer.groups.flatMap((group) => Array(group.channels).fill(group));
  place("channels").style.setProperty("--sheet", url(layer.sheet));
  place("channels").style.setProperty("--side", `${SIDES[layer.grid[0]]}px`);
  radios(place("channels"), "channel", groups.map((group, channel) => ({
    value: channel,
    said: `Channel ${channel}, ${Math.round(bright[now.image * layer.channels + channel] / 2.55)} % of its brightest`,
    group: `${group.name}: ${group.channels} channels`,
    kind: group.kind,
    content: html("span", { class: layer.dreams.includes(channel) ? "tile dreams" : "tile", "aria-hidden": "true",
      style: cell("var(--sheet)", sizes, now.image, channel) }),
  })), now.channel, (channel) => state.set({ channel: String(channel) }));
}

function drawChannel(data, now) {
  const { layer, channel } = now;
  const sizes = [data.labels.length, layer.channels];
  const sheet = url(layer.sheet);
  const here = peakOf(data, layer, now.image, channel);
  const group = layer.groups.find((one) => channel < one.first + one.channels);
  place("channel-title").textContent = `Channel ${channel} of ${layer.name}`;
  place("map").replaceChildren(tile(cell(sheet, sizes, now.image, channel), `Channel ${channel} on the chosen image`));
  place("map-said").textContent = `On this image at most ${number(here)}, on any at most ${number(layer.peaks[channel])}. From ${group.name}.`;
  const dream = layer.dreams.indexOf(channel);
  place("dream").replaceChildren(dream < 0
    ? html("p", { class: "tile none" }, "no dream")
    : tile(cell(url(layer.dreamt), [1, layer.dreams.length], 0, dream), `A dream of channel ${channel}`));
  place("dream-said").textContent = dream < 0 ? "Channels with a dot dream." : "A dream: noise that climbed to a higher mean.";
  place("next").onclick = () => {
    state.set({ channel: String(layer.dreams.find((one) => one > channel) ?? layer.dreams[0]) });
    Explorer.say(place("channel-title").textContent);
  };
  place("everywhere").replaceChildren(...data.labels.map((label, image) => html("span", { class: image === now.image ? "pair here" : "pair" },
    tile(cell(url(data.images), [1, data.labels.length], 0, image)),
    tile(cell(sheet, sizes, image, channel), `Channel ${channel} on ${spoken(data.classes[label])}: at most ${number(peakOf(data, layer, image, channel))}`))));
}

function draw(data, values) {
  const now = chosen(data, values);
  place("about").textContent =
    `The network is ${data.network} at half its width, ${Explorer.count(data.parameters)} parameters, trained for ` +
    `${data.epochs} epochs on ${Explorer.count(data.trainImages)} ${data.what}. It names ` +
    `${Explorer.percent(data.right / data.testImages)} of ${Explorer.count(data.testImages)} test images rightly. The ` +
    `twelve are the first of each class, right or wrong, and two of its mistakes.${data.note ? ` ${data.note}` : ""}`;
  place("more").hidden = SETS.length > 1;
  drawImages(data, now);
  drawAnswer(data, now);
  drawHeat(data, now);
  drawLayer(data, now);
  drawChannel(data, now);
  document.body.dataset.drawn = data.name;
}

place("controls").hidden = SETS.length < 2; // nothing to choose
Explorer.segments(place("controls"), state, "set", { label: "Trained on", options: SETS.map((one) => [one.name, one.title]) });
Explorer.load(`seen-${SETS[0].name}`).then((first) => {
  const heated = first.layers.filter((layer) => layer.heat);
  Explorer.chooser(place("at"), state, "at", { label: "Grad-CAM at", options: heated.map((layer, i) => [i === heated.length - 1 ? "" : layer.name, `${layer.name}, ${Explorer.times(layer.grid)}`]) });
});
state.watch((values) => Explorer.load(`seen-${values.set}`).then((data) => {
  if (state.values.set === data.name) draw(data, state.values);
}));
