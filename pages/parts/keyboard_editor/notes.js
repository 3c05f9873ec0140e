// What the server says about a key: its problem, what is odd about it, and where it leads.
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function noteLine(kind, text) {
  const line = element("p", kind);
  const sign = element("span", "sign", kind === "problem" ? "▲" : "◆");
  sign.setAttribute("aria-hidden", "true");
  line.append(sign, " ", text);
  return line;
}

function problemLines(text) {
  return text ? [noteLine("problem", text)] : [];
}

// Under the open key: all that is known.
function panelNotes(check, words, mend) {
  const lines = [];
  if (check.problem) lines.push(noteLine("problem", check.problem));
  if (check.mended) {
    const button = element("button", "mend", filled(words.mend, { address: check.mended }));
    button.type = "button";
    button.addEventListener("click", () => mend(check.mended));
    lines.push(button);
  }
  if (check.warning) lines.push(noteLine("warning", check.warning));
  if (!check.problem && (check.explained || check.host)) lines.push(leadsTo(check, words));
  return lines;
}

// The host and the path as text, and a door that only a person opens.
function leadsTo(check, words) {
  const line = element("p", "leads");
  if (check.explained) line.append(check.explained);
  else line.append(`${words.leads} `, element("b", "host", check.host), element("span", "path", check.path));
  if (check.ascii) line.append(element("span", "ascii", ` · ${words.written} ${check.ascii}`));
  if (check.href) {
    const open = element("a", "open", `${words.open} ↗`);
    open.href = check.href;
    open.target = "_blank";
    open.rel = "noopener noreferrer";
    open.title = words.open_hint;
    line.append(" · ", open);
  }
  return line;
}

function titleOf(check) {
  if (!check) return "";
  if (check.explained) return check.explained;
  return check.host ? `${check.host}${check.path}` : "";
}
