// The log, and the moment in it that everything on the page is about. Views register with `follow` and are drawn
// together, once a frame.

const log = JSON.parse(document.getElementById("data").textContent);
const last = log.sequence.length - 1;
const PRESENT = ["joined", "running", "stopped", "connected", "connecting", "silent", "banned"];

// What is chosen: a place in the columns of the log, and a node (-1: all of them).
const chosen = { place: last, node: -1 };
const views = [];
let drawing = false;

function byId(id) { return document.getElementById(id); }

function follow(draw) { views.push(draw); }

function draw() {
  drawing = false;
  const nodes = nodesAt(chosen.place);
  for (const view of views) view(nodes);
}

function redraw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

function choose(place, node = chosen.node) {
  chosen.place = Math.max(0, Math.min(last, place));
  if (node !== chosen.node) {
    chosen.node = node;
    filter();
  }
  remember();
  redraw();
}

// How each node is after the record at this place: adds up the changes until then. Nodes not yet heard of are missing.
function nodesAt(place) {
  const nodes = new Array(log.keys.length);
  for (const change of log.nodes) {
    if (change[0] > place) break;
    const [, node, state, name, address, endpoint] = change;
    nodes[node] = { node, state, name, address, endpoint, present: PRESENT.includes(state) };
  }
  return nodes;
}

function layersAt(place) {
  const layers = new Map();
  for (const [from, layer, reason] of log.layers) {
    if (from > place) break;
    layers.set(layer, reason);
  }
  return layers;
}

function nameOf(node, nodes) {
  const known = nodes[node];
  return (known && known.name) || log.keys[node].slice(0, 8) + "…";
}

function when(place) {
  const moment = new Date(log.at[place]);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  const time = `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
  return { day, time: `${time}.${String(moment.getMilliseconds()).padStart(3, "0")}` };
}

// The fragment of the address names the moment, so that it can be sent to somebody.
function remember() {
  history.replaceState(null, "", `#record=${log.sequence[chosen.place]}`);
}

function recall() {
  const named = /(?:^#|&)record=(\d+)/.exec(location.hash);
  const place = named ? log.sequence.findLastIndex((sequence) => sequence <= Number(named[1])) : last;
  chosen.place = Math.max(0, place);
  redraw();
}
