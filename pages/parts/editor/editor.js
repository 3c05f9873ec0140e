// The writing desk's text: a textarea over its coloured mirror. Words and checks come from Python.
const desks = new WeakMap();

class Desk {
  constructor(component) {
    this.root = component.parentElement;
    this.take(component);
    this.area = this.root.querySelector("textarea");
    this.mirror = this.root.querySelector(".mirror");
    this.panel = this.root.querySelector(".panel");
    this.keeping = new Keeping(this);
    this.opened = null;
    this.plainPaste = false;
    this.problems = [];
    buildToolbar(this);
    this.listen();
    this.ticking = setInterval(() => this.tick(), 1000);
  }

  take(component) {
    this.component = component;
    this.data = component.data;
    this.words = component.data.words;
  }

  listen() {
    const { area } = this;
    area.addEventListener("input", (event) => this.changed(event));
    area.addEventListener("paste", (event) => this.paste(event));
    area.addEventListener("blur", () => this.keeping.tell());
    area.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["keyup", "click", "focus", "select"]) {
      area.addEventListener(name, () => this.showPressed());
    }
    this.panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.closePanel();
      area.focus();
    });
    // Before a click's own message, as two at one moment become one run of the fragment alone.
    this.leave = () => this.keeping.tell();
    document.addEventListener("pointerdown", this.leave, true);
    window.addEventListener("pagehide", this.leave);
    document.addEventListener("visibilitychange", this.leave);
  }

  end() {
    clearInterval(this.ticking);
    document.removeEventListener("pointerdown", this.leave, true);
    window.removeEventListener("pagehide", this.leave);
    document.removeEventListener("visibilitychange", this.leave);
    clearTimeout(this.keeping.timer);
  }

  key(event) {
    if (event.key === "F8") {
      event.preventDefault();
      this.nextProblem();
      return;
    }
    if (event.key === "Escape" && this.opened) {
      event.preventDefault();
      this.closePanel();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.code === "KeyV") {
      this.plainPaste = true;
      setTimeout(() => { this.plainPaste = false; }, 500);
      return;
    }
    const tool = toolOf(event);
    if (!tool) return;
    event.preventDefault();
    this.use(tool);
  }

  use(tool) {
    if (PANELS[tool]) {
      this.openPanel(tool);
      return;
    }
    const { selectionStart: start, selectionEnd: end, value } = this.area;
    this.put(toggled(value, start, end, MARKS[tool]));
  }

  openPanel(name) {
    const again = this.opened === name;
    this.closePanel();
    if (again) return;
    const { content, focus } = PANELS[name](this);
    this.opened = name;
    this.panel.replaceChildren(content);
    this.panel.hidden = false;
    this.root.querySelector(`[data-tool="${name}"]`).setAttribute("aria-expanded", "true");
    focus?.focus();
  }

  closePanel() {
    this.opened = null;
    this.panel.hidden = true;
    this.panel.replaceChildren();
    for (const button of this.root.querySelectorAll("[aria-expanded]")) button.setAttribute("aria-expanded", "false");
  }

  // One edit is one step of the browser's own undo; only execCommand leaves it whole.
  put(edit) {
    if (!edit) return;
    const { area } = this;
    area.focus();
    const old = area.value.slice(edit.start, edit.end);
    let [head, tail] = [0, 0];
    while (head < old.length && head < edit.text.length && old[head] === edit.text[head]) head += 1;
    while (tail < old.length - head && tail < edit.text.length - head
      && old[old.length - 1 - tail] === edit.text[edit.text.length - 1 - tail]) tail += 1;
    const text = edit.text.slice(head, edit.text.length - tail);
    area.setSelectionRange(edit.start + head, edit.end - tail);
    this.putting = true;
    if (text) {
      if (!document.execCommand("insertText", false, text)) {
        area.setRangeText(text);
        area.dispatchEvent(new Event("input"));
      }
    } else if (edit.end - tail > edit.start + head) document.execCommand("delete");
    this.putting = false;
    area.setSelectionRange(edit.from, edit.to);
    this.changed();
  }

  putAll(text) {
    this.put({ start: 0, end: this.area.value.length, text, from: text.length, to: text.length });
  }

  changed(event) {
    if (this.putting) return;
    if (event && event.inputType === "insertText" && event.data && event.data.length === 1 && !event.isComposing) {
      const { selectionStart: caret, selectionEnd: end } = this.area;
      const edit = caret === end ? markdownAt(this.area.value, caret) : null;
      if (edit) {
        this.put(edit);
        return;
      }
    }
    this.keeping.typed();
    this.draw();
  }

  paste(event) {
    const { clipboardData } = event;
    if (!clipboardData) return;
    const html = clipboardData.getData("text/html");
    const plain = clipboardData.getData("text/plain");
    if (!html && !plain) return;
    const { selectionStart: start, selectionEnd: end } = this.area;
    const asCode = isInCode(this.area.value, start);
    const text = this.plainPaste || asCode ? escapePlain(plain) : (html && cleanPaste(html)) || plainPaste(plain);
    event.preventDefault();
    this.plainPaste = false;
    this.put({ start, end, text, from: start + text.length, to: start + text.length });
  }

  // Problems are of the text that was checked; what was typed since moves them along.
  placedProblems() {
    const now = this.area.value;
    const then = this.checked ?? "";
    let [head, tail] = [0, 0];
    while (head < now.length && now[head] === then[head]) head += 1;
    while (tail < Math.min(now.length, then.length) - head && now[now.length - 1 - tail] === then[then.length - 1 - tail]) tail += 1;
    const moved = (start, end) => {
      if (end <= head || now === then) return [start, end];
      const shift = now.length - then.length;
      return start >= then.length - tail ? [start + shift, end + shift] : null;
    };
    return this.problems.map((problem) => {
      const place = problem.start === null ? null : moved(problem.start, problem.end);
      if (!place) return { ...problem, start: null, end: null, remedies: [] };
      const remedies = problem.remedies
        .map((remedy) => ({ ...remedy, edits: remedy.edits.map(([s, e, text]) => [moved(s, e), text]) }))
        .filter((remedy) => remedy.edits.every(([range]) => range));
      return { ...problem, start: place[0], end: place[1], remedies };
    });
  }

  draw() {
    const placed = this.placedProblems();
    drawMirror(this.mirror, this.area.value, placed.filter((problem) => problem.start !== null));
    this.drawProblems(placed);
    this.drawFoot();
    this.showPressed();
  }

  drawProblems(placed) {
    const shape = JSON.stringify(placed);
    if (shape === this.shape) return;
    this.shape = shape;
    const list = this.root.querySelector(".problems");
    const held = this.root.getRootNode().activeElement;
    const at = [...list.querySelectorAll("button")].indexOf(held);
    list.replaceChildren(...placed.map((problem) => this.problemLine(problem)));
    if (at >= 0) (list.querySelectorAll("button")[at] || this.area).focus();
  }

  problemLine(problem) {
    const line = make("div", { className: problem.refused ? "" : "hint", role: problem.refused ? "alert" : "note" });
    if (problem.start === null) line.append(make("span", { className: "said", textContent: problem.message }));
    else {
      const said = make("button", { type: "button", className: "said", textContent: problem.message, title: this.words.show_place });
      said.addEventListener("click", () => this.select(problem));
      line.append(said);
    }
    for (const remedy of problem.remedies) {
      const button = make("button", { type: "button", className: "act", textContent: remedy.label });
      button.addEventListener("click", () => this.mend(remedy));
      line.append(button);
    }
    return line;
  }

  mend(remedy) {
    let text = this.area.value;
    let caret = 0;
    const edits = [...remedy.edits].sort((a, b) => b[0][0] - a[0][0]);
    for (const [[start, end], words] of edits) {
      text = text.slice(0, start) + words + text.slice(end);
      caret = caret ? caret + words.length - (end - start) : start + words.length;
    }
    this.put({ start: 0, end: this.area.value.length, text, from: caret, to: caret });
  }

  select(problem) {
    this.area.focus();
    this.area.setSelectionRange(problem.start, problem.end);
    this.showPressed();
  }

  nextProblem() {
    const placed = this.placedProblems().filter((problem) => problem.start !== null);
    const next = placed.find((problem) => problem.start > this.area.selectionStart) || placed[0];
    if (next) this.select(next);
  }

  drawFoot() {
    const { data, area, keeping, words } = this;
    const isExact = area.value === this.checked && data.count !== null && data.count !== undefined;
    const count = isExact ? data.count : estimate(area.value);
    const shown = (number) => new Intl.NumberFormat(data.locale).format(number);
    const counter = this.root.querySelector(".count");
    const over = count - data.limit;
    counter.classList.toggle("over", over > 0);
    counter.textContent = (over > 0 ? words.over : words.counted)
      .replace("{count}", shown(count)).replace("{limit}", shown(data.limit)).replace("{over}", shown(over));
    const state = this.root.querySelector(".state");
    const [said, isBad] = this.stateWords();
    state.classList.toggle("bad", isBad);
    if (state.textContent !== said) state.textContent = said;
  }

  stateWords() {
    const { data, keeping, words } = this;
    if (!data.draft) return ["", false];
    if (data.error && keeping.answered === keeping.number && keeping.isDirty) return [data.error, true];
    if (keeping.isDirty) return [this.isSilent ? words.silent : words.saving, Boolean(this.isSilent)];
    if (!this.savedAt) return ["", false];
    const seconds = Math.max(0, Math.round((Date.now() - this.savedAt) / 1000));
    if (seconds < 5) return [words.saved_now, false];
    if (seconds < 60) return [words.saved_seconds.replace("{n}", Math.floor(seconds / 5) * 5), false];
    if (seconds < 3600) return [words.saved_minutes.replace("{n}", Math.floor(seconds / 60)), false];
    if (seconds < 86400) return [words.saved_hours.replace("{n}", Math.floor(seconds / 3600)), false];
    return [words.saved_days.replace("{n}", Math.floor(seconds / 86400)), false];
  }

  tick() {
    const { keeping } = this;
    if (!this.root.isConnected) {
      this.end();
      return;
    }
    if (keeping.number > keeping.answered) {
      if (Date.now() - keeping.sentAt > UNANSWERED) {
        this.isSilent = true;
        keeping.tell(true);
      }
    } else this.isSilent = false;
    this.drawFoot();
  }

  showPressed() {
    const { selectionStart: start, selectionEnd: end, value } = this.area;
    const within = around(value, start, end);
    const names = new Set(within.map((one) => one.name));
    for (const [tool, mark] of Object.entries(MARKS)) {
      const isOn = names.has(mark.name)
        && (mark.name !== "blockquote" || within.some((one) => value.slice(one.start, one.openEnd) === mark.open));
      this.root.querySelector(`[data-tool="${tool}"]`).setAttribute("aria-pressed", String(isOn));
    }
  }

  helpLines() {
    const { words } = this;
    const lines = TOOLS.filter((tool) => tool && tool.keys).map((tool) => [shownKeys(tool.keys), words[tool.id]]);
    return [
      ...lines,
      [shownKeys("Ctrl+Z"), words.undo],
      [shownKeys("Ctrl+Shift+Z"), words.redo],
      [shownKeys("Ctrl+Shift+V"), words.plain_paste],
      ["F8", words.next_problem],
      ["**…**", words.bold],
      ["*…*  _…_", words.italic],
      ["__…__", words.underline],
      ["~~…~~", words.strike],
      ["||…||", words.spoiler],
      ["`…`", words.code],
      ["```", words.block],
      ["> ", words.quote],
      ["[…](https://…)", words.link],
    ];
  }

  load() {
    const { data, area, keeping } = this;
    const isFirst = this.loaded === undefined;
    const isSame = this.draft === data.draft;
    this.loaded = data.load;
    this.draft = data.draft;
    // After the server was away, what was typed meanwhile is newer than what it holds; it goes on,
    // unless somebody else saved the draft first.
    const isBack = !isFirst && isSame && this.session !== data.session && area.value !== data.text;
    if (isBack && this.revision === data.revision) {
      keeping.begin(data.text);
      keeping.tell();
      return;
    }
    if (isBack) {
      const kept = { text: area.value, at: Date.now(), key: null };
      this.putAll(data.text);
      keeping.begin(data.text);
      this.sayKept(kept, this.words.kept, [
        [this.words.bring_back, () => this.putAll(kept.text)],
        [this.words.drop_it, () => {}],
      ]);
      return;
    }
    if (isFirst || !isSame) area.value = data.text;
    else if (area.value !== data.text) this.putAll(data.text);
    keeping.begin(data.text);
    this.root.querySelector(".kept").hidden = true;
    if (!isFirst && isSame) keeping.forget();
    else this.offerKept();
  }

  offerKept() {
    const { keeping, data, area } = this;
    if (data.forgets) keeping.forget(`${PREFIX}${data.forgets}-${keeping.tab}`);
    const [kept] = keeping.left();
    if (!kept) return;
    if (kept.isOwn && kept.base === (data.revision || 0)) {
      area.value = kept.text;
      keeping.write();
      keeping.tell();
      this.sayKept(kept, this.words.brought_back, [[this.words.drop_it, () => this.putAll(data.text)]]);
      return;
    }
    this.sayKept(kept, this.words.kept, [
      [this.words.bring_back, () => this.putAll(kept.text)],
      [this.words.drop_it, () => {}],
    ]);
  }

  sayKept(kept, sentence, answers) {
    const bar = this.root.querySelector(".kept");
    const time = new Date(kept.at).toLocaleTimeString(this.data.locale, { hour: "2-digit", minute: "2-digit" });
    bar.replaceChildren(make("span", { textContent: sentence.replace("{time}", time) }));
    for (const [label, act] of answers) {
      const button = make("button", { type: "button", className: "act", textContent: label });
      button.addEventListener("click", () => {
        this.keeping.forget(kept.key);
        bar.hidden = true;
        act();
        this.area.focus();
      });
      bar.append(button);
    }
    bar.hidden = false;
  }

  // Python ran: other words, an answer to what was told, or another text.
  update(component) {
    this.take(component);
    const { data, area, keeping } = this;
    if (this.language !== data.locale) {
      this.language = data.locale;
      nameTools(this);
    }
    area.setAttribute("aria-label", data.label);
    area.placeholder = data.placeholder;
    if (this.loaded !== data.load) {
      this.load();
      // What was put in before is in the text already.
      this.inserted = data.insert?.id ?? null;
      this.problems = data.problems || [];
      this.checked = data.text;
    } else if (data.acked === keeping.number && keeping.number) {
      this.problems = data.problems || [];
      this.checked = keeping.sent;
    }
    if (data.insert && this.inserted !== data.insert.id) {
      const { selectionStart: start, selectionEnd: end } = area;
      this.inserted = data.insert.id;
      const caret = start + data.insert.text.length;
      this.put({ start, end, text: data.insert.text, from: caret, to: caret });
    }
    keeping.hear();
    if (data.acked === keeping.number || !keeping.number) this.isSilent = false;
    if (data.saved_ago !== null && data.saved_ago !== undefined && data.saved_mark !== this.savedMark) {
      this.savedMark = data.saved_mark;
      this.savedAt = Date.now() - data.saved_ago * 1000;
    }
    this.session = data.session;
    this.revision = data.revision;
    this.showTheme();
    this.draw();
  }

  showTheme() {
    const desk = this.root.querySelector(".desk");
    const [red, green, blue] = (getComputedStyle(desk).backgroundColor.match(/[\d.]+/g) || [255, 255, 255]).map(Number);
    const isDark = 0.3 * red + 0.6 * green + 0.1 * blue < 128;
    desk.classList.toggle("dark", isDark);
    desk.classList.toggle("light", !isDark);
  }
}

export default function (component) {
  const { parentElement } = component;
  let desk = desks.get(parentElement);
  if (!desk) {
    desk = new Desk(component);
    desks.set(parentElement, desk);
  }
  desk.update(component);
  return () => {
    // Streamlit calls this for a superseded run too, while the field stays.
    if (parentElement.isConnected) return;
    desk.end();
    desks.delete(parentElement);
  };
}
