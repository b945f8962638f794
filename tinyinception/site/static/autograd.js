"use strict";
/* The diamond: the arithmetic, which tests compare with lesson 1 and with the package's backward, then the page. */

// Lesson 1's diamond, b = a + a and c = b * b, and three ways to carry its gradient back.
const autograd = (() => {
  const WALKS = ["ordered", "eager", "assigning"];

  /** The values; each knows its parents and the derivative by each of them. */
  function diamond(number) {
    const a = { name: "a", formula: `a = ${number}`, value: number, parents: [], local: [] };
    const b = { name: "b", formula: "b = a + a", value: number + number, parents: [a, a], local: [1, 1] };
    const c = { name: "c", formula: "c = b × b", value: b.value * b.value, parents: [b, b], local: [b.value, b.value] };
    return [a, b, c];
  }

  /** All messages: who sends to whom by which use, the gradient sent from, local derivative, part, and the sum after it. */
  function messages(walk, number) {
    const [a, b, c] = diamond(number);
    const [grad, log] = [new Map([[a, 0], [b, 0], [c, 1]]), []];
    const send = (node, use) => {
      const [parent, part] = [node.parents[use], grad.get(node) * node.local[use]];
      const before = grad.get(parent);
      grad.set(parent, walk === "assigning" ? part : before + part);
      log.push({ from: node.name, to: parent.name, use, gradient: grad.get(node), local: node.local[use], part, before, after: grad.get(parent) });
    };
    const descend = (node) => node.parents.forEach((parent, use) => {
      send(node, use);
      descend(parent);
    });
    if (walk === "ordered") [c, b].forEach((node) => node.parents.forEach((_, use) => send(node, use)));
    else descend(c);
    return log;
  }

  /** The gradients after so many messages. */
  function gradients(walk, number, count) {
    const found = { a: 0, b: 0, c: 1 };
    messages(walk, number).slice(0, count).forEach((m) => { found[m.to] = m.after; });
    return found;
  }

  return { WALKS, diamond, messages, gradients };
})();

(() => {
  const { html, svg } = Explorer;
  const at = (id) => document.getElementById(id);
  const MOST = 6; // messages, of the walks that go astray

  const state = Explorer.state({
    walk: Explorer.choice("ordered", autograd.WALKS),
    a: Explorer.number(3, { min: -5, max: 5 }),
    step: Explorer.number(0, { min: 0, max: MOST }),
  });

  const minus = (x) => String(x).replace("-", "−");
  const panel = at("controls");
  Explorer.segments(panel, state, "walk", { label: "Who hands on when", options: [["ordered", "once, when all messages are there"], ["eager", "at once, adding"], ["assigning", "at once, assigning"]] });
  Explorer.slider(panel, state, "a", { label: "a", show: minus });

  const total = (v) => autograd.messages(v.walk, v.a).length;
  const now = (v) => Math.min(v.step, total(v));
  const back = html("button", { type: "button", onclick: () => state.set({ step: now(state.values) - 1 }) }, "← Back");
  const next = html("button", { type: "button", class: "next", onclick: () => state.set({ step: now(state.values) + 1 }) }, "Next message →");
  at("steps").append(back, next, html("button", { type: "button", onclick: () => state.set({ step: 0 }) }, "From the start"));
  Explorer.slider(at("steps"), state, "step", { label: "Message" });
  const slider = at("steps").querySelector("input");

  const Y = { c: 60, b: 230, a: 400 };

  function box(node, gradient, lit) {
    const y = Y[node.name];
    return svg("g", { class: lit ? "value lit" : "value" },
      svg("rect", { x: 110, y: y - 46, width: 220, height: 92, rx: 14 }),
      svg("text", { x: 130, y: y - 14, class: "formula" }, minus(node.formula)),
      svg("text", { x: 130, y: y + 12, class: "said" }, `value ${minus(node.value)}`),
      svg("text", { x: 310, y: y - 14, class: "said end" }, "gradient"),
      svg("text", { x: 310, y: y + 22, class: "gradient end" }, minus(gradient)));
  }

  /** An arrow down from sender to parent, on the left for the first use and on the right for the second. */
  function arrow(sender, parent, use, sent, last) {
    const [side, from, to] = [use ? 1 : -1, Y[sender.name] + 46, Y[parent.name] - 46];
    const [x, bend] = [220 + side * 55, 220 + side * 130];
    const middle = (from + to) / 2;
    const d = `M${x} ${from}C${bend} ${from + 25} ${bend} ${to - 25} ${x} ${to - 7}`;
    const spot = 220 + side * 122;
    return svg("g", { class: `arrow ${last ? "new" : sent.length ? "sent" : ""}` },
      svg("path", { d, class: "line" }), svg("path", { d: `M${x - 6} ${to - 12}L${x} ${to - 1}L${x + 6} ${to - 12}Z`, class: "tip" }),
      svg("text", { x: 220 + side * 14, y: middle + 4, class: use ? "local" : "local end" }, `× ${minus(sender.local[use])}`),
      sent.map((m, i) => svg("text", { x: spot, y: middle + 6 + 24 * (i - (sent.length - 1) / 2), class: `part ${use ? "" : "end"}` }, `${sent.length > 1 ? (i ? "then " : "first ") : ""}${minus(m.part)}`)));
  }

  state.watch((v) => {
    const [a, b, c] = autograd.diamond(v.a);
    const log = autograd.messages(v.walk, v.a);
    const count = now(v);
    const found = autograd.gradients(v.walk, v.a, count);
    const [last, done, right] = [log[count - 1], count === log.length, 8 * v.a];
    slider.max = log.length;
    slider.value = count;
    slider.previousElementSibling.textContent = `${count} of ${log.length}`;
    back.disabled = count === 0;
    next.disabled = done;
    const arrows = [[c, b], [b, a]].flatMap(([sender, parent]) => [0, 1].map((use) => {
      const sent = log.slice(0, count).filter((m) => m.from === sender.name && m.use === use);
      return arrow(sender, parent, use, sent, Boolean(last) && last.from === sender.name && last.use === use);
    }));
    at("graph").replaceChildren(svg("svg", { viewBox: "0 0 440 462", role: "img", "aria-label": `Gradients: c ${found.c}, b ${found.b}, a ${found.a}` },
      arrows, [c, b, a].map((node) => box(node, found[node.name], last && last.to === node.name))));
    const good = found.a === right;
    at("verdict").textContent = done ? `dc/da = ${minus(found.a)}: ${good ? "right" : `wrong, it is ${minus(right)}`}` : `a has ${minus(found.a)} so far`;
    at("verdict").className = `big ${done ? (good ? "good" : "bad") : ""}`;
    const add = last && (v.walk === "assigning" ? `${last.to} had ${minus(last.before)} and forgets it: now ${minus(last.after)}` : `${last.to} had ${minus(last.before)} and adds it: ${minus(last.after)}`);
    at("sum").textContent = last ? `${last.from} sends ${last.to} its gradient times the local derivative: ${minus(last.gradient)} × ${minus(last.local)} = ${minus(last.part)}. ${add}.`
      : "At the start c has the gradient 1: if c changes by something, c changes by as much.";
    at("messages").replaceChildren(...log.map((m, i) => html("li", { class: i < count ? (i === count - 1 ? "here" : "") : "later", "aria-current": i === count - 1 ? "step" : null },
      html("button", { type: "button", onclick: () => state.set({ step: i + 1 }) }, `${m.from} → ${m.to}`), html("span", {}, `${minus(m.gradient)} × ${minus(m.local)} = ${minus(m.part)}`), html("span", {}, `${m.to}: ${v.walk === "assigning" ? "" : `${minus(m.before)} + ${minus(m.part)} = `}${minus(m.after)}`))));
  });
})();
