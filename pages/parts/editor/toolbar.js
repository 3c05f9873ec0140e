// The toolbar: one stop of the Tab key, arrows within; every tool names its shortcut.
const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const icon = (path) => `<svg viewBox="0 0 20 20" aria-hidden="true">${path}</svg>`;
const TOOLS = [
  { id: "bold", keys: "Ctrl+B", html: "<b>B</b>" },
  { id: "italic", keys: "Ctrl+I", html: "<i>I</i>" },
  { id: "underline", keys: "Ctrl+U", html: "<u>U</u>" },
  { id: "strike", keys: "Ctrl+Shift+X", html: "<s>S</s>" },
  { id: "spoiler", keys: "Ctrl+Shift+P", html: icon('<path d="M3 6h3M9 6h3M15 6h2M3 10h1M7 10h4M14 10h3M3 14h3M9 14h2M14 14h3" stroke-width="2.6"/>') },
  null,
  { id: "code", keys: "Ctrl+Shift+M", html: icon('<path d="M7 5 2.5 10 7 15M13 5l4.500 5L13 15"/>') },
  { id: "block", html: icon('<rect x="2" y="3" width="16" height="14" rx="2"/><path d="m6 8 2.500 2.500L6 13M11 13h3.500"/>') },
  { id: "quote", keys: "Ctrl+Shift+.", html: icon('<path d="M3 4v12M7 6h10M7 10h10M7 14h6"/>') },
  { id: "long", html: icon('<path d="M3 4v12M7 6h10M7 10h6M12.500 13l2.500 2.500 2.500-2.500"/>') },
  null,
  { id: "link", keys: "Ctrl+K", panel: true, html: icon('<path d="M8.500 11.500a3.500 3.500 0 0 0 5 0l3-3a3.500 3.500 0 0 0-5-5l-1 1M11.500 8.500a3.500 3.500 0 0 0-5 0l-3 3a3.500 3.500 0 0 0 5 5l1-1"/>') },
  { id: "names", panel: true, html: "<span>{&thinsp;}</span>" },
  { id: "emoji", panel: true, html: icon('<circle cx="10" cy="10" r="7.500"/><path d="M7.200 8v.2M12.800 8v.2M6.500 12c1.800 2.400 5.200 2.400 7 0"/>') },
  { id: "help", panel: true, last: true, html: "<span>?</span>" },
];
const shownKeys = (keys) => (IS_MAC ? keys.replace("Ctrl+", "\u2318").replace("Shift+", "\u21e7") : keys);

function buildToolbar(desk) {
  const bar = desk.root.querySelector(".tools");
  const buttons = [];
  for (const tool of TOOLS) {
    if (tool === null) {
      bar.append(make("span", { className: "gap" }));
      continue;
    }
    const button = make("button", { type: "button", tabIndex: buttons.length ? -1 : 0 });
    button.dataset.tool = tool.id;
    button.innerHTML = tool.html;
    button.className = tool.last ? "last" : "";
    button.setAttribute(tool.panel ? "aria-expanded" : "aria-pressed", "false");
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => desk.use(tool.id));
    bar.append(button);
    buttons.push(button);
  }
  bar.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = buttons[(to + buttons.length) % buttons.length];
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  });
}

function nameTools(desk) {
  const { words } = desk;
  desk.root.querySelector(".tools").setAttribute("aria-label", words.formatting);
  for (const tool of TOOLS.filter(Boolean)) {
    const button = desk.root.querySelector(`[data-tool="${tool.id}"]`);
    const title = tool.keys ? `${words[tool.id]} (${shownKeys(tool.keys)})` : words[tool.id];
    button.title = title;
    button.setAttribute("aria-label", title);
  }
}

// Which tool a key press means, whatever the keyboard's layout.
function toolOf(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null;
  const typed = event.key.toUpperCase();
  const letter = /^[A-Z]$/.test(typed) ? typed : event.code.replace(/^Key/, "").replace("Period", ".");
  const keys = `Ctrl+${event.shiftKey ? "Shift+" : ""}${letter}`;
  const found = TOOLS.find((tool) => tool && tool.keys === keys);
  return found ? found.id : null;
}
