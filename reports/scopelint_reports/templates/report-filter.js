// What is asked for, where it is kept (the address), and which rows answer it.

const SETS = ["severity", "rule", "verdict", "state"];
const TEXTS = ["group", "project", "entry", "from", "q", "by", "order"];
const fresh = (kept = {}) => ({
  severity: new Set(), rule: new Set(), verdict: new Set(), state: new Set(),
  group: "", project: "", entry: "", from: "", q: "", by: "", order: "", page: 1, open: -1, ...kept,
});
let asked = fresh();
const clear = () => fresh({ by: asked.by, order: asked.order });

function readHash(hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const next = fresh();
  for (const name of SETS)
    for (const value of (parameters.get(name) || "").split(",")) if (value) next[name].add(value);
  for (const name of TEXTS) next[name] = parameters.get(name) || "";
  if (!WAYS.some(([name]) => name === next.by)) next.by = "";
  if (!["most", "name"].includes(next.order)) next.order = "";
  next.page = Math.max(1, parseInt(parameters.get("page"), 10) || 1);
  return next;
}

function writeHash() {
  const parameters = new URLSearchParams();
  for (const name of SETS) if (asked[name].size) parameters.set(name, [...asked[name]].join(","));
  for (const name of TEXTS) if (asked[name]) parameters.set(name, asked[name]);
  if (asked.page > 1) parameters.set("page", String(asked.page));
  const hash = parameters.toString();
  try {
    history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
  } catch { /* a sandboxed frame keeps no address */ }
}

const ruleTitle = (code) => { const rule = data.rules.find(([name]) => name === code); return rule && rule[1] ? rule[1] : code; };

function words() {
  const titles = (name) => [...asked[name]].map((value) => (name === "rule" ? ruleTitle(value) : value));
  const parts = SETS.filter((name) => asked[name].size).map((name) => name + ": " + titles(name).join(" or "));
  if (asked.from) parts.push("let in by entries for " + asked.from);
  if (asked.group) parts.push("below " + asked.group);
  if (asked.project) parts.push("in " + asked.project);
  if (asked.entry) {
    const at = data.entries.findIndex((entry) => entryKey(entry) === asked.entry);
    parts.push("about " + (at < 0 ? asked.entry : data.entries[at][0] + " " + entryPath(data.entries[at])));
  }
  if (asked.q) parts.push("with “" + asked.q + "”");
  return parts.length ? "Only " + parts.join("; ") : "";
}

let haystack = null;
function haystacks() {
  if (!haystack) {
    haystack = new Array(size);
    for (let i = 0; i < size; i++)
      haystack[i] = [ruleOf(i), data.strings[columns.name[i]], titleOf(i), projectPath(i), entryPath(entryOf(i)), ownerOf(i), messageOf(i)].join("\n").toLowerCase();
  }
  return haystack;
}

const choice = (names, wanted) => Uint8Array.from(names, (name) => (wanted.size === 0 || wanted.has(name) ? 1 : 0));
const below = (path, group) => path === group || path.startsWith(group + "/");

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

// For each entry: does it let in what is asked for?
function entriesAsked() {
  if (!asked.entry && !asked.from) return null;
  return Uint8Array.from(data.entries, (entry) => {
    if (asked.entry && entryKey(entry) !== asked.entry) return 0;
    const path = entry[2] || "";
    return Number(!asked.from || below(path, asked.from) || (entry[0] === "group" && path !== "" && below(asked.from, path)));
  });
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
  const place = places(), entries = entriesAsked();
  const counts = {
    severity: new Uint32Array(LEVELS.length), rule: new Uint32Array(data.rules.length),
    verdict: new Uint32Array(VERDICTS.length), state: new Uint32Array(STATES.length),
    child: new Uint32Array(place.names.length),
  };
  const needles = asked.q.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = needles.length ? haystacks() : null;
  const rows = [];
  const allow = SETS.map((name) => allowed[name]), value = SETS.map((name) => values[name]), count = SETS.map((name) => counts[name]);
  for (let i = 0; i < size; i++) {
    const project = columns.project[i];
    if (project < 0 ? !place.all : !place.inside[project]) continue;
    if (entries && (columns.entry[i] < 0 || !entries[columns.entry[i]])) continue;
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
