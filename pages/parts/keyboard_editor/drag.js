// Dragging a key with a mouse, a pen or a finger: a line shows where it would go.
const NEAR = 5; // pixels that a mouse moves before it drags
const THICK = 3; // pixels of the line
const TOUCH_WAIT = 300; // milliseconds that a finger rests before it drags, as it may scroll

class Drag {
  constructor(board, keys, editor) {
    this.board = board;
    this.keys = keys;
    this.editor = editor;
    this.held = null;
    keys.addEventListener("pointerdown", (event) => this.press(event));
    keys.addEventListener("pointermove", (event) => this.move(event));
    keys.addEventListener("pointerup", (event) => this.release(event));
    keys.addEventListener("pointercancel", () => this.end());
    keys.addEventListener("contextmenu", (event) => this.held?.touch && event.preventDefault());
    // Not passive: the page must not scroll while a finger drags a key.
    const hold = (event) => this.held?.ghost && event.preventDefault();
    keys.addEventListener("touchmove", hold, { passive: false });
  }

  press(event) {
    const key = event.target.closest(".key");
    if (!key || !event.isPrimary || event.button !== 0) return;
    this.end();
    const touch = event.pointerType === "touch";
    const { pointerId: id, clientX: x, clientY: y } = event;
    this.held = { uid: key.dataset.uid, key, touch, id, x, y };
    if (touch) this.held.timer = setTimeout(() => this.begin(), TOUCH_WAIT);
  }

  move(event) {
    const held = this.held;
    if (!held || event.pointerId !== held.id) return;
    if (!held.ghost) {
      const far = Math.hypot(event.clientX - held.x, event.clientY - held.y) > NEAR;
      if (far && held.touch) this.end();
      else if (far) this.begin();
      if (!this.held?.ghost) return;
    }
    const frame = this.board.getBoundingClientRect();
    held.ghost.style.left = `${event.clientX - frame.left - held.ghost.offsetWidth / 2}px`;
    held.ghost.style.top = `${event.clientY - frame.top - held.ghost.offsetHeight / 2}px`;
    held.target = this.targetAt(event.clientX, event.clientY);
    this.mark(held.target, frame);
  }

  begin() {
    const held = this.held;
    if (!held || !held.key.isConnected) return this.end();
    this.keys.setPointerCapture(held.id);
    held.ghost = held.key.cloneNode(true);
    held.ghost.classList.add("ghost");
    held.ghost.removeAttribute("id");
    held.ghost.setAttribute("aria-hidden", "true");
    held.ghost.style.width = `${held.key.offsetWidth}px`;
    held.line = document.createElement("i");
    held.line.className = "line";
    held.key.classList.add("dragged");
    this.board.append(held.ghost, held.line);
    this.board.classList.add("dragging");
    held.stop = (pressed) => pressed.key === "Escape" && this.end();
    window.addEventListener("keydown", held.stop, true);
    return undefined;
  }

  release(event) {
    const held = this.held;
    if (!held || event.pointerId !== held.id) return;
    const { uid, ghost, target } = held;
    this.end();
    if (ghost && target) this.editor.place(uid, target);
  }

  end() {
    const held = this.held;
    this.held = null;
    if (!held) return;
    clearTimeout(held.timer);
    held.ghost?.remove();
    held.line?.remove();
    held.key.classList.remove("dragged");
    this.board.classList.remove("dragging");
    if (held.stop) window.removeEventListener("keydown", held.stop, true);
  }

  // The upper and the lower quarter of a row stand for a new row there.
  targetAt(x, y) {
    const rows = [...this.keys.querySelectorAll(".row")];
    for (const [index, row] of rows.entries()) {
      const box = row.getBoundingClientRect();
      if (y < box.top + box.height / 4) return { gap: index };
      if (y <= box.bottom - box.height / 4) return this.within(row, index, x);
    }
    return { gap: rows.length };
  }

  within(row, index, x) {
    const others = this.othersIn(row);
    if (others.length >= this.editor.limits.row) return null;
    const place = others.filter((key) => {
      const box = key.getBoundingClientRect();
      return box.left + box.width / 2 < x;
    }).length;
    return { row: index, place };
  }

  othersIn(row) {
    return [...row.querySelectorAll(".key")].filter((key) => key.dataset.uid !== this.held.uid);
  }

  // The line stands where the key would go; there is none over a row that is full.
  mark(target, frame) {
    const { line } = this.held;
    line.hidden = !target;
    this.board.classList.toggle("refused", !target);
    if (!target) return;
    const rows = [...this.keys.querySelectorAll(".row")];
    const isGap = "gap" in target;
    const box = isGap ? this.lineAt(rows, target.gap) : this.lineIn(rows[target.row], target.place);
    Object.assign(line.style, {
      left: `${box.left - frame.left - this.board.clientLeft}px`,
      top: `${box.top - frame.top - this.board.clientTop}px`,
      width: `${box.width}px`,
      height: `${box.height}px`,
    });
  }

  lineAt(rows, gap) {
    const isLast = gap >= rows.length;
    const box = rows[isLast ? gap - 1 : gap].getBoundingClientRect();
    const top = isLast ? box.bottom + 1 : box.top - THICK - 1;
    return { left: box.left, top, width: box.width, height: THICK };
  }

  lineIn(row, place) {
    const others = this.othersIn(row);
    const box = row.getBoundingClientRect();
    const next = others[place]?.getBoundingClientRect().left;
    const before = others[place - 1]?.getBoundingClientRect().right;
    const left = next !== undefined ? next - THICK - 1 : (before ?? box.left) + 1;
    return { left, top: box.top, width: THICK, height: box.height };
  }
}
