// What is not saved yet: told to the server, kept in this browser until it answers, and offered
// again after a crash.
const PAUSE = 250; // milliseconds after the last key
const LONGEST = 1200; // milliseconds of typing without a pause
const UNANSWERED = 4000; // milliseconds after which it is said that the server is silent
const OTHERS = 10000; // milliseconds after which another tab's copy is taken for left behind
const PREFIX = "hsl-draft-";

const newTab = () => [...crypto.getRandomValues(new Uint32Array(2))].join("-");

// The tab's own name, which a reload keeps.
function tabName() {
  try {
    const known = sessionStorage.getItem("hsl-tab") || newTab();
    sessionStorage.setItem("hsl-tab", known);
    return known;
  } catch {
    return newTab();
  }
}

// A duplicated tab has the other's name at first; the lock tells them apart.
async function ownTab(known) {
  if (!navigator.locks) return known;
  const isOwn = await new Promise((told) => {
    navigator.locks.request(`hsl-tab-${known}`, { ifAvailable: true }, (lock) => {
      told(Boolean(lock));
      return lock ? new Promise(() => {}) : null; // held as long as the page lives
    });
  });
  if (isOwn) return known;
  sessionStorage.setItem("hsl-tab", newTab());
  return ownTab(tabName());
}

let tabOfPage = null;

class Keeping {
  constructor(desk) {
    this.desk = desk;
    this.tab = tabName();
    tabOfPage = tabOfPage || ownTab(this.tab);
    tabOfPage.then((tab) => {
      this.tab = tab;
      if (this.desk.data.draft && this.desk.data.tab !== tab) this.desk.component.setStateValue("tab", tab);
    });
    this.number = 0;
    this.sent = null;
    this.sentAt = 0;
    this.answered = 0;
    this.since = 0;
    this.timer = null;
  }

  get key() {
    const { draft } = this.desk.data;
    return draft ? `${PREFIX}${draft}-${this.tab}` : null;
  }

  get isDirty() {
    return this.desk.area.value !== this.saved;
  }

  begin(text) {
    clearTimeout(this.timer);
    this.sent = text;
    this.saved = text;
    this.since = 0;
  }

  typed() {
    if (this.isDirty || this.sent !== this.saved) this.write();
    else this.forget();
    clearTimeout(this.timer);
    this.since = this.since || Date.now();
    const wait = Math.min(PAUSE, Math.max(0, this.since + LONGEST - Date.now()));
    this.timer = setTimeout(() => this.tell(), wait);
  }

  tell(again = false) {
    clearTimeout(this.timer);
    const { area, data, component } = this.desk;
    if (area.value === this.sent && !again) return;
    this.since = 0;
    this.sent = area.value;
    this.sentAt = Date.now();
    this.number += 1;
    try {
      component.setStateValue("written", { load: data.load, base: data.revision || 0, n: this.number, text: area.value });
    } catch {
      // The page is not connected; the copy stays and the next tick tells it again.
    }
  }

  // The server's answer to what was told last.
  hear() {
    const { data, area } = this.desk;
    if (data.acked !== this.number || !this.number) return;
    this.answered = this.number;
    if (data.error) return;
    this.saved = this.sent;
    if (area.value === this.saved) this.forget();
  }


  write() {
    if (!this.key) return;
    const kept = { text: this.desk.area.value, at: Date.now(), base: this.desk.data.revision || 0 };
    try {
      localStorage.setItem(this.key, JSON.stringify(kept));
    } catch {
      // A full or forbidden store: the server's copy is all there is.
    }
  }

  forget(key = this.key) {
    try {
      if (key) localStorage.removeItem(key);
    } catch {
      // Nothing is kept where nothing may be.
    }
  }

  // Copies of this draft that were never saved: this tab's own, and those that others left.
  left() {
    const { draft } = this.desk.data;
    const found = [];
    if (!draft) return found;
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(`${PREFIX}${draft}-`)) continue;
        const kept = JSON.parse(localStorage.getItem(key));
        const isOwn = key === this.key;
        if (kept.text === this.desk.data.text) this.forget(key);
        else if (isOwn || Date.now() - kept.at > OTHERS) found.push({ ...kept, key, isOwn });
      }
    } catch {
      return [];
    }
    return found.sort((a, b) => b.at - a.at);
  }
}
