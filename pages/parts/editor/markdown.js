// Markdown turned into tags as it is typed; undo gives the signs back.
const SIGNS = [
  ["**", "b"],
  ["__", "u"],
  ["~~", "s"],
  ["||", "tg-spoiler"],
  ["*", "i"],
  ["_", "i"],
  ["`", "code"],
];

// The edit that the last typed character asks for; null for none.
function markdownAt(text, caret) {
  if (isInCode(text, caret) || isInTag(text, caret)) return null;
  const begin = text.lastIndexOf("\n", caret - 1) + 1;
  const line = text.slice(begin, caret);
  if (line === "```") return made(begin, caret, "<pre>", "", "</pre>", "within");
  if (line === "> ") {
    const next = text.indexOf("\n", caret);
    const end = next < 0 ? text.length : next;
    const rest = text.slice(caret, end);
    return isBalanced(rest) ? made(begin, end, "<blockquote>", rest, "</blockquote>", "start") : null;
  }
  return linkTyped(line, begin, caret) || signTyped(line, begin, caret);
}

function linkTyped(line, begin, caret) {
  const found = /\[([^[\]\n]+)\]\(([^()\s<>]+)\)$/.exec(line);
  if (!found || !/^[a-z][a-z0-9+.-]*:|\./i.test(found[2])) return null;
  const open = `<a href="${escapeAddress(whole(found[2]))}">`;
  return made(begin + found.index, caret, open, found[1], "</a>", "after");
}

function signTyped(line, begin, caret) {
  for (const [sign, tag] of SIGNS) {
    if (!line.endsWith(sign)) continue;
    const body = line.slice(0, -sign.length);
    const at = body.lastIndexOf(sign);
    const words = body.slice(at + sign.length);
    if (at < 0 || !words || /^\s|\s$/.test(words) || !isBalanced(words)) continue;
    // A longer sign that is not whole yet, such as **bold*.
    if (body.endsWith(sign[0]) || body[at - 1] === sign[0]) continue;
    if (sign !== "`" && at > 0 && /[\p{L}\p{N}]/u.test(body[at - 1])) continue;
    if (/\{[^}]*$/.test(body.slice(0, at))) continue;
    return made(begin + at, caret, `<${tag}>`, words, `</${tag}>`, "after");
  }
  return null;
}

function made(start, end, open, words, close, caret) {
  const from = start + open.length;
  const places = { start: from, within: from + words.length, after: from + words.length + close.length };
  return { start, end, text: open + words + close, from: places[caret], to: places[caret] };
}
