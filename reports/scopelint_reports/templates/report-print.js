// What is printed: all findings by rule, the remedy once a rule; above a number their counts.

const MOST_PRINTED = 2000, MOST_REMEDIES = 3;

// One paragraph for each way to fix; where texts differ in more than names, the first as an example.
function remedies(rows) {
  const kinds = new Map();
  for (const i of rows) {
    const text = data.strings[columns.fix[i]];
    if (text && !kinds.has(text)) kinds.set(text, []);
    if (text) kinds.get(text).push(i);
  }
  const all = kinds.size <= MOST_REMEDIES;
  return [...kinds].slice(0, all ? MOST_REMEDIES : 1).map(([text, some]) => {
    const said = filled(text, some[0]), alike = all && some.every((i) => filled(text, i) === said);
    const whose = alike && kinds.size === 1 ? "" : ", " + (alike ? "" : "for example ") + (entryWords(some[0]) || projectPath(some[0]) || INSTANCE);
    return make("p", {}, make("b", {}, "How to fix" + whose + ": "), said);
  });
}

const opened = [];

function unfoldAll() {
  for (const details of document.querySelectorAll("#outside details.later:not(.wide-only), #trend details, #all-gaps")) {
    if (details.open) continue;
    unfold(details);
    details.open = true;
    opened.push(details);
  }
}

function printedRule(rule, rows, whole_) {
  const [code, title, requirement] = data.rules[rule];
  const parts = [make("h3", {}, title + " ", make("span", { class: "code" }, code)),
    make("p", {}, requirement ? "Required: " + requirement + ". " : "", several(rows.length, "finding") + ".")];
  parts.push(...remedies(rows));
  if (whole_) {
    const body = rows.map((i) => make("tr", {}, make("td", {}, severity(LEVELS[columns.level[i]])), make("td", {}, bdi(projectPath(i) || INSTANCE)),
      make("td", {}, bdi(entryWords(i))), make("td", {}, [ownerOf(i), markWords(i)].filter(Boolean).join(" · "))));
    parts.push(make("table", {}, make("thead", {}, make("tr", {}, ...["Severity", "Project", "Entry", "State"].map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, ...body)));
  }
  return make("section", { class: "printed-rule" }, ...parts);
}

function countsByProject() {
  const counts = new Map();
  for (const i of found.rows) counts.set(columns.project[i], (counts.get(columns.project[i]) || 0) + 1);
  const first = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 300);
  const rows = first.map(([project, count]) => make("tr", {}, make("td", {}, bdi(project < 0 ? INSTANCE : data.projects[project][1])), make("td", { class: "num" }, whole.format(count))));
  return [make("h3", {}, "By project"), counts.size > first.length ? make("p", {}, "The " + first.length + " projects with the most findings of " + whole.format(counts.size) + ".") : null,
    make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Project"), make("th", { scope: "col", class: "num" }, "Findings"))), make("tbody", {}, ...rows))].filter(Boolean);
}

function preparePrint() {
  unfoldAll();
  if ($("printed") || !size) return;
  const rules = new Map(), all = found.rows.length <= MOST_PRINTED;
  for (const i of found.rows) {
    if (!rules.has(columns.rule[i])) rules.set(columns.rule[i], []);
    rules.get(columns.rule[i]).push(i);
  }
  const parts = [...rules].map(([rule, rows]) => printedRule(rule, rows, all));
  const said = words() ? words() + ": " + several(found.rows.length, "finding") + " of " + whole.format(size) + "." : several(size, "finding") + ".";
  const more = all ? "" : " More than " + whole.format(MOST_PRINTED) + " are not printed one by one: the page's CSV and JSON buttons, and the JSON report, hold the whole list.";
  $("findings").append(make("div", { id: "printed" }, make("p", {}, said + more), ...parts, ...(all ? [] : countsByProject())));
}

function afterPrint() {
  for (const details of opened.splice(0)) details.open = false;
  const printed = $("printed");
  if (printed) printed.remove();
}

function startPrint() {
  addEventListener("beforeprint", preparePrint);
  addEventListener("afterprint", afterPrint);
  matchMedia("print").addEventListener("change", (event) => (event.matches ? preparePrint() : afterPrint()));
}
