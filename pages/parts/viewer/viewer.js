// The choice of language (a cookie that the server reads) and of colours (Streamlit's own note).
const YEAR = 31536000; // seconds
const THEME = "stActiveTheme-"; // Streamlit's key, one a page's address, and its version
const VERSION = "-v2";

const keptTheme = () => {
  try {
    return JSON.parse(localStorage.getItem(THEME + location.pathname + VERSION)) || "System";
  } catch {
    return "System";
  }
};

function choose(kind, value, data) {
  if (kind === "locale") {
    const age = value ? YEAR : 0;
    document.cookie = `${data.cookie}=${value}; Path=/; Max-Age=${age}; SameSite=Lax`;
  } else {
    for (const path of data.paths) {
      localStorage.setItem(THEME + path + VERSION, JSON.stringify(value));
    }
  }
  location.reload();
}

export default function (component) {
  const { data, parentElement } = component;
  for (const label of parentElement.querySelectorAll("[data-words]")) {
    label.textContent = data.words[label.dataset.words];
  }
  const kept = { locale: data.locale, theme: keptTheme() };
  for (const select of parentElement.querySelectorAll("select")) {
    const kind = select.dataset.choice;
    select.replaceChildren(
      ...data.choices[kind].map(([value, words]) => new Option(words, value)),
    );
    select.value = kept[kind];
    select.onchange = () => choose(kind, select.value, data);
  }
}
