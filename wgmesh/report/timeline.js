// The records that pass the filters, in a list of which only what can be seen exists.

const ROW = 24;
const SPARE = 8;
const filters = { find: "", kind: -1, cause: -1 };
const lowered = log.text.map((text) => text.toLowerCase());
const list = byId("timeline");
const room = byId("room");
const pool = [];
let passing = [];
let scrolledFor = -1;

function passes(place) {
  return (filters.kind < 0 || log.kind[place] === filters.kind)
    && (filters.cause < 0 || log.cause[place] === filters.cause)
    && (chosen.node < 0 || log.who[place].includes(chosen.node))
    && (!filters.find || lowered[place].includes(filters.find));
}

function filter() {
  passing = [];
  for (let place = 0; place <= last; place += 1) if (passes(place)) passing.push(place);
  room.style.height = `${passing.length * ROW}px`;
  const some = passing.length > last ? "" : `${passing.length} of `;
  byId("found").textContent = `${some}${last + 1} records`;
  scrolledFor = -1;
  redraw();
}

// Where in the filtered list the record at this place is, or the last one before it; -1 if all are later.
function rankOf(place) {
  let low = 0, high = passing.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passing[middle] <= place) low = middle + 1; else high = middle;
  }
  return low - 1;
}

function step(by) {
  const rank = rankOf(chosen.place);
  const exact = passing[rank] === chosen.place || by < 0;
  const next = passing[Math.max(0, Math.min(passing.length - 1, rank + (by < 0 && !exact ? 0 : by)))];
  if (next !== undefined) choose(next);
}

function newRow() {
  const row = room.appendChild(document.createElement("div"));
  row.setAttribute("role", "option");
  const [time, cause, text] = ["time", "span", "span"].map((kind) => row.appendChild(document.createElement(kind)));
  cause.className = "cause";
  text.className = "text";
  row.addEventListener("click", () => choose(Number(row.dataset.place)));
  return { row, time, cause, text };
}

function fill({ row, time, cause, text }, rank) {
  const place = passing[rank];
  row.hidden = place === undefined;
  if (row.hidden) return;
  const moment = when(place);
  const newDay = rank === 0 || when(passing[rank - 1]).day !== moment.day;
  row.id = `record-${log.sequence[place]}`;
  row.dataset.place = place;
  row.className = `row${place > chosen.place ? " later" : ""}${place === chosen.place ? " chosen" : ""}`;
  row.setAttribute("aria-selected", place === chosen.place);
  row.style.top = `${rank * ROW}px`;
  time.textContent = newDay ? `${moment.day} ${moment.time}` : moment.time;
  cause.textContent = log.causes[log.cause[place]];
  text.textContent = log.text[place];
}

function drawTimeline() {
  const height = list.clientHeight, rank = rankOf(chosen.place);
  if (scrolledFor !== chosen.place) {
    scrolledFor = chosen.place;
    const top = Math.max(0, rank) * ROW;
    if (top < list.scrollTop || top + ROW > list.scrollTop + height) list.scrollTop = top - height / 2;
  }
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
  const needed = Math.ceil(height / ROW) + 2 * SPARE;
  while (pool.length < needed) pool.push(newRow());
  pool.forEach((row, number) => fill(row, first + number));
  const isThere = passing[rank] === chosen.place;
  list.setAttribute("aria-activedescendant", isThere ? `record-${log.sequence[chosen.place]}` : "");
  byId("told").textContent = last < 0 ? "" : `${log.kinds[log.kind[chosen.place]]}: ${log.text[chosen.place]}`;
}

list.addEventListener("scroll", redraw, { passive: true });
follow(drawTimeline);
