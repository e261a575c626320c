// The tree of groups as a picture: areas by projects, darker with the share that has findings.

const SVG = "http://www.w3.org/2000/svg";
const MOST_AREAS = 70, LEAST_AREA = 1500, HEAD = 22, LETTER = 7.2;
const tree = { nodes: new Map(), top: null, width: 0, drawn: null };

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, String(value));
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

const above = (path) => path.split("/").slice(0, -1).join("/");

// The group at a path or the closest above it that fits, else the top.
function nearest(path, fits) {
  for (let at = path; at; at = above(at)) {
    const node = tree.nodes.get(at);
    if (node && fits(node)) return node;
  }
  return tree.top;
}

function plantTree(groups) {
  tree.top = { path: "", projects: 0, unread: 0, leftOut: 0, failing: 0, counts: LEVELS.map(() => 0), children: [] };
  for (const [path, projects, unread, leftOut, failing, ...counts] of groups) {
    if (!projects) continue;
    const node = { path, projects, unread, leftOut, failing, counts, children: [] };
    tree.nodes.set(path, node);
    const parent = nearest(above(path), () => true);
    parent.children.push(node);
    if (parent !== tree.top) continue;
    parent.projects += projects;
    parent.unread += unread;
    parent.leftOut += leftOut;
    parent.failing += failing;
    counts.forEach((count, i) => { parent.counts[i] += count; });
  }
  if (tree.top.children.length === 1) tree.top = tree.top.children[0];
}

// A group without groups is drawn among its neighbours.
const shownGroup = () => nearest(asked.group, (node) => node.children.length > 0);
const judgedOf = (node) => node.projects - node.unread - node.leftOut;
// Four steps of one hue: some, over a quarter, over a half, over three quarters of those judged.
function shade(node) {
  const judged = judgedOf(node);
  if (judged <= 0) return "none-judged";
  // Findings that are counted but not listed here have projects nobody can count.
  if (!node.failing && node.counts.some((count) => count > 0)) return "share-1";
  return node.failing ? "share-" + Math.min(4, 1 + Math.floor((4 * node.failing) / judged)) : "share-0";
}
const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);

function areaWords(node) {
  const found = LEVELS.map((level, i) => [node.counts[i], level]).filter(([count]) => count > 0)
    .map(([count, level]) => whole.format(count) + " " + level).join(", ");
  const unread = node.unread ? ", " + whole.format(node.unread) + " not read" : "";
  const leftOut = node.leftOut ? ", " + whole.format(node.leftOut) + " not in this scan" : "";
  const judged = judgedOf(node);
  const share = judged <= 0 ? "; nothing judged" : node.failing ? "; " + whole.format(node.failing) + " of " + whole.format(judged) + " judged with findings: " + found : found ? "; " + found : "; no new finding" + (unread || leftOut ? " in what was judged" : "");
  return several(node.projects, node.path === null ? "other project" : "project") + unread + leftOut + share;
}

// What of a group is not in the children that are drawn: its own projects and its smallest groups.
function rest(node, drawn) {
  const left = { path: null, projects: node.projects, unread: node.unread, leftOut: node.leftOut, failing: node.failing, counts: [...node.counts], children: [] };
  for (const child of drawn) {
    left.projects -= child.projects;
    left.unread -= child.unread;
    left.leftOut -= child.leftOut;
    left.failing -= child.failing;
    child.counts.forEach((count, i) => { left.counts[i] -= count; });
  }
  return left.projects > 0 ? left : null;
}

// Squarified treemaps (Bruls, Huizing, van Wijk 2000): a row grows while its areas get squarer.
function squarify(items, box) {
  const placed = [], total = items.reduce((sum, item) => sum + item.projects, 0);
  let { x, y, w, h } = box;
  const scale = (w * h) / total;
  const worst = (row, sum, side) => Math.max((side * side * row[0]) / (sum * sum), (sum * sum) / (side * side * row[row.length - 1]));
  for (let at = 0; at < items.length;) {
    const side = Math.min(w, h), row = [];
    let sum = 0;
    for (let i = at; i < items.length; i++) {
      const area = items[i].projects * scale;
      if (row.length && worst([...row, area], sum + area, side) > worst(row, sum, side)) break;
      row.push(area);
      sum += area;
    }
    const thick = sum / side;
    let along = 0;
    for (const area of row) {
      const long = area / thick;
      placed.push([items[at++], w >= h ? { x, y: y + along, w: thick, h: long } : { x: x + along, y, w: long, h: thick }]);
      along += long;
    }
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
  }
  return placed;
}

function layOut(node, box, budget) {
  const scale = (box.w * box.h) / node.projects;
  const children = [...node.children].sort((a, b) => b.projects - a.projects || (a.path < b.path ? -1 : 1));
  const drawn = children.filter((child) => child.projects * scale >= LEAST_AREA).slice(0, budget);
  const left = rest(node, drawn);
  const items = left ? [...drawn, left] : drawn;
  items.sort((a, b) => b.projects - a.projects);
  return squarify(items, box);
}

function fit(text, width) {
  const chars = [...text], room = Math.floor(width / LETTER);
  return chars.length <= room ? text : room < 3 ? "" : chars.slice(0, room - 1).join("") + "…";
}

function area(node, box) {
  // The title is the name that is read out; the text in the picture may be cut.
  const name = node.path === null ? several(node.projects, "other project") : baseName(node.path);
  const label = (node.path === null ? "" : node.path + ": ") + areaWords(node);
  const w = Math.max(box.w - 2, 1), h = Math.max(box.h - 2, 1), judged = judgedOf(node);
  const inner = draw("svg", { x: box.x + 1, y: box.y + 1, width: w, height: h, "aria-hidden": "true" }, draw("rect", { width: w, height: h, rx: 2, class: "ground" }));
  if (node.unread) inner.append(draw("rect", { width: w, height: h, fill: "url(#hatched)" }));
  else if (node.leftOut) inner.append(draw("rect", { width: w, height: h, fill: "url(#dotted)" }));
  const figure = judged > 0 && node.path !== null && w > 120 ? "  " + whole.format(node.failing) + " of " + whole.format(judged) : "";
  const text = draw("text", { x: 6, y: 15 });
  text.append(fit(name, w - 12 - figure.length * LETTER) + figure);
  if (w >= 26 && h >= 18) inner.append(text);
  const attributes = { class: "area " + shade(node) };
  if (node.path === null) return draw("g", { ...attributes, role: "img" }, draw("title", {}, label), inner);
  const current = node.path === asked.group ? "true" : null;
  const link = draw("a", { ...attributes, href: "#group=" + encodeURIComponent(node.path), "data-path": node.path, "aria-current": current, tabindex: "-1" },
    draw("title", {}, label), inner);
  link.addEventListener("click", (event) => { event.preventDefault(); goTree(node.path); });
  const say = () => { $("tree-where").replaceChildren(bdi(node.path), ": " + areaWords(node)); };
  link.addEventListener("focus", say);
  link.addEventListener("mouseenter", say);
  return link;
}

function patterns() {
  const box = { width: 8, height: 8, patternUnits: "userSpaceOnUse" };
  return draw("defs", {},
    draw("pattern", { id: "hatched", ...box }, draw("path", { d: "M-2 2L2 -2M0 8L8 0M6 10L10 6", class: "stroke" })),
    draw("pattern", { id: "dotted", ...box }, draw("circle", { cx: 4, cy: 4, r: 1.2, class: "dot" })));
}

function goTree(path) {
  if (size) change(() => { asked.group = path; asked.project = ""; });
  else { asked.group = path; drawTree(); }
  const again = $("tree").querySelector(`a[data-path="${CSS.escape(path)}"]`) || $("tree").querySelector("a");
  if (again) again.focus({ preventScroll: true });
}

function areas(node, width, height) {
  const box = { x: 0, y: 0, w: width, h: height }, made = [];
  const first = node.children.length ? layOut(node, box, MOST_AREAS / 2) : [[node, box]];
  let budget = MOST_AREAS - first.length;
  for (const [child, place] of first) {
    made.push(area(child, place));
    if (!child.children.length || budget < 2 || place.w < 110 || place.h < 70) continue;
    const inside = layOut(child, { x: place.x + 4, y: place.y + HEAD, w: place.w - 8, h: place.h - HEAD - 4 }, Math.min(budget, 20));
    if (inside.length === 1 && inside[0][0].path === null) continue;
    budget -= inside.length;
    for (const [grandchild, spot] of inside) made.push(area(grandchild, spot));
  }
  return made;
}

function drawTree() {
  if (!tree.top || tree.drawn === asked.group || !$("tree").clientWidth) return;
  tree.drawn = asked.group;
  tree.width = $("tree").clientWidth;
  const node = shownGroup(), width = Math.max(tree.width, 280);
  const height = Math.round(Math.min(Math.max(width * 0.36, 300), 440));
  const links = areas(node, width, height);
  $("tree").replaceChildren(draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-labelledby": "tree-title" }, patterns(), ...links));
  const first = $("tree").querySelector("[aria-current]") || $("tree").querySelector("a");
  if (first) first.setAttribute("tabindex", "0");
  $("tree-where").replaceChildren(bdi(node.path || "All groups"), ": " + areaWords(node));
  const up = asked.group && node !== tree.top ? nearest(above(node.path), () => true) : tree.top;
  $("tree-up").hidden = !asked.group;
  $("tree-up").textContent = "Up to " + (up === tree.top ? "all groups" : up.path);
  $("tree-up").dataset.path = up === tree.top ? "" : up.path;
}

function treeKey(event) {
  const links = [...$("tree").querySelectorAll("a")], at = links.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (at < 0 || to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (!links[to]) return;
  links[at].setAttribute("tabindex", "-1");
  links[to].setAttribute("tabindex", "0");
  links[to].focus();
}

function startTree() {
  if (!$("tree")) return;
  plantTree(data.groups);
  $("tree").addEventListener("keydown", treeKey);
  $("tree-up").addEventListener("click", () => goTree($("tree-up").dataset.path));
  drawTree();
  new ResizeObserver(() => {
    if (Math.abs($("tree").clientWidth - tree.width) <= 8) return;
    tree.drawn = null;
    drawTree();
  }).observe($("tree"));
}
