// The text of a message. It tells Python what was typed after a short pause, and at once when the
// field is left, so that a click right after the last key has the last letter.
const PAUSE = 250; // milliseconds
const fields = new WeakMap();

function attach(component) {
  const { parentElement } = component;
  const area = parentElement.querySelector("textarea");
  const field = { area, load: null, timer: null, sent: null, inserted: null, component };

  const tell = () => {
    clearTimeout(field.timer);
    if (area.value !== field.sent) {
      field.sent = area.value;
      field.component.setStateValue("text", area.value);
    }
  };
  const wrap = (open, close) => {
    const { selectionStart: start, selectionEnd: end } = area;
    const chosen = area.value.slice(start, end);
    area.focus();
    // The only way that keeps the browser's own undo.
    document.execCommand("insertText", false, open + chosen + close);
    const caret = start + open.length;
    area.setSelectionRange(caret, caret + chosen.length);
  };

  field.insert = (text) => {
    area.focus();
    document.execCommand("insertText", false, text);
    tell();
  };

  area.addEventListener("input", () => {
    clearTimeout(field.timer);
    field.timer = setTimeout(tell, PAUSE);
  });
  area.addEventListener("blur", tell);
  for (const button of parentElement.querySelectorAll("button")) {
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => wrap(button.dataset.open, button.dataset.close));
  }
  area.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    const button = parentElement.querySelector(`[data-shortcut="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!button) return;
    event.preventDefault();
    wrap(button.dataset.open, button.dataset.close);
  });
  return field;
}

export default function (component) {
  const { data, parentElement } = component;
  let field = fields.get(parentElement);
  if (!field) {
    field = attach(component);
    fields.set(parentElement, field);
  }
  field.component = component;
  field.area.setAttribute("aria-label", data.label);
  field.area.placeholder = data.placeholder;
  if (field.load !== data.load) {
    field.load = data.load;
    field.area.value = data.text;
    field.sent = data.text;
    // What was put in before is in the text already.
    field.inserted = data.insert?.id ?? null;
  }
  if (data.insert && field.inserted !== data.insert.id) {
    field.inserted = data.insert.id;
    field.insert(data.insert.text);
  }
}
