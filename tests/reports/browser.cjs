// Opens a page in Chromium as its first argument (JSON) says and prints what it saw (JSON).
//
// {browser, profile, url, width, height, dark, script,
//   steps: [{run, click, press, type, wait, axe, shot, of, print}]}
// `run` is evaluated in the page and its value kept; `click` is the mouse on a selector; `shot` is
// a picture's file, of the whole page or of a selector.
const puppeteer = require("puppeteer-core");
const job = JSON.parse(process.argv[2]);

async function step(page, todo) {
  if (todo.click) await page.click(todo.click);
  if (todo.press) await page.keyboard.press(todo.press);
  if (todo.type) await page.keyboard.type(todo.type);
  if (todo.print !== undefined) await page.emulateMediaType(todo.print ? "print" : "screen");
  if (todo.wait) await page.waitForFunction(todo.wait, { timeout: 20000 });
  if (todo.shot && todo.of) await (await page.$(todo.of)).screenshot({ path: todo.shot });
  else if (todo.shot) await page.screenshot({ path: todo.shot, fullPage: true });
  if (todo.axe) {
    await page.evaluate(require("axe-core").source);
    return page.evaluate(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
      .map((one) => one.id + ": " + one.nodes.map((node) => node.html + " " + node.failureSummary).slice(0, 3).join(" | ")));
  }
  return todo.run ? page.evaluate(todo.run) : null;
}

(async () => {
  const browser = await puppeteer.launch({
    executablePath: job.browser, userDataDir: job.profile,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
      "--host-resolver-rules=MAP * ~NOTFOUND"],
  });
  const seen = { requests: [], console: [], errors: [], values: [] };
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: job.width || 1280, height: job.height || 900 });
    await page.setJavaScriptEnabled(job.script !== false);
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: job.dark ? "dark" : "light" }]);
    page.on("request", (request) => seen.requests.push(request.url()));
    page.on("console", (message) => seen.console.push(message.type() + ": " + message.text()));
    page.on("pageerror", (error) => seen.errors.push(String(error)));
    const start = Date.now();
    await page.goto(job.url, { waitUntil: "load", timeout: 60000 });
    if (job.script !== false) await page.waitForFunction("document.documentElement.dataset.ready === 'yes'", { timeout: 60000 });
    seen.loaded = Date.now() - start;
    for (const todo of job.steps) seen.values.push(await step(page, todo));
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(seen));
})().catch((error) => { console.error(error); process.exitCode = 1; });
