"use strict";
/* Convolution as a product: the arithmetic, which tests compare with the package's im2col, then the page. */

// A convolution as the product of its im2col matrix with the weights; one image, one channel, one filter.
const convolution = (() => {
  const span = (kernel, dilation) => (kernel - 1) * dilation + 1;

  /** Pixels of zeros [top, bottom, left, right]; padding "valid", "same" (TensorFlow's rule) or a whole number. */
  function pads(padding, size, kernel, stride, dilation) {
    if (padding === "valid") return [0, 0, 0, 0];
    if (padding !== "same") return Array(4).fill(Number(padding));
    const all = Math.max((Math.ceil(size / stride) - 1) * stride + span(kernel, dilation) - size, 0);
    const before = Math.floor(all / 2);
    return [before, all - before, before, all - before];
  }

  /** The pads, the padded size and the output's; `error` is what the package says where no window fits. */
  function geometry({ size, kernel, stride, padding, dilation }) {
    const around = pads(padding, size, kernel, stride, dilation);
    const [padded, reach] = [size + around[0] + around[1], span(kernel, dilation)];
    const square = (n) => `${n}x${n}`;
    let error = null;
    if (reach > padded) {
      error = `Conv2d: kernel ${square(reach)} is larger than the padded input ${square(padded)} (${square(size)} with padding (${around.join(", ")}))`;
      if (dilation > 1 && kernel > 1) error += `; ${square(kernel)} with dilation ${square(dilation)} spans that much`;
    }
    return { pads: around, padded, reach, out: error ? 0 : Math.floor((padded - reach) / stride) + 1, error };
  }

  /** The place [row, column] in the input of tap t of output pixel number `pixel`; outside 0 .. size - 1 it is padding. */
  function place(setting, pixel, tap) {
    const { pads: [top, , left], out } = geometry(setting);
    const { kernel, stride, dilation } = setting;
    const along = (p, t, before) => p * stride + t * dilation - before;
    return [along(Math.floor(pixel / out), Math.floor(tap / kernel), top), along(pixel % out, tap % kernel, left)];
  }

  /** One row for each output pixel, one column for each tap. */
  function im2col(setting, image) {
    const { out } = geometry(setting);
    const [pixels, taps] = [out * out, setting.kernel ** 2];
    return Array.from({ length: pixels }, (_, pixel) => Array.from({ length: taps }, (_, tap) => {
      const [row, column] = place(setting, pixel, tap);
      return image[row]?.[column] ?? 0;
    }));
  }

  const product = (matrix, weights) => matrix.map((row) => row.reduce((sum, x, tap) => sum + x * weights[tap], 0));

  /** How often each pixel of the input stands in the matrix: what col2im makes of ones. */
  function copies(setting) {
    const found = Array.from({ length: setting.size }, () => Array(setting.size).fill(0));
    const { out } = geometry(setting);
    for (let pixel = 0; pixel < out * out; pixel++) {
      for (let tap = 0; tap < setting.kernel ** 2; tap++) {
        const [row, column] = place(setting, pixel, tap);
        if (found[row]?.[column] !== undefined) found[row][column] += 1;
      }
    }
    return found;
  }

  return { pads, geometry, place, im2col, product, copies };
})();

(() => {
  const { html, count } = Explorer;
  const at = (id) => document.getElementById(id);
  const IMAGES = {
    numbers: (n, row, column) => row * n + column,
    edge: (n, row, column) => (column < n / 2 ? 1 : 9),
    ring: (n, row, column) => { const far = Math.max(Math.abs(row - (n - 1) / 2), Math.abs(column - (n - 1) / 2)); return far > (n - 1) / 2 - 2 && far < (n - 1) / 2 ? 9 : 0; },
  };
  const FILTERS = {
    sum: () => 1,
    middle: (k, i, j) => (i === (k - 1) / 2 && j === (k - 1) / 2 ? 2 : 0),
    edge: (k, i, j) => (j === k - 1 ? 1 : 0) - (j === 0 ? 1 : 0),
    counted: (k, i, j) => i * k + j + 1,
  };

  const state = Explorer.state({
    size: Explorer.number(5, { min: 1, max: 8 }),
    kernel: Explorer.number(3, { min: 1, max: 5 }),
    stride: Explorer.number(1, { min: 1, max: 3 }),
    padding: Explorer.choice("valid", ["valid", "same", "1", "2", "3"]),
    dilation: Explorer.number(1, { min: 1, max: 3 }),
    image: Explorer.choice("numbers", Object.keys(IMAGES)),
    filter: Explorer.choice("sum", Object.keys(FILTERS)),
    pixel: Explorer.number(4, { min: 0, max: 400 }),
  });

  const square = (n) => `${n} × ${n}`;
  const panel = at("controls");
  Explorer.slider(panel, state, "size", { label: "Input", show: square });
  Explorer.slider(panel, state, "kernel", { label: "Kernel", show: square });
  Explorer.slider(panel, state, "stride", { label: "Stride" });
  Explorer.slider(panel, state, "dilation", { label: "Dilation" });
  Explorer.segments(panel, state, "padding", { label: "Padding", options: [["valid", "valid"], ["same", "same"], ["1", "1"], ["2", "2"], ["3", "3"]] });
  Explorer.chooser(panel, state, "image", { label: "Picture", options: [["numbers", "numbered pixels"], ["edge", "an edge"], ["ring", "a ring"]] });
  Explorer.chooser(panel, state, "filter", { label: "Weights", options: [["sum", "all 1"], ["edge", "right minus left"], ["middle", "twice the middle"], ["counted", "1, 2, 3, …"]] });

  const grid = (n, value) => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => value(i, j)));
  const minus = (x) => String(x).replace("-", "−");
  const tint = (tap, kernel) => `tap row-${Math.floor(tap / kernel) % 5}`;

  let parts = null; // what is on the page now: cells by their places, for lighting up without drawing anew

  function build(v, found) {
    const before = found.pads[0];
    const image = grid(v.size, (i, j) => IMAGES[v.image](v.size, i, j));
    const weights = grid(v.kernel, (i, j) => FILTERS[v.filter](v.kernel, i, j)).flat();
    const cell = (text, kind, row, column) => html("span", { class: kind, style: `grid-area:${row + 1}/${column + 1}` }, text);
    const inputs = grid(found.padded, (i, j) => {
      const value = image[i - before]?.[j - before];
      const made = cell(value === undefined ? "0" : String(value), value === undefined ? "pad" : "pixel", i, j);
      made.addEventListener("pointerenter", () => copies(i - before, j - before));
      made.addEventListener("pointerleave", () => copies(null));
      return made;
    });
    at("input").replaceChildren(...inputs.flat());
    const matrix = found.error ? [] : convolution.im2col(v, image);
    const results = convolution.product(matrix, weights);
    const buttons = results.map((result, pixel) => {
      const [row, column] = [Math.floor(pixel / found.out), pixel % found.out];
      const button = html("button", {
        type: "button", class: "out", style: `grid-area:${row + 1}/${column + 1}`, "aria-label": `Output row ${row + 1}, column ${column + 1}: ${result}`,
        onclick: () => state.set({ pixel }), onpointerenter: () => show(pixel), onpointerleave: () => show(chosen()), onfocus: () => show(pixel),
        onkeydown: (event) => step(event, pixel, found.out),
      }, minus(result));
      return button;
    });
    at("output").replaceChildren(...buttons);
    const rows = matrix.map((row, pixel) => row.map((value, tap) => {
      const made = cell(String(value), "entry", pixel, tap);
      made.addEventListener("pointerenter", () => light(pixel));
      made.addEventListener("pointerleave", () => light(chosen()));
      made.addEventListener("click", () => state.set({ pixel }));
      return made;
    }));
    at("matrix").replaceChildren(...rows.flat());
    const column = results.map((result, pixel) => cell(minus(result), "entry", pixel, 0));
    at("column").replaceChildren(...column);
    for (const [id, n] of [["input", found.padded], ["output", found.out]]) at(id).style.setProperty("--n", n);
    at("weights").replaceChildren(...weights.map((weight, tap) => cell(minus(weight), `entry ${tint(tap, v.kernel)}`, tap, 0)));
    parts = { v, found, inputs, buttons, rows, column, matrix, weights, results, before };
  }

  const chosen = () => Math.min(state.values.pixel, parts.results.length - 1);

  /** Arrow keys go from one output pixel to the next. */
  function step(event, pixel, out) {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -out, ArrowDown: out }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const next = pixel + by;
    const same = Math.abs(by) === 1 ? Math.floor(next / out) === Math.floor(pixel / out) : true;
    if (next < 0 || next >= parts.results.length || !same) return;
    state.set({ pixel: next }, "replace");
    parts.buttons[next].focus();
  }

  /** The same with its row in sight, where the matrix is so large that it has to be moved. */
  function show(pixel) {
    light(pixel);
    const region = at("matrix").closest(".wide");
    const row = parts.rows[pixel]?.[0];
    if (row) region.scrollTop = row.offsetTop - region.clientHeight / 2;
  }

  /** The window of one output pixel, its row, and the sum that it is. */
  function light(pixel) {
    const { v, inputs, buttons, rows, column, matrix, weights, results, before } = parts;
    inputs.flat().forEach((cell) => { cell.className = cell.className.replace(/ tap.*| copy/g, ""); });
    rows.forEach((row, i) => row.forEach((cell, tap) => { cell.className = i === pixel ? `entry ${tint(tap, v.kernel)}` : "entry"; }));
    buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", i === chosen());
      button.classList.toggle("lit", i === pixel);
      button.tabIndex = i === chosen() ? 0 : -1;
    });
    column.forEach((cell, i) => { cell.className = i === pixel ? "entry lit" : "entry"; });
    if (pixel < 0) return;
    for (let tap = 0; tap < weights.length; tap++) {
      const [row, column] = convolution.place(v, pixel, tap);
      inputs[row + before][column + before].className += ` ${tint(tap, v.kernel)}`;
    }
    const terms = matrix[pixel].map((x, tap) => `${x} × ${weights[tap] < 0 ? `(${minus(weights[tap])})` : weights[tap]}`);
    const out = parts.found.out;
    at("sum").textContent = `Output row ${Math.floor(pixel / out) + 1}, column ${(pixel % out) + 1} is row ${pixel + 1} of the matrix times the weights: ${terms.join(" + ")} = ${minus(results[pixel])}.`;
  }

  /** All copies of one input pixel in the matrix. */
  function copies(row, column) {
    const { v, rows } = parts;
    rows.forEach((entries, pixel) => entries.forEach((cell, tap) => {
      const [y, x] = convolution.place(v, pixel, tap);
      cell.classList.toggle("copy", row !== null && y === row && x === column);
    }));
    if (row === null) return light(chosen());
    const times = rows.flat().filter((cell) => cell.classList.contains("copy")).length;
    at("sum").textContent = `This pixel stands ${times === 1 ? "once" : `${times} times`} in the matrix. That many gradients come back to it, and they are added.`;
    return undefined;
  }

  let drawn = "";
  state.watch((v) => {
    const found = convolution.geometry(v);
    const what = JSON.stringify({ ...v, pixel: null });
    if (what !== drawn) build(v, found); // another pixel needs no other cells, and the pointer may rest on one
    drawn = what;
    const impossible = found.error !== null;
    at("verdict").textContent = impossible ? "Impossible" : `${square(v.size)} becomes ${square(found.out)}`;
    at("verdict").className = `big ${impossible ? "bad" : ""}`;
    at("refusal").replaceChildren(impossible ? html("p", { class: "impossible" }, "No window fits, so there is no output. The package says: ", html("br"), html("code", {}, found.error)) : "");
    at("product").classList.toggle("none", impossible);
    at("sum").textContent = "";
    at("product").classList.toggle("large", found.out > 4 || v.kernel > 3);
    if (!impossible) show(chosen());
    const [rows, columns] = [found.out ** 2, v.kernel ** 2];
    at("input-size").textContent = found.padded === v.size ? `${square(v.size)} pixels` : `${square(v.size)} pixels, padded to ${square(found.padded)}`;
    at("output-size").textContent = impossible ? "" : `${square(found.out)}: (${found.padded} − ${found.reach}) / ${v.stride}${(found.padded - found.reach) % v.stride ? ", rounded down," : ""} + 1`;
    at("matrix-size").textContent = impossible ? "" : `${rows} windows of ${columns} taps, one row each; times ${columns} weights`;
    const counts = convolution.copies(v).flat();
    const readout = (title, big, note) => html("div", {}, html("dt", {}, title), html("dd", {}, big, html("small", {}, ` ${note}`)));
    at("readouts").replaceChildren(...(impossible ? [] : [
      readout("Numbers in the matrix", count(rows * columns), `${((rows * columns) / v.size ** 2).toFixed(2)} times the input`),
      readout("Multiply-adds", count(rows * columns), "one for each of them"),
      readout("Copies of a pixel", Math.min(...counts) === Math.max(...counts) ? String(counts[0]) : `${Math.min(...counts)} to ${Math.max(...counts)}`, counts.includes(0) ? "some are never seen" : "every pixel is seen"),
      readout("A window spans", square(found.reach), v.dilation > 1 && v.kernel > 1 ? `${square(v.kernel)} taps, ${v.dilation} apart` : "pixels")]));
  });
})();
