"use strict";
/* What the explorer's pages share.

   A page NAME is three files (see `site/explorer.py`): `pages/NAME.py` with its PAGE and its data, `static/NAME.html`
   with what stands on it (headings, empty places), and `static/NAME.js`, which fills the places:

     const state = Explorer.state({
       kernel: Explorer.number(5, { min: 1, max: 11, step: 2 }),
       rule: Explorer.choice("paper", ["paper", "bn"]),
       module: Explorer.text(""),
       bias: Explorer.flag(false),
     });
     const place = document.getElementById("controls");
     Explorer.slider(place, state, "kernel", { label: "Kernel", show: (n) => `${n} × ${n}` });
     Explorer.chooser(place, state, "rule", { label: "Rule", options: [["paper", "as printed"], ["bn", "BN-Inception's"]] });
     Explorer.toggle(place, state, "bias", { label: "With bias" });
     state.watch((values) => { ... draw everything that depends on values ... });

   watch calls at once and after each change. The state is in the address after #, so that a link opens the setting:
   whatever the reader chooses belongs into it, and nothing else. state.set({ kernel: 7 }) is for clicks: back undoes it.
   Data: what `data()` of the page's Python returns under NAME is Explorer.data.NAME from the start; other names come by
   Explorer.load(other).then((value) => ...). Nothing is fetched: it would not work from a disk.
   Functions and constants at the top of NAME.js are global, and tests call them by name. */
const Explorer = (() => {
  const root = document.documentElement;
  const data = {};
  const loading = {};
  const redraws = [];

  // ---- elements ----

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
    return element;
  }

  /** An HTML element: html("button", { class: "x", onclick: f }, "text", more). */
  const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

  /** An SVG element, likewise. */
  const svg = (tag, attributes, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  /** A table: head is a list of texts, rows are lists of texts or elements; numbers (texts too) stand to the right. */
  function table(caption, head, rows) {
    const numeric = (cell) => typeof cell === "string" && /^[-+−<]?[\d.,]+( ?× ?[\d.,]+)*( ?(%|[kMG]?B?|×|px))?$/.test(cell);
    const cells = (row) =>
      row.map((cell, i) => html(i ? "td" : "th", i ? { class: numeric(cell) ? "number" : null } : { scope: "row" }, cell));
    return html("div", { class: "wide", tabindex: 0, role: "region", "aria-label": caption },
      html("table", {},
        html("caption", {}, caption),
        html("thead", {}, html("tr", {}, head.map((text, i) => html("th", { scope: "col", class: i ? "number" : null }, text)))),
        html("tbody", {}, rows.map((row) => html("tr", {}, cells(row))))));
  }

  /** Bars below each other, on one scale: rows of { name, value, text, colour (a CSS colour), note }. */
  function bars(caption, rows) {
    const most = Math.max(...rows.map((row) => row.value), 1e-30);
    return html("div", { class: "bars", role: "img", "aria-label": `${caption}: ${rows.map((r) => `${r.name} ${r.text}`).join("; ")}` },
      rows.map((row) => html("div", { class: "bar", "aria-hidden": "true" },
        html("span", { class: "name" }, row.name),
        html("span", { class: "track" },
          html("i", { style: `width:${(100 * row.value) / most}%;background:${row.colour || "var(--series-1)"}` })),
        html("span", { class: "number" }, row.text, row.note ? html("small", {}, ` ${row.note}`) : null))));
  }

  // ---- numbers as text ----

  /** 12,345,678. */
  const count = (n) => Math.round(n).toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");

  /** Three digits and a unit, as in the package's pictures: 23.8 M, 5.71 G. */
  function short(n) {
    for (const [unit, size] of [["G", 1e9], ["M", 1e6], ["k", 1e3]]) {
      if (n >= 0.9995 * size) {
        const texts = [2, 1, 0].map((places) => (n / size).toFixed(places));
        return `${texts.find((text) => text.replace(".", "").length <= 3) || texts[2]} ${unit}`;
      }
    }
    return String(n);
  }

  /** Bytes in units of a thousand, a million, ...: 1.20 MB. */
  const bytes = (n) => (n < 999.5 ? `${Math.round(n)} B` : `${short(n)}B`);

  /** A share of 1: 12.3 %. What is there but smaller, as such. */
  const percent = (share, places = 1) => {
    const least = 10 ** -places;
    return share > 0 && 100 * share < least / 2 ? `<${least} %` : `${(100 * share).toFixed(places)} %`;
  };

  /** 35 × 35 × 288. */
  const times = (sizes) => sizes.join(" × ");

  // ---- colours ----

  let printing = false; // paper is light, whatever the screen is
  const isDark = () => {
    if (printing || matchMedia("print").matches) return false;
    const theme = root.dataset.theme;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };

  /** A colour of look.css, such as colour("cost-3"), as "#rrggbb" in the theme of the moment. */
  function colour(name) {
    const said = getComputedStyle(root).getPropertyValue(`--${name}`).trim();
    const pair = /^light-dark\((#[0-9a-f]+),\s*(#[0-9a-f]+)\)$/i.exec(said);
    return pair ? pair[isDark() ? 2 : 1] : said;
  }

  const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

  /** The colour of a cost between 0 (none) and 1 (the dearest). */
  function cost(share) {
    const at = 8 * Math.min(Math.max(share, 0), 1);
    const [low, high] = [Math.floor(at), Math.ceil(at)].map((i) => channels(colour(`cost-${i}`)));
    return `#${low.map((c, i) => Math.round(c + (high[i] - c) * (at % 1)).toString(16).padStart(2, "0")).join("")}`;
  }

  /** Black or white, whichever has more contrast with a colour (relative luminance as in WCAG 2). */
  function inkOn(hex) {
    const linear = channels(hex).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    return (luminance + 0.05) ** 2 > 1.05 * 0.05 ? "#000000" : "#ffffff";
  }

  // ---- theme, movement, messages ----

  const kept = {
    get: () => { try { return localStorage.getItem("theme"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("theme", value); } catch { /* a browser that keeps nothing */ } },
  };

  function useTheme(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  /** Call after the theme has changed, for what is coloured by JavaScript; state.watch does so by itself. */
  const onTheme = (draw) => redraws.push(draw);

  /** Whether the reader asks for no movement. */
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** Tell readers who do not see what has changed. */
  const say = (text) => { document.getElementById("said").textContent = text; };

  /** Put the address on the clipboard; whether it is there. A server without a certificate has the old way only. */
  async function share() {
    try {
      await navigator.clipboard.writeText(location.href);
      return true;
    } catch {
      const field = html("textarea", { class: "unseen", "aria-hidden": "true", tabindex: -1 }, location.href);
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      return done;
    }
  }

  /** What a reader has to know of a link that begins with file: and goes to others. */
  function elsewhere() {
    const [page] = location.pathname.split("/").slice(-1);
    return location.protocol === "file:" ? [
      "It opens on this computer. On another one, open ", html("code", {}, `explorer/${page}`), " in a copy of this site",
      ...(location.hash ? [" and put this behind its address: ", html("code", {}, location.hash)] : []), "."] : [];
  }

  function wire() {
    const theme = document.getElementById("theme");
    const link = document.getElementById("share");
    const name = () => { theme.textContent = isDark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`); };
    const redraw = () => { name(); redraws.forEach((draw) => draw()); };
    theme.addEventListener("click", () => {
      const next = isDark() ? "light" : "dark";
      useTheme(next);
      kept.set(next);
      redraw();
    });
    for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
    for (const [event, on] of [["beforeprint", true], ["afterprint", false]]) addEventListener(event, () => { printing = on; redraw(); });
    link.addEventListener("click", async () => {
      const done = await share();
      link.textContent = done ? "Link copied" : "Copy link";
      setTimeout(() => { link.textContent = "Copy link"; }, 2000);
      const note = document.getElementById("copied");
      note.hidden = false;
      note.replaceChildren(done ? "The link to this setting is copied. " : "The link is the page's address; copy it from the browser's address bar. ", ...elsewhere());
      link.focus();
    });
    for (const skip of document.querySelectorAll("a.skip")) { // what stands behind # is the setting: it must not change
      skip.addEventListener("click", (event) => { event.preventDefault(); document.querySelector(skip.hash).focus(); });
    }
    name();
  }

  // ---- data ----

  /** A promise of the data file of this name, which is loaded once. */
  function load(name) {
    if (name in data) return Promise.resolve(data[name]);
    loading[name] = loading[name] || new Promise((resolve, reject) => {
      document.head.append(html("script", {
        src: `data/${name}.js`,
        onload: () => (name in data ? resolve(data[name]) : reject(new Error(`data/${name}.js says nothing of ${name}`))),
        onerror: () => reject(new Error(`data/${name}.js cannot be read`)),
      }));
    });
    return loading[name];
  }

  // ---- state in the address ----

  const nearest = (values, x) => values.reduce((best, v) => (Math.abs(v - x) < Math.abs(best - x) ? v : best));

  /** A number in [min, max] by steps, or one of `values` (ascending). */
  function number(usual, { min, max, step = 1, values } = {}) {
    const places = (String(step).split(".")[1] || "").length;
    const keep = (x) => {
      if (values) return nearest(values, x);
      const on = min + Math.round((x - min) / step) * step;
      return Number(Math.min(Math.max(on > max ? on - step : on, min), max).toFixed(places));
    };
    const read = (text) => (text !== "" && Number.isFinite(Number(text)) ? keep(Number(text)) : usual);
    return { usual, min, max, step, values, keep, read, write: String };
  }

  /** One of some texts; options may be a function, where they depend on data. */
  function choice(usual, options) {
    const all = () => (typeof options === "function" ? options() : options);
    const keep = (x) => (all().includes(x) ? x : usual);
    return { usual, keep, read: keep, write: String };
  }

  /** Any text; the page itself says what to do with one that it does not know. */
  const text = (usual = "") => ({ usual, keep: String, read: String, write: String });

  const flag = (usual = false) => ({ usual, keep: Boolean, read: (said) => said === "1", write: (x) => (x ? "1" : "0") });

  function state(fields) {
    const names = Object.keys(fields);
    const usual = Object.fromEntries(names.map((name) => [name, fields[name].usual]));
    const watchers = [];
    let values = decode(location.hash);
    let waiting = null;

    function decode(hash) {
      const said = new URLSearchParams(hash.replace(/^#/, ""));
      return Object.fromEntries(names.map((name) => [name, said.has(name) ? fields[name].read(said.get(name)) : usual[name]]));
    }

    function encode(of = values) {
      const changed = names.filter((name) => of[name] !== usual[name]);
      const said = changed.map((name) => `${name}=${encodeURIComponent(fields[name].write(of[name])).replace(/%2C/g, ",").replace(/%2F/g, "/")}`);
      return said.length ? `#${said.join("&")}` : "";
    }

    function write(push) {
      clearTimeout(waiting);
      const here = location.pathname + location.search + encode();
      if (encode() === location.hash) return;
      history[push ? "pushState" : "replaceState"](null, "", here);
    }

    function tell() {
      document.getElementById("copied").hidden = true; // it was of another setting
      watchers.forEach((draw) => draw(values));
    }

    /** Change some values. how: "push" makes a step that back undoes; "replace" does not, and writes a little later. */
    function set(changes, how = "push") {
      const next = { ...values };
      for (const [name, value] of Object.entries(changes)) next[name] = fields[name].keep(value);
      if (names.every((name) => next[name] === values[name])) return;
      values = next;
      if (how === "push") write(true);
      else {
        clearTimeout(waiting);
        waiting = setTimeout(() => write(false), 150);
      }
      tell();
    }

    function reread() {
      const next = decode(location.hash);
      if (names.every((name) => next[name] === values[name])) return;
      clearTimeout(waiting);
      values = next;
      tell();
    }

    addEventListener("popstate", reread);
    addEventListener("hashchange", reread);
    onTheme(tell);
    return {
      fields,
      get values() { return values; },
      set,
      encode: (changes) => encode({ ...values, ...changes }),
      watch(draw) {
        watchers.push(draw);
        draw(values);
      },
    };
  }

  // ---- controls ----

  let made = 0;

  /** A slider for a number: label, show(value) as its text, unit behind it. */
  function slider(place, of, name, { label, show = (x) => String(x), unit = "" } = {}) {
    const field = of.fields[name];
    const id = `control-${name}-${made++}`;
    const limits = field.values ? { min: 0, max: field.values.length - 1, step: 1 } : { min: field.min, max: field.max, step: field.step };
    const input = html("input", { type: "range", id, name, ...limits });
    const output = html("output", { for: id });
    let moving = false;
    input.addEventListener("input", () => {
      const x = Number(input.value);
      of.set({ [name]: field.values ? field.values[x] : x }, moving ? "replace" : "push");
      moving = true;
    });
    input.addEventListener("change", () => { moving = false; });
    place.append(html("div", { class: "control" }, html("label", { for: id }, label || name), output, input));
    of.watch((values) => {
      const said = show(values[name]) + (unit && ` ${unit}`);
      input.value = field.values ? field.values.indexOf(values[name]) : values[name];
      input.setAttribute("aria-valuetext", said);
      output.textContent = said;
    });
    return input;
  }

  /** A list to choose from; options are [value, text] or [group, [[value, text], ...]]. */
  function chooser(place, of, name, { label, options }) {
    const id = `control-${name}-${made++}`;
    const option = ([value, said]) => (Array.isArray(said) ? html("optgroup", { label: value }, said.map(option)) : html("option", { value }, said));
    const select = html("select", { id, name, onchange: () => of.set({ [name]: typeof of.fields[name].usual === "number" ? Number(select.value) : select.value }) }, options.map(option));
    place.append(html("div", { class: "control" }, html("label", { for: id }, label || name), select));
    of.watch((values) => { select.value = values[name]; });
    return select;
  }

  /** A few options side by side, of which one holds: radio buttons that look like one bar. */
  function segments(place, of, name, { label, options }) {
    const group = `control-${name}-${made++}`;
    const inputs = options.map(([value]) => html("input", { type: "radio", name: group, value, id: `${group}-${value}`, onchange: () => of.set({ [name]: typeof of.fields[name].usual === "number" ? Number(value) : value }) }));
    place.append(html("fieldset", { class: "control segments" }, html("legend", {}, label || name),
      html("div", {}, options.map(([, said], i) => [inputs[i], html("label", { for: inputs[i].id }, said)]))));
    of.watch((values) => inputs.forEach((input) => { input.checked = input.value === String(values[name]); }));
    return inputs;
  }

  /** A box to tick. */
  function toggle(place, of, name, { label }) {
    const id = `control-${name}-${made++}`;
    const input = html("input", { type: "checkbox", id, name, onchange: () => of.set({ [name]: input.checked }) });
    place.append(html("div", { class: "control tick" }, input, html("label", { for: id }, label || name)));
    of.watch((values) => { input.checked = values[name]; });
    return input;
  }

  /** Buttons that set several values at once: presets of [text, values]. */
  function presets(place, of, label, all) {
    const buttons = all.map(([said, values]) => html("button", { type: "button", onclick: () => of.set(values) }, said));
    place.append(html("div", { class: "control presets", role: "group", "aria-label": label }, html("span", { class: "label", "aria-hidden": "true" }, label), html("div", {}, buttons)));
    of.watch((values) => all.forEach(([, wanted], i) =>
      buttons[i].setAttribute("aria-pressed", Object.entries(wanted).every(([name, value]) => values[name] === value))));
    return buttons;
  }

  useTheme(kept.get());
  document.addEventListener("DOMContentLoaded", wire);

  return {
    data, load, html, svg, table, bars, count, short, bytes, percent, times, colour, cost, inkOn, isDark, onTheme, still,
    say, number, choice, text, flag, state, slider, chooser, segments, toggle, presets,
  };
})();
