/** What is typed → tokens: a port of the patterns in spack/tokens.py, and globs. */

const WORD = "[A-Za-z0-9_][A-Za-z0-9_-]*";
const NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*";
const VALUE = `[A-Za-z0-9_+*.,:=%^~/\\\\-]+|"(?:[^"]|(?<=\\\\)")*"|'(?:[^']|(?<=\\\\)')*'`;
const VERSION = "[A-Za-z0-9_][A-Za-z0-9_.-]*\\b";
const RANGE = `(?:=?${VERSION})?:(?:=?${VERSION}(?!\\s*:?=))?`;
const ELEMENT = `(?:${RANGE}|=?${VERSION})`;
const VERSIONS = `${ELEMENT}(?:\\s*,\\s*${ELEMENT})*`;
const GIT = "git\\.[A-Za-z0-9_][A-Za-z0-9_./-]*|[0-9A-Fa-f]{40}\\b";

/** Kind → pattern, in the order in which they are tried. */
const TOKEN_KINDS = [
    ["space", "\\s+"],
    ["edge", `(?:\\^|%%?)(?:\\[|\\s*${WORD}(?:,${WORD})*=${WORD})|\\]|\\^|%%`],
    ["git", `@(?:${GIT})(?:==?${VERSION})?`],
    ["versions", `@\\s*${VERSIONS}`],
    ["propagated", `(?:\\+\\+|~~|--)\\s*${NAME}`],
    ["switch", `[+~-]\\s*${NAME}`],
    ["propagated", `${NAME}:?==(?:${VALUE})`],
    ["setting", `${NAME}:?=(?:${VALUE})`],
    ["compiler", `%\\s*(?<name>${WORD}(?:\\.${WORD})*)(?:\\s*@\\s*(?<versions>${VERSIONS}))?`],
    ["file", `(?:\\.|/|${WORD}/)[A-Za-z0-9_./-]*\\.(?:json|yaml)\\b`],
    ["glob", "[A-Za-z0-9_.-]*\\*[A-Za-z0-9_.*-]*"],
    ["package", `${WORD}(?:\\.${WORD})*`],
    ["hash", "/[A-Za-z0-9_]+"],
].map(([kind, pattern]) => ({ kind, pattern: new RegExp(pattern, "y") }));

/** What the page does not take, though the command line does. */
const ELSEWHERE = new Map([
    ["edge", "dependencies"],
    ["propagated", "settings handed on to dependencies"],
]);

/** A constraint that cannot be used; `elsewhere` where `census find` can use it. */
export class Refusal extends Error {
    /** @param {string} why @param {boolean} [elsewhere] */
    constructor(why, elsewhere = false) {
        super(why);
        this.elsewhere = elsewhere;
    }
}

/** Refuse what the command line takes. @param {string} what several of that */
export function leave(what) {
    throw new Refusal(`${what} cannot be asked for here`, true);
}

/**
 * @typedef {{kind: string, text: string, from: number, to: number, groups: any}} Token
 * @param {string} text @returns {Token[]} without spaces; throws a Refusal
 */
export function tokens(text) {
    const found = [];
    let from = 0;
    while (from < text.length) {
        const token = tokenAt(text, from);
        if (ELSEWHERE.has(token.kind)) leave(ELSEWHERE.get(token.kind));
        if (token.kind === "file") throw new Refusal("specs in files cannot be asked for");
        if (token.kind !== "space") found.push(token);
        from = token.to;
    }
    return found;
}

function tokenAt(text, from) {
    for (const { kind, pattern } of TOKEN_KINDS) {
        pattern.lastIndex = from;
        const match = pattern.exec(text);
        if (match) {
            return { kind, text: match[0], from, to: pattern.lastIndex, groups: match.groups };
        }
    }
    throw new Refusal(`what is “${text.slice(from, from + 10)}”?`);
}
