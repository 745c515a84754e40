"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("data").textContent);
  if (!data.reports.length) return;

  // --- the reports, with their words and the phases they went through ---------
  const WORDS = new Set(["stream", "account", "type", "part", "outcome", "reason", "columns", "refused", "zone", "currency"]);
  const LOST = new Set(["refused", "gap", "closed_gap"]);
  const OUTCOMES = { delivered: "delivered", empty: "empty", waiting: "waiting", refused: "refused", gap: "gap", closed_gap: "given up" };
  const reports = data.reports.map((values) => {
    const report = {};
    data.fields.forEach((name, i) => { report[name] = WORDS.has(name) ? data.words[values[i]] : values[i]; });
    report.window = (report.from === report.to ? report.from : `${report.from} – ${report.to}`) + (report.part ? ` ${report.part}` : "");
    report.text = [report.account, report.stream, report.type, report.window, report.id || "", report.reason].join(" ").toLowerCase();
    return report;
  });
  const END = reports.reduce((most, r) => Math.max(most, r.delivered ?? 0, r.fetched ?? 0), Math.max(data.seconds, 1));

  // [phase, from, to] in seconds; an adopted report was asked for before the run began
  function phases(report) {
    const marks = [["planned", report.planned], ["amazon", report.requested], ["download", report.ready], ["deliver", report.fetched]];
    const ended = report.delivered ?? (report.outcome === "waiting" ? data.seconds : report.fetched ?? report.ready ?? report.requested ?? report.planned);
    const found = [];
    let end = ended;
    for (let i = marks.length - 1; i >= 0; i -= 1) {
      const [phase, at] = marks[i];
      if (at === null || at > end) continue;
      if (end > at) found.unshift([phase, at, end]);
      end = Math.min(end, at);
    }
    return found;
  }
  const atAmazon = (r) => r.requested === null ? 0 : (r.ready ?? (r.outcome === "waiting" ? data.seconds : r.requested)) - r.requested;

  // --- words -------------------------------------------------------------------
  const number = (n) => n.toLocaleString("en");
  function duration(seconds) {
    if (seconds < 10) return `${seconds.toFixed(1)} s`;
    const all = Math.round(seconds), hours = Math.floor(all / 3600), minutes = Math.floor(all / 60) % 60;
    if (hours) return `${number(hours)} h ${String(minutes).padStart(2, "0")} min`;
    return minutes ? `${minutes} min ${String(all % 60).padStart(2, "0")} s` : `${all} s`;
  }
  function size(bytes) {
    const units = ["bytes", "KB", "MB", "GB", "TB"];
    let i = 0;
    while (bytes >= 1000 && i < units.length - 1) { bytes /= 1000; i += 1; }
    return `${i ? bytes.toFixed(1) : bytes} ${units[i]}`;
  }
  const clock = (seconds) => new Date((data.started + seconds) * 1000).toISOString().replace("T", " ").slice(0, 19);
  function make(tag, kind, text) {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  function svg(tag, attributes) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    return element;
  }

  // --- how many reports were in each phase, as stacked areas ----------------------
  const PHASES = ["planned", "amazon", "download", "deliver"];
  // each bucket holds the mean over its time, so that short phases count for what they are
  function areas(some, buckets) {
    const counts = PHASES.map(() => new Float64Array(buckets + 1));
    const inBuckets = (t) => Math.max(0, Math.min(buckets, (t / END) * buckets));
    for (const report of some) {
      for (const [phase, begin, end] of phases(report)) {
        const line = counts[PHASES.indexOf(phase)], from = inBuckets(begin), to = inBuckets(end);
        for (const [at, sign] of [[from, 1], [to, -1]]) {
          const i = Math.floor(at), part = at - i;
          line[i] += sign * (1 - part);
          if (i < buckets) line[i + 1] += sign * part;
        }
      }
    }
    counts.forEach((line) => { for (let i = 1; i <= buckets; i += 1) line[i] = Math.max(0, line[i] + line[i - 1]); });
    let most = 0.01;
    for (let i = 0; i < buckets; i += 1) most = Math.max(most, counts.reduce((sum, line) => sum + line[i], 0));
    const picture = svg("svg", { viewBox: `0 0 ${buckets} 100`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const below = new Float64Array(buckets);
    [1, 2, 3, 0].forEach((p) => {
      const top = [], bottom = [];
      for (let i = 0; i < buckets; i += 1) {
        const low = 100 - (below[i] / most) * 100, high = 100 - ((below[i] + counts[p][i]) / most) * 100;
        top.push(`${i},${high.toFixed(2)} ${i + 1},${high.toFixed(2)}`);
        bottom.unshift(`${i + 1},${low.toFixed(2)} ${i},${low.toFixed(2)}`);
        below[i] += counts[p][i];
      }
      const area = svg("polygon", { points: `${top.join(" ")} ${bottom.join(" ")}` });
      area.dataset.phase = PHASES[p];
      picture.append(area);
    });
    return { picture, most };
  }

  // --- what is shown ---------------------------------------------------------------
  const SMALL = 80, PRINTED = 1000;
  const folded = new Map();
  let lines = [], selected = 0;
  const chosen = new Set(reports.map((r) => r.outcome));

  const byOrder = {
    problems: (a, b) => b.lost - a.lost || b.waiting - a.waiting || a.first - b.first,
    begin: (a, b) => a.first - b.first,
    amazon: (a, b) => b.amazon - a.amazon,
    rows: (a, b) => b.rows - a.rows,
  };
  function facts(some) {
    const sums = { lost: 0, waiting: 0, first: Infinity, amazon: 0, rows: 0, count: some.length, outcomes: new Map() };
    for (const r of some) {
      sums.lost += LOST.has(r.outcome);
      sums.waiting += r.outcome === "waiting";
      sums.first = Math.min(sums.first, r.planned ?? r.requested ?? 0);
      sums.amazon = Math.max(sums.amazon, atAmazon(r));
      sums.rows += r.rows;
      sums.outcomes.set(r.outcome, (sums.outcomes.get(r.outcome) || 0) + 1);
    }
    return sums;
  }
  reports.forEach((r) => Object.assign(r, { sums: facts([r]) }));
  function divided(some, name) {
    const groups = new Map();
    for (const r of some) {
      if (!groups.has(r[name])) groups.set(r[name], []);
      groups.get(r[name]).push(r);
    }
    return groups;
  }
  let tree = [], found = [];
  function build() {
    const words = find("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    found = reports.filter((r) => chosen.has(r.outcome) && words.every((word) => r.text.includes(word)));
    const order = byOrder[find("order").value];
    const sorted = (list) => list.sort((a, b) => order(a.sums, b.sums));
    const kind = find("group").value;
    const names = kind === "account" ? ["account", "stream"] : kind === "stream" ? ["stream", "account"] : [];
    const nodes = (some, level, path) => {
      if (level >= names.length) return sorted(some.map((report) => ({ report, sums: report.sums, level })));
      return sorted([...divided(some, names[level])].map(([name, members]) => {
        if (level === names.length - 1 && members.length === 1) {
          return { report: members[0], sums: members[0].sums, level, lead: name };
        }
        const key = `${path}\n${name}`;
        return { name, key, members, level, sums: facts(members), inner: () => nodes(members, level + 1, key) };
      }));
    };
    tree = nodes(found, 0, kind);
    find("shown").textContent = found.length === reports.length
      ? `${number(found.length)} reports` : `${number(found.length)} of ${number(reports.length)} reports`;
    layout();
  }
  const isFolded = (node) => folded.get(node.key) ?? (found.length > SMALL && !(found.length <= 400 && node.level === 0));
  function layout() {
    lines = [];
    const add = (nodes) => nodes.forEach((node) => {
      lines.push(node);
      if (node.inner && !isFolded(node)) { node.children ??= node.inner(); add(node.children); }
    });
    add(tree);
    selected = Math.max(0, Math.min(selected, lines.length - 1));
    grid.setAttribute("aria-rowcount", lines.length);
    space.style.height = `${lines.length * rowHeight()}px`;
    draw();
  }

  // --- rows: only those in sight are in the document ---------------------------------
  const grid = find("grid"), head = make("div", "head"), space = make("div", "space");
  head.append(make("span", "", "Report"), make("div", "axis"), make("span", "", "Outcome"), make("span", "number", "Rows"));
  grid.append(head, space);
  space.style.position = "relative";
  const rowHeight = () => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
  let printing = false;
  function draw() {
    const height = rowHeight();
    let first = 0, last = Math.min(lines.length, PRINTED);
    if (!printing) {
      first = Math.max(0, Math.floor(grid.scrollTop / height) - 5);
      last = Math.min(lines.length, Math.ceil((grid.scrollTop + grid.clientHeight) / height) + 5);
    }
    const rows = [];
    for (let i = first; i < last; i += 1) rows.push(row(lines[i], i, height));
    space.replaceChildren(...rows);
    if (rows.length) grid.setAttribute("aria-activedescendant", `row-${selected}`);
  }
  function row(node, i, height) {
    const element = make("div", `row level${node.level + 1}${node.inner ? " group" : ""}`);
    element.id = `row-${i}`;
    element.style.top = `${i * height}px`;
    element.setAttribute("role", "row");
    element.setAttribute("aria-level", node.level + 1);
    element.setAttribute("aria-rowindex", i + 1);
    element.setAttribute("aria-selected", i === selected);
    element.dataset.index = i;
    const name = make("span", "name"), bar = make("div", "bar"), outcome = make("span", "outcome"), count = make("span", "rows number", number(node.sums.rows));
    [name, bar, outcome, count].forEach((cell) => cell.setAttribute("role", "gridcell"));
    if (node.inner) {
      element.setAttribute("aria-expanded", !isFolded(node));
      name.append(make("span", "twist", isFolded(node) ? "▸" : "▾"), node.name, " ", make("small", "", number(node.sums.count)));
      node.spark ??= areas(node.members, 120).picture;
      const spark = make("div", "spark");
      spark.append(node.spark);
      bar.append(spark);
      sumUp(outcome, node.sums);
    } else {
      label(name, node);
      draws(bar, node.report);
      state(outcome, node.report.outcome, OUTCOMES[node.report.outcome] ?? node.report.outcome);
    }
    name.title = name.textContent;
    element.append(name, bar, outcome, count);
    return element;
  }
  function label(name, node) {
    const r = node.report;
    const grouped = find("group").value;
    name.append(grouped === "none" ? `${r.account} · ${r.stream}` : node.lead ?? "", " ", grouped === "none" || node.lead ? make("small", "", r.window) : r.window);
    if (r.attempts > 1) name.append(" ", make("small", "", `asked ${r.attempts} times`));
    if (r.throttled) name.append(" ", make("small", "", `throttled ${number(r.throttled)}×`));
  }
  function state(cell, outcome, text) {
    cell.textContent = text;
    cell.dataset.outcome = outcome;
    if (LOST.has(outcome)) cell.dataset.lost = "";
  }
  function sumUp(cell, sums) {
    if (sums.lost) { state(cell, "gap", `${number(sums.lost)} failed`); cell.title = "refused, or a gap"; }
    else if (sums.waiting) state(cell, "waiting", `${number(sums.waiting)} waiting`);
    else state(cell, "delivered", "all done");
  }
  function draws(bar, report) {
    const share = (t) => Math.max(0, Math.min(100, (t / END) * 100));
    const parts = phases(report);
    for (const [phase, from, to] of parts) {
      if (to < 0) continue;
      const piece = make("i", from < 0 ? "before" : "");
      piece.dataset.phase = phase;
      piece.style.left = `${share(from)}%`;
      piece.style.width = `${share(to) - share(from)}%`;
      bar.append(piece);
    }
    if (report.outcome === "waiting" || LOST.has(report.outcome)) {
      const mark = make("b");
      mark.dataset.outcome = report.outcome;
      if (LOST.has(report.outcome)) mark.dataset.lost = "";
      const last = parts.length ? parts[parts.length - 1][2] : report.planned ?? 0;
      mark.style.left = `${share(last)}%`;
      bar.append(mark);
    }
    bar.setAttribute("aria-label", parts.map(([phase, from, to]) => `${phase} ${duration(to - from)}`).join(", "));
  }
  function axis() {
    const line = head.querySelector(".axis");
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
    const fits = Math.max(2, Math.floor(line.clientWidth / 90));
    const step = steps.find((s) => END / s <= fits) ?? Math.ceil(END / fits / 86400) * 86400;
    const marks = [];
    for (let t = 0; t < END - step * 0.2; t += step) {
      const words = step >= 3600 ? `${t / 3600} h` : step >= 60 ? `${t / 60} min` : `${t} s`;
      const mark = make("span", "", t ? words : clock(0).slice(11, 16));
      mark.style.left = `${(t / END) * 100}%`;
      marks.push(mark);
    }
    line.replaceChildren(...marks);
  }

  // --- one report in full -------------------------------------------------------------
  function open(report) {
    find("details-title").textContent = report.stream;
    const list = make("dl");
    const add = (name, value) => { if (value) list.append(make("dt", "", name), make("dd", "", value)); };
    const at = (t) => t === null ? "" : `${clock(t)} UTC`;
    add("Account", report.account);
    add("Window", report.window);
    add("Outcome", OUTCOMES[report.outcome] ?? report.outcome);
    add("Why", report.reason);
    add("Report id", report.id);
    add("Report type", report.type);
    add("Planned", report.planned === null ? "" : at(report.planned));
    add("Asked for", at(report.requested) + (report.adopted && report.requested !== null ? " (by an earlier run)" : ""));
    add("Ready at Amazon", at(report.ready));
    add("Downloaded", at(report.fetched));
    add("Delivered", at(report.delivered));
    const names = { planned: "Waited to be asked for", amazon: "At Amazon", download: "Until downloaded", deliver: "Until rows were written" };
    phases(report).forEach(([phase, from, to]) => add(names[phase], duration(to - from)));
    add("Rows", number(report.rows));
    add("Downloaded bytes", size(report.bytes));
    add("Repeated keys", report.repeated ? number(report.repeated) : "");
    add("Calls", `${number(report.calls)}${report.throttled ? `, ${number(report.throttled)} of them throttled` : ""}`);
    add("Asked for", report.attempts > 1 ? `${report.attempts} times` : "");
    add("Time zone", report.zone);
    add("Currency", report.currency);
    add("Columns", report.columns ? `${report.columns.split(" ").length}: ${report.columns.split(" ").join(", ")}` : "");
    add("Columns Amazon refused", report.refused.split(" ").join(", "));
    find("facts").replaceChildren(list);
    find("details").showModal();
  }
  function toggle(node, shut) {
    folded.set(node.key, shut ?? !isFolded(node));
    layout();
  }
  function act(i) {
    const node = lines[i];
    if (node) { if (node.inner) toggle(node); else open(node.report); }
  }
  function select(i) {
    selected = Math.max(0, Math.min(i, lines.length - 1));
    const height = rowHeight(), top = selected * height;
    const sight = grid.clientHeight - head.offsetHeight;
    if (top < grid.scrollTop) grid.scrollTop = top;
    else if (top + height > grid.scrollTop + sight) grid.scrollTop = top + height - sight;
    draw();
  }
  const KEYS = {
    ArrowDown: () => select(selected + 1),
    ArrowUp: () => select(selected - 1),
    PageDown: () => select(selected + 15),
    PageUp: () => select(selected - 15),
    Home: () => select(0),
    End: () => select(lines.length - 1),
    Enter: () => act(selected),
    " ": () => act(selected),
    ArrowRight: () => { if (lines[selected]?.inner && isFolded(lines[selected])) toggle(lines[selected], false); },
    ArrowLeft: () => {
      const node = lines[selected];
      if (node?.inner && !isFolded(node)) { toggle(node, true); return; }
      for (let i = selected - 1; i >= 0; i -= 1) if (lines[i].level < node.level) { select(i); return; }
    },
  };
  grid.addEventListener("keydown", (event) => {
    const action = KEYS[event.key];
    if (action && lines.length) { event.preventDefault(); action(); }
  });
  grid.addEventListener("click", (event) => {
    const element = event.target.closest(".row");
    if (element) { selected = Number(element.dataset.index); draw(); act(selected); }
  });
  let due = false;
  grid.addEventListener("scroll", () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; draw(); });
  });

  // --- controls ---------------------------------------------------------------------
  const totals = facts(reports).outcomes;
  [...totals.keys()].sort().forEach((outcome) => {
    const text = OUTCOMES[outcome] ?? outcome;
    const label = make("label"), box = make("input");
    box.type = "checkbox";
    box.checked = true;
    box.value = outcome;
    box.addEventListener("change", () => { chosen[box.checked ? "add" : "delete"](outcome); build(); });
    label.append(box, ` ${text} ${number(totals.get(outcome))}`);
    find("outcomes").append(label);
  });
  let typing = 0;
  find("search").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(build, 120); });
  ["group", "order"].forEach((id) => find(id).addEventListener("change", () => { folded.clear(); build(); }));
  function foldAll(shut) {
    const all = (nodes) => nodes.forEach((node) => {
      if (!node.inner) return;
      folded.set(node.key, shut);
      node.children ??= node.inner();
      all(node.children);
    });
    all(tree);
    layout();
  }
  find("fold").addEventListener("click", () => foldAll(true));
  find("unfold").addEventListener("click", () => foldAll(false));
  document.querySelectorAll(".filter").forEach((element) => {
    const button = make("button", "filter active", element.textContent);
    button.type = "button";
    button.title = "Show its reports in the timeline";
    button.addEventListener("click", () => {
      find("search").value = element.dataset.text;
      build();
      find("timeline").scrollIntoView();
      grid.focus({ preventScroll: true });
    });
    element.replaceWith(button);
  });
  addEventListener("beforeprint", () => {
    printing = true;
    draw();
    space.style.height = `${space.childElementCount * rowHeight()}px`;
    if (lines.length > PRINTED) find("shown").textContent += `, the first ${number(PRINTED)} lines printed`;
  });
  addEventListener("afterprint", () => { printing = false; build(); });
  addEventListener("resize", () => { axis(); layout(); });

  find("timeline").hidden = false;
  const whole = areas(reports, 240);
  find("overview").append(whole.picture, make("span", "top", `up to ${number(Math.ceil(whole.most))} at once`));
  build();
  axis();
})();
