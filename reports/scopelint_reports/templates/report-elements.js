// Elements from text, and downloads. Text never becomes markup.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  for (const child of children) if (child !== null) element.append(child);
  return element;
}
const whole = new Intl.NumberFormat("en");
const bdi = (text, name = null) => make("bdi", { class: name }, text);
const severity = (level) => make("span", { class: "sev sev-" + level }, level);

function link(address, label) {
  const safe = webLink(address);
  return safe ? make("a", { href: safe, rel: "noopener noreferrer" }, label) : label;
}

// A path for narrow places: parents dimmed, the middle hidden (a copy is whole), all of it on hover.
function pathNode(path, width = 44) {
  const slash = path.lastIndexOf("/") + 1, name = path.slice(slash);
  let above = path.slice(0, slash), cut = "", end = name;
  if (path.length > width) {
    // The end tells one project from another, so it is kept longer than the start.
    const tail = Math.min(name.length, width - 14), head = Math.min(above.length, width - tail - 1);
    end = name.slice(-tail);
    cut = path.slice(head, path.length - tail);
    above = path.slice(0, head);
  }
  return make("bdi", { class: "path", title: cut ? path : null }, make("span", { class: "dim" }, above),
    cut ? make("span", { class: "cut" }, cut) : null, end);
}

const entryWords = (i) => { const entry = entryOf(i); return entry ? entry[0] + " " + (entry[2] || (entry[1] ?? "gone")) : ""; };
const several = (count, noun, many = noun + "s") => whole.format(count) + " " + (count === 1 ? noun : many);

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
    waiver.reason, waiver.expires, waiver.owner, f.fingerprint, data.rules[columns.rule[i]][1], ownerOf(i), ...data.csv.run, ""]);
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
