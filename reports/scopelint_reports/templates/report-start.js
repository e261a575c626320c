// The start: the address, the buttons, and what a link to a finding, a rule or a project opens.

const wide = () => matchMedia("(min-width: 75rem)").matches;

function showFinding(prefix) {
  const i = /^[0-9a-f]{8,64}$/.test(prefix) ? findByPrint(prefix) : -1;
  if (i < 0) {
    $("count").textContent = "This report holds no finding with the fingerprint " + prefix;
    return;
  }
  asked = clear();
  asked.open = i;
  refresh();
  asked.page = Math.floor(groups.findIndex((group) => group.rows.includes(i)) / PAGE) + 1;
  asked.open = i;
  drawList();
  const button = document.querySelector(`button.open[data-row="${i}"]`);
  button.focus({ preventScroll: true });
  button.closest("li").scrollIntoView({ block: "start" });
}

function showRule(code) {
  const rule = $("rule-" + code);
  if (!rule) return;
  $("rule-pages").open = true;
  rule.open = true;
  rule.scrollIntoView();
}

function follow(hash, scroll) {
  let text = hash.replace(/^#/, "");
  try { text = decodeURIComponent(text); } catch { /* not encoded: as it is */ }
  if (text.startsWith("rule-")) showRule(text.slice(5));
  else if (text.startsWith("reach=") && $("one-view")) {
    showReach(text.slice(6));
    $("reach").scrollIntoView();
  }
  if (!size) return;
  if (text.startsWith("f-")) showFinding(text.slice(2));
  else if (hash.includes("=") && !text.startsWith("reach=")) {
    const { by, order } = asked;
    asked = readHash(hash);
    asked.by = asked.by || by;
    asked.order = asked.order || order;
    shut = new Map();
    refresh();
    if (scroll) $("findings").scrollIntoView();
  }
}

function listen() {
  $("facet-box").open = matchMedia("(min-width: 60.01rem)").matches;
  let wait = 0;
  $("q").addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => change(() => { asked.q = $("q").value.trim(); }), 120);
  });
  $("facets").addEventListener("submit", (event) => event.preventDefault());
  $("groups").addEventListener("click", (event) => {
    const button = event.target.closest("button.open, button.group");
    if (!button) return;
    if (button.matches(".group")) toggleGroup(Number(button.dataset.group));
    else toggle(Number(button.dataset.row));
  });
  $("groups").addEventListener("keydown", onKey);
  $("detail").addEventListener("keydown", (event) => { if (event.key === "Escape" && asked.open >= 0) toggle(asked.open); });
  $("order").addEventListener("change", () => change(() => { asked.order = $("order").value; }));
  $("prev").addEventListener("click", () => turn(-1));
  $("next").addEventListener("click", () => turn(1));
  $("clear").addEventListener("click", () => change(() => { asked = clear(); }));
  matchMedia("(min-width: 75rem)").addEventListener("change", drawList);
}

// A sandboxed page has no storage: the choice then lasts as long as the page.
function theme() {
  const dark = () => getComputedStyle(root).colorScheme === "dark" || (root.dataset.theme === undefined && matchMedia("(prefers-color-scheme: dark)").matches);
  const say = () => { $("theme").textContent = dark() ? "Light" : "Dark"; };
  $("theme").addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; say(); });
  say();
}

function standards() {
  if (!$("standards")) return;
  for (const button of $("standards").querySelectorAll("button"))
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      for (const other of $("standards").querySelectorAll("button")) other.setAttribute("aria-pressed", String(on && other === button));
      for (const tag of document.querySelectorAll(".controls .tag")) tag.hidden = on && tag.dataset.of !== button.dataset.standard;
    });
  $("standards").querySelector("button").click(); // one standard at a time keeps a row a line
}

function unfold(details) {
  const page = details.querySelector("template");
  if (page) page.replaceWith(page.content.cloneNode(true));
}

function folds() {
  for (const details of document.querySelectorAll("details.rule, details.later"))
    details.addEventListener("toggle", () => { if (details.open) unfold(details); });
}

async function start() {
  folds();
  const packed = JSON.parse($("data").textContent);
  adopt(packed.gzip ? await unpack(packed.gzip) : packed);
  $("data").remove();
  root.classList.add("ready");
  for (const element of document.querySelectorAll(".needs-script")) element.hidden = false;
  if (size) {
    listen();
    asked = location.hash.includes("=") && !location.hash.startsWith("#reach=") ? readHash(location.hash) : fresh();
    $("static").remove();
    refresh();
  }
  theme();
  standards();
  startTree();
  startReach();
  startPrint();
  $("print").addEventListener("click", () => print());
  $("csv").addEventListener("click", () => exportCsv(found.rows));
  $("json").addEventListener("click", () => exportJson(found.rows));
  if ($("gaps-csv")) $("gaps-csv").addEventListener("click", exportGaps);
  addEventListener("hashchange", () => follow(location.hash, true));
  follow(location.hash, false);
  if (size) setTimeout(haystacks, 500); // the first search finds its texts ready
  root.dataset.nodes = String(document.getElementsByTagName("*").length);
  root.dataset.ready = "yes";
}
start().catch((error) => note("errors", String(error)));
