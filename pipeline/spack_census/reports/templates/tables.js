"use strict";
// Without this script the tables are complete; it lets a reader sort and filter them.
(() => {
  const FILTERED_FROM = 15;
  const SHOWN = 30;
  const text = (row, at) => row.cells[at].textContent.trim();
  const number = (cell) => {
    const found = parseFloat(cell.replace(/,/g, ""));
    return Number.isNaN(found) ? -Infinity : found;
  };
  const order = new Intl.Collator("en", { numeric: true }).compare;

  function sortable(table, show) {
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
        show();
      });
    });
  }

  // Long tables begin short; a filter looks at every row that is in the page, and says at how many.
  function shortened(table) {
    const rows = [...table.tBodies[0].rows];
    const words = () => (input ? input.value.toLowerCase().split(/\s+/).filter(Boolean) : []);
    let input = null;
    let all = rows.length <= SHOWN;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "all";
    button.textContent = `Show all ${rows.length.toLocaleString("en")} rows`;
    const count = document.createElement("span");
    count.className = "count";
    count.setAttribute("role", "status");
    const show = () => {
      const wanted = words();
      let shown = 0;
      for (const row of table.tBodies[0].rows) {
        const content = row.textContent.toLowerCase();
        row.hidden = !wanted.every((word) => content.includes(word));
        if (!row.hidden) shown += 1;
        if (!wanted.length && !all && shown > SHOWN) row.hidden = true;
      }
      button.hidden = all || wanted.length > 0;
      const left = Number(table.dataset.left || 0);
      const besides = left ? `; ${left.toLocaleString("en")} more in ${table.dataset.file} are not searched` : "";
      const of = rows.length.toLocaleString("en");
      count.textContent = wanted.length ? `${shown.toLocaleString("en")} of ${of} rows${besides}` : "";
    };
    button.addEventListener("click", () => { all = true; show(); });
    if (rows.length > FILTERED_FROM) {
      const label = document.createElement("label");
      label.className = "filter";
      input = document.createElement("input");
      input.type = "search";
      input.setAttribute("aria-label", `Filter the table: ${table.caption.textContent}`);
      input.addEventListener("input", show);
      label.append("Filter", input, count);
      table.parentElement.before(label);
    }
    if (!all) table.parentElement.after(button);
    show();
    return show;
  }

  for (const table of document.querySelectorAll("table.data")) {
    const show = shortened(table);
    if (table.tBodies[0].rows.length > 1) sortable(table, show);
  }
})();
