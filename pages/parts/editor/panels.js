// The small forms under the toolbar: link, names, emoji and help; one is open at a time.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function linkPanel(desk) {
  const { words, area } = desk;
  const { selectionStart: start, selectionEnd: end } = area;
  const there = linkAt(area.value, start, end);
  const input = make("input", { type: "text", inputMode: "url", placeholder: "https://", value: there ? there.address : "" });
  const form = make(
    "form",
    {},
    make("label", {}, words.address, input),
    make("button", { type: "submit", className: "act", textContent: words.set_link }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!input.value.trim()) return;
    desk.closePanel();
    desk.put(linked(area.value, start, end, input.value));
  });
  if (there) {
    const remove = make("button", { type: "button", className: "act", textContent: words.remove_link });
    remove.addEventListener("click", () => {
      desk.closePanel();
      desk.put(unlinked(area.value, start, end));
    });
    form.append(remove);
  }
  return { content: form, focus: input };
}

function namesPanel(desk) {
  const { words, area } = desk;
  const { selectionStart: start, selectionEnd: end } = area;
  const input = make("input", { type: "text", placeholder: words.friend });
  const list = make("div", { className: "names" });
  const insert = (name) => {
    const fallback = input.value.trim().replace(/[{}|<>]/g, "") || (name === "first_name" ? words.friend : "");
    const text = fallback ? `{${name}|${fallback}}` : `{${name}}`;
    desk.closePanel();
    desk.put({ start, end, text, from: start + text.length, to: start + text.length });
  };
  for (const name of desk.data.names || []) {
    const button = make("button", { type: "button", textContent: `{${name}}` });
    button.addEventListener("click", () => insert(name));
    list.append(button);
  }
  const label = make("label", {}, words.fallback, input);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    list.querySelector("button")?.focus();
  });
  return { content: make("div", {}, label, list), focus: list.querySelector("button") || input };
}

function emojiPanel(desk) {
  const { words, area } = desk;
  const input = make("input", { type: "search", placeholder: words.find_emoji, "aria-label": words.find_emoji });
  const grid = make("div", { className: "emoji" });
  const none = make("div", { textContent: words.no_emoji, hidden: true });
  const buttons = EMOJI.map((one) => {
    const button = make("button", { type: "button", textContent: one.sign, title: one.words, "aria-label": one.words, tabIndex: -1 });
    button.addEventListener("click", () => {
      const { selectionStart: start, selectionEnd: end } = area;
      desk.closePanel();
      desk.put({ start, end, text: one.sign, from: start + one.sign.length, to: start + one.sign.length });
    });
    return button;
  });
  grid.append(...buttons);
  buttons[0].tabIndex = 0;
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase().split(/\s+/);
    for (const [place, button] of buttons.entries()) {
      button.hidden = !wanted.every((word) => EMOJI[place].words.includes(word) || EMOJI[place].sign === word);
      button.tabIndex = -1;
    }
    const first = buttons.find((button) => !button.hidden);
    none.hidden = Boolean(first);
    if (first) first.tabIndex = 0;
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "ArrowDown") return;
    event.preventDefault();
    const first = buttons.find((button) => !button.hidden);
    if (event.key === "Enter") first?.click();
    else first?.focus();
  });
  grid.addEventListener("keydown", (event) => walkGrid(event, buttons.filter((button) => !button.hidden), input));
  return { content: make("div", {}, make("label", {}, input), grid, none), focus: input };
}

function walkGrid(event, shown, above) {
  const at = shown.indexOf(event.target);
  const top = shown[0]?.offsetTop;
  const across = Math.max(1, shown.filter((button) => button.offsetTop === top).length);
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
  if (at < 0 || !step) return;
  event.preventDefault();
  const next = shown[at + step];
  if (next) {
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  } else if (event.key === "ArrowUp") above.focus();
}

function helpPanel(desk) {
  const list = make("dl", { className: "help" });
  for (const [keys, words] of desk.helpLines()) {
    list.append(make("div", {}, make("dt", { textContent: keys }), make("dd", { textContent: words })));
  }
  return { content: list, focus: null };
}

const PANELS = { link: linkPanel, names: namesPanel, emoji: emojiPanel, help: helpPanel };
