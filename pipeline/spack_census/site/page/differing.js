/** In which variants the binaries of a package differ. */

/**
 * @param {import("./snapshot.js").Snapshot} snap @param {number[]} rows
 * @returns {Map<string, {word: string, n: number}[]>} names of variants that not all rows have
 *   alike → their words, and how many rows have each
 */
export function differing(snap, rows) {
    const sets = new Map();
    for (const row of rows) {
        const set = snap.columns.variants[row];
        sets.set(set, (sets.get(set) ?? 0) + 1);
    }
    const words = new Map();
    for (const [set, n] of sets) {
        for (const id of snap.variantSet[set]) words.set(id, (words.get(id) ?? 0) + n);
    }
    const found = new Map();
    for (const [id, n] of words) {
        if (n === rows.length) continue;
        const word = snap.variant[id];
        const name = variantName(word);
        if (!found.has(name)) found.set(name, []);
        found.get(name).push({ word, n });
    }
    return found;
}

/** @param {string} word as +mpi or build_type=Release */
export const variantName = (word) => word.replace(/^[+~]/, "").split("=")[0];
