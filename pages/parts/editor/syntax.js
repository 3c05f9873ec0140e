// The tags of a text: where they stand, how they nest, and what is coloured how.
const TAG = /<(\/?)([^\s<>]*)((?:\s(?:[^>"']|"[^"]*"|'[^']*')*)?)>/g;
const PLACEHOLDER = /\{[\p{L}_][\p{L}\p{N}_]*(?:\|[^{}|<>]*)?\}/gu;
const ENTITY = /&(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);/gi;
const SAME = { strong: "b", em: "i", ins: "u", strike: "s", del: "s" };
const KNOWN = new Set(["b", "i", "u", "s", "a", "code", "pre", "blockquote", "tg-spoiler", "tg-emoji", "span"]);

function nameOf(raw, attributes) {
  const name = raw.toLowerCase();
  if (name === "span" && attributes.includes("tg-spoiler")) return "tg-spoiler";
  return SAME[name] || name;
}

function readTags(text) {
  return [...text.matchAll(TAG)].map((found) => ({
    start: found.index,
    end: found.index + found[0].length,
    closes: found[1] === "/",
    name: nameOf(found[2], found[3]),
  }));
}

// Whole elements; a tag without its partner is none.
function elementsOf(text) {
  const open = [];
  const found = [];
  for (const tag of readTags(text)) {
    if (!tag.closes) {
      open.push(tag);
      continue;
    }
    const begun = open.pop();
    const isSpoiler = begun && begun.name === "tg-spoiler" && tag.name === "span";
    if (begun && (begun.name === tag.name || isSpoiler)) {
      found.push({ name: begun.name, start: begun.start, openEnd: begun.end, closeStart: tag.start, end: tag.end });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

// The elements that a selection stands in, the innermost last.
function around(text, start, end) {
  return elementsOf(text).filter((one) => one.openEnd <= start && end <= one.closeStart);
}

function isInTag(text, at) {
  return readTags(text).some((tag) => tag.start < at && at < tag.end);
}

function isBalanced(text) {
  let depth = 0;
  for (const tag of readTags(text)) {
    depth += tag.closes ? -1 : 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

function isInCode(text, at) {
  const open = [];
  for (const tag of readTags(text.slice(0, at))) {
    if (tag.closes) open.pop();
    else open.push(tag.name);
  }
  return open.some((name) => name === "code" || name === "pre");
}

// An estimate of Telegram's count, until the server has counted.
function estimate(text) {
  const shown = text
    .replace(PLACEHOLDER, (whole) => (whole.includes("|") ? whole.slice(whole.indexOf("|") + 1, -1) : ""))
    .replace(TAG, "")
    .replace(ENTITY, "x");
  return [...shown.trim()].length;
}

const escapeText = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const escapeAddress = (text) => escapeText(text).replace(/"/g, "&quot;");

// Ranges of a text with the class that shows them; problems go over all.
function colours(text) {
  const found = [];
  for (const tag of readTags(text)) found.push({ start: tag.start, end: tag.end, kind: "tag" });
  for (const one of elementsOf(text)) {
    found.push({ start: one.openEnd, end: one.closeStart, kind: `in-${one.name}` });
  }
  for (const match of text.matchAll(PLACEHOLDER)) {
    found.push({ start: match.index, end: match.index + match[0].length, kind: "name" });
  }
  for (const match of text.matchAll(ENTITY)) {
    found.push({ start: match.index, end: match.index + match[0].length, kind: "tag" });
  }
  return found;
}

function drawMirror(mirror, text, problems) {
  const marks = [...colours(text), ...problems.map((p) => ({ ...p, kind: p.refused ? "wrong" : "odd" }))];
  const edges = new Set([0, text.length]);
  for (const mark of marks) {
    edges.add(mark.start);
    edges.add(mark.end);
  }
  const places = [...edges].sort((a, b) => a - b);
  const pieces = [];
  for (let i = 0; i + 1 < places.length; i += 1) {
    const [start, end] = [places[i], places[i + 1]];
    const kinds = marks.filter((mark) => mark.start <= start && end <= mark.end).map((mark) => mark.kind);
    const piece = document.createElement("span");
    piece.className = kinds.join(" ");
    piece.textContent = text.slice(start, end);
    pieces.push(piece);
  }
  // A last line that is empty has its height only with something in it.
  mirror.replaceChildren(...pieces, document.createTextNode("\u200b"));
}
