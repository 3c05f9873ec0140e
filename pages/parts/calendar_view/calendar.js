// A month or a week of messages. A scheduled one is dragged to another day, or moved by its button
// or the key M; arrows walk the days. All words and colours come from Python.
const AT_MOST = 4; // messages of a day in a month, before the rest is folded
const views = new WeakMap();

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function attach(component) {
  const view = { component, focused: null, dragged: null };
  const days = component.parentElement.querySelector(".days");
  view.days = days;
  view.earlier = component.parentElement.querySelector(".earlier");
  view.earlier.addEventListener("click", () => {
    days.classList.add("with-past");
    view.earlier.hidden = true;
    days.querySelector(".past:not(.empty):not(.outside)")?.focus();
  });
  const tell = (name, value) => view.component.setTriggerValue(name, value);
  const cells = () => [...days.querySelectorAll(".day")];

  view.focus = (cell) => {
    for (const other of cells()) other.tabIndex = other === cell ? 0 : -1;
    cell.focus();
  };

  const mayDrop = (cell) => cell.dataset.day >= view.component.data.today;
  days.addEventListener("dragstart", (event) => {
    const entry = event.target.closest?.("[draggable=true]");
    if (!entry) return;
    view.dragged = entry.dataset.id;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", entry.dataset.id);
    for (const cell of cells()) cell.classList.toggle("no-drop", !mayDrop(cell));
  });
  days.addEventListener("dragover", (event) => {
    const cell = event.target.closest?.(".day");
    for (const other of cells()) other.classList.toggle("drop", other === cell && mayDrop(other));
    if (view.dragged && cell && mayDrop(cell)) event.preventDefault();
  });
  days.addEventListener("drop", (event) => {
    const cell = event.target.closest?.(".day");
    if (!view.dragged || !cell) return;
    event.preventDefault();
    const from = days.querySelector(`[data-id="${CSS.escape(view.dragged)}"]`)?.closest(".day");
    if (from !== cell) tell("move", { id: Number(view.dragged), day: cell.dataset.day });
  });
  days.addEventListener("dragend", () => {
    view.dragged = null;
    for (const cell of cells()) cell.classList.remove("drop", "no-drop");
  });

  days.addEventListener("click", (event) => {
    const move = event.target.closest(".move");
    const more = event.target.closest(".more");
    const entry = event.target.closest("a.entry");
    if (move) tell("ask", Number(move.dataset.id));
    else if (more) tell("week", more.dataset.day);
    else if (entry && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      tell("open", entry.dataset.open);
    }
  });

  days.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = event.target.closest(".day");
    if (!cell) return;
    const entry = event.target.closest(".item");
    if (entry && event.key.toLowerCase() === "m" && entry.dataset.movable) {
      event.preventDefault();
      tell("ask", Number(entry.dataset.movable));
      return;
    }
    const all = cells();
    const at = all.indexOf(cell);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
    let next = null;
    if (event.key in steps) next = at + steps[event.key];
    else if (event.key === "Home") next = at - (at % 7);
    else if (event.key === "End") next = at - (at % 7) + 6;
    else if (event.key === "PageUp" || event.key === "PageDown") {
      event.preventDefault();
      tell("page", event.key === "PageUp" ? -1 : 1);
      return;
    } else if (event.key === "Enter" && event.target === cell) {
      event.preventDefault();
      cell.querySelector(".entry")?.focus();
      return;
    } else if (event.key === "Escape" && event.target !== cell) {
      view.focus(cell);
      return;
    } else return;
    event.preventDefault();
    if (next >= 0 && next < all.length) view.focus(all[next]);
    else tell("page", next < 0 ? -1 : 1);
  });
  return view;
}

function drawEntry(entry, words) {
  const item = element("div", "item");
  item.classList.toggle("planned", entry.planned);
  item.classList.toggle("movable", entry.movable);
  item.style.setProperty("--tone", entry.colour);
  const box = element(entry.open ? "a" : "div", "entry");
  if (entry.open) {
    box.href = entry.href;
    box.dataset.open = entry.open;
  }
  box.title = entry.label;
  if (entry.movable) {
    box.draggable = true;
    box.dataset.id = String(entry.id);
    item.dataset.movable = String(entry.id);
    box.setAttribute("aria-keyshortcuts", "M");
  } else box.draggable = false;
  const first = element("span", "line title");
  const shape = element("span", "shape", entry.shape);
  shape.setAttribute("aria-hidden", "true");
  first.append(shape, " ", element("span", "clock", entry.clock), " ", entry.title);
  box.append(first);
  box.append(element("span", "line state", entry.state), element("span", "line to", entry.to));
  if (entry.clash) box.append(element("span", "line clash", `⚠ ${entry.clash}`));
  item.append(box);
  if (entry.movable) {
    const move = element("button", "move", "⇄");
    move.type = "button";
    move.dataset.id = String(entry.id);
    move.title = words.move;
    move.setAttribute("aria-label", `${words.move}: ${entry.title}`);
    item.append(move);
  }
  return item;
}

function drawDay(day, entries, data) {
  const cell = element("div", "day");
  cell.setAttribute("role", "gridcell");
  cell.dataset.day = day.iso;
  cell.tabIndex = -1;
  cell.classList.toggle("today", day.iso === data.today);
  cell.classList.toggle("outside", day.outside);
  cell.classList.toggle("past", data.earlier > 0 && day.iso < data.today);
  cell.classList.toggle("empty", entries.length === 0);
  cell.setAttribute("aria-label", `${day.full}. ${day.count}`);
  if (day.iso === data.today) cell.setAttribute("aria-current", "date");
  const heading = element("div", "heading");
  heading.append(element("span", "number short", day.number), element("span", "full", day.full));
  cell.append(heading);
  const fold = data.mode === "month" && entries.length > AT_MOST;
  entries.forEach((entry, place) => {
    const item = drawEntry(entry, data.words);
    if (fold && place >= AT_MOST - 1) item.classList.add("hidden-entry");
    cell.append(item);
  });
  if (fold) {
    const more = element("button", "more", day.more);
    more.type = "button";
    more.dataset.day = day.iso;
    cell.append(more);
  }
  if (!entries.length) cell.append(element("div", "nothing", data.words.nothing));
  return cell;
}

export default function (component) {
  const { data, parentElement } = component;
  let view = views.get(parentElement);
  if (!view) {
    view = attach(component);
    views.set(parentElement, view);
  }
  view.component = component;
  const drawn = JSON.stringify(data);
  if (view.drawn === drawn) return;
  view.drawn = drawn;
  const root = view.days.getRootNode();
  const had = root.activeElement?.closest?.(".day")?.dataset.day;
  const unfolded = view.period === data.words.label && view.days.classList.contains("with-past");
  view.period = data.words.label;
  view.days.className = `days ${data.mode}-view${unfolded ? " with-past" : ""}`;
  view.earlier.textContent = data.words.earlier;
  view.earlier.hidden = unfolded || !data.earlier;
  view.days.setAttribute("aria-label", data.words.label);
  const names = data.weekdays.map((name) => element("span", "", name));
  parentElement.querySelector(".weekdays").replaceChildren(...names);
  const of = (day) => data.entries.filter((entry) => entry.day === day.iso);
  const weeks = [];
  data.days.forEach((day, place) => {
    if (place % 7 === 0) {
      const week = element("div", "week");
      week.setAttribute("role", "row");
      weeks.push(week);
    }
    weeks[weeks.length - 1].append(drawDay(day, of(day), data));
  });
  view.days.replaceChildren(...weeks);
  const cells = [...view.days.querySelectorAll(".day")];
  const wanted = had ?? data.today;
  const first = cells.find((cell) => cell.dataset.day === wanted) ?? cells[0];
  if (!first) return;
  first.tabIndex = 0;
  if (had !== undefined) first.focus();
}
