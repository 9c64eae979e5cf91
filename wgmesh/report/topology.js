// This node in the middle, its peers around it in the order in which it met them.

const RADIUS = 72;
const MOST_LABELS = 40;
const drawn = [];

function svg(kind, attributes, parent) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return parent.appendChild(element);
}

function positionOf(node) {
  if (node === 0) return { x: 0, y: 0 };
  const angle = (2 * Math.PI * (node - 1)) / Math.max(1, log.keys.length - 1) - Math.PI / 2;
  return { x: RADIUS * Math.cos(angle), y: RADIUS * Math.sin(angle) };
}

function layOut() {
  const picture = byId("topology");
  const size = Math.max(1.5, Math.min(5, 160 / log.keys.length));
  const places = log.keys.map((_, node) => positionOf(node));
  const lines = places.map(({ x, y }) => svg("line", { x1: 0, y1: 0, x2: x, y2: y }, picture));
  places.forEach(({ x, y }, node) => {
    const circle = svg("circle", { cx: x, cy: y, r: node ? size : 6 }, picture);
    const title = svg("title", {}, circle);
    const label = svg("text", { x: x * 1.18, y: y * 1.18 + (node ? 1.5 : 12) }, picture);
    circle.addEventListener("click", () => choose(chosen.place, node === chosen.node ? -1 : node));
    drawn.push({ line: lines[node], circle, title, label, shown: "" });
  });
}

function drawTopology(nodes) {
  drawn.forEach(({ line, circle, title, label }, node) => {
    const known = nodes[node];
    const state = known && known.present ? known.state : "absent";
    line.setAttribute("class", node ? state : "absent");
    circle.setAttribute("class", node === chosen.node ? `${state} chosen` : state);
    label.setAttribute("class", state);
    const labelled = known && (log.keys.length <= MOST_LABELS || node === 0 || node === chosen.node);
    label.textContent = labelled ? nameOf(node, nodes).slice(0, 16) : "";
    title.textContent = known ? `${nameOf(node, nodes)}, ${known.state}, ${known.address}` : "";
  });
}

function drawLegend(nodes) {
  const counts = new Map();
  for (const known of nodes.slice(1)) if (known) counts.set(known.state, (counts.get(known.state) || 0) + 1);
  byId("legend").replaceChildren(...[...counts].map(([state, count]) => {
    const item = document.createElement("li");
    item.className = state;
    item.textContent = `${count} ${state}`;
    return item;
  }));
}

layOut();
follow(drawTopology);
follow(drawLegend);
