// The table of peers, and above all of it who wrote the log.

const rows = log.keys.map((key, node) => {
  const row = document.createElement("tr");
  const cells = [0, 1, 2, 3].map(() => row.appendChild(document.createElement("td")));
  const button = cells[0].appendChild(document.createElement("button"));
  button.title = key;
  button.addEventListener("click", () => choose(chosen.place, node === chosen.node ? -1 : node));
  return { row, cells, button };
});
byId("peers").append(...rows.slice(1).map(({ row }) => row));

function drawPeers(nodes) {
  rows.forEach(({ row, cells, button }, node) => {
    const known = nodes[node];
    row.hidden = !known;
    if (!known) return;
    row.className = node === chosen.node ? "chosen" : "";
    button.textContent = nameOf(node, nodes);
    button.setAttribute("aria-pressed", node === chosen.node);
    cells[1].textContent = known.state;
    cells[1].className = known.state;
    cells[2].textContent = known.address;
    cells[3].textContent = known.endpoint;
  });
  const present = nodes.slice(1).filter((known) => known && known.present);
  const connected = present.filter((known) => known.state === "connected").length;
  byId("count").textContent = `${present.length}, ${connected} connected`;
}

function drawOurselves(nodes) {
  const us = nodes[0];
  byId("name").textContent = us ? `${nameOf(0, nodes)} in the mesh ${log.network}` : "a log without a node";
  const layers = [...layersAt(chosen.place)].map(([name, reason]) => `${name} ${reason || "works"}`);
  byId("state").textContent = us ? [us.state, us.address, log.keys[0], ...layers].join(" · ") : "";
}

follow(drawPeers);
follow(drawOurselves);
