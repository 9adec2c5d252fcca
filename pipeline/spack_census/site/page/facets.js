/** Which rows match, and how many each further choice would give: one pass over the rows. */
import { hashText } from "./snapshot.js";

/** @typedef {import("./snapshot.js").Snapshot} Snapshot */
/** @typedef {import("./constraint.js").Condition} Condition */

export const FACETS = ["platform", "target", "os", "compiler", "stack", "variant"];

/** Facet → the column it filters and its values, each a list of what it counts as. */
const SETS = { stack: ["stacks", "stackSet"], variant: ["variants", "variantSet"] };

/** The values that a facet shows, in the order of their numbers. @param {Snapshot} snap */
export const facetValues = (snap, facet) =>
    facet === "compiler" ? snap.compilerText : snap[facet];

/**
 * A test of one column, as bytes: 1 where the value of that number passes.
 * @typedef {{ids: Uint16Array|Uint32Array, passes: Uint8Array}} Filter
 */

/** @param {Snapshot} snap @param {Condition} condition @returns {Filter} */
export function filterOf(snap, condition) {
    const { column, test } = condition;
    if (column === "hash") return hashFilter(snap, condition.prefix);
    if (column === "libc") return libcFilter(snap, test);
    const values =
        column === "version"
            ? snap.versionKey
            : column === "variants"
              ? snap.variantSet.map((set) => set.map((id) => snap.variant[id]))
              : snap[column];
    return { ids: snap.columns[column], passes: Uint8Array.from(values, (each) => +test(each)) };
}

/** A test of a binary's system and the glibc that it needs. */
function libcFilter(snap, test) {
    const { os, glibc } = snap.columns;
    const width = snap.glibc.length;
    const ids = Uint32Array.from(os, (id, row) => id * width + glibc[row]);
    const pairs = snap.os.flatMap((name) => snap.glibc.map((need) => [name, need]));
    return { ids, passes: Uint8Array.from(pairs, (pair) => +test(pair)) };
}

/** @param {Snapshot} snap @param {string} prefix */
function hashFilter({ rows, hashes }, prefix) {
    const ids = Uint32Array.from({ length: rows }, (_, row) => row);
    const has = (row) => +(hashText(hashes, row, prefix.length) === prefix);
    return { ids, passes: Uint8Array.from(ids, has) };
}

/**
 * @param {Snapshot} snap
 * @param {Filter[]} filters all of which a row must pass
 * @param {Record<string, string[]>} chosen facet → values: any within a facet, all facets
 * @returns {{rows: Uint32Array, counts: Record<string, Uint32Array>, without: Record<string, number>}}
 *   rows that match; for each facet, rows that match with each of its values in place of the chosen
 *   ones; how many more would match without one filter (its place) or facet (its name)
 */
export function select(snap, filters, chosen) {
    const sides = FACETS.map((facet) => sideOf(snap, facet, chosen[facet] ?? []));
    const rows = new Uint32Array(snap.rows);
    const without = new Uint32Array(filters.length + sides.length);
    let found = 0;
    for (let row = 0; row < snap.rows; row++) {
        let failed = 0;
        let at = -1;
        for (let n = 0; n < filters.length && failed < 2; n++) {
            if (!filters[n].passes[filters[n].ids[row]]) {
                failed++;
                at = n;
            }
        }
        for (let n = 0; n < sides.length && failed < 2; n++) {
            if (sides[n].missed[sides[n].ids[row]]) {
                failed++;
                at = filters.length + n;
            }
        }
        if (failed > 1) continue;
        if (failed === 0) {
            rows[found++] = row;
            for (const side of sides) side.tally[side.ids[row]]++;
        } else {
            without[at]++;
            const side = sides[at - filters.length];
            if (side) side.tally[side.ids[row]]++;
        }
    }
    const names = [...filters.keys(), ...FACETS];
    return {
        rows: rows.subarray(0, found),
        counts: Object.fromEntries(sides.map((side) => [side.facet, spread(snap, side)])),
        without: Object.fromEntries(names.map((name, n) => [name, without[n]])),
    };
}

function sideOf(snap, facet, chosen) {
    const [column, sets] = SETS[facet] ?? [facet];
    const wanted = new Set(chosen);
    const values = facetValues(snap, facet);
    const has = (each) => (sets ? each.some((id) => wanted.has(values[id])) : wanted.has(each));
    const listed = sets ? snap[sets] : values;
    const missed = new Uint8Array(listed.length);
    if (wanted.size) listed.forEach((each, id) => (missed[id] = +!has(each)));
    const tally = new Uint32Array(listed.length);
    return { facet, ids: snap.columns[column], missed, tally, sets };
}

/** Of a facet whose rows have sets of values, what each value counts. */
function spread(snap, side) {
    if (!side.sets) return side.tally;
    const counts = new Uint32Array(facetValues(snap, side.facet).length);
    snap[side.sets].forEach((set, id) => {
        for (const value of set) counts[value] += side.tally[id];
    });
    return counts;
}
