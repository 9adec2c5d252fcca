/** What a package depends on and what depends on it, where the snapshot knows. */
import { count, el, shorten, soft } from "./dom.js";
import { packageAddress } from "./state.js";

const RELATIONS_SHOWN = 30;

/** @param {any} app @param {number[]} rows @returns {any[][]} sections: title, then parts */
export function relations(app, rows) {
    const { snap } = app;
    if (!snap.files.deps) return [];
    const waiting = soft(app.problem.deps ?? "Reading the dependencies…");
    if (!snap.edges) return [["Dependencies", waiting]];
    const below = belowOf(snap, rows);
    const above = aboveOf(snap, rows);
    return [
        ["Dependencies", relationList(app, below, "It has none here.")],
        ["Dependents", relationList(app, above, "Nothing here depends on it.")],
    ];
}

/** Package → how many of the rows depend on it, the types and virtuals of its edges. */
function belowOf(snap, rows) {
    const { edges } = snap;
    const found = new Map();
    for (const row of rows) {
        const seen = new Set();
        for (let at = edges.starts[row]; at < edges.starts[row + 1]; at++) {
            const name = nameOf(snap, edges.to[at]);
            note(found, name, edges.label[edges.labels[at]], !seen.has(name));
            if (edges.to[at] < 0) found.get(name).elsewhere = true;
            seen.add(name);
        }
    }
    return found;
}

/** Package → how many of its rows depend on one of the rows. */
function aboveOf(snap, rows) {
    const { edges } = snap;
    const first = rows[0];
    const last = rows[rows.length - 1];
    const found = new Map();
    for (let row = 0; row < snap.rows; row++) {
        let fresh = true;
        for (let at = edges.starts[row]; at < edges.starts[row + 1]; at++) {
            if (edges.to[at] < first || edges.to[at] > last) continue;
            const name = snap.package[snap.columns.package[row]];
            note(found, name, edges.label[edges.labels[at]], fresh);
            fresh = false;
        }
    }
    return found;
}

function nameOf(snap, to) {
    return to < 0 ? snap.edges.elsewhere[-1 - to] : snap.package[snap.columns.package[to]];
}

function note(found, name, [types, virtuals], fresh) {
    if (!found.has(name)) found.set(name, { n: 0, types: new Set(), virtuals: new Set() });
    const one = found.get(name);
    if (fresh) one.n++;
    types.forEach((each) => one.types.add(each));
    virtuals.forEach((each) => one.virtuals.add(each));
}

function relationList(app, found, none) {
    if (!found.size) return soft(none);
    const listed = [...found].sort(([x, a], [y, b]) => b.n - a.n || (x < y ? -1 : 1));
    const items = listed.map(([name, one]) => {
        const types = [...one.types].sort().join(", ");
        const as = one.virtuals.size ? ` as ${[...one.virtuals].sort().join(", ")}` : "";
        const link = one.elsewhere
            ? el("span", { title: "not in this cache" }, name)
            : el("a", { href: packageAddress(name, app.state.at) }, name);
        const rest = el("span", { class: "soft" }, ` ${types}${as}`);
        return el("li", link, rest, el("span", { class: "n" }, count(one.n)));
    });
    const more = shorten(items, RELATIONS_SHOWN);
    return el("div", el("ul", { class: "relations" }, ...items), more);
}
