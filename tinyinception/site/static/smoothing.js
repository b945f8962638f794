"use strict";
/* Label smoothing: the arithmetic, which tests compare with the package's cross-entropy, then the page. */

// The smoothed cross-entropy, in nats, as `tinyinception.nn.functional.cross_entropy` has it.
const smoothing = (() => {
  const PRIORS = ["even", "ones", "falling"]; // u = 1 / K; 1 for every class, the copied mistake; 1, 1/2, 1/3 ... made to add up to 1

  function prior(kind, classes) {
    if (kind === "ones") return Array(classes).fill(1);
    const raw = Array.from({ length: classes }, (_, k) => (kind === "even" ? 1 : 1 / (k + 1)));
    const sum = raw.reduce((a, b) => a + b, 0);
    return raw.map((u) => u / sum);
  }

  function logSoftmax(logits) {
    const top = Math.max(...logits);
    const rest = Math.log(logits.reduce((sum, z) => sum + Math.exp(z - top), 0));
    return logits.map((z) => z - top - rest);
  }

  const target = (right, u, eps) => u.map((share, k) => (1 - eps) * (k === right ? 1 : 0) + eps * share);
  const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
  const cross = (q, logp) => total(q.map((weight, k) => (weight ? -weight * logp[k] : 0)));

  /** Loss in nats, its two parts, label q', probabilities p, and the gradient of each logit. */
  function evaluate(logits, right, u, eps) {
    const logp = logSoftmax(logits);
    const [q, p] = [target(right, u, eps), logp.map(Math.exp)];
    const sum = total(q);
    return {
      q, p, sum, loss: cross(q, logp), hard: -logp[right], even: cross(u, logp),
      gradient: p.map((share, k) => share * sum - q[k]),
    };
  }

  /** What the package says to a u that is no distribution; null if it is one. */
  function refusal(u) {
    const [sum, least] = [total(u), Math.min(...u)];
    if (least >= 0 && Math.abs(sum - 1) <= 1e-5) return null;
    return "CrossEntropy: prior must hold probabilities: no negative number, and a sum of 1; row 0 adds up to "
      + `${Number(sum.toPrecision(6))}, its smallest is ${Number(least.toPrecision(6))}`;
  }

  /** The loss where the right logit is `gap` above all others, which are equal. */
  function lossAt(gap, classes, right, u, eps) {
    const q = target(right, u, eps);
    const spread = gap > 0 ? gap + Math.log1p((classes - 1) * Math.exp(-gap)) : Math.log(Math.exp(gap) + classes - 1);
    return total(q) * spread - q[right] * gap;
  }

  /** The gap at which that is least: for u = 1 / K it is log(1 + K (1 - eps) / eps); Infinity where it never stops. */
  function bestGap(classes, right, u, eps) {
    const q = target(right, u, eps);
    const others = total(q) - q[right];
    return others > 0 ? Math.log(((classes - 1) * q[right]) / others) : Infinity;
  }

  return { PRIORS, prior, logSoftmax, target, evaluate, refusal, lossAt, bestGap };
})();

(() => {
  const { html, svg } = Explorer;
  const at = (id) => document.getElementById(id);
  const { example, right: RIGHT } = Explorer.data.smoothing;
  const FEW = 10; // so many classes have a slider each; of more only the right one has

  const state = Explorer.state({
    classes: Explorer.number(5, { values: [2, 3, 5, 10, 100, 1000] }),
    eps: Explorer.number(0.1, { min: 0, max: 1, step: 0.01 }),
    right: Explorer.number(RIGHT, { min: 0, max: FEW - 1 }),
    prior: Explorer.choice("even", smoothing.PRIORS),
    z: Explorer.text(example),
  });

  const limit = (z) => Math.min(Math.max(z, -12), 12);
  const rightOf = (v) => (v.classes > FEW ? 0 : Math.min(v.right, v.classes - 1));

  /** All logits. More classes than the text has logits get its least; of many the others are 0, and the right one is as far above. */
  function logits(v) {
    const said = v.z.split(",").map((text) => (Number.isFinite(Number(text)) ? limit(Number(text)) : 0));
    if (v.classes <= FEW) return Array.from({ length: v.classes }, (_, k) => said[k] ?? Math.min(...said));
    const right = Math.min(v.right, said.length - 1);
    const others = said.filter((_, k) => k !== right);
    const level = others.length ? others.reduce((sum, z) => sum + z, 0) / others.length : 0;
    return Array.from({ length: v.classes }, (_, k) => (k ? 0 : limit(said[right] - level)));
  }
  const written = (z) => z.map((x) => String(Number(limit(x).toFixed(3)))).join(",");
  const signed = (x, places = 2) => `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(places)}`;
  const small = (x) => (x === 0 ? "0" : x < 0.00095 ? String(Number(x.toPrecision(1))) : x.toFixed(3));

  // ---- controls ----

  const sure = (classes, p) => { // the right class has p, the others share the rest
    const gap = Math.log(((classes - 1) * p) / (1 - p));
    return classes > FEW ? written([gap]) : written(Array.from({ length: classes }, (_, k) => (k === RIGHT ? gap : 0)));
  };
  const usual = { classes: 5, eps: 0.1, right: RIGHT, prior: "even", z: example };
  Explorer.presets(at("presets"), state, "Try", [
    ["The example, done right", usual],
    ["The example, as it is copied", { ...usual, prior: "ones" }],
    ["A network that is 99 % sure", { ...usual, z: sure(5, 0.99) }],
    ["1000 classes", { ...usual, classes: 1000, right: 0, z: "9.105" }],
  ]);
  const panel = at("controls");
  Explorer.slider(panel, state, "eps", { label: "Smoothing, eps", show: (x) => x.toFixed(2) });
  Explorer.slider(panel, state, "classes", { label: "Classes, K" });
  Explorer.segments(panel, state, "prior", { label: "What is mixed in, u", options: [["even", "1/K each"], ["falling", "frequent classes more"], ["ones", "1 each, as copied"]] });
  const rights = html("select", { id: "right", onchange: () => state.set({ right: Number(rights.value) }) });
  panel.append(html("div", { class: "control" }, html("label", { for: "right" }, "Right class"), rights));
  const best = html("button", { type: "button", onclick: () => {
    const v = state.values;
    const q = smoothing.target(rightOf(v), smoothing.prior(v.prior, v.classes), v.eps);
    const last = Math.log(q[q.length - 1]);
    state.set({ z: v.classes > FEW ? written([smoothing.bestGap(v.classes, 0, smoothing.prior(v.prior, v.classes), v.eps)]) : written(q.map((share) => Math.log(share) - last)) });
  } }, "Put the logits where the loss is least");
  panel.append(html("div", { class: "control" }, best));

  // ---- the classes ----

  let rows = [];
  let made = "";

  /** One row for each class, made anew only where their number changes, so that a slider in hand stays. */
  function make(v) {
    const many = v.classes > FEW;
    if (made === String(v.classes)) return;
    made = String(v.classes);
    rows = Array.from({ length: many ? 2 : v.classes }, (_, k) => {
      const name = many ? (k ? `each of the ${v.classes - 1} others` : "the right class") : `class ${k + 1}`;
      const slider = html("input", { type: "range", min: -12, max: 12, step: 0.1, "aria-label": `Logit of ${name}`, disabled: many && k === 1 });
      let moving = false;
      slider.addEventListener("input", () => {
        const z = logits(state.values);
        z[k] = Number(slider.value);
        state.set({ z: written(many ? z.slice(0, 1) : z) }, moving ? "replace" : "push");
        moving = true;
      });
      slider.addEventListener("change", () => { moving = false; });
      const row = { name, slider, title: html("strong", {}, name), logit: html("output", {}), p: html("i", { class: "p" }), q: html("i", { class: "q" }), g: html("i", { class: "g" }), text: html("span", { class: "number" }) };
      row.element = html("div", { class: "class" }, html("span", { class: "which" }, row.title, html("small", {}, "logit ", row.logit)), slider,
        html("span", { class: "track", "aria-hidden": "true" }, row.p, row.g, row.q), row.text);
      return row;
    });
    at("classes").replaceChildren(...rows.map((row) => row.element));
    rights.replaceChildren(...(many ? [html("option", { value: 0 }, "class 1")] : rows.map((row, k) => html("option", { value: k }, row.name))));
    rights.disabled = many;
  }

  state.watch((v) => {
    make(v);
    const [z, right, u] = [logits(v), rightOf(v), smoothing.prior(v.prior, v.classes)];
    const found = smoothing.evaluate(z, right, u, v.eps);
    const plain = smoothing.evaluate(z, right, u, 0);
    rights.value = right;
    const most = Math.max(1, ...found.q);
    rows.forEach((row, k) => {
      const [p, q, g] = [found.p[k], found.q[k], found.gradient[k]];
      row.slider.value = z[k];
      row.slider.setAttribute("aria-valuetext", z[k].toFixed(2));
      row.logit.textContent = signed(z[k]);
      row.element.classList.toggle("right", k === right);
      row.p.style.width = `${(100 * p) / most}%`;
      row.q.style.left = `${(100 * q) / most}%`;
      row.g.style.cssText = `left:${(100 * Math.min(p, q)) / most}%;width:${(100 * Math.abs(p - q)) / most}%`;
      row.text.replaceChildren(html("span", {}, `p ${small(p)}`), html("span", {}, `q′ ${small(q)}`), html("b", {}, signed(g, Math.abs(g) < 0.00095 ? 5 : 3)));
    });
    const [push, before] = [-found.gradient[right], -plain.gradient[right]];
    const still = Math.abs(push) < 0.0005;
    at("verdict").textContent = still ? "Not pushed at all" : `Pushed ${push > 0 ? "up" : "down"} by ${Math.abs(push).toFixed(2)}`;
    at("why").textContent = `The right class has p = ${small(found.p[right])}, the label wants q′ = ${small(found.q[right])}. Without smoothing it would be pushed up by ${before.toFixed(2)}.`
      + (v.eps === 0 ? "" : push < 0 ? " Above q′ smoothing pushes down." : push < before ? " So smoothing pushes it up less hard." : "");
    const refusal = smoothing.refusal(u);
    at("refusal").replaceChildren(refusal && v.eps > 0 ? html("p", { class: "impossible" }, `This label adds up to ${Number(found.sum.toPrecision(4))}, so it is no distribution, and its loss compares with nothing. The package refuses it:`, html("br"), html("code", {}, refusal)) : "");
    const bits = (nats) => `${(nats / Math.log(2)).toFixed(2)} bits`;
    const gap = smoothing.bestGap(v.classes, right, u, v.eps);
    const least = Number.isFinite(gap) ? Math.max(0, found.q.reduce((sum, q) => sum - (q ? q * Math.log(q / found.sum) : 0), 0)) : 0;
    const mean = z.reduce((sum, x, k) => (k === right ? sum : sum + x), 0) / (v.classes - 1);
    const readout = (title, big, note) => html("div", {}, html("dt", {}, title), html("dd", {}, big, html("small", {}, ` ${note}`)));
    at("readouts").replaceChildren(
      readout("Loss with smoothing", `${found.loss.toFixed(2)} nats`, bits(found.loss)),
      readout("Loss without", `${plain.loss.toFixed(2)} nats`, bits(plain.loss)),
      readout("Smallest loss there is", `${least.toFixed(2)} nats`, v.eps ? "not zero: do not compare with the loss without" : "never reached"),
      readout("Right logit above the mean of the others", signed(z[right] - mean), Number.isFinite(gap) ? `best ${gap.toFixed(2)}` : "no best: it grows for ever"));
    at("parts").textContent = `In two parts: ${(1 - v.eps).toFixed(2)} × ${found.hard.toFixed(4)} + ${v.eps.toFixed(2)} × ${found.even.toFixed(4)} = ${found.loss.toFixed(4)} nats, the loss of the right class and that of u.`;
    best.disabled = !Number.isFinite(gap) || found.q.some((q) => q === 0);
    curve(v, right, u, gap, z[right] - mean);
  });

  // ---- the curve ----

  function curve(v, right, u, gap, now) {
    const high = Math.max(3, 1.15 * smoothing.lossAt(0, v.classes, right, u, v.eps));
    const chart = Chart({
      label: `Loss over the gap for ${v.classes} classes: ${Number.isFinite(gap) ? `least at a gap of ${gap.toFixed(2)}` : "it falls for ever"}`,
      x: { from: 0, to: 16, label: "gap: right logit minus each other" }, y: { from: 0, to: high, label: "loss, nats" }, width: Math.min(Math.max(at("curve").clientWidth, 340), 736), height: 340,
    });
    const line = (eps) => Array.from({ length: 161 }, (_, i) => [i / 10, smoothing.lossAt(i / 10, v.classes, right, u, eps)]).filter(([, y]) => y <= high);
    chart.line(line(0), { colour: "var(--series-2)", dashed: true });
    chart.line(line(v.eps), { colour: "var(--series-1)" });
    if (gap >= 0 && gap <= 16) chart.dot(gap, smoothing.lossAt(gap, v.classes, right, u, v.eps), { colour: "var(--series-1)", radius: 7 });
    if (now >= 0 && now <= 16) {
      chart.rule({ x: now });
      chart.area.append(svg("text", { x: chart.x(now) + 6, y: chart.top + 12 }, "now"));
    }
    const formula = v.prior === "even" && Number.isFinite(gap) ? `Least at a gap of log(1 + K (1 − eps) / eps) = log(1 + ${v.classes} × ${(1 - v.eps).toFixed(2)} / ${v.eps.toFixed(2)}) = ${gap.toFixed(2)}.`
      : Number.isFinite(gap) ? `Least at a gap of ${gap.toFixed(2)}, if all wrong classes have one logit.` : "Without smoothing there is no least loss.";
    at("curve").replaceChildren(chart.svg);
    at("formula").textContent = formula;
  }
})();
