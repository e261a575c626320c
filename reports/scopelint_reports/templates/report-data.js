// The report's data: unpacked, read back row by row, fingerprints computed when they are needed.

const root = document.documentElement;
const $ = (id) => document.getElementById(id);

// What went wrong is written where a reader (or a test) of the page can see it.
const note = (name, text) => {
  root.dataset[name] = (root.dataset[name] ? root.dataset[name] + "\n" : "") + text;
};
addEventListener("error", (event) => note("errors", String(event.message)));
addEventListener("unhandledrejection", (event) => note("errors", String(event.reason)));
addEventListener("securitypolicyviolation", (event) =>
  note("violations", event.violatedDirective + " " + event.blockedURI));

const LEVELS = ["critical", "high", "medium", "low", "info", "unknown"];
const STATES = ["new", "baselined", "waived"];
const VERDICTS = ["fail", "unknown"];
const INSTANCE = "the instance";
const ENTRY_MARK = "\u0001", PROJECT_MARK = "\u0002";

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const ROUND = new Uint32Array(64), START = new Uint32Array(8);
{
  // FIPS 180-4: the first 32 bits of the fractional parts of cube and square roots of primes.
  const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) >>> 0;
  for (let candidate = 2, found = 0; found < 64; candidate++) {
    let prime = true;
    for (let i = 2; i * i <= candidate; i++) if (candidate % i === 0) prime = false;
    if (!prime) continue;
    if (found < 8) START[found] = fraction(Math.sqrt(candidate));
    ROUND[found++] = fraction(Math.cbrt(candidate));
  }
}
const encoder = new TextEncoder();
const schedule = new Uint32Array(64);

// Web Crypto is missing where a page comes over plain http, so this does without it.
function sha256(text) {
  const message = encoder.encode(text), size = message.length;
  const padded = new Uint8Array(((size + 8) >> 6) * 64 + 64);
  padded.set(message);
  padded[size] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, size * 8);
  const hash = Uint32Array.from(START), w = schedule;
  const turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(at + i * 4);
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i++) {
      const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUND[i] + w[i]) | 0;
      const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { hash[i] += value; });
  }
  return Array.from(hash, (value) => value.toString(16).padStart(8, "0")).join("");
}

const webLink = (address) => (typeof address === "string" && /^https?:\/\/[^\s\\<>"'`]+$/i.test(address) ? address : null);

let data, columns, size = 0;

function adopt(parsed) {
  data = parsed;
  columns = data.columns;
  size = columns.rule.length;
}

const entryOf = (i) => (columns.entry[i] < 0 ? null : data.entries[columns.entry[i]]);
const entryKey = (entry) => (entry ? entry[0] + ":" + (entry[1] === null ? "None" : entry[1]) : "");
const entryPath = (entry) => (entry ? entry[2] || entry[0] + " " + (entry[1] ?? "gone") : "");
const projectOf = (i) => (columns.project[i] < 0 ? null : data.projects[columns.project[i]]);
const projectPath = (i) => { const project = projectOf(i); return project ? project[1] : ""; };
const titleOf = (i) => data.rules[columns.rule[i]][1] || data.strings[columns.name[i]];
const ownerOf = (i) => (columns.owner[i] < 0 ? "" : data.strings[columns.owner[i]]);
const ruleOf = (i) => data.rules[columns.rule[i]][0];

function webUrl(i) {
  const project = projectOf(i);
  return project ? webLink(project[2] === 0 ? data.instance + "/" + project[1] : project[2]) : null;
}

// Puts the paths of finding i back where their marks stand, in a text or in the values of evidence.
function filled(value, i) {
  if (typeof value === "string") {
    if (!value.includes(ENTRY_MARK) && !value.includes(PROJECT_MARK)) return value;
    return value.replaceAll(PROJECT_MARK, () => projectPath(i)).replaceAll(ENTRY_MARK, () => entryOf(i)[2]);
  }
  if (Array.isArray(value)) return value.map((item) => filled(item, i));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filled(item, i)]));
}

const messageOf = (i) => filled(data.strings[columns.text[i]], i);

function fingerprintOf(i) {
  if (columns.print[i] !== 0) return columns.print[i];
  const key = columns.key[i] < 0 ? entryKey(entryOf(i)) : data.strings[columns.key[i]];
  const project = projectOf(i);
  return sha256(["scopelint/1", ruleOf(i), data.instance, project ? project[0] : "", key].join("\n"));
}

function waiverOf(i) {
  if (columns.waiver[i] < 0) return null;
  const [reason, expires, owner] = data.waivers[columns.waiver[i]];
  return { reason, expires, owner };
}

// One finding in the shape of the JSON report.
function findingOf(i) {
  const project = projectOf(i), entry = entryOf(i);
  return {
    rule: ruleOf(i),
    name: data.strings[columns.name[i]],
    severity: LEVELS[columns.severity[i]],
    confidence: data.strings[columns.confidence[i]],
    verdict: VERDICTS[columns.verdict[i]],
    message: messageOf(i),
    project: project && { id: project[0], path: project[1], web_url: webUrl(i) },
    entry: entry && { kind: entry[0], id: entry[1], path: entry[2] },
    fingerprint: fingerprintOf(i),
    state: STATES[columns.state[i]],
    waiver: waiverOf(i),
    evidence: filled(data.evidence[columns.evidence[i]], i),
    remediation: filled(data.strings[columns.fix[i]], i),
    ...(columns.carried[i] < 0 ? {} : { carried: { last_seen: data.strings[columns.carried[i]] } }),
  };
}
