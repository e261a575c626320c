// What is printed: all findings by rule, the remedy once a rule; above a number their counts.

const MOST_PRINTED = 2000;

function remedyOf(rows) {
  const i = rows[0], text = data.strings[columns.fix[i]];
  const same = rows.every((row) => columns.fix[row] === columns.fix[i]);
  return same ? filled(text, i) : filled(text, i) + " (of the first; paths differ in the others)";
}

function printedRule(rule, rows, whole_) {
  const [code, title, requirement] = data.rules[rule];
  const parts = [make("h3", {}, title + " ", make("span", { class: "code" }, code)),
    make("p", {}, requirement ? "Required: " + requirement + ". " : "", several(rows.length, "finding") + ".")];
  if (data.strings[columns.fix[rows[0]]]) parts.push(make("p", {}, make("b", {}, "How to fix: "), remedyOf(rows)));
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
  const printed = $("printed");
  if (printed) printed.remove();
}

function startPrint() {
  addEventListener("beforeprint", preparePrint);
  addEventListener("afterprint", afterPrint);
  matchMedia("print").addEventListener("change", (event) => (event.matches ? preparePrint() : afterPrint()));
}
