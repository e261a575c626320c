// Elements from text, the panel of one finding, and downloads. Text never becomes markup.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  for (const child of children) if (child !== null) element.append(child);
  return element;
}
const bdi = (text, name = null) => make("bdi", { class: name }, text);
const severity = (level) => make("span", { class: "sev sev-" + level }, level);

function link(address, label) {
  const safe = webLink(address);
  return safe ? make("a", { href: safe, rel: "noopener noreferrer" }, label) : label;
}

function pairs(...rows) {
  const list = make("dl");
  for (const [term, value, name] of rows)
    if (value !== null && value !== "") list.append(make("div", {}, make("dt", {}, term), make("dd", { class: name || null }, value)));
  return list;
}

function plain(value) {
  if (value === null) return "none";
  if (value === true) return "yes";
  if (value === false) return "no";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function evidenceValue(value) {
  if (Array.isArray(value) && value.every((item) => item === null || typeof item !== "object")) {
    if (!value.length) return "none";
    const shown = value.slice(0, 20).map(plain).join(", ");
    return bdi(value.length > 20 ? shown + ", and " + (value.length - 20) + " more" : shown);
  }
  return value !== null && typeof value === "object" ? make("code", {}, JSON.stringify(value, null, 1)) : bdi(plain(value));
}

function waiverWords(waiver) {
  if (!waiver) return null;
  const until = waiver.expires ? "until " + waiver.expires : "without end";
  return until + ": " + waiver.reason + (waiver.owner ? " (" + waiver.owner + ")" : "");
}

function entryNode(finding) {
  if (!finding.entry) return null;
  const { kind, id, path } = finding.entry;
  return make("span", {}, kind + " ", path ? make("code", {}, path) : "without a path", id === null ? "" : " (number " + id + ")");
}

function projectNode(finding) {
  if (!finding.project) return INSTANCE;
  return link(finding.project.web_url, make("code", {}, finding.project.path));
}

function panel(i) {
  const finding = findingOf(i), url = webUrl(i), anchor = "#f-" + finding.fingerprint.slice(0, 16);
  const evidence = Object.entries(finding.evidence).map(([name, value]) => [name.replaceAll("_", " "), evidenceValue(value), "pre"]);
  const title = data.rules[columns.rule[i]][1];
  return make("section", { "aria-label": "Details of finding " + finding.fingerprint.slice(0, 16) },
    pairs(
      ["Rule", make("span", {}, make("a", { href: "#rule-" + finding.rule }, finding.rule), " " + finding.name + (title ? ": " + title : ""))],
      ["Project", projectNode(finding)],
      ["Entry", entryNode(finding)],
      ["Verdict", finding.verdict + ", " + finding.confidence + " confidence" + (finding.state === "new" ? "" : ", " + finding.state)],
      ["Waived", waiverWords(finding.waiver)],
    ),
    evidence.length ? make("h3", {}, "Evidence") : null,
    evidence.length ? pairs(...evidence) : null,
    finding.remediation ? make("h3", {}, "How to fix") : null,
    pairs(
      ["Remedy", finding.remediation, "pre"],
      ["Where", url ? link(url + "/-/settings/ci_cd#js-token-access", "Job token permissions of this project") : null],
    ),
    make("h3", {}, "Identity"),
    pairs(["Fingerprint", make("code", {}, finding.fingerprint)], ["Link", make("a", { href: anchor }, anchor)]),
  );
}

function download(name, type, parts) {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const anchor = make("a", { href: address, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// A spreadsheet runs a cell that starts like a formula; an apostrophe makes it text.
function cell(value) {
  let text = value === null || value === undefined ? "" : String(value);
  text = text.replace(/[\t\n\r]+/g, " ");
  if (/^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(text)) text = "'" + text;
  return '"' + text.replaceAll('"', '""') + '"';
}
const csvLine = (values) => values.map(cell).join(",") + "\r\n";

// The file that `-f csv` writes, of the rows that the filters leave.
function csvRow(i) {
  const f = findingOf(i), project = f.project || {}, entry = f.entry || {}, waiver = f.waiver || {};
  const settings = project.web_url ? project.web_url.replace(/\/+$/, "") + "/-/settings/ci_cd#js-token-access" : "";
  return csvLine([LEVELS[columns.level[i]], f.rule, f.name, f.verdict, f.state, project.path, project.id, settings,
    entry.kind, entry.id, entry.path, f.message, f.remediation, f.confidence,
    waiver.reason, waiver.expires, waiver.owner, f.fingerprint, data.rules[columns.rule[i]][1], "", ...data.csv.run]);
}

function exportCsv(rows) {
  download("scopelint-findings.csv", "text/csv;charset=utf-8", ["\ufeff", csvLine(data.csv.columns), ...rows.map(csvRow)]);
}

function exportJson(rows) {
  const parts = rows.map((i, at) => (at ? ",\n" : "") + JSON.stringify(findingOf(i)));
  download("scopelint-findings.json", "application/json", ["[", ...parts, "]\n"]);
}

function exportGaps() {
  const lines = data.gaps.map((gap) => csvLine(gap));
  download("scopelint-gaps.csv", "text/csv;charset=utf-8", ["\ufeff", csvLine(["fact", "reason", "subject", "detail"]), ...lines]);
}
