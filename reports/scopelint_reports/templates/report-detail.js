// The panel of one finding: what was seen, what is wanted, who, how to fix it, its history.

const KNOWN = ["added_by", "created_at", "autopopulated", "last_used", "last_used_at"];

const quote = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : "'" + word.replaceAll("'", "'\"'\"'") + "'");

function commandsOf(i) {
  const [code, , , kind, unsafe] = data.rules[columns.rule[i]];
  if (!kind || columns.verdict[i]) return null;
  const entry = entryOf(i);
  const narrow = ["--select", code, ...(unsafe ? ["--unsafe"] : []), ...(kind === "remove-entry" && entry && entry[2] ? ["--entry", entry[2]] : [])];
  const commands = [...data.plan];
  commands.push(commands.pop() + " " + narrow.map(quote).join(" "));
  return commands.join("\n");
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

function whoNode(evidence) {
  const parts = [];
  if (evidence.created_at) parts.push("on " + String(evidence.created_at).slice(0, 10));
  if (evidence.added_by) parts.push("by " + evidence.added_by);
  if (evidence.autopopulated === true) parts.push("by GitLab's auto-population");
  return parts.length ? parts.join(" ") : null;
}

function stateWords(i, finding) {
  const parts = [];
  if (columns.fresh[i]) parts.push("new since the previous report");
  if (finding.carried) parts.push("not judged now, carried over; last seen " + finding.carried.last_seen.slice(0, 10));
  if (finding.waiver) parts.push("waived " + waiverWords(finding.waiver));
  else if (finding.state !== "new") parts.push(finding.state);
  return parts.join("; ") || "new, neither waived nor in a baseline";
}

function reachLink(path) {
  return data.lists.some(([known]) => known === path) ? make("a", { href: "#reach=" + encodeURIComponent(path) }, "Who reaches this project, and whom it reaches") : null;
}

function copyButton(text) {
  const button = make("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", () => {
    const done = () => { button.textContent = "Copied"; };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, () => { button.textContent = "Select it by hand"; });
    else button.textContent = "Select it by hand";
  });
  return button;
}

function panel(i) {
  const finding = findingOf(i), url = webUrl(i), anchor = "#f-" + finding.fingerprint.slice(0, 16);
  const known = new Set(KNOWN), last = finding.evidence.last_used ?? finding.evidence.last_used_at ?? null;
  const evidence = Object.entries(finding.evidence).filter(([name]) => !known.has(name))
    .map(([name, value]) => [name.replaceAll("_", " "), evidenceValue(value), "pre"]);
  const [, title, requirement] = data.rules[columns.rule[i]], commands = commandsOf(i);
  return make("section", { class: "detail tone-" + LEVELS[columns.level[i]], "aria-label": "Details of finding " + finding.fingerprint.slice(0, 16) },
    make("h3", {}, severity(LEVELS[columns.level[i]]), " ", title || finding.name),
    pairs(
      ["Observed", bdi(finding.message)],
      ["Expected", requirement || null],
      ["Project", projectNode(finding)],
      ["Entry", entryNode(finding)],
      ["Added", whoNode(finding.evidence)],
      ["Last used", last === null ? null : String(last)],
      ["Reach", finding.project ? reachLink(finding.project.path) : null],
      ["Owner", ownerOf(i)],
      ["Why", make("span", {}, make("a", { href: "#rule-" + finding.rule }, "What " + finding.rule + " checks and why it matters"), ", " + finding.confidence + " confidence")],
    ),
    make("h4", {}, "How to fix"),
    finding.remediation ? make("p", { class: "pre" }, bdi(finding.remediation)) : null,
    url ? make("p", {}, link(url + "/-/settings/ci_cd#js-token-access", "Job token permissions of this project")) : null,
    commands ? make("div", { class: "command" }, make("pre", { tabindex: "0" }, make("code", {}, commands)), copyButton(commands)) : null,
    evidence.length ? make("h4", {}, "Evidence") : null,
    evidence.length ? pairs(...evidence) : null,
    make("h4", {}, "History"),
    pairs(["State", stateWords(i, finding)], ["Fingerprint", make("code", {}, finding.fingerprint)], ["Link", make("a", { href: anchor }, anchor)]),
  );
}
