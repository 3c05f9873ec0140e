// The document's language, also in Streamlit's own words, and each document that is read in the
// help begun at its beginning.
let reading = null;
let known = {};
let watch = null;
let app = null;

const NAMES = ["aria-label", "placeholder", "title", "alt"];
const TEXTS = '[data-testid="stFileUploaderDropzone"], [role="tooltip"], [data-testid="stTooltipContent"], [data-testid="stDialog"], [role="listbox"], [role="menu"]';

// "Search" is known as it is, "Page 3" by its beginning with its number, "Help for X" likewise.
const translated = (said) => {
  const exact = known[said];
  if (exact) return exact;
  const [, begin, rest] = /^(Page |Help for |Remove |[^:]+: )(.+)$/.exec(said) || [];
  return begin && known[begin] ? known[begin] + rest : null;
};

function named(element) {
  for (const name of NAMES) {
    const said = element.getAttribute(name);
    const ours = said && translated(said);
    if (ours && ours !== said) element.setAttribute(name, ours);
  }
}

// The text alone changes: the nodes belong to Streamlit.
function texts(root) {
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const said = node.nodeValue.trim();
    const ours = said && translated(said);
    if (ours && ours !== said) node.nodeValue = ours;
  }
}

function within(root) {
  if (root.nodeType !== Node.ELEMENT_NODE) return;
  named(root);
  root.querySelectorAll(NAMES.map((name) => `[${name}]`).join(",")).forEach(named);
  if (root.closest(TEXTS)) texts(root);
  else root.querySelectorAll(TEXTS).forEach(texts);
}

function follow() {
  if (watch || !Object.keys(known).length) return;
  watch = new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") named(change.target);
      else for (const node of change.addedNodes) within(node);
    }
  });
  watch.observe(document.body, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: NAMES,
  });
  within(document.body);
}

// Dialogs and lists stand beside the app, and would have the light side's colours in the dark.
function colours() {
  const found = document.querySelector('[data-testid="stApp"]');
  if (!found || found === app) return;
  app = found;
  const tell = () => {
    document.documentElement.style.colorScheme = getComputedStyle(app).colorScheme;
  };
  new MutationObserver(tell).observe(app, { attributes: true, attributeFilter: ["class"] });
  tell();
}

// Streamlit opens an expander by `animate`, which no style sheet can still.
const STILL = matchMedia("(prefers-reduced-motion: reduce)");
function quiet() {
  const { animate } = Element.prototype;
  if (animate.isQuiet) return;
  function calm(frames, options) {
    const given = typeof options === "number" ? { duration: options } : options;
    return animate.call(this, frames, STILL.matches ? { ...given, duration: 0 } : options);
  }
  calm.isQuiet = true;
  Element.prototype.animate = calm;
}

export default function ({ data }) {
  quiet();
  document.documentElement.lang = data.language;
  colours();
  known = data.streamlit;
  follow();
  const skip = document.querySelector('[data-testid="stSkipToContent"]')?.firstChild;
  if (skip) skip.nodeValue = data.skip;
  if (reading !== data.reading) {
    reading = data.reading;
    document.querySelector(".st-key-hsl-help")?.scrollTo(0, 0);
  }
}
