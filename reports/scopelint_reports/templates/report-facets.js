// The filters beside the findings; each says how many more there are.

const FIRST = 8;
const unfolded = new Set();

function change(update, { keepPage = false } = {}) {
  update(asked);
  if (!keepPage) asked.page = 1;
  asked.open = -1;
  if (!keepPage) shut = new Map();
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

function fieldset(title, name, items) {
  const shown = unfolded.has(name) ? items : items.slice(0, FIRST);
  const field = make("fieldset", {}, make("legend", {}, title), ...shown);
  if (items.length <= FIRST) return field;
  const more = make("button", { type: "button", class: "more", "data-more": name }, unfolded.has(name) ? "Show fewer" : items.length - FIRST + " more");
  more.addEventListener("click", () => {
    if (!unfolded.delete(name)) unfolded.add(name);
    facets();
    $("facet-lists").querySelector(`[data-more="${name}"]`).focus();
  });
  field.append(more);
  return field;
}

function checks(set, title, names, label = (name) => make("span", {}, name), sorted = false) {
  const counts = found.counts[set];
  const present = names.map((name, i) => [name, counts[i]]).filter(([name, count]) => count || asked[set].has(name));
  if (sorted) present.sort((a, b) => Number(asked[set].has(b[0])) - Number(asked[set].has(a[0])) || b[1] - a[1]);
  const items = present.map(([name, count]) => checkbox(set, name, label(name), count));
  return items.length > 1 || asked[set].size ? fieldset(title, set, items) : null;
}

function goGroup(path, label, count) {
  const button = make("button", { type: "button", class: "choice", "data-path": path }, bdi(label), make("span", {}, count));
  button.addEventListener("click", () => change(() => { asked.group = path; asked.project = ""; }));
  return button;
}

function groupFacet() {
  const items = [];
  if (asked.group || asked.project) {
    const up = asked.project ? asked.group : asked.group.split("/").slice(0, -1).join("/");
    items.push(goGroup(up, "↑ " + (up || "all groups"), ""));
  }
  const here = found.children.map((name, i) => [name, found.counts.child[i]]).filter(([, count]) => count);
  here.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  for (const [name, count] of here.slice(0, 60))
    items.push(goGroup(name, name.slice(asked.group ? asked.group.length + 1 : 0), whole.format(count)));
  if (here.length > 60) items.push(make("p", { class: "muted" }, "and " + whole.format(here.length - 60) + " more: search for them"));
  return items.length ? fieldset(asked.project || asked.group || "Groups", "group", items) : null;
}

function facets() {
  const focus = document.activeElement;
  const mark = focus && focus.name && focus.type === "checkbox" ? `input[name="${focus.name}"][value="${CSS.escape(focus.value)}"]` : null;
  const rule = (code) => make("span", {}, ruleTitle(code) + " ", make("span", { class: "code" }, code));
  const lists = [
    checks("severity", "Severity", LEVELS, severity),
    checks("rule", "Rule", data.rules.map(([code]) => code), rule, true),
    groupFacet(),
    checks("state", "State", STATES),
    checks("verdict", "Verdict", VERDICTS),
  ];
  $("facet-lists").replaceChildren(...lists.filter(Boolean));
  const again = mark ? $("facet-lists").querySelector(mark) : null;
  if (again) again.focus();
}

function ways() {
  const owners = columns.owner.some((owner) => owner >= 0);
  const buttons = WAYS.filter(([name]) => name !== "owner" || owners).map(([name, label]) => {
    const button = make("button", { type: "button", "aria-pressed": String(asked.by === name), "data-by": name || "project" }, label);
    button.addEventListener("click", () => {
      change(() => { asked.by = name; });
      $("by").querySelector(`[data-by="${name || "project"}"]`).focus();
    });
    return button;
  });
  $("by").replaceChildren("By ", ...buttons);
}

function refresh() {
  found = select();
  arrange();
  facets();
  ways();
  drawList();
  const shown = whole.format(found.rows.length), all = whole.format(size);
  $("count").textContent = shown === all ? all + (size === 1 ? " finding" : " findings") : shown + " of " + all + " findings";
  $("filter-words").textContent = words();
  $("clear").hidden = !words();
  $("order").value = asked.order;
  if ($("q").value !== asked.q) $("q").value = asked.q;
  drawTree();
}
