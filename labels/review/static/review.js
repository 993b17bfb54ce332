// Keys, evidence marks and the clock of the article's page. No library, no inline code, nothing from elsewhere.
"use strict";
(() => {
  const form = document.getElementById("judge");
  if (!form) return;
  const sentences = [...document.querySelectorAll(".sentence")];
  const field = document.getElementById("spans");
  const list = document.getElementById("marks");
  const saved = document.getElementById("saved");
  const opened = performance.now();
  const fields = form.elements;
  const kept = `draft ${form.dataset.person} ${window.location.pathname}`;
  restore();
  let marks = read(field.value);
  let at = -1;
  let isSent = false;

  function read(text) {
    try { return JSON.parse(text || "[]"); } catch { return []; }
  }
  // What the server has not taken (session over, server away) stays in this tab until it does, or the article is judged.
  function remember() {
    window.sessionStorage.setItem(kept, JSON.stringify({
      after: fields.after.value, note: fields.note.value, spans: field.value, confidence: fields.confidence.value,
      isFlagged: fields.is_flagged.checked }));
  }
  function restore() {
    let found = null;
    try { found = JSON.parse(window.sessionStorage.getItem(kept)); } catch { /* not ours */ }
    if (!found || found.after !== fields.after.value) return;
    fields.note.value = found.note;
    field.value = found.spans;
    fields.confidence.value = found.confidence;
    fields.is_flagged.checked = found.isFlagged;
    saved.textContent = "restored what had not been kept";
  }
  form.addEventListener("input", remember);
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) { window.sessionStorage.removeItem(kept); return; }
    saved.textContent = event.detail.xhr.status === 401 ? "draft not kept: sign in again, then open the article again"
                                                        : "draft not kept: the server does not answer as it should";
  });
  const points = (text) => Array.from(text).length;

  function quote(mark) {
    let found = "", last = mark.end;
    for (const one of sentences) {
      const start = Number(one.dataset.start), end = Number(one.dataset.end);
      if (one.dataset.field !== mark.field || end <= mark.start || start >= mark.end) continue;
      const letters = Array.from(one.textContent);
      found += (start > last ? " " : "") + letters.slice(Math.max(0, mark.start - start), mark.end - start).join("");
      last = end;
    }
    return found;
  }

  // The parts of sentences that a mark covers, for the browser to colour.
  function stretches(mark) {
    return sentences.filter((one) => one.dataset.field === mark.field && Number(one.dataset.start) < mark.end
                                     && Number(one.dataset.end) > mark.start).map((one) => {
      const start = Math.max(0, mark.start - Number(one.dataset.start)), end = mark.end - Number(one.dataset.start);
      const range = document.createRange();
      const walk = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
      range.selectNodeContents(one);
      for (let seen = 0; walk.nextNode();) {
        const letters = Array.from(walk.currentNode.data), last = seen + letters.length;
        const units = (at) => letters.slice(0, at - seen).join("").length;
        if (seen <= start && start < last) range.setStart(walk.currentNode, units(start));
        if (seen < end && end <= last) range.setEnd(walk.currentNode, units(end));
        seen = last;
      }
      return range;
    });
  }

  function draw() {
    field.value = JSON.stringify(marks);
    for (const one of sentences) {
      const start = Number(one.dataset.start), end = Number(one.dataset.end);
      const own = marks.filter((mark) => mark.field === one.dataset.field && mark.start < end && mark.end > start);
      const isWhole = own.some((mark) => mark.start <= start && mark.end >= end);
      one.classList.toggle("marked", isWhole);
      one.classList.toggle("partly", own.length > 0 && !isWhole);
    }
    if (window.CSS && CSS.highlights) CSS.highlights.set("marks", new Highlight(...marks.flatMap(stretches)));
    list.replaceChildren(...marks.map((mark, number) => {
      const item = document.createElement("li");
      const text = document.createElement("bdi");
      text.textContent = quote(mark);
      text.lang = list.dataset.language;
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "plain";
      remove.textContent = "remove";
      remove.setAttribute("aria-label", "remove this evidence");
      remove.addEventListener("click", () => { marks.splice(number, 1); changed(); });
      item.append(text, " ", remove);
      return item;
    }));
  }

  function changed() {
    draw();
    remember();
    form.dispatchEvent(new Event("keep-draft"));
  }

  function toggle(mark) {
    const same = marks.findIndex((one) => one.field === mark.field && one.start === mark.start && one.end === mark.end);
    if (same >= 0) marks.splice(same, 1); else marks.push(mark);
    marks.sort((a, b) => (a.field === b.field ? a.start - b.start : a.field === "title" ? -1 : 1));
    changed();
  }

  // Offsets are code points of the original field, whatever the direction on the screen.
  function place(node, offset) {
    const holder = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest(".sentence");
    if (!holder) return null;
    const range = document.createRange();
    range.setStart(holder, 0);
    range.setEnd(node, offset);
    return { field: holder.dataset.field, at: Number(holder.dataset.start) + points(range.toString()) };
  }

  function selected() {
    const chosen = window.getSelection();
    if (!chosen || chosen.isCollapsed || !chosen.rangeCount) return null;
    const range = chosen.getRangeAt(0);
    const touched = sentences.filter((one) => range.intersectsNode(one));
    if (!touched.length) return null;
    const first = touched[0], last = touched[touched.length - 1];
    if (first.dataset.field !== last.dataset.field) return null;
    const start = place(range.startContainer, range.startOffset) ?? { at: Number(first.dataset.start) };
    const end = place(range.endContainer, range.endOffset) ?? { at: Number(last.dataset.end) };
    chosen.removeAllRanges();
    return start.at < end.at ? { field: first.dataset.field, start: start.at, end: end.at } : null;
  }

  function go(to) {
    if (!sentences.length) return;
    if (sentences[at]) sentences[at].classList.remove("here");
    at = Math.min(Math.max(to, 0), sentences.length - 1);
    sentences[at].classList.add("here");
    sentences[at].scrollIntoView({ block: "center" });
  }

  function mark() {
    const found = selected();
    if (found) { toggle(found); return; }
    const one = sentences[at];
    if (one) toggle({ field: one.dataset.field, start: Number(one.dataset.start), end: Number(one.dataset.end) });
  }

  document.querySelector(".text").addEventListener("click", (event) => {
    const one = event.target.closest(".sentence");
    if (one) go(sentences.indexOf(one));
  });

  form.addEventListener("submit", (event) => {
    if (isSent) { event.preventDefault(); return; }
    isSent = true;
    document.getElementById("kind").value = event.submitter && event.submitter.id === "skip" ? "skip" : "label";
    document.getElementById("seconds").value = ((performance.now() - opened) / 1000).toFixed(1);
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });

  // The letter or digit of a key: where the layout gives another script's, or capitals, the one in its place on a Latin
  // keyboard.
  function pressed(event) {
    if (/^[a-z0-9]$/.test(event.key)) return event.key;
    const place = /^(?:Key([A-Z])|Digit([0-9])|Numpad([0-9]))$/.exec(event.code);
    return place ? (place[1] ?? place[2] ?? place[3]).toLowerCase() : "";
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing) return;
    const key = pressed(event);
    const inText = event.target.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
    if (event.key === "Escape" && inText) { event.target.blur(); return; }
    if (inText || event.repeat && !["j", "k"].includes(key)) return;
    const act = { j: () => go(at + 1), k: () => go(at - 1), e: mark, n: () => document.getElementById("note").focus(),
                  c: () => { const book = document.getElementById("codebook"); book.open = !book.open;
                             if (book.open) book.scrollIntoView(); } }[key];
    if (act) { event.preventDefault(); act(); return; }
    if (!key) return;
    const button = document.querySelector(`[data-key="${key}"]:is(button, input)`);
    if (button) { event.preventDefault(); button.click(); }
  });
  draw();
})();
