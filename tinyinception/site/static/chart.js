"use strict";
/* Axes with curves and points, as SVG that fits its place.

     const chart = Chart({ label: "Cost over width", x: { from: 0, to: 256, label: "channels" },
                           y: { from: 1, to: 1000, label: "multiply-adds", log: true, show: Explorer.short } });
     place.replaceChildren(chart.svg);
     chart.line([[x, y], ...], { colour: "var(--series-1)", name: "5 × 5", dashed: true });
     chart.dot(x, y, { colour, name, radius });
     chart.rule({ x: 64 });                      a dotted line across; or { y: 3 }
   chart.x(value) and chart.y(value) are places in the picture, for whatever else is drawn there with Explorer.svg. */
function Chart({ label, x, y, width = 640, height = 360, left = 62, right = 16, top = 14, bottom = 46 }) {
  const { svg } = Explorer;
  const place = (axis, from, to) => {
    const along = axis.log ? Math.log : (value) => value;
    const [low, high] = [along(axis.from), along(axis.to)];
    return (value) => from + ((along(value) - low) / (high - low)) * (to - from);
  };
  const across = place(x, left, width - right);
  const up = place(y, height - bottom, top);

  /** Round values to mark, about `wanted` of them. */
  function ticks(axis, wanted) {
    if (axis.ticks) return axis.ticks;
    const found = [];
    if (axis.log) {
      const decades = Math.log10(axis.to / axis.from);
      const steps = decades > 3 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5];
      for (let ten = 10 ** Math.floor(Math.log10(axis.from)); ten <= axis.to * 1.0001; ten *= 10)
        for (const step of steps) if (step * ten >= axis.from * 0.9999 && step * ten <= axis.to * 1.0001) found.push(step * ten);
      return found;
    }
    const rough = (axis.to - axis.from) / wanted;
    const ten = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * ten).find((n) => n >= rough * 0.999);
    for (let n = Math.ceil(axis.from / step - 1e-9); n * step <= axis.to + step * 1e-9; n++) found.push(Number((n * step).toPrecision(12)));
    return found;
  }

  const show = (axis) => axis.show || ((value) => (Math.abs(value) >= 10000 ? Explorer.short(value) : Number.isInteger(value) ? Explorer.count(value) : String(Number(value.toPrecision(4)))));
  const picture = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  for (const value of ticks(x, 7))
    picture.append(svg("path", { class: "grid", d: `M${across(value)} ${top}V${height - bottom}` }),
      svg("text", { x: across(value), y: height - bottom + 17, "text-anchor": "middle" }, show(x)(value)));
  for (const value of ticks(y, 5))
    picture.append(svg("path", { class: "grid", d: `M${left} ${up(value)}H${width - right}` }),
      svg("text", { x: left - 7, y: up(value) + 4, "text-anchor": "end" }, show(y)(value)));
  picture.append(svg("path", { class: "axis", d: `M${left} ${top}V${height - bottom}H${width - right}` }),
    svg("text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, x.label || ""),
    svg("text", { transform: `translate(14 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, y.label || ""));
  const area = svg("g", {});
  picture.append(area);

  const named = (at, text, anchor = "start") => svg("text", { class: "name", x: at[0], y: at[1], "text-anchor": anchor }, text);
  return {
    svg: picture, area, x: across, y: up, left, right: width - right, top, bottom: height - bottom,
    line(points, { colour = "var(--series-1)", name = "", dashed = false, at = points.length - 1 } = {}) {
      const d = points.map(([a, b], i) => `${i ? "L" : "M"}${across(a).toFixed(1)} ${up(b).toFixed(1)}`).join("");
      area.append(svg("path", { class: "line", d, style: `stroke:${colour}`, "stroke-dasharray": dashed ? "7 5" : null }));
      if (name) area.append(named([across(points[at][0]) - 4, up(points[at][1]) - 8], name, "end"));
    },
    dot(a, b, { colour = "var(--series-2)", name = "", radius = 5, title = "", anchor = "start" } = {}) {
      const circle = svg("circle", { cx: across(a), cy: up(b), r: radius, style: `fill:${colour};stroke:var(--paper);stroke-width:1.5` });
      if (title || name) circle.append(svg("title", {}, title || name));
      area.append(circle);
      if (name) area.append(named([across(a) + (anchor === "end" ? -9 : 9), up(b) + 4], name, anchor));
      return circle;
    },
    rule({ x: a, y: b, colour = "var(--muted)" }) {
      const d = a === undefined ? `M${left} ${up(b)}H${width - right}` : `M${across(a)} ${top}V${height - bottom}`;
      area.append(svg("path", { d, style: `stroke:${colour};stroke-dasharray:2 4;fill:none` }));
    },
  };
}
