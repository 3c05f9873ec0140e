// The keyboard as Telegram lays it out. One key is open at most; its panel stands under its row.
const PAUSE = 200; // milliseconds after the last letter
const MOST_STEPS = 100; // that can be taken back
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
    this.shown = new Board(this.root, this);
    this.pasting = new Pasting(this);
    this.panel = new Panel(this.root, this);
    this.drag = new Drag(this.board, this.keys, this);
    this.listen();
  }

  listen() {
    // The panel stands within the board and sees to its own events. Their path tells, as a button
    // of the panel may be gone by now.
    const onBoard = (part, name, act) =>
      part.addEventListener(name, (event) => event.composedPath().includes(this.panel.box) || act(event));
    onBoard(this.keys, "click", (event) => this.clicked(event.target.closest("button")));
    onBoard(this.keys, "focusin", (event) => this.shown.walkedTo(event.target));
    onBoard(this.board, "keydown", (event) => this.pressed(event));
    onBoard(this.board, "paste", (event) => {
      event.preventDefault();
      this.pasting.ask(event.clipboardData.getData("text"), this.shown.focusedUid());
    });
    onBoard(this.board, "copy", (event) => {
      const line = this.checks[this.shown.focusedUid()]?.line;
      if (!line) return;
      event.preventDefault();
      event.clipboardData.setData("text/plain", line);
    });
    this.below.addEventListener("click", () => this.add({ gap: this.rows.length }));
    this.root.querySelector(".undo").addEventListener("click", () => this.undo());
    this.board.addEventListener("focusout", (event) => this.left(event.relatedTarget));
    // Single letters are shortcuts of the page around, which cannot see that they are typed here.
    this.board.addEventListener("keydown", (event) => event.stopPropagation());
  }

  left(next) {
    this.tell();
    // Drawing anew takes the focus for a moment; who works elsewhere has left the new key for good.
    if (this.shown.drawing || this.board.contains(next) || !this.fresh.size) return;
    this.fresh.clear();
    this.shown.sayAll();
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
      this.shown.draw();
    }
    this.pasting.receive(data.pasted);
    this.shown.sayAll();
  }

  name() {
    const { words } = this;
    for (const part of this.root.querySelectorAll("[data-word]")) {
      part.textContent = words[part.dataset.word];
    }
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
    this.shown.label(this.keys.querySelector(`[data-uid="${CSS.escape(uid)}"]`), key);
    this.panel.count(key);
    this.panel.say(key);
    this.tellSoon();
  }

  change(rows) {
    this.remember();
    this.rows = rows;
    this.said.hidden = true;
    this.shown.draw();
    this.tell();
  }

  add(target) {
    const key = blank();
    if (this.isFull()) return;
    const fits = "gap" in target || this.rows[target.row].length < this.limits.row;
    this.fresh.add(key.uid);
    this.open = key.uid;
    this.current = key.uid;
    this.change(put(this.rows, key, fits ? target : { gap: target.row + 1 }));
    this.panel.text.focus();
    this.announce(this.words.added, { row: placeOf(this.rows, key.uid).row + 1 });
  }

  copy(uid) {
    if (this.isFull()) return;
    const key = { ...keyOf(this.rows, uid), uid: newUid() };
    const { row, place } = placeOf(this.rows, uid);
    const full = this.rows[row].length >= this.limits.row;
    const target = full ? { gap: row + 1 } : { row, place: place + 1 };
    if (this.open) this.open = key.uid;
    this.change(put(this.rows, key, target));
    if (this.open) this.panel.text.focus();
    else this.shown.focus(key.uid);
    this.announce(this.words.copied, { text: this.named(key), row: placeOf(this.rows, key.uid).row + 1 });
  }

  isFull() {
    const full = countOf(this.rows) >= this.limits.all;
    if (full) this.announce(this.words.full, { most: this.limits.all });
    return full;
  }

  remove(uid) {
    const key = keyOf(this.rows, uid);
    const flat = this.rows.flat();
    const at = flat.indexOf(key);
    const next = flat[at + 1] ?? flat[at - 1];
    if (this.open === uid) this.open = null;
    this.current = next?.uid ?? null;
    this.change(without(this.rows, uid));
    if (next) this.shown.focus(next.uid);
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
    const uid = this.shown.focusedUid();
    this.rows = before;
    this.burst = null;
    this.said.hidden = true;
    if (this.open && !placeOf(before, this.open)) this.open = null;
    this.shown.draw();
    this.tell();
    const back = placeOf(before, uid) ? uid : this.current;
    if (back && placeOf(before, back)) this.shown.focus(back);
    else if (before.length) this.shown.focus(before[0][0].uid);
    else this.below.focus();
    this.announce(this.words.undone, {});
  }

  move(uid, direction, alone = false) {
    const target = step(this.rows, uid, direction, alone);
    if (!target) {
      this.announce(this.words.edge, {});
      return;
    }
    const into = "row" in target ? this.rows[target.row] : null;
    if (into && !into.some((key) => key.uid === uid) && into.length >= this.limits.row) {
      this.announce(this.words.full_row, { row: target.row + 1, most: this.limits.row });
      return;
    }
    this.place(uid, target);
  }

  place(uid, target) {
    const rows = put(this.rows, keyOf(this.rows, uid), target);
    if (JSON.stringify(rows) === JSON.stringify(this.rows)) return;
    const tool = this.panel.box.contains(this.root.activeElement) ? this.root.activeElement : null;
    this.current = uid;
    this.change(rows);
    if (tool) tool.focus();
    else this.shown.focus(uid);
    const { row, place } = placeOf(this.rows, uid);
    const text = this.named(keyOf(this.rows, uid));
    const count = this.rows[row].length;
    this.announce(this.words.moved, { text, row: row + 1, place: place + 1, count });
  }

  // --- the open key

  show(uid) {
    this.fresh.clear();
    this.open = uid;
    this.current = uid;
    this.shown.draw();
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
    this.shown.draw();
    this.shown.focus(uid);
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
    const row = button.dataset.beside;
    if (row) this.add({ row: Number(row), place: this.rows[row].length });
    else if (button.dataset.uid === this.open) this.close();
    else this.show(button.dataset.uid);
  }

  pressed(event) {
    const uid = this.shown.focusedUid();
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
      this.shown.walk(event);
    }
  }

  named(key) {
    return key.text.trim() || this.words.unnamed;
  }

  checkOf(key) {
    return this.fresh.has(key.uid) ? null : this.checks[key.uid];
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
