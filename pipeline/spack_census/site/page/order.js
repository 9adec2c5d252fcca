/** Orders of texts and lists, as SQL has them, and groups. */

/** An order by these properties, the first the heaviest; null comes after all else. */
export const ordering =
    (...names) =>
    (x, y) => {
        for (const name of names) {
            const found = compared(x[name], y[name]);
            if (found) return found;
        }
        return 0;
    };

function compared(x, y) {
    if (x === null || y === null) return +(x === null) - +(y === null);
    return Array.isArray(x) ? lists(x, y) : less(x, y);
}

const less = (x, y) => (x < y ? -1 : +(x > y));

/** Of lists, element by element, the shorter first. */
export function lists(x, y) {
    for (let n = 0; n < x.length && n < y.length; n++) if (x[n] !== y[n]) return less(x[n], y[n]);
    return x.length - y.length;
}

/** Key → the items that have it, in their order. @template K, T @returns {Map<K, T[]>} */
export function grouped(items, keyOf) {
    const found = new Map();
    for (const item of items) {
        const key = keyOf(item);
        const known = found.get(key);
        if (known) known.push(item);
        else found.set(key, [item]);
    }
    return found;
}
