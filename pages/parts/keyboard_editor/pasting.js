// Pasted lines: the server reads them, as it reads the terminal's --button.
class Pasting {
  constructor(editor) {
    this.editor = editor;
    this.asking = null;
  }

  ask(text, uid) {
    if (!text.trim()) return;
    this.asking = { id: newUid(), uid, text };
    this.editor.tell();
    this.editor.component.setStateValue("asked", { id: this.asking.id, text });
  }

  receive(pasted) {
    if (!pasted || pasted.id !== this.asking?.id) return;
    const { uid, text } = this.asking;
    this.asking = null;
    if (pasted.rows.length) this.insert(pasted, uid);
    else if (this.editor.panel.box.contains(this.editor.root.activeElement)) {
      document.execCommand("insertText", false, text.replace(/\s+/g, " ").trim());
    }
    const counted = pasted.rows.length ? filled(this.editor.words.pasted, { count: pasted.count }) : "";
    this.editor.announce([counted, pasted.refused].filter(Boolean).join(" "), {});
    this.editor.offerUndo(Boolean(counted));
  }

  insert(pasted, uid) {
    const known = keyOf(this.editor.rows, uid);
    const instead = known && !known.text.trim() && !known.value.trim();
    const at = known ? placeOf(this.editor.rows, uid).row + 1 : this.editor.rows.length;
    const named = pasted.rows.map((row) => row.map((key) => ({ ...key, uid: newUid() })));
    let rows = [...this.editor.rows.slice(0, at), ...named, ...this.editor.rows.slice(at)];
    if (instead) rows = without(rows, uid);
    this.editor.open = null;
    this.editor.current = named.at(-1).at(-1).uid;
    this.editor.change(rows);
    this.editor.shown.focus(this.editor.current);
  }
}
