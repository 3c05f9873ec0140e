// What is pasted from Word, Google Docs, Telegram or a page: what Telegram can show is kept.
const DROPPED = new Set(["script", "style", "head", "title", "meta", "link", "template", "svg", "iframe", "object"]);
const BREAKING = new Set(["p", "div", "section", "article", "header", "footer", "main", "table", "tr", "ul", "ol", "li",
  "h1", "h2", "h3", "h4", "h5", "h6", "figure", "address", "dl", "dt", "dd", "aside"]);
const OUTER_TO_INNER = ["a", "b", "i", "u", "s", "tg-spoiler", "code"];
const BULLET = "\u2022 ";

function cleanPaste(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const writer = new PasteWriter(html);
  writer.walk(page.body, {});
  return writer.done();
}

// Plain text: as it is where it holds Telegram's own tags, else with its < and & written out.
function plainPaste(text) {
  const plain = text.replace(/\r\n?/g, "\n");
  const tags = readTags(plain);
  const isSource = tags.length > 1 && tags.every((tag) => KNOWN.has(tag.name)) && isBalanced(plain);
  return isSource ? plain : escapePlain(plain);
}

function escapePlain(text) {
  return text.replace(/\r\n?/g, "\n").replace(/&(?=(?:lt|gt|amp|quot|#\w+);)/g, "&amp;").replace(/</g, "&lt;");
}

class PasteWriter {
  constructor(html) {
    // Their paragraphs are lines; elsewhere a paragraph has an empty line after it.
    this.tight = /docs-internal-guid|class="?Mso|urn:schemas-microsoft-com/.test(html);
    this.out = "";
    this.open = []; // [tag, opening], the outermost first
    this.wanted = 0; // line breaks before the next words, of blocks
    this.broken = 0; // and those written as such
    this.marked = -1;
    this.space = false;
  }

  walk(node, style) {
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) this.text(child.nodeValue, style);
      else if (child.nodeType === Node.ELEMENT_NODE) this.element(child, style);
    }
  }

  element(node, outer) {
    const tag = node.localName;
    const css = (node.getAttribute("style") || "").toLowerCase();
    if (DROPPED.has(tag) || /display:\s*none|mso-hide/.test(css)) return;
    if (/mso-list:\s*ignore/.test(css)) {
      this.marker(node.textContent, outer);
      return;
    }
    if (tag === "br") {
      this.lineBreak();
      return;
    }
    if (tag === "img") {
      this.text(this.emojiOf(node), outer);
      return;
    }
    if (/^(p|div)$/.test(tag) && !node.querySelector("img") && !node.textContent.replace(/[\s\u00a0]/g, "")) {
      this.breakLine(1);
      this.lineBreak();
      return;
    }
    const style = this.styleOf(node, tag, css, outer);
    if (tag === "blockquote" || tag === "pre") {
      this.block(node, tag, style);
      return;
    }
    const breaking = BREAKING.has(tag);
    if (breaking) this.breakLine(this.gap(node, tag, css));
    if (tag === "li") this.item(node);
    if (tag === "td" || tag === "th") this.space = this.out !== "" && !this.out.endsWith("\n");
    this.walk(node, style);
    if (breaking) this.breakLine(this.gap(node, tag, css));
  }

  gap(node, tag, css) {
    const isTight = this.tight || /margin(-bottom)?:\s*0/.test(css) || node.closest("li, td, th");
    return /^(p|h\d)$/.test(tag) && !isTight ? 2 : 1;
  }

  styleOf(node, tag, css, outer) {
    const style = { ...outer };
    const weight = /font-weight:\s*(\w+)/.exec(css);
    const said = (pattern) => pattern.test(css);
    if (/^(b|strong)$/.test(tag)) style.b = true;
    if (/^(i|em|cite)$/.test(tag)) style.i = true;
    if (/^(u|ins)$/.test(tag)) style.u = true;
    if (/^(s|strike|del)$/.test(tag)) style.s = true;
    if (/^(code|kbd|samp|tt)$/.test(tag)) style.code = true;
    if (weight) style.b = weight[1] === "bold" || weight[1] === "bolder" || Number(weight[1]) >= 600;
    if (said(/font-style:\s*(italic|oblique)/)) style.i = true;
    if (said(/font-style:\s*normal/)) style.i = false;
    if (said(/text-decoration[^;]*line-through/)) style.s = true;
    if (said(/text-decoration[^;]*underline/)) style.u = true;
    if (/spoiler/i.test(node.className) || tag === "tg-spoiler" || /Spoiler/.test(node.dataset.entityType || "")) {
      style["tg-spoiler"] = true;
    }
    if (said(/white-space:\s*pre/)) style.pre = true;
    if (tag === "a") style.a = this.address(node.getAttribute("href") || "") || outer.a;
    if (style.a) style.u = false; // links look so of themselves
    style.heading = style.heading || /^h\d$/.test(tag);
    if (style.heading) style.b = true;
    return style;
  }

  address(href) {
    const found = /^https?:\/\/(?:www\.)?google\.[a-z.]+\/url\?(.*)$/i.exec(href);
    const real = found ? new URLSearchParams(found[1]).get("q") || href : href;
    return /^(https?|tg|ton):/i.test(real) ? real : null;
  }

  emojiOf(node) {
    const words = node.getAttribute("alt") || "";
    return /\p{Extended_Pictographic}/u.test(words) ? words : "";
  }

  marker(words, style) {
    const found = words.replace(/[\s\u00a0]+/g, "");
    const sign = /^[\p{L}\p{N}]+[.)]?$/u.test(found) ? found : BULLET.trim();
    this.words(sign, { ...style, b: false, i: false, u: false });
    this.space = true;
  }

  item(node) {
    const list = node.parentElement;
    const depth = Math.max(0, this.depthOf(node) - 1);
    const ordered = list && list.localName === "ol";
    const first = Number((list && list.getAttribute("start")) || 1);
    const place = list ? [...list.children].filter((one) => one.localName === "li").indexOf(node) : 0;
    this.raw("  ".repeat(depth) + (ordered ? `${first + place}. ` : BULLET));
    this.marked = this.out.length;
  }

  depthOf(node) {
    let depth = 0;
    for (let up = node.parentElement; up; up = up.parentElement) depth += /^[uo]l$/.test(up.localName) ? 1 : 0;
    return depth;
  }

  block(node, tag, style) {
    this.breakLine(1);
    this.close(0);
    this.flushBreaks();
    const inner = new PasteWriter("");
    inner.tight = true;
    const language = /language-([\w+#-]+)/.exec(node.innerHTML);
    if (tag === "pre") inner.text(node.textContent.replace(/\n$/, ""), { pre: true });
    else inner.walk(node, { ...style, pre: style.pre });
    const words = inner.done();
    if (!words) return;
    if (tag === "pre" && language) {
      this.out += `<pre><code class="language-${language[1]}">${words}</code></pre>`;
    } else {
      this.out += `<${tag}>${words}</${tag}>`;
    }
    this.space = false;
    this.breakLine(1);
  }

  text(words, style) {
    let plain = words.replace(/\r\n?/g, "\n");
    if (!style.pre) plain = plain.replace(/[ \t\n]+/g, " ");
    plain = plain.replace(/\u00a0/g, " ");
    if (!style.pre) {
      if (!plain.trim()) {
        this.space = this.space || (plain !== "" && this.out !== "" && !this.wanted);
        return;
      }
      if (/^ /.test(plain)) this.space = this.space || (this.out !== "" && !this.wanted && !/[\s]$/.test(this.out));
      const ends = / $/.test(plain);
      this.words(plain.trim(), style);
      this.space = ends;
      return;
    }
    for (const [place, line] of plain.split("\n").entries()) {
      if (place) this.lineBreak();
      if (line) this.words(line, style);
    }
  }

  words(plain, style) {
    this.flushBreaks();
    this.style(style);
    this.out += escapeText(plain);
  }

  // Close what goes on no more, and open what begins, so that tags nest.
  style(style) {
    const wanted = OUTER_TO_INNER.filter((tag) => style[tag]).map((tag) => [
      tag,
      tag === "a" ? `<a href="${escapeAddress(style.a)}">` : `<${tag}>`,
    ]);
    let same = 0;
    while (same < this.open.length && same < wanted.length && this.open[same][1] === wanted[same][1]) same += 1;
    this.close(same);
    if (this.space) {
      this.out += " ";
      this.space = false;
    }
    for (const one of wanted.slice(same)) {
      this.out += one[1];
      this.open.push(one);
    }
  }

  close(depth) {
    while (this.open.length > depth) this.out += `</${this.open.pop()[0]}>`;
  }

  raw(words) {
    this.flushBreaks();
    this.close(0);
    this.space = false;
    this.out += words;
  }

  lineBreak() {
    this.space = false;
    this.broken += 1;
  }

  breakLine(lines) {
    this.space = false;
    if (this.marked === this.out.length) return; // right after a list's sign
    this.wanted = Math.max(this.wanted, lines);
  }

  flushBreaks() {
    const lines = this.wanted + this.broken;
    this.wanted = 0;
    this.broken = 0;
    if (!lines || this.out === "") return;
    this.close(0);
    this.out += "\n".repeat(Math.min(lines, 2));
    this.space = false;
  }

  done() {
    this.close(0);
    return this.out.replace(/^\n+|\s+$/g, "");
  }
}
