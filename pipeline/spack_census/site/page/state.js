/** What is on the screen ↔ what stands after # in the address; what is as by default is left out. */
import { FACETS } from "./facets.js";

/**
 * @typedef {{
 *   view: "search"|"package"|"coverage"|"changes", name: string, at: string, q: string, by: string,
 *   cpu: string, system: string, missing: string, version: string, before: string, after: string,
 *   text: string, kinds: string[], chosen: Record<string, string[]>,
 * }} State
 */

const VIEW_NAMES = ["search", "package", "coverage", "changes"];
const WORDS = ["q", "by", "at", "cpu", "system", "missing", "version", "before", "after", "text"];

/** @param {string} hash @returns {State} */
export function readState(hash) {
    const [path, query] = splitOnce(hash.replace(/^#\/?/, ""), "?");
    const [view, name] = splitOnce(path, "/");
    const given = new URLSearchParams(query);
    const words = Object.fromEntries(WORDS.map((word) => [word, given.get(word) ?? ""]));
    const chosen = {};
    for (const facet of FACETS) if (given.has(facet)) chosen[facet] = given.getAll(facet);
    return {
        ...words,
        view: VIEW_NAMES.includes(view) ? view : "search",
        name: decoded(name),
        kinds: given.getAll("kind"),
        chosen,
    };
}

/** @param {Partial<State>} state @returns {string} */
export function writeState(state) {
    const given = new URLSearchParams();
    for (const word of WORDS) if (state[word]) given.set(word, state[word]);
    for (const kind of state.kinds ?? []) given.append("kind", kind);
    for (const facet of FACETS) {
        for (const value of state.chosen?.[facet] ?? []) given.append(facet, value);
    }
    const query = given.toString();
    const name = state.name ? `/${encodeURIComponent(state.name)}` : "";
    return `#/${state.view ?? "search"}${name}${query ? `?${query}` : ""}`;
}

/** The address of a package's page. @param {string} name @param {string} at */
export const packageAddress = (name, at) => writeState({ view: "package", name, at });

function splitOnce(text, mark) {
    const at = text.indexOf(mark);
    return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
