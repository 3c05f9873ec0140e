// Rows of keys as plain data: every change gives new rows and leaves the old ones as they are,
// so that they can be taken back.
function newUid() {
  // Not randomUUID: it is missing where the page comes over plain http.
  return `n${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
}

function blank() {
  return { uid: newUid(), text: "", kind: "url", value: "" };
}

function placeOf(rows, uid) {
  for (let row = 0; row < rows.length; row += 1) {
    const place = rows[row].findIndex((key) => key.uid === uid);
    if (place >= 0) return { row, place };
  }
  return null;
}

function keyOf(rows, uid) {
  return rows.flat().find((key) => key.uid === uid) ?? null;
}

function countOf(rows) {
  return rows.reduce((sum, row) => sum + row.length, 0);
}

function without(rows, uid) {
  return rows.map((row) => row.filter((key) => key.uid !== uid)).filter((row) => row.length);
}

function changed(rows, uid, values) {
  return rows.map((row) => row.map((key) => (key.uid === uid ? { ...key, ...values } : key)));
}

// `target` is {row, place} within a row as it is without the key, or {gap}: a new row there.
function put(rows, key, target) {
  const others = rows.map((row) => row.filter((other) => other.uid !== key.uid));
  if ("gap" in target) others.splice(target.gap, 0, [key]);
  else others[target.row].splice(target.place, 0, key);
  return others.filter((row) => row.length);
}

// Where a step leads; null where there is no further.
function step(rows, uid, direction, alone) {
  const { row, place } = placeOf(rows, uid);
  const length = rows[row].length;
  if (direction === "left") return place > 0 ? { row, place: place - 1 } : null;
  if (direction === "right") return place < length - 1 ? { row, place: place + 1 } : null;
  const up = direction === "up";
  const next = up ? row - 1 : row + 1;
  const exists = next >= 0 && next < rows.length;
  if (alone || !exists) {
    if (length > 1) return { gap: up ? row : row + 1 };
    return exists ? { gap: up ? row - 1 : row + 2 } : null;
  }
  return { row: next, place: Math.min(place, rows[next].length) };
}

function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
