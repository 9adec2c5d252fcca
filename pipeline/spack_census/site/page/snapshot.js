/** A snapshot in memory: one array of numbers a column, dictionaries for what they stand for. */
import { readBytes, readJson } from "./load.js";

/**
 * @typedef {{
 *   name: string, rows: number, files: Record<string, string>,
 *   package: string[], version: string[], versionKey: string[],
 *   compiler: [string|null, string|null][], compilerText: string[],
 *   platform: string[], target: string[], os: string[], since: string[],
 *   variant: string[], stack: string[], variantSet: number[][], stackSet: number[][],
 *   columns: Record<string, Uint16Array|Uint32Array>,
 *   starts: Uint32Array, hashes: Uint8Array|null, recipes: any, edges: any,
 * }} Snapshot `starts[p]` is the first row of package p, `starts[p + 1]` the one after its last.
 */

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const HASH_BYTES = 20;
const DICTIONARIES = { variants: "variantSet", stacks: "stackSet" };
// Two for a comparison, one on screen: more would only fill memory.
const MOST = 3;
/** @type {Map<string, Promise<Snapshot>>} */
const kept = new Map();

/** @param {{name: string, files: Record<string, string>}} entry @returns {Promise<Snapshot>} */
export function openSnapshot(entry) {
    const found = kept.get(entry.name) ?? readJson("specs", entry.files.specs).then(decode(entry));
    kept.delete(entry.name);
    kept.set(entry.name, found);
    found.catch(() => kept.delete(entry.name));
    if (kept.size > MOST) kept.delete(kept.keys().next().value);
    return found;
}

/** @returns {(raw: any) => Snapshot} */
export const decode = (entry) => (raw) => {
    const { packageRows, snapshot, ...rest } = raw;
    const starts = new Uint32Array(raw.package.length + 1);
    const packages = ids(raw.rows, raw.package.length);
    packageRows.forEach((num, id) => {
        packages.fill(id, starts[id], starts[id] + num);
        starts[id + 1] = starts[id] + num;
    });
    const columns = { package: packages };
    for (const [name, values] of Object.entries(raw.columns)) {
        columns[name] = ids(values, raw[DICTIONARIES[name] ?? name].length);
    }
    const compilerText = raw.compiler.map((parts) =>
        parts.filter((each) => each !== null).join("@"),
    );
    const lazy = { hashes: null, recipes: null, edges: null };
    return { ...rest, name: snapshot, files: entry.files, columns, compilerText, starts, ...lazy };
};

/** @param {number|number[]} source @param {number} values how many there are to tell apart */
function ids(source, values) {
    return values > 65536 ? new Uint32Array(source) : new Uint16Array(source);
}

/** Read the hashes of a snapshot, once. @param {Snapshot} snap */
export async function openHashes(snap) {
    snap.hashes ??= await readBytes("hashes", snap.files.hashes);
    return snap.hashes;
}

/** Read the recipes' hashes; null where the snapshot knows none. @param {Snapshot} snap */
export async function openRecipes(snap) {
    if (snap.files.recipes) snap.recipes ??= await readJson("recipes", snap.files.recipes);
    return snap.recipes;
}

/** Read the dependencies; null where the snapshot knows none. @param {Snapshot} snap */
export async function openEdges(snap) {
    if (!snap.files.deps) return null;
    if (!snap.edges) {
        const raw = await readJson("deps", snap.files.deps);
        const starts = new Uint32Array(snap.rows + 1);
        raw.num.forEach((num, row) => (starts[row + 1] = starts[row] + num));
        snap.edges = { ...raw, to: Int32Array.from(raw.to), starts };
    }
    return snap.edges;
}

/** The start of a row's hash. @param {Uint8Array} hashes @param {number} row @param {number} length */
export function hashText(hashes, row, length = 32) {
    let text = "";
    let bits = 0;
    let held = 0;
    for (let at = row * HASH_BYTES; text.length < length; at++) {
        held = ((held << 8) | hashes[at]) & 0xfff;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            text += ALPHABET[(held >> bits) & 31];
        }
    }
    return text.slice(0, length);
}

/** The rows of a package, none where the snapshot lacks it. @param {Snapshot} snap */
export function rowsOf(snap, name) {
    const id = snap.package.indexOf(name);
    if (id < 0) return [];
    const first = snap.starts[id];
    return Array.from({ length: snap.starts[id + 1] - first }, (_, n) => first + n);
}

/** The columns whose values are text; the others have values of their own. */
const TEXTS = ["package", "version", "platform", "os", "target"];

/** @param {Snapshot} snap @param {number} row @returns {Record<string, any>} */
export function textsOf(snap, row) {
    const found = { compiler: snap.compilerText[snap.columns.compiler[row]] };
    for (const name of TEXTS) found[name] = snap[name][snap.columns[name][row]];
    return found;
}

/** What a row is, as text. @param {Snapshot} snap @param {number} row */
export function spelled(snap, row) {
    const c = snap.columns;
    return {
        ...textsOf(snap, row),
        variants: snap.variantSet[c.variants[row]].map((id) => snap.variant[id]),
        stacks: snap.stackSet[c.stacks[row]].map((id) => snap.stack[id]),
        since: snap.since[c.since[row]],
        hash: snap.hashes ? hashText(snap.hashes, row) : "",
    };
}

/** @param {Snapshot} snap @param {number} row */
export const placeOf = (snap, row) =>
    `${snap.platform[snap.columns.platform[row]]}/${snap.target[snap.columns.target[row]]}`;
