"use strict";
// Texts of documents and models are inserted as text nodes only.
(() => {
  const at = (id) => document.getElementById(id);
  const rows = JSON.parse(at("data").textContent);
  const list = at("list");
  const search = at("search");
  const views = [];

  /** Makes an element. Strings among the children become text nodes. */
  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  const textOf = (row) => row.text.map(([part]) => part).join("");
  const valueOf = (row) =>
    row.value.map(([depth, name, text, comma]) => "  ".repeat(depth) + name + text + comma).join("\n");

  /** Returns the text of each quote of a row. */
  function quoted(row) {
    const texts = row.quotes.map(() => "");
    for (const [part, quotes] of row.text) for (const quote of quotes) texts[quote] += part;
    return texts;
  }

  /** Makes an element that stands for quotes, in the text or in the value. */
  function link(tag, quotes, label, ...children) {
    return element(
      tag,
      { class: "quote", "data-quotes": quotes.join(" "), role: "button", tabindex: "0", "aria-label": label, "aria-pressed": "false" },
      ...children,
    );
  }

  function block(title, content, note) {
    const region = element("div", { class: "text", role: "region", tabindex: "0", "aria-label": title }, content);
    const made = element("section", {}, element("h3", {}, title), region);
    if (note) made.append(element("p", { class: "note" }, note));
    return made;
  }

  function source(row) {
    const title = row.kind === null ? "Text" : "Input";
    if (row.text.length === 0) {
      const none = element("p", { class: "quiet" }, "The input has no text.");
      return element("section", {}, element("h3", {}, title), none);
    }
    const text = element("div", { class: "source", dir: "auto" });
    const last = new Map();
    row.text.forEach(([, quotes], index) => quotes.forEach((quote) => last.set(quote, index)));
    row.text.forEach(([part, quotes], index) => {
      if (quotes.length === 0) return text.append(part);
      const pointers = quotes.map((quote) => row.quotes[quote] || "whole value").join(", ");
      const mark = link("mark", quotes, `${part} (${pointers})`, part);
      const ends = quotes.filter((quote) => last.get(quote) === index).map((quote) => quote + 1);
      if (ends.length > 0) mark.append(element("sup", { "aria-hidden": "true" }, ends.join(" ")));
      text.append(mark);
    });
    const cut = "The text is cut after 20,000 bytes. Quotes behind it are not marked.";
    return block(title, text, row.isCut ? cut : "");
  }

  function value(row, title) {
    const lines = row.value.map(([depth, name, text, comma, quotes]) => {
      const line = element("div", { class: "line", "data-depth": Math.min(depth, 12) });
      if (name) line.append(element("bdi", { class: "name" }, name));
      const content = element("bdi", {}, text);
      if (quotes.length > 0) {
        const numbers = element("sup", { "aria-hidden": "true" }, quotes.map((quote) => quote + 1).join(" "));
        line.append(link("span", quotes, `${text} (in the text)`, content, numbers));
      } else {
        line.append(content);
      }
      line.append(comma);
      return line;
    });
    return block(title, element("div", { class: "json", dir: "ltr" }, ...lines));
  }

  function reply(row) {
    if (row.reply === null) {
      const none = element("p", { class: "quiet" }, "There was no reply to read.");
      return element("section", {}, element("h3", {}, "Last reply"), none);
    }
    const cut = row.isReplyCut ? "The reply is cut after 20,000 bytes." : "";
    return block("Last reply", element("div", { class: "source reply", dir: "auto" }, row.reply), cut);
  }

  function body(row) {
    const made = element("div", { class: "body" });
    if (row.kind === null) {
      made.append(source(row), value(row, "Value"));
      return made;
    }
    made.append(element("p", { class: "message", dir: "auto" }, row.message ?? ""));
    made.append(source(row), reply(row));
    if (row.value.length > 0) made.append(value(row, "Best value"));
    return made;
  }

  function gist(row) {
    const gist = row.kind === null ? quoted(row).filter(Boolean).join(" · ") : (row.message ?? "");
    return gist.slice(0, 300);
  }

  function view(row, index) {
    const count = row.quotes.length;
    const badge = row.kind ?? (count === 1 ? "1 quote" : `${count} quotes`);
    const made = element(
      "details",
      { class: row.kind === null ? "row" : "row failed", id: `row-${index}` },
      element(
        "summary",
        {},
        element("span", { class: "badge" }, badge),
        element("bdi", { class: "id" }, row.id),
        element("span", { class: "gist", dir: "auto" }, gist(row)),
      ),
    );
    made.addEventListener("toggle", () => {
      if (made.open && made.children.length === 1) made.append(body(row));
      paint();
    });
    return made;
  }

  // The search.

  const words = () => search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = new Map();

  function searched(index) {
    let text = texts.get(index);
    if (text === undefined) {
      const row = rows[index];
      const parts = [row.id, row.kind, row.message, textOf(row), row.reply, valueOf(row), ...row.quotes];
      text = parts.filter(Boolean).join("\n").toLowerCase();
      texts.set(index, text);
    }
    return text;
  }

  /** Returns the text around the first word that a row does not show, or its gist. */
  function found(row, wanted) {
    const shown = `${row.id} ${row.kind ?? ""} ${gist(row)}`.toLowerCase();
    const word = wanted.find((word) => !shown.includes(word));
    if (word === undefined) return gist(row);
    for (const text of [row.message, textOf(row), row.reply, valueOf(row), ...row.quotes]) {
      const at = (text ?? "").toLowerCase().indexOf(word);
      if (at >= 0) return (at > 30 ? "…" : "") + text.slice(Math.max(at - 30, 0), at + 200);
    }
    return gist(row);
  }

  function filter() {
    const wanted = words();
    const show = document.querySelector("input[name=show]:checked").value;
    let count = 0;
    rows.forEach((row, index) => {
      const fits =
        (show === "all" || (show === "failed") === (row.kind !== null)) &&
        wanted.every((word) => searched(index).includes(word));
      views[index].hidden = !fits;
      if (!fits) return;
      count += 1;
      views[index].querySelector(".gist").textContent = found(row, wanted);
    });
    at("found").textContent = `${count} of ${rows.length} rows`;
    at("nothing").hidden = count > 0;
    paint();
  }

  /** Paints the words of the search in what is shown. */
  function paint() {
    if (!globalThis.CSS?.highlights) return;
    CSS.highlights.delete("search");
    const wanted = words();
    if (wanted.length === 0) return;
    const ranges = [];
    const walker = document.createTreeWalker(list, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && ranges.length < 5000; node = walker.nextNode()) {
      const text = node.data.toLowerCase();
      if (text.length !== node.data.length || !node.parentElement.checkVisibility()) continue;
      for (const word of wanted) {
        for (let from = text.indexOf(word); from >= 0; from = text.indexOf(word, from + word.length)) {
          const range = new Range();
          range.setStart(node, from);
          range.setEnd(node, from + word.length);
          ranges.push(range);
        }
      }
    }
    CSS.highlights.set("search", new Highlight(...ranges));
  }

  // Quotes: those of the text and those of the value are linked.

  const quotesOf = (node) => node.dataset.quotes.split(" ");

  function light(target, name) {
    const row = target.closest(".row");
    const lit = quotesOf(target);
    for (const other of row.querySelectorAll(".quote")) {
      other.classList.toggle(name, quotesOf(other).some((quote) => lit.includes(quote)));
    }
  }

  function unlight(row, name) {
    for (const other of row.querySelectorAll(`.${name}`)) other.classList.remove(name);
  }

  function choose(target) {
    const row = target.closest(".row");
    const was = target.getAttribute("aria-pressed") === "true";
    for (const other of row.querySelectorAll(".quote")) other.setAttribute("aria-pressed", "false");
    unlight(row, "chosen");
    if (was) return;
    light(target, "chosen");
    for (const other of row.querySelectorAll(".chosen")) other.setAttribute("aria-pressed", "true");
    const side = target.closest("section");
    const others = [...row.querySelectorAll(".chosen")].filter((other) => other.closest("section") !== side);
    others[0]?.scrollIntoView({ block: "nearest" });
  }

  const quoteAt = (event) => event.target.closest?.(".quote");

  for (const [enter, leave] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    list.addEventListener(enter, (event) => {
      const target = quoteAt(event);
      if (target) light(target, "lit");
    });
    list.addEventListener(leave, (event) => {
      const target = quoteAt(event);
      if (target) unlight(target.closest(".row"), "lit");
    });
  }
  list.addEventListener("click", (event) => {
    const target = quoteAt(event);
    if (target) choose(target);
  });
  list.addEventListener("keydown", (event) => {
    const target = quoteAt(event);
    if (!target || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    choose(target);
  });

  // Links to a row, from the problems and from outside.

  function openLinked() {
    const linked = /^#row-\d+$/.test(location.hash) ? at(location.hash.slice(1)) : null;
    if (!linked) return;
    if (linked.hidden) {
      search.value = "";
      document.querySelector("input[name=show][value=all]").checked = true;
      filter();
    }
    linked.open = true;
    linked.querySelector("summary").focus({ preventScroll: true });
    linked.scrollIntoView({ block: "start" });
  }

  /** Shows the first problems, and the others on demand. */
  function foldProblems() {
    const lines = [...document.querySelectorAll(".problems tbody tr")];
    const shown = 12;
    if (lines.length <= shown + 3) return;
    const rest = lines.slice(shown);
    const more = element("button", { type: "button", class: "more", "aria-expanded": "false" });
    const fold = (isFolded) => {
      for (const line of rest) line.hidden = isFolded;
      more.textContent = isFolded ? `Show ${rest.length} more` : "Show fewer";
      more.setAttribute("aria-expanded", String(!isFolded));
    };
    more.addEventListener("click", () => fold(!rest[0].hidden));
    fold(true);
    document.querySelector(".problems").after(more);
  }

  rows.forEach((row, index) => views.push(view(row, index)));
  list.append(...views);
  document.querySelector(".filter").hidden = rows.length === 0;
  document.querySelector(".filter").addEventListener("submit", (event) => event.preventDefault());
  document.querySelector(".filter fieldset").addEventListener("change", filter);
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 80);
  });
  addEventListener("hashchange", openLinked);
  filter();
  foldProblems();
  openLinked();
  if (rows.length === 0) at("nothing").textContent = "No row was kept.";
})();
