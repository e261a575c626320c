// One project's reach: who → it → whom, from the allowlists in the page.

const MOST = 12;
const LIMIT_OFF = 0, LIMIT_UNKNOWN = 2;
let listAt = null;

function lists() {
  if (!listAt) listAt = new Map(data.lists.map((list, at) => [list[0], at]));
  return listAt;
}

// The projects below a group, of those in the page.
let sorted = null;
function countBelow(group) {
  sorted = sorted || data.lists.map(([path]) => path).sort();
  const first = (text) => {
    let low = 0, high = sorted.length;
    while (low < high) { const mid = (low + high) >> 1; if (sorted[mid] < text) low = mid + 1; else high = mid; }
    return low;
  };
  return first(group + "0") - first(group + "/"); // "0" follows "/" in ASCII
}

// Who may come: entries as [label words, path, folded count]; null where everybody may.
function incoming(list) {
  return list[3].map((number) => data.entries[number]).map((entry) => {
    const path = entry[2] || "", seen = entry[0] === "group" && path ? countBelow(path) : 0;
    return { kind: entry[0], path: path || entryPath(entry), note: entry[0] === "group" ? (seen ? several(seen, "project") + " here" : "outside this scan") : "" };
  });
}

// Whom it reaches: projects that name it, a group above it, or have no limit; folded by namespace.
function outgoing(path) {
  const above = new Set([path]);
  for (let at = path; at.includes("/");) { at = at.slice(0, at.lastIndexOf("/")); above.add(at); }
  const fits = data.entries.map((entry) => above.has(entry[2]) && (entry[0] === "group" || entry[2] === path));
  const named = [], open = [];
  for (const list of data.lists) {
    if (list[0] === path) continue;
    if (list[1] === LIMIT_OFF) open.push(list[0]);
    else if (list[3].some((number) => fits[number])) named.push(list[0]);
  }
  return { named, open };
}

function folded(paths) {
  const spaces = new Map();
  for (const path of paths) {
    const space = path.slice(0, path.lastIndexOf("/"));
    if (!spaces.has(space)) spaces.set(space, []);
    spaces.get(space).push(path);
  }
  if (paths.length <= MOST) return paths.map((path) => ({ kind: "project", path, note: "" }));
  return [...spaces].sort((a, b) => b[1].length - a[1].length)
    .map(([space, inside]) => (inside.length === 1 ? { kind: "project", path: inside[0], note: "" } : { kind: "group", path: space, note: several(inside.length, "project") }));
}

function reachItem(item) {
  const known = item.kind === "project" && lists().has(item.path);
  const name = pathNode(item.path, 46);
  return make("li", {}, known ? make("a", { href: "#reach=" + encodeURIComponent(item.path) }, name) : name,
    make("small", {}, item.note || (item.kind === "group" ? "group" : "")));
}

function reachColumn(title, items, empty) {
  const shown = items.slice(0, MOST), rest = items.slice(MOST);
  const list = make("ul", {}, ...shown.map(reachItem));
  const column = make("div", { class: "reach-column" }, make("h3", {}, title), items.length ? list : make("p", { class: "muted" }, empty));
  if (rest.length) {
    const more = make("details", {}, make("summary", {}, whole.format(rest.length) + " more"));
    more.addEventListener("toggle", () => { if (more.open && !more.querySelector("ul")) more.append(make("ul", {}, ...rest.slice(0, 200).map(reachItem))); arrows(); });
    column.append(more);
  }
  return column;
}

// Curves between the columns, for the eye alone: the lists say the same.
function arrows() {
  const view = $("one-view").querySelector(".reach-view");
  if (!view) return;
  const old = view.querySelector("svg");
  if (old) old.remove();
  const box = view.getBoundingClientRect(), middle = view.querySelector(".reach-it").getBoundingClientRect();
  if (box.width < 640) return;
  const columns_ = view.querySelectorAll(".reach-column"), paths = [];
  const y = middle.top - box.top + middle.height / 2;
  const curve = (x1, y1, x2, y2) => draw("path", { d: `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}` });
  for (const item of columns_[0].querySelectorAll("li")) {
    const at = item.getBoundingClientRect();
    paths.push(curve(at.right - box.left + 4, at.top - box.top + at.height / 2, middle.left - box.left - 6, y));
  }
  for (const item of columns_[1].querySelectorAll("li")) {
    const at = item.getBoundingClientRect();
    paths.push(curve(middle.right - box.left + 4, y, at.left - box.left - 6, at.top - box.top + at.height / 2));
  }
  view.prepend(draw("svg", { class: "arrows", "aria-hidden": "true", width: box.width, height: box.height }, ...paths));
}

function showReach(path) {
  const at = lists().get(path);
  if (at === undefined) return $("one-view").replaceChildren(make("p", { class: "muted" }, "No allowlist of " + path + " is in this page: it was not read, or it is not below the targets."));
  const list = data.lists[at], out = outgoing(path);
  const who = incoming(list);
  const state = list[1] === LIMIT_OFF ? "The limit is off: any project’s token is accepted." : list[1] === LIMIT_UNKNOWN ? "Whether the limit is on is not known." : "The limit is on.";
  const empty = list[1] === LIMIT_OFF ? "Everybody: the limit is off." : list[2] ? "Nobody but itself." : "Not known: the allowlist could not be read whole.";
  const it = make("div", { class: "reach-it" }, pathNode(path, 38), make("small", {}, state + (list[2] || !who.length ? "" : " There may be more entries than could be read.")),
    make("a", { href: "#project=" + encodeURIComponent(path) }, "Its findings"));
  const targets = folded(out.named);
  const column = reachColumn("Whom its tokens reach: " + several(out.named.length, "project"), targets, "No other project that was read names it.");
  if (out.open.length) column.append(make("p", { class: "muted" }, "And " + several(out.open.length, "project") + " without a limit, as everybody’s."));
  $("one-view").replaceChildren(make("div", { class: "reach-view" }, reachColumn("Who may come in: " + several(who.length, "entry", "entries"), who, empty), it, column));
  arrows();
  return undefined;
}

function suggest() {
  const needle = $("one").value.trim().toLowerCase();
  const hits = [];
  if (needle) for (const [path] of data.lists) { if (path.toLowerCase().includes(needle)) hits.push(path); if (hits.length === 9) break; }
  $("one-found").replaceChildren(...hits.slice(0, 8).map((path) => make("li", {}, make("a", { href: "#reach=" + encodeURIComponent(path) }, pathNode(path, 60)))),
    ...(hits.length > 8 ? [make("li", { class: "muted" }, "more: write more of the path")] : needle && !hits.length ? [make("li", { class: "muted" }, "no project matches")] : []));
}

function startReach() {
  if (!$("one")) return;
  $("one").addEventListener("input", suggest);
  new ResizeObserver(arrows).observe($("one-view"));
  // The most open example first: the project with the most entries that has findings.
  const busy = data.lists.reduce((best, list) => (list[3].length > (best ? best[3].length : -1) ? list : best), null);
  if (busy) showReach(busy[0]);
}
