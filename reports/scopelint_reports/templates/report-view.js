// The table, the facets, the keys; and the start.

let found = { rows: [], counts: {}, children: [] };
const whole = new Intl.NumberFormat("en");
const pages = () => Math.max(1, Math.ceil(found.rows.length / PAGE));

function change(update, { keepPage = false } = {}) {
  update(asked);
  if (!keepPage) asked.page = 1;
  asked.open = -1;
  refresh();
  writeHash();
}

function checkbox(set, value, label, count) {
  const input = make("input", { type: "checkbox", name: set, value });
  input.checked = asked[set].has(value);
  input.addEventListener("change", () =>
    change(() => (input.checked ? asked[set].add(value) : asked[set].delete(value))));
  return make("label", { class: "choice" }, input, label, make("span", {}, whole.format(count)));
}

function fieldset(title, items, long = false) {
  const list = make("div", { class: long ? "long" : null, role: long ? "group" : null, "aria-label": long ? title : null }, ...items);
  return make("fieldset", {}, make("legend", {}, title), list);
}

function checks(set, title, names, label = (name) => make("span", {}, name)) {
  const counts = found.counts[set];
  const items = names.map((name, i) => [name, counts[i]])
    .filter(([name, count]) => count || asked[set].has(name))
    .map(([name, count]) => checkbox(set, name, label(name), count));
  return items.length ? fieldset(title, items, items.length > 9) : null;
}

function goGroup(path, label, count) {
  const button = make("button", { type: "button", class: "choice", "data-group": path }, bdi(label), make("span", {}, count));
  button.addEventListener("click", () => change(() => { asked.group = path; asked.project = ""; }));
  return button;
}

function groups() {
  const items = [];
  if (asked.group || asked.project) {
    const up = asked.project ? asked.group : asked.group.split("/").slice(0, -1).join("/");
    items.push(goGroup(up, "↑ " + (up || "all groups"), ""));
  }
  const here = found.children.map((name, i) => [name, found.counts.child[i]]).filter(([, count]) => count);
  here.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  for (const [name, count] of here.slice(0, 40))
    items.push(goGroup(name, name.slice(asked.group ? asked.group.length + 1 : 0), whole.format(count)));
  if (here.length > 40) items.push(make("p", { class: "muted" }, "and " + whole.format(here.length - 40) + " more: search for them"));
  return items.length ? fieldset(asked.project || asked.group || "Groups", items, true) : null;
}

function facets() {
  const codes = data.rules.map(([code]) => code);
  const focus = document.activeElement;
  const mark = focus && focus.name ? `input[name="${focus.name}"][value="${CSS.escape(focus.value)}"]` : null;
  const lists = [
    checks("severity", "Severity", LEVELS, severity),
    checks("state", "State", STATES),
    checks("verdict", "Verdict", VERDICTS),
    checks("rule", "Rule", codes),
    groups(),
  ];
  $("facet-lists").replaceChildren(...lists.filter(Boolean));
  const again = mark && focus.type === "checkbox" ? $("facet-lists").querySelector(mark) : null;
  if (again) again.focus();
}

function row(i) {
  const entry = entryOf(i), message = messageOf(i), path = entryPath(entry), open = asked.open === i;
  const button = make("button", { type: "button", class: "open", "aria-expanded": String(open) }, message);
  button.dataset.row = String(i);
  const text = make("td", {}, button);
  if (entry && !message.includes(path)) text.append(" ", bdi(entry[0] + " " + path, "entry"));
  if (columns.state[i]) text.append(" ", make("em", {}, STATES[columns.state[i]]));
  const project = projectPath(i);
  const line = make("tr", { class: open ? "row is-open" : "row" },
    make("td", {}, severity(LEVELS[columns.level[i]])), make("td", {}, ruleOf(i)),
    make("td", {}, project ? bdi(project) : INSTANCE), text);
  if (!open) return [line];
  const detail = make("td", { colspan: "4" }, panel(i));
  return [line, make("tr", { class: "detail tone-" + LEVELS[columns.level[i]] }, detail)];
}

function table() {
  asked.page = Math.min(asked.page, pages());
  const from = (asked.page - 1) * PAGE;
  const lines = found.rows.slice(from, from + PAGE).flatMap(row);
  if (!lines.length) lines.push(make("tr", {}, make("td", { colspan: "4" }, "No finding matches these filters.")));
  $("rows").replaceChildren(...lines);
  $("page").textContent = "Page " + whole.format(asked.page) + " of " + whole.format(pages());
  $("prev").disabled = asked.page <= 1;
  $("next").disabled = asked.page >= pages();
  $("prev").parentElement.hidden = pages() === 1;
  for (const head of document.querySelectorAll("#table th[data-sort]")) {
    const state = head.dataset.sort === (asked.sort || "level") ? (asked.dir === "desc" ? "descending" : "ascending") : null;
    if (state) head.setAttribute("aria-sort", state);
    else head.removeAttribute("aria-sort");
  }
}

function refresh() {
  found = select();
  facets();
  table();
  const shown = whole.format(found.rows.length), all = whole.format(size);
  $("count").textContent = shown === all ? all + (size === 1 ? " finding" : " findings") : shown + " of " + all + " findings";
  $("filter-words").textContent = words();
  $("clear").disabled = !words() && !asked.sort;
  if ($("q").value !== asked.q) $("q").value = asked.q;
  drawTree();
}

function toggle(i, { focus = true } = {}) {
  asked.open = asked.open === i ? -1 : i;
  table();
  const button = document.querySelector(`button.open[data-row="${i}"]`);
  if (focus && button) button.focus();
}

function turn(by) {
  const to = Math.min(Math.max(asked.page + by, 1), pages());
  if (to === asked.page) return;
  change(() => { asked.page = to; }, { keepPage: true });
  const first = document.querySelector("button.open");
  if (first) { first.focus({ preventScroll: true }); $("findings").scrollIntoView(); }
}

function onKey(event) {
  const buttons = [...document.querySelectorAll("button.open")];
  const at = buttons.indexOf(document.activeElement);
  if (event.key === "Escape" && asked.open >= 0) return toggle(asked.open);
  if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return undefined;
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    if (buttons[to]) buttons[to].focus();
  } else if (event.key === "PageDown" || event.key === "PageUp") {
    event.preventDefault();
    turn(event.key === "PageDown" ? 1 : -1);
  }
  return undefined;
}

function showFinding(prefix) {
  const i = /^[0-9a-f]{8,64}$/.test(prefix) ? findByPrint(prefix) : -1;
  if (i < 0) {
    $("count").textContent = "This report holds no finding with the fingerprint " + prefix;
    return;
  }
  asked = fresh();
  refresh();
  asked.page = Math.floor(found.rows.indexOf(i) / PAGE) + 1;
  asked.open = i;
  table();
  const button = document.querySelector(`button.open[data-row="${i}"]`);
  button.focus({ preventScroll: true });
  button.closest("tr").scrollIntoView({ block: "start" });
}

function showRule(code) {
  const rule = $("rule-" + code);
  if (rule) { rule.open = true; rule.scrollIntoView(); }
}

function follow(hash, scroll) {
  let text = hash.replace(/^#/, "");
  try { text = decodeURIComponent(text); } catch { /* not encoded: as it is */ }
  if (text.startsWith("rule-")) showRule(text.slice(5));
  if (!size) return;
  if (text.startsWith("f-")) showFinding(text.slice(2));
  else if (hash.includes("=")) {
    asked = readHash(hash);
    refresh();
    if (scroll) $("findings").scrollIntoView();
  }
}

function listen() {
  for (const head of document.querySelectorAll("#table th[data-sort]")) {
    const button = make("button", { type: "button", class: "sort" }, head.textContent);
    head.replaceChildren(button);
    button.addEventListener("click", () => change(() => {
      const name = head.dataset.sort, same = name === (asked.sort || "level");
      asked.dir = same && asked.dir === "asc" ? "desc" : "asc";
      asked.sort = name;
    }));
  }
  $("facet-box").open = matchMedia("(min-width: 60.01rem)").matches;
  let wait = 0;
  $("q").addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => change(() => { asked.q = $("q").value.trim(); }), 120);
  });
  $("facets").addEventListener("submit", (event) => event.preventDefault());
  $("rows").addEventListener("click", (event) => {
    if (event.target.closest("a, .detail")) return;
    const line = event.target.closest("tr.row");
    if (line && !String(getSelection())) toggle(Number(line.querySelector("button.open").dataset.row));
  });
  $("rows").addEventListener("keydown", onKey);
  $("prev").addEventListener("click", () => turn(-1));
  $("next").addEventListener("click", () => turn(1));
  $("clear").addEventListener("click", () => change(() => { asked = fresh(); }));
  $("csv").addEventListener("click", () => exportCsv(found.rows));
  $("json").addEventListener("click", () => exportJson(found.rows));
}

function rulePages() {
  for (const details of document.querySelectorAll("details.rule, details.later"))
    details.addEventListener("toggle", () => {
      const page = details.querySelector("template");
      if (details.open && page) page.replaceWith(page.content.cloneNode(true));
    });
}

async function start() {
  rulePages();
  const packed = JSON.parse($("data").textContent);
  adopt(packed.gzip ? await unpack(packed.gzip) : packed);
  $("data").remove();
  if (size) {
    listen();
    asked = location.hash.includes("=") ? readHash(location.hash) : fresh();
    refresh();
    $("static-note").remove();
  }
  root.classList.add("ready");
  for (const element of document.querySelectorAll(".needs-script")) element.hidden = false;
  if (size) table();
  startTree();
  if ($("gaps-csv")) $("gaps-csv").addEventListener("click", exportGaps);
  addEventListener("hashchange", () => follow(location.hash, true));
  follow(location.hash, false);
  if (size) setTimeout(haystacks, 500); // the first search finds its texts ready
  root.dataset.nodes = String(document.getElementsByTagName("*").length);
  root.dataset.ready = "yes";
}
start().catch((error) => note("errors", String(error)));
