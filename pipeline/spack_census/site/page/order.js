/** Orders of texts and lists, as SQL has them. */

/** -1, 0 or 1. */
export function less(x, y) {
    return x < y ? -1 : +(x > y);
}

/** The same, null after all. */
export function nullLast(x, y) {
    return x === null || y === null ? +(x === null) - +(y === null) : less(x, y);
}

/** Of lists, element by element, the shorter first. */
export function lists(x, y) {
    for (let n = 0; n < x.length && n < y.length; n++) if (x[n] !== y[n]) return less(x[n], y[n]);
    return x.length - y.length;
}
