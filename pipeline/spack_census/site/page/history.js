/** In which snapshots a package's versions are, newest first. */
import { count, counted, el } from "./dom.js";
import { readJson } from "./load.js";
import { packageAddress } from "./state.js";

const SVG = "http://www.w3.org/2000/svg";
const LIVES_SHOWN = 60;

/**
 * The rows of a package in its shard: [platform/target, version, runs], runs being pairs, the place
 * of a snapshot in the index and how many follow each other from there on.
 * @param {any} index @param {string} name @returns {Promise<[string, string, number[]][]>}
 */
export async function readLives(index, name) {
    const shard = index.history[crc32(name) % index.history.length];
    const { packages } = await readJson("history", shard);
    return Object.hasOwn(packages, name) ? packages[name] : [];
}

/** CRC-32, as zlib has it. @param {string} text */
export function crc32(text) {
    let sum = ~0;
    for (const byte of new TextEncoder().encode(text)) {
        sum ^= byte;
        for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    }
    return ~sum >>> 0;
}

/** @param {any} app */
export function historyOf(app) {
    const { lives, index } = app;
    if (!lives) return el("p", { class: "soft" }, app.problem.history ?? "Reading the history…");
    if (!lives.length) return el("p", { class: "soft" }, "No snapshot here ever had it.");
    const names = index.snapshots.map((each) => each.name);
    const rows = lives.toReversed().map((life, n) => {
        const row = lifeLine(app, names, life);
        row.hidden = n >= LIVES_SHOWN;
        return row;
    });
    const head = ["Version", "Target", "First", "Last", "Snapshots"].map((each, n) =>
        el("th", { scope: "col", class: n === 4 ? "n" : null }, each),
    );
    const from = `${counted(names.length, "snapshot")}, ${names[0]} to ${names[names.length - 1]}`;
    const table = el(
        "table",
        { class: "data" },
        el("caption", null, from),
        el("thead", null, el("tr", null, ...head, el("th", { scope: "col" }, "When"))),
        el("tbody", null, ...rows),
    );
    const pane = el(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": "History" },
        table,
    );
    return el("div", null, pane, more(rows));
}

function more(rows) {
    if (rows.length <= LIVES_SHOWN) return null;
    const button = el("button", { type: "button", class: "link" }, `All ${count(rows.length)}`);
    button.addEventListener("click", () => {
        rows.forEach((row) => (row.hidden = false));
        button.remove();
    });
    return button;
}

function lifeLine(app, names, [place, version, runs]) {
    const spans = [];
    for (let n = 0; n < runs.length; n += 2) spans.push({ first: runs[n], num: runs[n + 1] });
    const { first } = spans[0];
    const final = spans[spans.length - 1];
    const last = final.first + final.num - 1;
    const link = (at) => el("a", { href: packageAddress(app.state.name, names[at]) }, names[at]);
    const num = spans.reduce((sum, span) => sum + span.num, 0);
    return el(
        "tr",
        null,
        el("th", { scope: "row" }, version),
        el("td", null, place),
        el("td", null, link(first)),
        el("td", null, first === last ? el("span", { class: "soft" }, "the same") : link(last)),
        el("td", { class: "n" }, count(num)),
        el("td", null, timeline(spans, names.length)),
    );
}

function timeline(spans, length) {
    const made = document.createElementNS(SVG, "svg");
    made.setAttribute("viewBox", `0 0 ${length} 10`);
    made.setAttribute("preserveAspectRatio", "none");
    made.setAttribute("aria-hidden", "true");
    made.setAttribute("class", "life");
    for (const { first, num } of spans) {
        const bar = document.createElementNS(SVG, "rect");
        bar.setAttribute("x", String(first));
        bar.setAttribute("width", String(num));
        bar.setAttribute("height", "10");
        made.append(bar);
    }
    return made;
}
