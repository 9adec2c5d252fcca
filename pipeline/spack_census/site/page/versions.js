/** Spack's order of versions: a port of spack/versions.py and spack/ranges.py. */

const INFINITY = ["stable", "nightly", "trunk", "head", "master", "main", "develop"];
const PRERELEASE = new Map([
    ["alpha", "0"],
    ["beta", "1"],
    ["rc", "2"],
    ["final", "3"],
]);
const FINAL = "3";
const FIRST = "#0";
const MOST_CHARACTERS = 256;
const MOST_DIGITS = 99;

/** Text whose order is Spack's order of versions; throws for what is no version. */
export function versionKey(version) {
    if (version.length > MOST_CHARACTERS) throw new Error("a version of so many characters");
    const bare = version.startsWith("git.") ? version.slice(4) : version;
    const equals = bare.indexOf("=");
    if (equals < 0 && bare === version && !/^[0-9a-f]{40}$/.test(version))
        return releaseKey(version);
    const ref = equals < 0 ? bare : bare.slice(0, equals);
    if (!/^[A-Za-z0-9_./-]+$/.test(ref)) throw new Error(`“${ref}” is no git ref`);
    return equals < 0 ? `!${ref}` : `${releaseKey(bare.slice(equals + 1))}@${ref}`;
}

/** The key of the version that Spack counts as the next: the open end of `:VERSION`. */
export function keyAfter(version) {
    const key = versionKey(version);
    if (key.includes("!") || key.includes("@")) throw new Error(`“${version}” bounds no range`);
    const [release, prerelease] = split(version);
    const parts = release.map(partKey);
    if (prerelease[0] !== FINAL) {
        const next = prerelease.length > 1 ? BigInt(prerelease.slice(4) || "0") + 1n : 0n;
        return `${parts.join("")}#${prerelease[0]}${numberKey(String(next))}`;
    }
    if (parts.length) parts[parts.length - 1] = nextPart(release[release.length - 1]);
    else parts.push(wordKey("A"));
    return `${parts.join("")}#${prerelease}`;
}

/**
 * A version list, as `1.2,1.4:1.6,=2.0` → a test of keys, null where any version will do.
 * @param {string} text @returns {((key: string) => boolean)|null}
 */
export function versionTest(text) {
    const elements = text.split(",").map((each) => each.trim());
    if (elements.includes(":")) return null;
    const tests = elements.map(elementTest);
    return (key) => tests.some((test) => test(key));
}

function elementTest(text) {
    if (text.includes("=")) {
        const key = placedKey(text.startsWith("=") ? text.slice(1) : text);
        return (other) => other === key;
    }
    const colon = text.indexOf(":");
    if (colon < 0) {
        const key = versionKey(text);
        // A git ref, whatever version it is assigned.
        if (key < FIRST) return (other) => other === key || other.endsWith(`@${key.slice(1)}`);
    }
    const low = colon < 0 ? text : text.slice(0, colon).trim();
    const high = colon < 0 ? text : text.slice(colon + 1).trim();
    const from = low || colon < 0 ? placedKey(low) : FIRST;
    const to = high ? keyAfter(high) : null;
    if (to !== null && to < from) throw new Error(`the range ${text} runs backwards`);
    return (key) => from <= key && (to === null || key < to);
}

function placedKey(version) {
    const key = versionKey(version);
    if (key < FIRST) throw new Error(`nobody here knows the place of the git ref ${version}`);
    return key;
}

function releaseKey(text) {
    if (!/^[A-Za-z0-9_.-]+$/.test(text)) throw new Error(`“${text}” is no version`);
    const [release, prerelease] = split(text);
    return `${release.map(partKey).join("")}#${prerelease}`;
}

/** @returns {[string[], string]} the release's numbers and words, the key of the prerelease */
function split(text) {
    const parts = text.match(/[0-9]+|[A-Za-z]+/g) ?? [];
    const last = parts[parts.length - 1] ?? "";
    const word = parts[parts.length - 2] ?? "";
    if (parts.length >= 3 && isNumber(last) && PRERELEASE.has(word)) {
        return [parts.slice(0, -2), PRERELEASE.get(word) + numberKey(last)];
    }
    if (parts.length >= 2 && PRERELEASE.has(last))
        return [parts.slice(0, -1), PRERELEASE.get(last)];
    return [parts, FINAL];
}

const isNumber = (part) => /^[0-9]/.test(part);
const partKey = (part) => (isNumber(part) ? numberKey(part) : wordKey(part));

function numberKey(digits) {
    if (digits.length > MOST_DIGITS) throw new Error("a version with a number of so many digits");
    const significant = digits.replace(/^0+/, "");
    return `n${String(significant.length).padStart(2, "0")}${significant}`;
}

function wordKey(word) {
    const place = INFINITY.indexOf(word);
    return place < 0 ? `a${word}#` : `z${place}`;
}

function nextPart(part) {
    if (isNumber(part)) return numberKey(String(BigInt(part) + 1n));
    const place = INFINITY.indexOf(part);
    if (place >= 0) return `z${place + 1}`;
    let next = nextWord(part);
    while (INFINITY.includes(next)) next = nextWord(next);
    return wordKey(next);
}

function nextWord(word) {
    if (word.endsWith("z")) return `${word}A`;
    const last = word.charCodeAt(word.length - 1);
    return word.slice(0, -1) + (word.endsWith("Z") ? "a" : String.fromCharCode(last + 1));
}
