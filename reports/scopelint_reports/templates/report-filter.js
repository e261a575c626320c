// What is asked for, where it is kept (the address), and which rows answer it.

const PAGE = 100;
const SETS = ["severity", "rule", "verdict", "state"];
const fresh = () => ({
  severity: new Set(), rule: new Set(), verdict: new Set(), state: new Set(),
  group: "", project: "", q: "", sort: "", dir: "asc", page: 1, open: -1,
});
let asked = fresh();

function readHash(hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const next = fresh();
  for (const name of SETS)
    for (const value of (parameters.get(name) || "").split(",")) if (value) next[name].add(value);
  for (const name of ["group", "project", "q"]) next[name] = parameters.get(name) || "";
  if (["level", "rule", "project", "text"].includes(parameters.get("sort"))) next.sort = parameters.get("sort");
  if (parameters.get("dir") === "desc") next.dir = "desc";
  next.page = Math.max(1, parseInt(parameters.get("page"), 10) || 1);
  return next;
}

function writeHash() {
  const parameters = new URLSearchParams();
  for (const name of SETS) if (asked[name].size) parameters.set(name, [...asked[name]].join(","));
  for (const name of ["group", "project", "q", "sort"]) if (asked[name]) parameters.set(name, asked[name]);
  if (asked.sort && asked.dir === "desc") parameters.set("dir", "desc");
  if (asked.page > 1) parameters.set("page", String(asked.page));
  const hash = parameters.toString();
  try {
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  } catch { /* a sandboxed frame keeps no address */ }
}

function words() {
  const parts = SETS.filter((name) => asked[name].size).map((name) => name + " " + [...asked[name]].join(" or "));
  if (asked.group) parts.push("below " + asked.group);
  if (asked.project) parts.push("in " + asked.project);
  if (asked.q) parts.push("with “" + asked.q + "”");
  return parts.length ? "Only " + parts.join(", ") : "";
}

let haystack = null;
function haystacks() {
  if (!haystack) {
    haystack = new Array(size);
    for (let i = 0; i < size; i++)
      haystack[i] = [ruleOf(i), data.strings[columns.name[i]], projectPath(i), entryPath(entryOf(i)), messageOf(i)].join("\n").toLowerCase();
  }
  return haystack;
}

// Equal keys are many: those are sorted once each, then every row is put in its place by counting.
function sortedRows(keys) {
  const distinct = [...new Set(keys)].sort((a, b) => (a < b ? -1 : 1));
  const ranks = new Map(distinct.map((key, rank) => [key, rank]));
  const starts = new Uint32Array(distinct.length + 1), rows = new Uint32Array(size);
  const numbers = Uint32Array.from(keys, (key) => ranks.get(key));
  for (const rank of numbers) starts[rank + 1]++;
  for (let rank = 1; rank <= distinct.length; rank++) starts[rank] += starts[rank - 1];
  numbers.forEach((rank, i) => { rows[starts[rank]++] = i; });
  return rows;
}

// Rows in the asked order; each order is worked out once.
const orders = new Map();
function order() {
  if (!asked.sort) return null;
  if (!orders.has(asked.sort)) {
    const texts = {
      level: null,
      rule: ruleOf,
      project: projectPath,
      text: messageOf,
    }[asked.sort];
    const keys = Array.from({ length: size }, (_, i) => (texts ? texts(i).toLowerCase() : columns.level[i]));
    orders.set(asked.sort, sortedRows(keys));
  }
  return orders.get(asked.sort);
}

const choice = (names, wanted) => Uint8Array.from(names, (name) => (wanted.size === 0 || wanted.has(name) ? 1 : 0));

// For each project: is it in the asked subtree, and in which child of it?
function places() {
  const inside = new Uint8Array(data.projects.length), child = new Int32Array(data.projects.length).fill(-1);
  const names = [], numbers = new Map();
  const prefix = asked.group ? asked.group + "/" : "";
  data.projects.forEach(([, path], number) => {
    if (!path.startsWith(prefix)) return;
    inside[number] = asked.project ? Number(path === asked.project) : 1;
    const slash = path.indexOf("/", prefix.length);
    if (slash < 0) return;
    const name = path.slice(0, slash);
    if (!numbers.has(name)) { numbers.set(name, names.length); names.push(name); }
    child[number] = numbers.get(name);
  });
  return { inside, child, names, all: !asked.group && !asked.project };
}

// One walk: the rows that pass, and for each facet how many would pass without that facet.
function select() {
  const allowed = {
    severity: choice(LEVELS, asked.severity),
    rule: choice(data.rules.map(([code]) => code), asked.rule),
    verdict: choice(VERDICTS, asked.verdict),
    state: choice(STATES, asked.state),
  };
  const values = { severity: columns.level, rule: columns.rule, verdict: columns.verdict, state: columns.state };
  const place = places();
  const counts = {
    severity: new Uint32Array(LEVELS.length), rule: new Uint32Array(data.rules.length),
    verdict: new Uint32Array(VERDICTS.length), state: new Uint32Array(STATES.length),
    child: new Uint32Array(place.names.length),
  };
  const needles = asked.q.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = needles.length ? haystacks() : null;
  const rows = [], sequence = order(), down = asked.sort && asked.dir === "desc";
  const allow = SETS.map((name) => allowed[name]), value = SETS.map((name) => values[name]), count = SETS.map((name) => counts[name]);
  for (let step = 0; step < size; step++) {
    const at = down ? size - 1 - step : step;
    const i = sequence ? sequence[at] : at;
    const project = columns.project[i];
    if (project < 0 ? !place.all : !place.inside[project]) continue;
    if (texts && !needles.every((needle) => texts[i].includes(needle))) continue;
    let failed = 0, misses = 0;
    for (let k = 0; k < SETS.length; k++) if (!allow[k][value[k][i]]) { misses++; failed = k; }
    if (misses === 0) {
      rows.push(i);
      for (let k = 0; k < SETS.length; k++) count[k][value[k][i]]++;
      if (project >= 0 && place.child[project] >= 0) counts.child[place.child[project]]++;
    } else if (misses === 1) count[failed][value[failed][i]]++;
  }
  return { rows, counts, children: place.names };
}

function findByPrint(prefix) {
  for (let i = 0; i < size; i++) if (fingerprintOf(i).startsWith(prefix)) return i;
  return -1;
}
