"use strict";
// Without this script the tables are complete; it lets a reader sort and filter them.
(() => {
  const FILTERED_FROM = 15;
  const text = (row, at) => row.cells[at].textContent.trim();
  const number = (cell) => {
    const found = parseFloat(cell.replace(/,/g, ""));
    return Number.isNaN(found) ? -Infinity : found;
  };
  const order = new Intl.Collator("en", { numeric: true }).compare;

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      const counts = head.classList.contains("n");
      button.addEventListener("click", () => {
        const first = counts ? "descending" : "ascending";
        const second = counts ? "ascending" : "descending";
        const direction = head.getAttribute("aria-sort") === first ? second : first;
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", direction);
        const sign = direction === "ascending" ? 1 : -1;
        const rows = [...table.tBodies[0].rows].sort((one, other) => sign * (counts
          ? number(text(one, at)) - number(text(other, at)) || 0
          : order(text(one, at), text(other, at))));
        table.tBodies[0].append(...rows);
      });
    });
  }

  function filterable(table) {
    const label = document.createElement("label");
    label.className = "filter";
    const input = document.createElement("input");
    input.type = "search";
    input.setAttribute("aria-label", `Filter the table: ${table.caption.textContent}`);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of table.tBodies[0].rows) {
        const content = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => content.includes(word));
      }
    });
    label.append("Filter", input);
    table.parentElement.before(label);
  }

  for (const table of document.querySelectorAll("table.data")) {
    const count = table.tBodies[0].rows.length;
    if (count > 1) sortable(table);
    if (count > FILTERED_FROM) filterable(table);
  }
})();
