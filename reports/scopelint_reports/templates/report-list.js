// The findings in groups: by project, rule, entry or owner. Only what is open is in the page.

const PAGE = 20, FEW = 24, GLANCE = 8, STEP = 40;
const WAYS = [["", "Project"], ["rule", "Rule"], ["entry", "Entry"], ["owner", "Owner"]];
let found = { rows: [], counts: {}, children: [] };
let groups = [];
let shut = new Map(); // a group's key: open, shut, or how many of its rows are shown

const pages = () => Math.max(1, Math.ceil(groups.length / PAGE));
const column = () => ({ "": columns.project, rule: columns.rule, entry: columns.entry, owner: columns.owner })[asked.by];

function groupName(key) {
  if (asked.by === "rule") return data.rules[key][1] || data.rules[key][0];
  if (asked.by === "owner") return key < 0 ? "unowned, and the instance" : data.strings[key];
  if (asked.by === "entry") return key < 0 ? "no entry: settings of projects, and the instance" : data.entries[key][0] + " " + entryPath(data.entries[key]);
  return key < 0 ? INSTANCE : data.projects[key][1];
}

// Rows of one group lie side by side after a counting sort; each group counts its levels.
function arrange() {
  const keys = column(), known = new Map();
  for (const i of found.rows) {
    let group = known.get(keys[i]);
    if (!group) known.set(keys[i], (group = { key: keys[i], name: "", rows: [], counts: new Uint32Array(LEVELS.length) }));
    group.rows.push(i);
    group.counts[columns.level[i]]++;
  }
  groups = [...known.values()];
  const most = (a, b) => b.rows.length - a.rows.length;
  const worst = (a, b) => {
    if (asked.by && (a.key < 0) !== (b.key < 0)) return a.key < 0 ? 1 : -1; // what has no entry comes last
    for (let level = 0; level < LEVELS.length; level++) if (a.counts[level] !== b.counts[level]) return b.counts[level] - a.counts[level];
    return a.rows[0] - b.rows[0];
  };
  if (asked.order === "name") {
    for (const group of groups) group.name = groupName(group.key);
    groups.sort((a, b) => (a.name < b.name ? -1 : 1));
  } else groups.sort(asked.order === "most" ? (a, b) => most(a, b) || worst(a, b) : worst);
}

function groupLabel(group) {
  if (asked.by === "rule") return [make("span", {}, groupName(group.key) + " "), make("span", { class: "code" }, data.rules[group.key][0])];
  if (asked.by === "owner" || group.key < 0) return [make("span", {}, groupName(group.key))];
  if (asked.by === "entry") return [make("span", { class: "kind" }, data.entries[group.key][0] + " "), pathNode(entryPath(data.entries[group.key]), 48), make("span", { class: "kind" }, " in " + several(new Set(group.rows.map((i) => columns.project[i])).size, "project"))];
  return [pathNode(data.projects[group.key][1], 64)];
}

const levelMarks = (counts) => LEVELS.map((level, at) => [level, counts[at]]).filter(([, count]) => count)
  .map(([level, count]) => make("span", { class: "sev sev-" + level }, whole.format(count) + " " + level));

function age(i) {
  const made = data.evidence[columns.evidence[i]].created_at;
  return typeof made === "string" ? made.slice(0, 10) : "";
}

function markWords(i) {
  if (columns.carried[i] >= 0) return "carried, seen " + data.strings[columns.carried[i]].slice(0, 10);
  return columns.state[i] ? STATES[columns.state[i]] : columns.fresh[i] ? "new since the last report" : "";
}

function findingRow(i) {
  const open = asked.open === i, entry = entryOf(i), by = asked.by;
  const button = make("button", { type: "button", class: "open", "aria-expanded": String(open) });
  button.dataset.row = String(i);
  const title = make("span", { class: "what" }, titleOf(i) + " ", make("span", { class: "code" }, ruleOf(i)));
  const place = by === "" ? null : projectOf(i) ? pathNode(projectPath(i)) : make("span", {}, INSTANCE);
  const target = entry && by !== "entry" ? make("span", { class: "entry" }, entry[0] + " ", pathNode(entryPath(entry), 36)) : null;
  const more = [by === "owner" ? "" : ownerOf(i), age(i) && "since " + age(i), markWords(i)].filter(Boolean).join(" · ");
  const extra = more ? [make("small", { class: more.length < 20 ? "whole" : null }, more)] : [], here = [place, target].filter(Boolean);
  // Below a rule's title the place is what tells findings apart; the message comes after it.
  const lines = by === "rule" ? [make("span", { class: "what where" }, ...here, ...extra), make("span", { class: "where muted" }, messageOf(i))]
    : [title, make("span", { class: "where" }, ...here, ...extra)];
  button.append(severity(LEVELS[columns.level[i]]), ...lines);
  const item = make("li", { class: open ? "finding is-open" : "finding" }, button);
  if (open && !wide()) item.append(panel(i));
  return item;
}

function groupItem(group, number, room) {
  const state = shut.get(group.key);
  const open = asked.open >= 0 && group.rows.includes(asked.open) ? true : state === undefined ? room > 0 : state > 0;
  const button = make("button", { type: "button", class: "group", "aria-expanded": String(open) },
    make("span", { class: "name" }, ...groupLabel(group)), make("span", { class: "marks" }, ...levelMarks(group.counts)));
  button.dataset.group = String(number);
  const item = make("li", {}, button);
  if (!open) return [item, 0];
  // A group that nobody opened shows its first few, so that the others are seen too.
  let limit = state === undefined ? GLANCE : Math.max(state, STEP);
  if (asked.open >= 0) limit = Math.max(limit, Math.ceil((group.rows.indexOf(asked.open) + 1) / STEP) * STEP);
  const shown = group.rows.slice(0, limit);
  const list = make("ul", { class: "rows", "aria-label": groupName(group.key) }, ...shown.map(findingRow));
  if (group.rows.length > shown.length) {
    const more = make("button", { type: "button", class: "more" }, "Show " + Math.min(limit < STEP ? STEP - limit : STEP, group.rows.length - shown.length) + " more of " + whole.format(group.rows.length));
    more.addEventListener("click", () => {
      shut.set(group.key, limit < STEP ? STEP : limit + STEP);
      drawList();
      const rows = document.querySelectorAll(`[data-group="${number}"] + ul button.open`);
      if (rows[limit]) rows[limit].focus();
    });
    list.append(make("li", {}, more));
  }
  item.append(list);
  return [item, shown.length];
}

function drawList() {
  asked.page = Math.min(asked.page, pages());
  const from = (asked.page - 1) * PAGE, items = [];
  let room = FEW;
  groups.slice(from, from + PAGE).forEach((group, at) => {
    const [item, used] = groupItem(group, from + at, room);
    room -= used;
    items.push(item);
  });
  if (!items.length) items.push(make("li", { class: "none" }, "No finding matches these filters."));
  $("groups").replaceChildren(...items);
  $("page").textContent = "Page " + whole.format(asked.page) + " of " + whole.format(pages());
  $("prev").disabled = asked.page <= 1;
  $("next").disabled = asked.page >= pages();
  $("prev").parentElement.hidden = pages() === 1;
  side();
}

function side() {
  $("detail").hidden = !wide() || !groups.length;
  if ($("detail").hidden) return;
  const open = asked.open >= 0, first = groups[Math.min((asked.page - 1) * PAGE, groups.length - 1)].rows[0];
  $("detail").replaceChildren(open ? "" : make("p", { class: "muted" }, "The first of these findings; choose another one in the list."), panel(open ? asked.open : first));
}

function toggleGroup(number) {
  const group = groups[number], button = document.querySelector(`[data-group="${number}"]`);
  const open = button.getAttribute("aria-expanded") === "true";
  shut.set(group.key, open ? 0 : STEP);
  if (open && group.rows.includes(asked.open)) asked.open = -1;
  drawList();
  document.querySelector(`[data-group="${number}"]`).focus();
}

function toggle(i) {
  asked.open = asked.open === i ? -1 : i;
  drawList();
  const button = document.querySelector(`button.open[data-row="${i}"]`);
  if (button) button.focus();
}

function turn(by) {
  const to = Math.min(Math.max(asked.page + by, 1), pages());
  if (to === asked.page) return;
  change(() => { asked.page = to; }, { keepPage: true });
  const first = $("groups").querySelector("button");
  if (first) { first.focus({ preventScroll: true }); $("findings").scrollIntoView(); }
}

function onKey(event) {
  const buttons = [...$("groups").querySelectorAll("button.group, button.open, button.more")];
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
