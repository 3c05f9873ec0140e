// The fields of the open key. They stay the same elements, so that a caret is never lost.
class Panel {
  constructor(root, editor) {
    this.editor = editor;
    this.box = root.querySelector(".panel");
    this.text = this.box.querySelector(".text");
    this.value = this.box.querySelector(".value");
    this.notes = this.box.querySelector(".notes");
    this.radios = [...this.box.querySelectorAll("input[type=radio]")];
    this.uid = null;
    this.spare = new Map(); // what was written for the kinds that are not chosen now
    const write = (name) => editor.write(this.uid, { [name]: this[name].value }, name);
    this.text.addEventListener("input", () => write("text"));
    this.value.addEventListener("input", () => write("value"));
    for (const radio of this.radios) radio.addEventListener("change", () => this.choose(radio.value));
    for (const button of this.box.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => editor.act(this.uid, button.dataset.do));
    }
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    for (const field of [this.text, this.value]) {
      field.addEventListener("paste", (event) => this.paste(event, field));
    }
  }

  pressed(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.editor.close();
    } else if (event.key === "Enter" && event.target === this.text) {
      event.preventDefault();
      this.value.focus();
      this.value.select();
    } else if (event.key === "Enter" && event.target === this.value) {
      event.preventDefault();
      this.editor.close();
    }
  }

  // Several lines are several buttons; in the text's field one line with an address is one, too.
  paste(event, field) {
    const text = event.clipboardData.getData("text");
    const isList = text.trim().includes("\n") || (field === this.text && /[=\t]\s*\S+:\S/.test(text));
    if (!isList) return;
    event.preventDefault();
    this.editor.pasting.ask(text, this.uid);
  }

  choose(kind) {
    const key = keyOf(this.editor.rows, this.uid);
    this.spare.set(`${key.uid} ${key.kind}`, key.value);
    this.editor.remember();
    this.editor.write(this.uid, { kind, value: this.spare.get(`${key.uid} ${kind}`) ?? "" }, "kind");
    this.show(keyOf(this.editor.rows, this.uid));
  }

  show(key) {
    this.uid = key.uid;
    // Only what differs: setting a value moves the caret.
    if (this.text.value !== key.text) this.text.value = key.text;
    if (this.value.value !== key.value) this.value.value = key.value;
    for (const radio of this.radios) radio.checked = radio.value === key.kind;
    const { words } = this.editor;
    this.box.querySelector(".named").textContent = words[`${key.kind}_value`];
    this.value.placeholder = words[`${key.kind}_example`];
    this.value.inputMode = key.kind === "url" ? "url" : "text";
    this.count(key);
    this.say(key);
  }

  count(key) {
    const counter = this.box.querySelector(".counter");
    const most = this.editor.limits[key.kind];
    const value = key.value.trim();
    // As Telegram counts: data in bytes, a text in characters and not in JavaScript's halves.
    const size = key.kind === "callback_data" ? new TextEncoder().encode(value).length : [...value].length;
    const template = key.kind === "callback_data" ? "counter_data" : "counter_copy";
    counter.textContent = most ? filled(this.editor.words[template], { size, most }) : "";
    counter.classList.toggle("over", Boolean(most) && size > most);
  }

  say(key) {
    const check = this.editor.checkOf(key);
    const current = check && ["text", "kind", "value"].every((name) => check.of[name] === key[name]);
    if (check && !current) {
      // It speaks of what stood there a moment ago: the words may stay, the doors may not.
      for (const door of this.notes.querySelectorAll("a, button")) door.remove();
      return;
    }
    const wrong = Boolean(check?.problem);
    const textIsWrong = wrong && !key.text.trim();
    this.text.setAttribute("aria-invalid", String(textIsWrong));
    this.value.setAttribute("aria-invalid", String(wrong && !textIsWrong));
    this.text.setAttribute("aria-describedby", "notes");
    const lines = check ? panelNotes(check, this.editor.words, (address) => this.mend(address)) : [];
    this.notes.replaceChildren(...lines);
  }

  mend(address) {
    this.editor.remember();
    this.editor.write(this.uid, { value: address }, "mend");
    this.show(keyOf(this.editor.rows, this.uid));
    this.value.focus();
  }
}
