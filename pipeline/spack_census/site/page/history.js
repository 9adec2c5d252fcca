/** In which snapshots a package's versions are, newest first. */
import { count, counted, el, scrolling, shorten, soft, tableHead } from "./dom.js";
import { readJson } from "./load.js";
import { packageAddress } from "./state.js";

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
    if (!lives) return soft(app.problem.history ?? "Reading the history…");
    if (!lives.length) return soft("No snapshot here ever had it.");
    const names = index.snapshots.map((each) => each.name);
    const rows = lives.toReversed().map((life) => lifeLine(app, names, life));
    const columns = ["Version", "Target", "First", "Last"];
    const from = `${counted(names.length, "snapshot")}, ${names[0]} to ${names[names.length - 1]}`;
    const table = el(
        "table",
        { class: "data" },
        el("caption", from),
        tableHead([...columns, { name: "Snapshots", class: "n" }, "When"]),
        el("tbody", ...rows),
    );
    return el("div", scrolling("History", table), shorten(rows, LIVES_SHOWN));
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
        el("th", { scope: "row" }, version),
        el("td", place),
        el("td", link(first)),
        el("td", first === last ? el("span", { class: "soft" }, "the same") : link(last)),
        el("td", { class: "n" }, count(num)),
        el("td", timeline(spans, names.length)),
    );
}

function timeline(spans, length) {
    const looks = { viewBox: `0 0 ${length} 10`, preserveAspectRatio: "none" };
    return svg(
        "svg",
        { ...looks, "aria-hidden": true, class: "life" },
        spans.map(({ first, num }) => svg("rect", { x: first, width: num, height: 10 })),
    );
}

function svg(tag, attributes, parts = []) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
    made.append(...parts);
    return made;
}
