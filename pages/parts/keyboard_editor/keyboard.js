// The keyboard as Telegram lays it out. One key is open at most; its panel stands under its row.
const PAUSE = 200; // milliseconds after the last letter
const MOST_STEPS = 100; // that can be taken back
const SIGNS = { url: "↗", callback_data: "", copy_text: "⧉" };
const STEPS = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };
const editors = new WeakMap();

class Keyboard {
  constructor(component) {
    this.root = component.parentElement;
    this.board = this.root.querySelector(".board");
    this.keys = this.root.querySelector(".keys");
    this.said = this.root.querySelector(".said");
    this.live = this.root.querySelector(".live");
    this.below = this.root.querySelector(".below");
    this.rows = [];
    this.past = [];
    this.fresh = new Set(); // added and not written in yet: nothing is said against them
    this.burst = null; // the field being written in: one step back takes back all of it
    this.current = null; // the key, or the row's "+", that Tab leads to
    this.open = null;
    this.asking = null;
    this.panel = new Panel(this.root, this);
    this.drag = new Drag(this.board, this.keys, this);
    this.listen();
  }

  listen() {
    // The panel stands within the board and sees to its own events.
    const onBoard = (part, name, act) =>
      part.addEventListener(name, (event) => !this.panel.box.contains(event.target) && act(event));
    onBoard(this.keys, "click", (event) => this.clicked(event.target.closest("button")));
    onBoard(this.keys, "focusin", (event) => this.walkedTo(event.target));
    onBoard(this.board, "keydown", (event) => this.pressed(event));
    onBoard(this.board, "paste", (event) => {
      event.preventDefault();
      this.paste(event.clipboardData.getData("text"), this.focusedUid());
    });
    onBoard(this.board, "copy", (event) => {
      const line = this.checks[this.focusedUid()]?.line;
      if (!line) return;
      event.preventDefault();
      event.clipboardData.setData("text/plain", line);
    });
    this.below.addEventListener("click", () => this.add({ gap: this.rows.length }));
    this.root.querySelector(".undo").addEventListener("click", () => this.undo());
    this.board.addEventListener("focusout", () => this.tell());
    // Single letters are shortcuts of the page around, which cannot see that they are typed here.
    this.board.addEventListener("keydown", (event) => event.stopPropagation());
  }

  update(component) {
    const { data } = component;
    this.component = component;
    this.words = data.words;
    this.limits = data.limits;
    this.checks = data.checks;
    this.whole = data.whole;
    if (this.loaded !== data.load) {
      this.loaded = data.load;
      this.rows = data.rows;
      this.told = JSON.stringify(data.rows);
      this.past = [];
      this.open = null;
      this.name();
      this.draw();
    }
    this.receive(data.pasted);
    this.sayAll();
  }

  name() {
    const { words } = this;
    for (const part of this.root.querySelectorAll("[data-word]")) part.textContent = words[part.dataset.word];
    for (const part of this.root.querySelectorAll("[data-do]")) {
      if (part.dataset.do === "done") continue;
      part.title = words[part.dataset.do];
      part.setAttribute("aria-label", words[part.dataset.do]);
    }
    this.keys.setAttribute("aria-label", words.group);
    this.keys.setAttribute("aria-describedby", "hint");
    this.panel.box.querySelector(".kinds").setAttribute("aria-label", words.kind);
  }

  // --- what is told to the server

  tellSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), PAUSE);
  }

  tell() {
    clearTimeout(this.timer);
    const now = JSON.stringify(this.rows);
    if (now === this.told) return;
    this.told = now;
    this.component.setStateValue("rows", this.rows);
  }

  // --- changes

  remember() {
    this.burst = null;
    this.past = [...this.past.slice(1 - MOST_STEPS), this.rows];
  }

  write(uid, values, field) {
    const burst = `${uid} ${field}`;
    if (this.burst !== burst && field !== "kind" && field !== "mend") this.remember();
    this.burst = burst;
    this.fresh.delete(uid);
    this.rows = changed(this.rows, uid, values);
    const key = keyOf(this.rows, uid);
    this.label(this.keys.querySelector(`[data-uid="${CSS.escape(uid)}"]`), key);
    this.panel.count(key);
    this.panel.say(key);
    this.tellSoon();
  }

  change(rows) {
    this.remember();
    this.rows = rows;
    this.said.hidden = true;
    this.draw();
    this.tell();
  }

  add(target, key = blank()) {
    if (countOf(this.rows) >= this.limits.all) return this.announce(this.words.full, { most: this.limits.all });
    const fits = "gap" in target || this.rows[target.row].length < this.limits.row;
    this.fresh.add(key.uid);
    this.open = key.uid;
    this.current = key.uid;
    this.change(put(this.rows, key, fits ? target : { gap: target.row + 1 }));
    this.panel.text.focus();
    return this.announce(this.words.added, { row: placeOf(this.rows, key.uid).row + 1 });
  }

  copy(uid) {
    if (countOf(this.rows) >= this.limits.all) return this.announce(this.words.full, { most: this.limits.all });
    const key = { ...keyOf(this.rows, uid), uid: newUid() };
    const { row, place } = placeOf(this.rows, uid);
    const full = this.rows[row].length >= this.limits.row;
    const target = full ? { gap: row + 1 } : { row, place: place + 1 };
    if (this.open) this.open = key.uid;
    this.change(put(this.rows, key, target));
    if (this.open) this.panel.text.focus();
    else this.focus(key.uid);
    return this.announce(this.words.copied, { text: this.named(key), row: placeOf(this.rows, key.uid).row + 1 });
  }

  remove(uid) {
    const key = keyOf(this.rows, uid);
    const flat = this.rows.flat();
    const at = flat.indexOf(key);
    const next = flat[at + 1] ?? flat[at - 1];
    if (this.open === uid) this.open = null;
    this.current = next?.uid ?? null;
    this.change(without(this.rows, uid));
    if (next) this.focus(next.uid);
    else this.below.focus();
    this.announce(this.words.removed, { text: this.named(key) });
    this.offerUndo(true);
  }

  // The last words stand on the board, with the way back where there is one.
  offerUndo(can) {
    this.said.hidden = !this.live.textContent;
    this.said.querySelector(".words").textContent = this.live.textContent;
    this.said.querySelector(".undo").hidden = !can;
  }

  undo() {
    const before = this.past.pop();
    if (!before) return;
    const uid = this.focusedUid();
    this.rows = before;
    this.burst = null;
    this.said.hidden = true;
    if (this.open && !placeOf(before, this.open)) this.open = null;
    this.draw();
    this.tell();
    const back = placeOf(before, uid) ? uid : this.current;
    if (back && placeOf(before, back)) this.focus(back);
    else if (before.length) this.focus(before[0][0].uid);
    else this.below.focus();
    this.announce(this.words.undone, {});
  }

  move(uid, direction, alone = false) {
    const target = step(this.rows, uid, direction, alone);
    if (!target) return this.announce(this.words.edge, {});
    const into = "row" in target ? this.rows[target.row] : null;
    if (into && !into.some((key) => key.uid === uid) && into.length >= this.limits.row) {
      return this.announce(this.words.full_row, { row: target.row + 1, most: this.limits.row });
    }
    return this.place(uid, target);
  }

  place(uid, target) {
    const rows = put(this.rows, keyOf(this.rows, uid), target);
    if (JSON.stringify(rows) === JSON.stringify(this.rows)) return;
    const tool = this.panel.box.contains(this.root.activeElement) ? this.root.activeElement : null;
    this.current = uid;
    this.change(rows);
    if (tool) tool.focus();
    else this.focus(uid);
    const { row, place } = placeOf(this.rows, uid);
    const text = this.named(keyOf(this.rows, uid));
    this.announce(this.words.moved, { text, row: row + 1, place: place + 1, count: this.rows[row].length });
  }

  // --- pasting: the server reads the lines, as the terminal's --button does

  paste(text, uid) {
    if (!text.trim()) return;
    this.asking = { id: newUid(), uid, text };
    this.tell();
    this.component.setStateValue("asked", { id: this.asking.id, text });
  }

  receive(pasted) {
    if (!pasted || pasted.id !== this.asking?.id) return;
    const { uid, text } = this.asking;
    this.asking = null;
    if (pasted.rows.length) this.insert(pasted, uid);
    else if (this.panel.box.contains(this.root.activeElement)) {
      document.execCommand("insertText", false, text.replace(/\s+/g, " ").trim());
    }
    const counted = pasted.rows.length ? filled(this.words.pasted, { count: pasted.count }) : "";
    this.announce([counted, pasted.refused].filter(Boolean).join(" "), {});
    this.offerUndo(Boolean(counted));
  }

  insert(pasted, uid) {
    const known = keyOf(this.rows, uid);
    const instead = known && !known.text.trim() && !known.value.trim();
    const at = known ? placeOf(this.rows, uid).row + 1 : this.rows.length;
    const named = pasted.rows.map((row) => row.map((key) => ({ ...key, uid: newUid() })));
    let rows = [...this.rows.slice(0, at), ...named, ...this.rows.slice(at)];
    if (instead) rows = without(rows, uid);
    this.open = null;
    this.current = named.at(-1).at(-1).uid;
    this.change(rows);
    this.focus(this.current);
  }

  // --- the open key

  show(uid) {
    this.open = uid;
    this.current = uid;
    this.draw();
    this.panel.text.focus();
    this.panel.text.select();
  }

  close() {
    const uid = this.open;
    const key = keyOf(this.rows, uid);
    this.open = null;
    if (!key.text && !key.value) {
      this.remove(uid);
      this.said.hidden = true;
      this.announce(this.words.dropped, {});
      return;
    }
    this.fresh.delete(uid);
    this.draw();
    this.focus(uid);
    this.tell();
  }

  act(uid, name) {
    if (name === "done") this.close();
    else if (name === "copy") this.copy(uid);
    else if (name === "remove") this.remove(uid);
    else this.move(uid, name);
  }

  // --- keys and clicks

  clicked(button) {
    if (!button) return;
    if (button.dataset.beside) this.addBeside(Number(button.dataset.beside));
    else if (button.dataset.uid === this.open) this.close();
    else this.show(button.dataset.uid);
  }

  addBeside(row) {
    this.add({ row, place: this.rows[row].length });
  }

  pressed(event) {
    const uid = this.focusedUid();
    const control = event.ctrlKey || event.metaKey;
    const letter = event.code.replace(/^Key/, "").toLowerCase();
    const handled = () => event.preventDefault();
    if (control && letter === "z" && !event.shiftKey) {
      handled();
      this.undo();
    } else if (event.altKey && STEPS[event.key] && uid) {
      handled();
      this.move(uid, STEPS[event.key], event.shiftKey);
    } else if (control && letter === "d" && uid) {
      handled();
      this.copy(uid);
    } else if ((event.key === "Delete" || event.key === "Backspace") && uid) {
      handled();
      this.remove(uid);
    } else if (event.key === "F2" && uid) {
      handled();
      this.show(uid);
    } else if (event.key === "Escape" && this.open) {
      handled();
      this.close();
    } else if (!event.altKey && !control) {
      this.walk(event);
    }
  }

  // Arrows walk over keys and the "+" of each row, as they stand on the screen.
  walk(event) {
    const lines = [...this.keys.querySelectorAll(".row")].map((row) => [...row.querySelectorAll("button")]);
    lines.push([this.below]);
    const row = lines.findIndex((line) => line.includes(this.root.activeElement));
    if (row < 0) return;
    const place = lines[row].indexOf(this.root.activeElement);
    const level = (line) => line?.[Math.min(place, line.length - 1)];
    const found = {
      ArrowLeft: () => lines[row][place - 1],
      ArrowRight: () => lines[row][place + 1],
      ArrowUp: () => level(lines[row - 1]),
      ArrowDown: () => level(lines[row + 1]),
      Home: () => lines[row][0],
      End: () => lines[row].at(-1),
    }[event.key]?.();
    if (!found) return;
    event.preventDefault();
    found.focus();
  }

  walkedTo(button) {
    if (!button.matches("button")) return;
    this.current = button.dataset.uid ?? `+${button.dataset.beside}`;
    this.rove();
  }

  rove() {
    const all = [...this.keys.querySelectorAll(".row button")];
    const nameOf = (button) => button.dataset.uid ?? `+${button.dataset.beside}`;
    const here = all.find((button) => nameOf(button) === this.current) ?? all[0];
    for (const button of all) button.tabIndex = button === here ? 0 : -1;
  }

  focus(uid) {
    this.keys.querySelector(`[data-uid="${CSS.escape(uid)}"]`)?.focus();
  }

  focusedUid() {
    const active = this.root.activeElement;
    if (active && this.panel.box.contains(active)) return this.open;
    return active?.dataset?.uid ?? null;
  }

  // --- drawing

  draw() {
    const { panel } = this;
    const parts = [];
    this.rows.forEach((row, index) => {
      parts.push(this.rowOf(row, index));
      const notes = element("div", "row-notes");
      notes.dataset.row = String(index);
      parts.push(notes);
      if (row.some((key) => key.uid === this.open)) parts.push(panel.box);
    });
    panel.box.hidden = !this.open;
    if (!this.open) this.root.append(panel.box);
    this.keys.replaceChildren(...parts);
    const none = !this.rows.length;
    this.below.querySelector(".words").textContent = none ? this.words.first : this.words.below;
    this.below.disabled = countOf(this.rows) >= this.limits.all;
    this.root.querySelector(".hint").textContent = none ? this.words.empty : this.words.hint;
    if (this.open) panel.show(keyOf(this.rows, this.open));
    this.rove();
    this.sayAll();
  }

  rowOf(row, index) {
    const line = element("div", "row");
    line.setAttribute("role", "group");
    line.setAttribute("aria-label", filled(this.words.row, { row: index + 1 }));
    for (const key of row) {
      const button = element("button", "key");
      button.type = "button";
      button.dataset.uid = key.uid;
      button.append(element("span", "label"), element("span", "corner"));
      line.append(button);
      this.label(button, key);
    }
    if (row.length < this.limits.row && countOf(this.rows) < this.limits.all) {
      const plus = element("button", "add beside", "+");
      plus.type = "button";
      plus.dataset.beside = String(index);
      plus.title = this.words.beside;
      plus.setAttribute("aria-label", this.words.beside);
      line.append(plus);
    }
    return line;
  }

  label(button, key) {
    const { row, place } = placeOf(this.rows, key.uid);
    button.querySelector(".label").textContent = key.text || "…";
    button.querySelector(".corner").textContent = SIGNS[key.kind];
    button.setAttribute("aria-expanded", String(key.uid === this.open));
    const values = { text: this.named(key), kind: this.words[key.kind], place: place + 1, count: this.rows[row].length };
    button.setAttribute("aria-label", filled(this.words.key, values));
  }

  named(key) {
    return key.text.trim() || this.words.unnamed;
  }

  checkOf(key) {
    return this.fresh.has(key.uid) ? null : this.checks[key.uid];
  }

  // Problems stand under their row; those of the open key in its panel.
  sayAll() {
    for (const notes of this.keys.querySelectorAll(".row-notes")) {
      const index = Number(notes.dataset.row);
      const row = this.rows[index] ?? [];
      const lines = row.filter((key) => key.uid !== this.open).flatMap((key) => this.linesOf(key));
      if (this.whole[`buttons.${index}`]) lines.push(noteLine("problem", this.whole[`buttons.${index}`]));
      notes.replaceChildren(...lines);
    }
    for (const key of this.rows.flat()) {
      const button = this.keys.querySelector(`[data-uid="${CSS.escape(key.uid)}"]`);
      const check = this.checkOf(key);
      button.classList.toggle("wrong", Boolean(check?.problem));
      button.title = titleOf(check);
      button.setAttribute("aria-describedby", key.uid === this.open ? "notes" : `of-${key.uid}`);
    }
    const open = this.open && keyOf(this.rows, this.open);
    if (open) this.panel.say(open);
    this.root.querySelector(".whole").replaceChildren(...(this.whole.buttons ? [noteLine("problem", this.whole.buttons)] : []));
  }

  linesOf(key) {
    const check = this.checkOf(key);
    const text = check?.problem ?? check?.warning;
    if (!text) return [];
    const line = noteLine(check.problem ? "problem" : "warning", check.problem ? text : `“${key.text}”: ${text}`);
    line.id = `of-${key.uid}`;
    return [line];
  }

  announce(template, values) {
    this.live.textContent = filled(template, values);
  }
}

export default function (component) {
  let editor = editors.get(component.parentElement);
  if (!editor) {
    editor = new Keyboard(component);
    editors.set(component.parentElement, editor);
  }
  editor.update(component);
}
