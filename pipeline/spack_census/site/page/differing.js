/** In which variants the binaries of a package differ. */
import { grouped } from "./order.js";

/**
 * @param {import("./snapshot.js").Snapshot} snap @param {number[]} rows
 * @returns {Map<string, {word: string, n: number}[]>} names of variants that not all rows have
 *   alike → their words, and how many rows have each
 */
export function differing(snap, rows) {
    const words = new Map();
    for (const [set, alike] of grouped(rows, (row) => snap.columns.variants[row])) {
        for (const id of snap.variantSet[set]) words.set(id, (words.get(id) ?? 0) + alike.length);
    }
    const some = [...words].map(([id, n]) => ({ word: snap.variant[id], n }));
    return grouped(
        some.filter(({ n }) => n < rows.length),
        ({ word }) => variantName(word),
    );
}

/** @param {string} word as +mpi or build_type=Release */
export const variantName = (word) => word.replace(/^[+~]/, "").split("=")[0];
