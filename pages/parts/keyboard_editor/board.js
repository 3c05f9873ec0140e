// The rows of keys on the screen, and how arrows walk over them.
const SIGNS = { url: "↗", callback_data: "", copy_text: "⧉" };

class Board {
  constructor(root, editor) {
    this.root = root;
    this.keys = root.querySelector(".keys");
    this.editor = editor;
    this.drawing = false;
  }

  // Arrows walk over keys and the "+" of each row, as they stand on the screen.
  walk(event) {
    const lines = [...this.keys.querySelectorAll(".row")].map((row) => [...row.querySelectorAll("button")]);
    lines.push([this.editor.below]);
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
    this.editor.current = button.dataset.uid ?? `+${button.dataset.beside}`;
    this.rove();
  }

  rove() {
    const all = [...this.keys.querySelectorAll(".row button")];
    const nameOf = (button) => button.dataset.uid ?? `+${button.dataset.beside}`;
    const here = all.find((button) => nameOf(button) === this.editor.current) ?? all[0];
    for (const button of all) button.tabIndex = button === here ? 0 : -1;
  }

  focus(uid) {
    this.keys.querySelector(`[data-uid="${CSS.escape(uid)}"]`)?.focus();
  }

  focusedUid() {
    const active = this.root.activeElement;
    if (active && this.editor.panel.box.contains(active)) return this.editor.open;
    return active?.dataset?.uid ?? null;
  }

  draw() {
    const { rows, open, panel } = this.editor;
    const parts = rows.flatMap((row, index) => {
      const notes = element("div", "row-notes");
      notes.dataset.row = String(index);
      const isOpen = row.some((key) => key.uid === open);
      return [this.rowOf(row, index), notes, ...(isOpen ? [panel.box] : [])];
    });
    this.drawing = true;
    panel.box.hidden = !open;
    if (!open) this.root.append(panel.box);
    this.keys.replaceChildren(...parts);
    this.drawing = false;
    this.drawFoot();
    if (open) panel.show(keyOf(rows, open));
    this.rove();
    this.sayAll();
  }

  drawFoot() {
    const { rows, words, limits, below } = this.editor;
    const none = !rows.length;
    below.querySelector(".words").textContent = none ? words.first : words.below;
    below.disabled = countOf(rows) >= limits.all;
    this.root.querySelector(".hint").textContent = none ? words.empty : words.hint;
  }

  rowOf(row, index) {
    const { rows, words, limits } = this.editor;
    const line = element("div", "row");
    line.setAttribute("role", "group");
    line.setAttribute("aria-label", filled(words.row, { row: index + 1 }));
    for (const key of row) {
      const button = element("button", "key");
      button.type = "button";
      button.dataset.uid = key.uid;
      button.append(element("span", "label"), element("span", "corner"));
      line.append(button);
      this.label(button, key);
    }
    if (row.length < limits.row && countOf(rows) < limits.all) {
      const plus = element("button", "add beside", "+");
      plus.type = "button";
      plus.dataset.beside = String(index);
      plus.title = words.beside;
      plus.setAttribute("aria-label", words.beside);
      line.append(plus);
    }
    return line;
  }

  label(button, key) {
    const { rows, words, open } = this.editor;
    const { row, place } = placeOf(rows, key.uid);
    button.querySelector(".label").textContent = key.text || "…";
    button.querySelector(".corner").textContent = SIGNS[key.kind];
    button.setAttribute("aria-expanded", String(key.uid === open));
    const at = { place: place + 1, count: rows[row].length };
    const values = { text: this.editor.named(key), kind: words[key.kind], ...at };
    button.setAttribute("aria-label", filled(words.key, values));
  }

  // Problems stand under their row; those of the open key in its panel.
  sayAll() {
    const { rows, open, whole, panel } = this.editor;
    for (const notes of this.keys.querySelectorAll(".row-notes")) {
      const { row: index } = notes.dataset;
      const lines = rows[index].filter((key) => key.uid !== open).flatMap((key) => this.linesOf(key));
      notes.replaceChildren(...lines, ...problemLines(whole[`buttons.${index}`]));
    }
    for (const key of rows.flat()) this.mark(key);
    if (open) panel.say(keyOf(rows, open));
    this.root.querySelector(".whole").replaceChildren(...problemLines(whole.buttons));
  }

  mark(key) {
    const button = this.keys.querySelector(`[data-uid="${CSS.escape(key.uid)}"]`);
    const check = this.editor.checkOf(key);
    button.classList.toggle("wrong", Boolean(check?.problem));
    button.title = titleOf(check);
    button.setAttribute("aria-describedby", key.uid === this.editor.open ? "notes" : `of-${key.uid}`);
  }

  linesOf(key) {
    const check = this.editor.checkOf(key);
    const text = check?.problem ?? check?.warning;
    if (!text) return [];
    // A problem names its button itself.
    const said = check.problem ? text : filled(this.editor.words.said, { name: key.text, said: text });
    const line = noteLine(check.problem ? "problem" : "warning", said);
    line.id = `of-${key.uid}`;
    return [line];
  }
}
