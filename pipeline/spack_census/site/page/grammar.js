/** What is typed → tokens: a port of the regular expressions in spack/grammar.py, and globs. */

const WORD = "[A-Za-z0-9_][A-Za-z0-9_-]*";
const NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*";
const VALUE = `[A-Za-z0-9_+*.,:=~/\\\\-]+|"[^"]*"|'[^']*'`;
const VERSION = "[A-Za-z0-9_][A-Za-z0-9_.-]*\\b";
const RANGE = `(?:${VERSION})?:(?:${VERSION}(?!\\s*:?=))?`;
const ELEMENT = `(?:${RANGE}|=?${VERSION})`;
const VERSIONS = `${ELEMENT}(?:\\s*,\\s*${ELEMENT})*`;

/** Kind → pattern, in the order in which they are tried. */
const TOKEN_KINDS = [
    ["space", "\\s+"],
    ["edge", "(?:\\^|%%?)\\s*\\["],
    ["virtual", `(?:\\^|%%?)\\s*${WORD}(?:,${WORD})*=`],
    ["caret", "\\^"],
    ["git", `@(?:git\\.[A-Za-z0-9_./-]+(?:=${VERSION})?|[0-9A-Fa-f]{40}\\b(?:=${VERSION})?)`],
    ["versions", `@\\s*${VERSIONS}`],
    ["propagated", `(?:\\+\\+|~~|--)\\s*${NAME}|${NAME}:?==|%%`],
    ["switch", `[+~-]\\s*${NAME}`],
    ["setting", `${NAME}:?=(?:${VALUE})`],
    ["compiler", `%\\s*(?<name>${NAME})(?:\\s*@\\s*(?<versions>${VERSIONS}))?`],
    ["file", `(?:\\.|/|${WORD}/)[A-Za-z0-9_./-]*\\.(?:json|yaml)\\b`],
    ["glob", "[A-Za-z0-9_.-]*\\*[A-Za-z0-9_.*-]*"],
    ["package", `${WORD}(?:\\.${WORD})*`],
    ["hash", "/[A-Za-z0-9_]+"],
].map(([kind, pattern]) => ({ kind, pattern: new RegExp(pattern, "y") }));

/** What census itself cannot be asked for, and what only its command line can. */
const UNSUPPORTED = new Map([
    ["edge", "attributes of a dependency cannot be asked for"],
    ["virtual", "a compiler or dependency for one language cannot be asked for"],
    ["propagated", "settings handed on to dependencies cannot be asked for"],
    ["file", "specs in files cannot be asked for"],
]);

/** A constraint that cannot be used; `elsewhere` where `census find` can use it. */
export class Refusal extends Error {
    /** @param {string} why @param {boolean} [elsewhere] */
    constructor(why, elsewhere = false) {
        super(why);
        this.elsewhere = elsewhere;
    }
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
        if (UNSUPPORTED.has(token.kind)) throw new Refusal(UNSUPPORTED.get(token.kind));
        if (token.kind === "caret")
            throw new Refusal("dependencies cannot be asked for here", true);
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
