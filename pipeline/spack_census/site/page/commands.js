/** Lines for a shell, where what they would say is safe to paste, and rows for a spreadsheet. */
import { FACETS } from "./facets.js";
import { spelled } from "./snapshot.js";

const SAFE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const SAFE_VERSION = /^[A-Za-z0-9_][A-Za-z0-9_.=-]*$/;
const COLUMNS = [
    "package",
    "version",
    "compiler",
    "platform",
    "os",
    "target",
    "variants",
    "stacks",
    "hash",
];
// Where Spack's own pipelines publish; a cache of one's own lies nobody knows where.
const PUBLISHED = ["develop", "develop-dated", "release"];

/** Whether a text is a name by Spack's grammar, and so needs no quotes. @param {string} text */
export const isName = (text) => SAFE_NAME.test(text);

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** `census find` for a text as it was typed. @param {any} app @param {string} text */
export function asTyped(app, text) {
    return ["census find", quoted(text), ...place(app)].join(" ");
}

/**
 * `census find` for what the page shows.
 * @param {any} app @param {any} parsed the constraint @param {string[]} packages that match
 * @returns {string} "" where no one line asks for that
 */
export function findLine(app, parsed, packages) {
    const { q, chosen } = app.state;
    const columns = new Set(parsed?.conditions.map((each) => each.column));
    if (parsed && parsed.partial && packages.length !== 1) return "";
    const words = [];
    // What stands behind a compiler would describe it.
    for (const facet of FACETS.toSorted((x, y) => (x === "compiler") - (y === "compiler"))) {
        const values = chosen[facet] ?? [];
        if (!values.length) continue;
        const word = facetWord(facet, values);
        if (!word || columns.has(facet === "variant" ? "variants" : facet)) return "";
        words.push(word);
    }
    const text = !parsed ? "" : parsed.partial ? packages[0] : q.trim();
    const at = parsed?.conditions.find((each) => each.column === "compiler")?.from ?? text.length;
    const whole = [text.slice(0, at).trim(), ...words, text.slice(at)].filter(Boolean).join(" ");
    return whole && asTyped(app, whole);
}

function facetWord(facet, values) {
    if (facet === "stack" || !values.every((each) => /^[A-Za-z0-9_.,:=@+~-]+$/.test(each)))
        return "";
    if (facet === "target") return `target=${values.join(",")}`;
    const [value] = values;
    if (values.length > 1) return "";
    if (facet === "compiler") {
        const [name, version] = value.split("@");
        return version ? `%${name}@=${version}` : "";
    }
    if (facet === "variant") return value.replace("=", ":=");
    return `${facet}=${value}`;
}

function place(app) {
    const { cpu, system } = app.state;
    const words = ["--snapshot", isName(app.snap.name) ? app.snap.name : quoted(app.snap.name)];
    if (cpu) words.push("--host", cpu);
    if (system) words.push("--os", system);
    return words;
}

/** The lines that install from a snapshot's mirror; none where a name is odd or the place unknown. */
export function installLines(app, name, version) {
    const { series } = app.entry(app.snap.name);
    const published = PUBLISHED.includes(series) && !app.snap.name.includes("@");
    const safe = isName(name) && SAFE_VERSION.test(version) && isName(app.snap.name);
    if (!safe || !published) return null;
    return {
        mirror: `spack mirror add ${app.snap.name} https://binaries.spack.io/${app.snap.name}`,
        keys: "spack buildcache keys --install --trust",
        install: `spack install ${name}@${version}`,
    };
}

/** The line that installs one binary. @param {string} hash */
export const exactly = (hash) => `spack install --cache-only /${hash}`;

/** Rows as `census find --format csv` has them. @param {any} snap @param {Iterable<number>} rows */
export function csv(snap, rows) {
    const lines = [[...COLUMNS, "snapshot"].join(",")];
    for (const row of rows) {
        const found = spelled(snap, row);
        const cells = COLUMNS.map((name) => cell(found[name]));
        lines.push([...cells, cell(snap.name)].join(","));
    }
    return `${lines.join("\n")}\n`;
}

function cell(value) {
    const text = Array.isArray(value)
        ? `[${value.map((each) => JSON.stringify(each)).join(", ")}]`
        : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Have the browser save a text. @param {string} name @param {string} text */
export function download(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
