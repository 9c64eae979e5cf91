// The slider, the filters, and the keys that stand for both.

const slider = byId("slider");
const find = byId("find");
slider.max = last;

function options(select, all, names) {
  const make = (text, value) => Object.assign(document.createElement("option"), { textContent: text, value });
  select.replaceChildren(make(all, -1), ...names.map(make));
}

function drawControls(nodes) {
  slider.value = chosen.place;
  const moment = when(chosen.place);
  const text = `record ${log.sequence[chosen.place]} · ${moment.day} ${moment.time}`;
  byId("moment").textContent = text;
  slider.setAttribute("aria-valuetext", text);
  log.keys.forEach((_, node) => {
    const option = byId("peer").options[node + 1];
    if (option.textContent !== nameOf(node, nodes)) option.textContent = nameOf(node, nodes);
  });
  byId("peer").value = chosen.node;
}

function clear() {
  find.blur();
  find.value = filters.find = "";
  byId("kind").value = byId("cause").value = filters.kind = filters.cause = -1;
  chosen.node = -1;
  filter();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  J: () => choose(chosen.place + Math.ceil(last / 10)),
  K: () => choose(chosen.place - Math.ceil(last / 10)),
  Home: () => choose(0),
  End: () => choose(last),
  "/": () => find.focus(),
  Escape: clear,
};
const LIST_KEYS = { ArrowDown: KEYS.j, ArrowUp: KEYS.k };

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const typing = event.target.matches("input[type=search], select");
  const inList = event.target === list && LIST_KEYS[event.key];
  const act = inList || ((!typing || event.key === "Escape") && KEYS[event.key]);
  if (!act) return;
  event.preventDefault();
  act();
}

options(byId("kind"), "all events", log.kinds);
options(byId("cause"), "all causes", log.causes);
options(byId("peer"), "all nodes", log.keys);
slider.addEventListener("input", () => choose(Number(slider.value)));
byId("back").addEventListener("click", KEYS.k);
byId("forth").addEventListener("click", KEYS.j);
find.addEventListener("input", () => { filters.find = find.value.toLowerCase(); filter(); });
for (const name of ["kind", "cause"]) {
  byId(name).addEventListener("change", (event) => { filters[name] = Number(event.target.value); filter(); });
}
byId("peer").addEventListener("change", (event) => choose(chosen.place, Number(event.target.value)));
byId("filters").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", press);
addEventListener("hashchange", recall);
addEventListener("resize", redraw);
follow(drawControls);
recall();
filter();
