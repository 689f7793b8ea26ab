"use strict";
// Draws the charts of the page from its data, with values under the pointer and lines that can be switched; sorts and
// filters its tables. A figure whose chart cannot be drawn stays a picture.
const charts = JSON.parse(document.getElementById("charts").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const redraw = [];

function number(v) {
  if (v === null || v === undefined) return "none";
  if (v !== 0 && (Math.abs(v) < 1e-3 || Math.abs(v) >= 1e7)) {
    const [digits, power] = Number(v.toPrecision(4)).toExponential().split("e");
    const raised = [...power.replace("+", "")].map(c => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
    return digits === "1" ? `10${raised}` : `${digits}·10${raised}`;
  }
  return Number(v.toPrecision(4)).toLocaleString("en");
}
const symbols = { o: d3.symbolCircle, s: d3.symbolSquare, D: d3.symbolDiamond2, "^": d3.symbolTriangle, v: d3.symbolWye,
  P: d3.symbolPlus, X: d3.symbolTimes };
const value = (v, axis) => (axis.percent && v !== null ? `${number(100 * v)} %` : number(v));
const ticks = axis => (axis.percent ? v => `${number(100 * v)}%` : axis.scale === "linear" ? undefined : number);
const ink = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Ticks of a logarithmic axis: powers of ten, with 2 and 5 between them where there are few.
function logTicks([low, high]) {
  const decades = Math.log10(high / low), found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const m of decades < 1 ? [1, 2, 3, 5, 7] : decades < 2.3 ? [1, 2, 5] : [1]) found.push(m * 10 ** power);
  const every = Math.ceil(decades / 7);
  return found.filter((v, i) => v >= low * 0.999 && v <= high * 1.001 && (decades < 7 || i % every === 0));
}

const common = width => ({
  width, marginTop: 26, marginBottom: 46, marginRight: 18,
  style: { fontFamily: "inherit", fontSize: width < 480 ? "12px" : "14px", color: ink("--ink"), background: "none" },
});

// A chart's line as the points of its marks.
const points = (line, i) => line.x.map((x, k) => ({
  i, x, y: line.centre[k], low: line.low[k] ?? null, high: line.high[k] ?? null, n: line.n[k], at: line.at[k],
}));

function title(chart, p) {
  const line = chart.lines[p.i], has = p.low !== null && p.high !== null;
  const band = has ? `\n${chart.band}: ${value(p.low, chart.y)} to ${value(p.high, chart.y)}` : "";
  const n = p.n > 1 ? `\n${p.n} seeds` : "";
  return `${line.name}\n${chart.x.label}: ${p.at || number(p.x)}\n${chart.y.label}: ${value(p.y, chart.y)}${band}${n}`;
}

// The marks of a line in layers, from the bottom: band, single seeds, line, points.
function marksOf(chart, line, i, colour) {
  const all = points(line, i), seen = all.filter(p => p.y !== null), many = chart.lines.length > 4;
  const x = "x", y = "y", stroke = colour, dots = seen.length <= 24 || !chart.joined, bands = [], single = [], lines = [], dotted = [];
  const dash = line.dashed ? "6,3.5" : undefined;
  const symbol = symbols[line.mark];
  const banded = all.filter(p => p.low !== null && p.high !== null);
  if (banded.length && (!chart.joined || (many && dots)))
    bands.push(Plot.ruleX(banded, { x, y1: "low", y2: "high", stroke, strokeOpacity: 0.5, clip: true }));
  else if (banded.length)
    bands.push(Plot.areaY(all.map(p => p.low === null ? { ...p, low: NaN, high: NaN } : p),
      { x, y1: "low", y2: "high", fill: stroke, fillOpacity: many ? 0.1 : 0.17, clip: true }));
  for (const one of chart.single.filter(s => s.line === line.name)) {
    const seeds = one.x.map((x, k) => ({ x, y: one.y[k] ?? NaN }));
    single.push(chart.joined
      ? Plot.line(seeds, { x, y, stroke, strokeWidth: 0.7, strokeOpacity: 0.4, strokeDasharray: dash, clip: true })
      : Plot.dot(seeds, { x, y, fill: stroke, r: 1.8, fillOpacity: 0.4, clip: true }));
  }
  if (chart.joined)
    lines.push(Plot.line(all.map(p => ({ ...p, y: p.y ?? NaN })),
      { x, y, stroke, strokeWidth: line.open ? 1.3 : 2.2, strokeDasharray: dash, clip: true }));
  if (dots)
    dotted.push(Plot.dot(seen, { x, y, stroke, symbol, r: 3.6, strokeWidth: 1.5,
      fill: line.open ? ink("--paper") : stroke, fillOpacity: chart.joined ? 1 : 0.85 }));
  dotted.push(Plot.dot(line.gone, { x: d => d, frameAnchor: "bottom", dy: -7, symbol: "times", r: 4, stroke, strokeWidth: 1.7 }));
  return [bands, single, lines, dotted];
}

function xAxis(chart, domain) {
  const { names, scale, smallest, label, whole } = chart.x;
  const axis = { label, labelAnchor: "center", labelArrow: "none", labelOffset: 40, tickSize: 5 };
  if (names.length) {
    const called = new Map(names);
    return { ...axis, ticks: names.map(n => n[0]), tickFormat: v => called.get(v) };
  }
  if (scale === "log") return { ...axis, ticks: logTicks(domain), tickFormat: number };
  if (scale === "symlog") return { ...axis, ticks: [0, ...logTicks([smallest, domain[1]])], tickFormat: number };
  return { ...axis, ticks: 7, tickFormat: whole ? v => (Number.isInteger(v) ? number(v) : "") : number };
}

function xScale(chart) {
  const all = chart.lines.flatMap(l => l.x).filter(v => v !== null);
  const { names, scale, smallest } = chart.x;
  let [low, high] = [Math.min(...all), Math.max(...all)];
  if (names.length) return { type: "linear", domain: [low - 0.5, high + 0.5] };
  if (scale === "log") {
    const margin = (high / low) ** 0.04 || 1.1;
    return { type: "log", domain: [low / margin, high * margin] };
  }
  const margin = 0.03 * (high - low) || 0.5;
  if (scale === "symlog") return { type: "symlog", constant: smallest, domain: [Math.min(low, 0), high * 1.1] };
  return { type: "linear", domain: [low - margin, high + margin] };
}

function drawCurve(chart, box, hidden) {
  const width = box.clientWidth, which = dark.matches ? 1 : 0;
  const visible = chart.lines.map((line, i) => [line, i]).filter(([line]) => !hidden.has(line.name));
  const dim = ink("--dim"), rule = ink("--rule"), x = xScale(chart), dotted = "2,3";
  const y = { type: chart.y.scale, domain: chart.y.domain ?? undefined };
  const yTicks = y.type === "log" && y.domain ? { ticks: logTicks(y.domain) } : { ticks: 7 };
  const marks = [
    Plot.gridY({ stroke: rule, strokeOpacity: 1, ...yTicks }),
    Plot.gridX({ stroke: rule, strokeOpacity: 1, ticks: xAxis(chart, x.domain).ticks }),
    Plot.axisX({ ...xAxis(chart, x.domain), stroke: "currentColor" }),
    Plot.axisY({ label: chart.y.label, labelAnchor: "top", labelArrow: "none", tickSize: 0, labelOffset: 0,
      tickFormat: ticks(chart.y), ...yTicks, textAnchor: "end" }),
    Plot.ruleY([chart.y.domain ? chart.y.domain[0] : 0], { stroke: "currentColor" }),
  ];
  for (const n of chart.thresholds)
    marks.push(Plot.ruleX([n], { stroke: dim, strokeDasharray: dotted }), Plot.text([n], { x: d => d, frameAnchor: "top",
      text: d => `parameters = examples (${number(d)})`, dy: 4, dx: 6, textAnchor: "start", fill: dim, fontSize: 12,
      stroke: ink("--paper"), strokeWidth: 4 }));
  for (const one of chart.reference?.lines ?? []) {
    const at = chart.lines.findIndex(l => l.name === one.line);
    if (at >= 0 && hidden.has(one.line)) continue;
    const along = one.x.map((v, k) => ({ x: v, y: one.y[k] })).filter(p => p.y !== null);
    const flat = along.every(p => p.y === along[0].y), stroke = at < 0 ? dim : chart.lines[at].colour[which];
    marks.push(flat ? Plot.ruleY([along[0].y], { stroke, strokeDasharray: dotted, strokeWidth: 1.5 })
      : Plot.line(along, { x: "x", y: "y", stroke, strokeDasharray: dotted, strokeWidth: 1.5, clip: true }));
  }
  marks.push(...d3.transpose(visible.map(([line, i]) => marksOf(chart, line, i, line.colour[which]))).flat(2));
  const near = visible.flatMap(([line, i]) => points(line, i)).filter(p => p.y !== null);
  marks.push(Plot.ruleX(near, Plot.pointerX({ x: "x", stroke: dim, strokeOpacity: 0.4 })),
    Plot.tip(near, Plot.pointer({ x: "x", y: "y", title: p => title(chart, p), fill: ink("--card"),
      stroke: ink("--line"), fontSize: 14, lineHeight: 1.3, maxRadius: 60 })));
  const height = Math.round(Math.min(520, Math.max(300, width * 0.56)));
  box.replaceChildren(Plot.plot({ ...common(width), height, marginLeft: 56, x, y, marks, ariaLabel: chart.title }));
}

// One button a line, with its colour, dashes and mark; a press shows or hides it, a double click shows it alone.
function key(chart, hidden, draw) {
  const box = document.createElement("div");
  box.className = "key";
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `Lines of ${chart.title}`);
  const buttons = chart.lines.map(line => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Shows or hides this line; a double click shows it alone";
    button.addEventListener("click", () => { hidden.has(line.name) ? hidden.delete(line.name) : hidden.add(line.name); update(); });
    button.addEventListener("dblclick", () => {
      const alone = chart.lines.every(l => l === line || hidden.has(l.name));
      hidden.clear();
      if (!alone) chart.lines.forEach(l => l !== line && hidden.add(l.name));
      update();
    });
    box.append(button);
    return [button, line];
  });
  function update() {
    const which = dark.matches ? 1 : 0;
    for (const [button, line] of buttons) {
      const swatch = d3.create("svg").attr("viewBox", "0 0 34 12").attr("aria-hidden", "true");
      const colour = line.colour[which];
      if (chart.joined)
        swatch.append("line").attr("x2", 34).attr("y1", 6).attr("y2", 6).attr("stroke", colour).attr("stroke-width", 2.4)
          .attr("stroke-dasharray", line.dashed ? "6,3.5" : null);
      if (!chart.joined || line.open)
        swatch.append("path").attr("d", d3.symbol(symbols[line.mark], 44)()).attr("transform", "translate(17,6)")
          .attr("stroke", colour).attr("stroke-width", 1.5).attr("fill", line.open ? ink("--paper") : colour);
      button.setAttribute("aria-pressed", String(!hidden.has(line.name)));
      button.replaceChildren(swatch.node(), line.name);
    }
    draw();
  }
  return [box, update];
}

function drawHeat(chart, box) {
  const { x, y, z } = chart, several = chart.sheets.length > 1;
  const all = chart.sheets.flatMap(s => s.cells.map(c => c.z)).filter(v => v !== null);
  const color = { type: z.scale === "log" ? "log" : "linear", scheme: "viridis", domain: d3.extent(all) };
  const legend = Plot.legend({ color: { ...color, label: z.label, tickFormat: ticks(z) }, width: Math.min(360, box.clientWidth),
    height: 52, marginTop: 20, ticks: 5, style: { fontFamily: "inherit", fontSize: "13px", color: ink("--ink"), background: "none" } });
  const panels = document.createElement("div");
  panels.className = several ? "panels" : "";
  box.replaceChildren(legend, panels);
  const places = chart.sheets.map(() => panels.appendChild(document.createElement("div")));
  for (const [i, sheet] of chart.sheets.entries()) {
    const place = places[i];
    if (sheet.name) place.append(Object.assign(document.createElement("h4"), { textContent: sheet.name }));
    const width = place.clientWidth, named = axis => ({ ticks: axis.ticks.map(t => t[0]),
      tickFormat: v => new Map(axis.ticks).get(v), labelAnchor: "center", labelArrow: "none", label: axis.label });
    const cell = { x1: "x1", x2: "x2", y1: "y1", y2: "y2", inset: 0.5 };
    place.append(Plot.plot({
      ...common(width), height: Math.round(several ? width * 0.8 : Math.min(460, Math.max(280, width * 0.55))),
      marginLeft: 72, x: { type: x.scale, domain: x.domain }, y: { type: y.scale, domain: y.domain }, color,
      ariaLabel: `${chart.title} ${sheet.name}`.trim(),
      marks: [
        Plot.rect(sheet.cells, { ...cell, fill: ink("--rule") }),
        Plot.rect(sheet.cells.filter(c => c.z !== null), { ...cell, fill: "z" }),
        Plot.axisX({ ...named(x), labelOffset: 40 }), Plot.axisY({ ...named(y), labelOffset: 62 }),
        Plot.tip(sheet.cells, Plot.pointer({ ...cell, fill: ink("--card"), stroke: ink("--line"), fontSize: 14,
          title: c => `${x.label}: ${c.x}\n${y.label}: ${c.y}\n${z.label}: ${c.z === null ? "no value" : value(c.z, z)}` })),
      ],
    }));
  }
}

// Draws a curve and the buttons of its lines into a box that is on the page, and again where the page changes.
function showCurve(chart, box) {
  const hidden = new Set(), [buttons, update] = key(chart, hidden, () => drawCurve(chart, box, hidden));
  if (chart.lines.length > 1) box.after(buttons);
  redraw.push(update);
  update();
}

// Several curves side by side, each with its heading and buttons.
function showPanels(chart, box) {
  box.classList.add("panels");
  const places = chart.charts.map((name, i) => {
    const panel = box.appendChild(document.createElement("div"));
    panel.append(Object.assign(document.createElement("h4"), { textContent: chart.headings[i] }));
    return [charts[name], panel.appendChild(document.createElement("div"))];
  });
  for (const [curve, place] of places) showCurve(curve, place);
}

for (const figure of document.querySelectorAll("figure[data-chart]")) {
  const chart = charts[figure.dataset.chart], box = figure.querySelector(".chart");
  figure.classList.add("interactive");
  try {
    if (chart.kind === "heat") {
      const draw = () => drawHeat(chart, box);
      redraw.push(draw);
      draw();
    } else if (chart.kind === "panels") showPanels(chart, box);
    else showCurve(chart, box);
  } catch (error) {
    figure.classList.remove("interactive");
    figure.querySelector(".key")?.remove();
    box.remove();
    console.error(error);
  }
}
let width = innerWidth;
addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; redraw.forEach(draw => draw()); } });
dark.addEventListener("change", () => redraw.forEach(draw => draw()));

const content = (row, i) => row.cells[i].textContent.trim();
const amount = t => (t === "" ? NaN : Number(t.replaceAll(",", "")));
const compare = (a, b) => (isNaN(amount(a)) || isNaN(amount(b)) ? a.localeCompare(b) : amount(a) - amount(b));
for (const table of document.querySelectorAll("table.sortable"))
  [...table.tHead.rows[0].cells].forEach((head, i) => {
    const button = document.createElement("button");
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows].sort((a, b) => sign * compare(content(a, i), content(b, i)));
      table.tBodies[0].append(...rows);
    });
  });
for (const field of document.querySelectorAll("input[data-filters]"))
  field.addEventListener("input", () => {
    for (const row of document.getElementById(field.dataset.filters).tBodies[0].rows)
      row.hidden = !row.textContent.toLowerCase().includes(field.value.toLowerCase());
  });
