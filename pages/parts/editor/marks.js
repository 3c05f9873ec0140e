// Formatting put on and taken off. Each returns one edit: put `text` in the place of start…end,
// and select from…to then; one edit is one step of undo.
const MARKS = {
  bold: { name: "b", open: "<b>", close: "</b>" },
  italic: { name: "i", open: "<i>", close: "</i>" },
  underline: { name: "u", open: "<u>", close: "</u>" },
  strike: { name: "s", open: "<s>", close: "</s>" },
  spoiler: { name: "tg-spoiler", open: "<tg-spoiler>", close: "</tg-spoiler>" },
  code: { name: "code", open: "<code>", close: "</code>" },
  block: { name: "pre", open: "<pre>", close: "</pre>" },
  quote: { name: "blockquote", open: "<blockquote>", close: "</blockquote>" },
  long: { name: "blockquote", open: "<blockquote expandable>", close: "</blockquote>" },
};

function toggled(text, start, end, mark) {
  const own = elementsOf(text)
    .filter((one) => one.name === mark.name && one.start <= start && end <= one.end)
    .pop();
  if (!own) return wrapped(text, start, end, mark);
  const open = text.slice(own.start, own.openEnd);
  if (mark.name === "blockquote" && open !== mark.open) {
    const shift = mark.open.length - open.length;
    return { start: own.start, end: own.openEnd, text: mark.open, from: start + shift, to: end + shift };
  }
  const atEnd = start === end && start === own.closeStart && own.closeStart > own.openEnd;
  if (atEnd) return { start: end, end, text: "", from: own.end, to: own.end };
  return split(text, start, end, own) || removed(text, start, end, own);
}

function removed(text, start, end, own) {
  const shift = own.openEnd - own.start;
  const length = own.closeStart - own.openEnd;
  const within = (at) => own.start + Math.min(Math.max(at - own.openEnd, 0), length);
  return {
    start: own.start,
    end: own.end,
    text: text.slice(own.openEnd, own.closeStart),
    from: within(start),
    to: within(end),
    shift,
  };
}

// Taken off a part only; null where all of it is meant, or where other tags reach over its edges.
function split(text, start, end, own) {
  const chosen = text.slice(start, end);
  const inner = around(text, start, end).pop();
  if (start === end || !inner || inner.start !== own.start || !isBalanced(chosen)) return null;
  const before = text.slice(own.openEnd, start);
  const after = text.slice(end, own.closeStart);
  if (!before.trim() && !after.trim()) return null;
  const open = text.slice(own.start, own.openEnd);
  const close = text.slice(own.closeStart, own.end);
  const piece = (words) => (words ? open + words + close : "");
  const from = own.start + piece(before).length;
  return {
    start: own.start,
    end: own.end,
    text: piece(before) + chosen + piece(after),
    from,
    to: from + chosen.length,
  };
}

function wrapped(text, start, end, mark) {
  [start, end] = wholeElements(text, start, end);
  while (start < end && /\s/.test(text[start])) start += 1;
  while (start < end && /\s/.test(text[end - 1])) end -= 1;
  let chosen = text.slice(start, end);
  for (const one of elementsOf(chosen).filter((inner) => inner.name === mark.name).reverse()) {
    chosen = chosen.slice(0, one.closeStart) + "\u0000".repeat(one.end - one.closeStart) + chosen.slice(one.end);
    chosen = chosen.slice(0, one.start) + "\u0000".repeat(one.openEnd - one.start) + chosen.slice(one.openEnd);
  }
  chosen = chosen.replaceAll("\u0000", "");
  const from = start + mark.open.length;
  return { start, end, text: mark.open + chosen + mark.close, from, to: from + chosen.length };
}

// A selection that cuts an element takes the whole of it, so that tags never cross.
function wholeElements(text, start, end) {
  for (const tag of readTags(text)) {
    if (tag.start < start && start < tag.end) start = tag.start;
    if (tag.start < end && end < tag.end) end = tag.end;
  }
  for (let grown = true; grown; ) {
    grown = false;
    for (const one of elementsOf(text)) {
      const touches = start < one.end && one.start < end;
      const isAll = start <= one.start && one.end <= end;
      const isWithin = one.openEnd <= start && end <= one.closeStart;
      if (!touches || isAll || isWithin) continue;
      start = Math.min(start, one.start);
      end = Math.max(end, one.end);
      grown = true;
    }
  }
  return [start, end];
}

function linkAt(text, start, end) {
  const one = around(text, start, end).filter((found) => found.name === "a").pop();
  if (!one) return null;
  const address = /href\s*=\s*["']?([^"'>\s]*)/i.exec(text.slice(one.start, one.openEnd));
  return { ...one, address: address ? address[1].replace(/&quot;/g, '"').replace(/&amp;/g, "&") : "" };
}

function linked(text, start, end, address) {
  const open = `<a href="${escapeAddress(whole(address))}">`;
  const there = linkAt(text, start, end);
  if (there) {
    const shift = open.length - (there.openEnd - there.start);
    return { start: there.start, end: there.openEnd, text: open, from: start + shift, to: end + shift };
  }
  if (start === end) {
    const words = escapeText(address);
    const all = `${open}${words}</a>`;
    return { start, end, text: all, from: start + open.length, to: start + open.length + words.length };
  }
  return wrapped(text, start, end, { name: "a", open, close: "</a>" });
}

function unlinked(text, start, end) {
  const there = linkAt(text, start, end);
  return there ? removed(text, start, end, there) : null;
}

function whole(address) {
  const typed = address.trim();
  return /^[a-z][a-z0-9+.-]*:/i.test(typed) ? typed : `https://${typed}`;
}
