/** Tokens → conditions on the columns: a port of spack/attributes.py and ask/attributes.py. */
import { Refusal, leave, tokens } from "./grammar.js";
import { versionKey, versionTest } from "./versions.js";

const PLACES = new Map([
    ["operating_system", "os"],
    ["architecture", "arch"],
]);
const FLAGS = new Set(["cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs"]);
const RELATIVE = /^(?:default|frontend|backend|fe|be)(?:_(?:os|target|platform))?$/;
const HASH = /^[a-z2-7]{1,32}$/;
const PATCH_CHARACTERS = 7;

/**
 * What one attribute must be. `test` is asked once for each value of the column's dictionary: of a
 * version its key, of a compiler [name, version], of variants the list of words, else the text.
 * Of a hash there is the prefix alone. `from` and `to` are where it stands in the text.
 * @typedef {{
 *   column: "package"|"version"|"compiler"|"platform"|"os"|"target"|"variants"|"hash",
 *   text: string, from: number, to: number, test?: (value: any) => boolean, prefix?: string,
 * }} Condition
 */

/**
 * @param {string} text
 * @param {{runs: Record<string, string[]>, compilers: Record<string, string[]>, edges: boolean}}
 *   known what CPUs run, the names of each compiler, whether the snapshot knows dependencies
 * @returns {{conditions: Condition[], name: string, partial: boolean}} `name` of the package asked
 *   for, "" for none; `partial` where a part of it, or a pattern, is enough
 */
export function parse(text, known) {
    const found = tokens(text);
    const reader = new Reader(known);
    found.forEach((token, number) => reader.take(token, number, found.length === 1));
    return { conditions: reader.conditions, name: reader.name, partial: reader.partial };
}

class Reader {
    constructor(known) {
        this.known = known;
        /** @type {Condition[]} */
        this.conditions = [];
        this.seen = new Set();
        this.name = "";
        this.partial = false;
        /** Whether a compiler has been named, which what follows would describe. */
        this.behind = false;
    }

    take(token, number, alone) {
        this.token = token;
        if (this.behind && token.kind !== "compiler") {
            throw new Refusal(`“${token.text}” describes the compiler: write it before the %`);
        }
        if (token.kind === "package" || token.kind === "glob")
            this.package(token.text, number, alone);
        else if (token.kind === "versions" || token.kind === "git")
            this.version(token.text.slice(1));
        else if (token.kind === "compiler") this.compiler(token.groups);
        else if (token.kind === "switch") this.switched(token.text);
        else if (token.kind === "hash") this.hash(token.text.slice(1));
        else this.setting(token.text);
    }

    add(column, condition) {
        const { text, from, to } = this.token;
        this.conditions.push({ column, text, from, to, ...condition });
    }

    once(what, named = `two ${what}`) {
        if (this.seen.has(what)) throw new Refusal(`${named}; give one`);
        this.seen.add(what);
    }

    package(name, number, alone) {
        if (number > 0) throw new Refusal(`“${name}” begins a second spec; give one at a time`);
        if (name.includes(".")) leave("namespaces");
        if (!alone && this.known.virtuals.includes(name)) {
            leave("what provides a virtual package");
        }
        this.name = name;
        this.partial = alone || this.token.kind === "glob";
        if (this.token.kind === "glob") this.add("package", { test: glob(name.toLowerCase()) });
        else if (alone) this.add("package", { test: (each) => each.includes(name.toLowerCase()) });
        else this.add("package", { test: (each) => each === name });
    }

    version(text) {
        this.once("versions");
        const test = understood(() => versionTest(text));
        if (test) this.add("version", { test });
    }

    /** A compiler in the columns; where compilers are dependencies, only the command line knows. */
    compiler({ name, versions }) {
        if (this.behind) leave("two compilers");
        const names = Object.hasOwn(this.known.compilers, name) ? this.known.compilers[name] : null;
        if (!names) leave(`%${name}: dependencies`);
        if (this.known.edges) {
            throw new Refusal("compilers of this snapshot are dependencies", true);
        }
        this.behind = true;
        const inside = versions ? understood(() => versionTest(versions)) : null;
        const test = ([own, version]) =>
            names.includes(own) && (!inside || (version !== null && inside(versionKey(version))));
        this.add("compiler", { test });
    }

    switched(text) {
        const name = text.slice(1).trim();
        this.variant(name, switchTest(name, text[0] === "+"));
    }

    hash(prefix) {
        this.once("hashes");
        if (!HASH.test(prefix)) throw new Refusal("a hash is made of a-z and 2-7");
        this.add("hash", { prefix });
    }

    setting(text) {
        const equals = text.indexOf("=");
        const written = text.slice(0, equals);
        const exact = written.endsWith(":");
        const bare = exact ? written.slice(0, -1) : written;
        const name = PLACES.get(bare) ?? bare;
        const raw = text.slice(equals + 1);
        const quoted = /^(["'])(.*)\1$/s.exec(raw);
        const value = quoted ? quoted[2].replaceAll(`\\${quoted[1]}`, quoted[1]) : raw;
        if (FLAGS.has(name)) leave("compiler flags");
        if (name === "namespace") leave("namespaces");
        if (name === "arch") this.architecture(value);
        else if (["platform", "os", "target"].includes(name)) this.place(name, value);
        else this.variant(name, variantTest(name, value, exact));
    }

    architecture(value) {
        const parts = value.split("-");
        const [platform, os, target] = parts.length === 3 ? parts : ["", "", value];
        for (const [name, part] of Object.entries({ platform, os, target })) {
            if (part !== "" && part !== "None") this.place(name, part);
        }
    }

    place(name, value) {
        if (RELATIVE.test(value)) {
            throw new Refusal(`${name}=${value} depends on the machine that Spack runs on`);
        }
        this.once(name, `two values for ${name}`);
        if (name !== "target") this.add(name, { test: (each) => value === "*" || each === value });
        else {
            const tests = value.split(",").map((each) => targetTest(each.trim(), this.known.runs));
            this.add("target", { test: (target) => tests.some((test) => test(target)) });
        }
    }

    variant(name, test) {
        this.once(`variants ${name}`, `the variant ${name} is asked for twice`);
        this.add("variants", { test });
    }
}

function understood(make) {
    try {
        return make();
    } catch (error) {
        throw new Refusal(error.message);
    }
}

function glob(wanted) {
    const escaped = wanted.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
    const pattern = new RegExp(`^${escaped.replaceAll("*", ".*")}$`, "s");
    return (name) => pattern.test(name);
}

/** Ends of a range can run each other's binaries, and all between them. */
function targetTest(text, runs) {
    const colon = text.indexOf(":");
    if (text === "*") return () => true;
    if (colon < 0) return (target) => target === text;
    const low = text.slice(0, colon);
    const high = text.slice(colon + 1);
    const runBy = (host, target) =>
        host === target || (Object.hasOwn(runs, host) && runs[host].includes(target));
    return (target) => (!low || runBy(target, low)) && (!high || runBy(high, target));
}

const hasAny = (spellings) => (words) => words.some((word) => spellings.includes(word));

/** An index may hold a switch as text. */
function switchTest(name, on) {
    const word = String(on);
    const texts = [word, word[0].toUpperCase() + word.slice(1), word.toUpperCase()];
    return hasAny([`${on ? "+" : "~"}${name}`, ...texts.map((text) => `${name}=${text}`)]);
}

function variantTest(name, value, exact) {
    if (/^(true|false)$/i.test(value)) return switchTest(name, /true/i.test(value));
    const start = `${name}=`;
    if (value === "*") {
        const switches = hasAny([`+${name}`, `~${name}`]);
        return (words) => switches(words) || words.some((word) => word.startsWith(start));
    }
    const isPatches = name === "patches";
    const parts = [...new Set(value.split(","))].sort();
    const values = isPatches ? parts.map((part) => part.slice(0, PATCH_CHARACTERS)) : parts;
    if (exact) return hasAny([`${start}${values.join(",")}`]);
    const holds = (word) => {
        const own = word.slice(start.length).split(",");
        const has = (each) =>
            isPatches ? own.some((sum) => sum.startsWith(each)) : own.includes(each);
        return word.startsWith(start) && values.every(has);
    };
    return (words) => words.some(holds);
}
