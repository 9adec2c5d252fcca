/** A long table of which only what is in sight is in the document. */
import { el, nodes, scrolling, tableHead } from "./dom.js";

const EXTRA = 10;
const MOST_PRINTED = 5000;
/** What asking the browser for would make it lay out the page anew. */
const view = { top: 0, height: innerHeight, rem: 16 };
/** Draws the long table that is on the screen. @type {(most?: number) => void} */
let drawTable = () => {};

addEventListener("scroll", () => requestAnimationFrame(look), { passive: true, capture: true });
addEventListener("resize", () => requestAnimationFrame(look));
addEventListener("beforeprint", () => drawTable(MOST_PRINTED));
addEventListener("afterprint", look);

/** See what is in sight, and drawTable it. */
export function look() {
    view.top = scrollY;
    view.height = innerHeight;
    view.rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    drawTable();
}

/** Draw again what has come to stand elsewhere than at the top. */
export function settle() {
    if (view.top) requestAnimationFrame(look);
}

/** Go back to the top, for another list has come on the screen. */
export function toTop() {
    if (view.top) scrollTo(0, 0);
    view.top = 0;
}

/**
 * @param {{
 *   caption: string, total: number, wide?: boolean, tall?: boolean,
 *   columns: {name: string|Node, class?: string}[],
 *   row: (n: number) => (Node|string|number|null)[][]|any[],
 * }} what `wide` scrolls sideways in a pane of its own; `tall` has two lines a row
 */
export function longTable(what) {
    const height = (what.tall ? 3.75 : 2.5) * view.rem;
    const [above, below] = [gap(), gap()];
    const body = el("tbody", above.row, below.row);
    const table = el(
        "table",
        { class: what.tall ? "long tall" : "long", "aria-rowcount": what.total + 1 },
        el("caption", { class: "hidden" }, what.caption),
        tableHead(what.columns, { "aria-rowindex": 1 }),
        body,
    );
    const pane = what.wide ? scrolling(what.caption, table, "pane") : table;
    const shown = new Map();
    const show = (from, to) => {
        for (const [n, row] of shown) {
            if (n < from || n >= to) {
                row.remove();
                shown.delete(n);
            }
        }
        let next = below.row;
        // Rows that stay are not touched: one of them may have the focus.
        for (let n = to - 1; n >= from; n--) {
            if (!shown.has(n)) {
                shown.set(n, rowOf(what, n));
                body.insertBefore(shown.get(n), next);
            }
            next = shown.get(n);
        }
        above.grow(from * height);
        below.grow((what.total - to) * height);
    };
    drawTable = (most = 0) => {
        if (!table.isConnected) return;
        const top = body.getBoundingClientRect().top;
        const bounds = what.wide ? pane.getBoundingClientRect() : { top: 0, bottom: view.height };
        const from = Math.floor((Math.max(0, bounds.top) - top) / height) - EXTRA;
        const to = Math.ceil((Math.min(view.height, bounds.bottom) - top) / height) + EXTRA;
        if (most) show(0, Math.min(what.total, most));
        else show(clamp(from, what.total), clamp(to, what.total));
    };
    show(0, Math.min(what.total, Math.ceil(view.height / height) + EXTRA));
    return pane;
}

const clamp = (n, most) => Math.max(0, Math.min(n, most));

function gap() {
    const cell = el("td");
    const row = el("tr", { class: "gap", "aria-hidden": "true", hidden: true }, cell);
    const grow = (height) => {
        cell.style.height = `${height}px`;
        row.hidden = height <= 0;
    };
    return { row, grow };
}

function rowOf(what, n) {
    const cells = what.row(n).map((cell, c) => {
        const column = what.columns[c];
        const properties = { class: column.class, scope: c ? null : "row" };
        return el(c ? "td" : "th", properties, ...nodes([cell].flat()));
    });
    return el("tr", { "aria-rowindex": n + 2 }, ...cells);
}
