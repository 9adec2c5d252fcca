/** The first page: what is asked for, filters, what matches. */
import { asTyped, csv, download, findLine } from "./commands.js";
import { parse } from "./constraint.js";
import { differing, variantName } from "./differing.js";
import { copyButton, count, counted, el, say, soft } from "./dom.js";
import { FACETS, filterOf, select } from "./facets.js";
import { Refusal } from "./grammar.js";
import { hostConditions } from "./hosts.js";
import { nothing } from "./nothing.js";
import { grouped } from "./order.js";
import { TITLES, filterPanel } from "./panel.js";
import { spelled } from "./snapshot.js";
import { packageAddress, writeState } from "./state.js";
import { longTable } from "./table.js";

/** @param {any} app */
export function drawSearch(app) {
    const { snap, state } = app;
    const asked = understand(app);
    const conditions = [...asked.conditions, ...hostConditions(app.state, app.index)];
    const waiting = conditions.some(({ column }) => column === "hash") && !snap.hashes;
    const usable = waiting ? conditions.filter(({ column }) => column !== "hash") : conditions;
    const found = select(
        snap,
        usable.map((each) => filterOf(snap, each)),
        state.chosen,
    );
    const packages = packagesOf(snap, found.rows, asked);
    const bySpec = state.by
        ? state.by === "spec"
        : usable.length > 1 && asked.conditions.length > 1;
    const rows = () => [...packages.values()].flatMap((each) => each.toReversed());
    const results = el("section", { class: "results", "aria-labelledby": "found" });
    const heading = found.rows.length
        ? `${counted(found.rows.length, "binary", "binaries")} of ${counted(packages.size, "package")}`
        : "No binary matches";
    results.append(el("h1", { id: "found" }, heading));
    results.append(
        toolbar(app, asked, packages, bySpec, rows),
        ...chips(app),
        ...problems(app, asked),
    );
    if (waiting) results.append(soft("Reading the hashes…"));
    if (!found.rows.length) results.append(nothing(app, usable, found.without));
    else results.append(bySpec ? specTable(app, rows(), packages) : packageTable(app, packages));
    say(heading);
    return [filterPanel(app, found.counts), results];
}

/** What is typed as conditions; where it cannot be used, none and the reason. */
function understand(app) {
    const text = app.state.q.trim();
    try {
        const found = parse(text, { ...app.index, edges: Boolean(app.snap.files.deps) });
        if (found.name && !found.partial && !app.snap.package.includes(found.name)) {
            throw new Refusal(`no package of ${app.snap.name} is called ${found.name}`, true);
        }
        return { ...found, problem: null };
    } catch (problem) {
        return { conditions: [], name: "", partial: false, problem };
    }
}

/** Package → its rows; what is called as asked first, then what begins so. */
function packagesOf(snap, rows, asked) {
    const found = grouped(rows, (row) => snap.columns.package[row]);
    if (!asked.partial) return found;
    const name = asked.name.toLowerCase();
    const rank = (id) => {
        const own = snap.package[id];
        return own === name ? 0 : own.startsWith(name) ? 1 : 2;
    };
    return new Map([...found].sort(([x], [y]) => rank(x) - rank(y) || x - y));
}

function toolbar(app, asked, packages, bySpec, rows) {
    const { snap } = app;
    const show = [
        ["package", "Packages"],
        ["spec", "Binaries"],
    ].map(([by, name]) => {
        const pressed = String((by === "spec") === bySpec);
        const onclick = () => app.change({ by });
        return el("button", { type: "button", "aria-pressed": pressed, onclick }, name);
    });
    const names = packages.size === 1 ? [...packages.keys()].map((id) => snap.package[id]) : [];
    const line = asked.problem ? "" : findLine(app, asked.conditions.length ? asked : null, names);
    const save = async () => {
        await app.withHashes();
        download(`${snap.name.replace(/[^A-Za-z0-9.@_-]/g, "_")}.csv`, csv(snap, rows()));
    };
    const saving = { type: "button", class: "quiet", onclick: save };
    return el(
        "div",
        { class: "tools" },
        el("div", { class: "switch", role: "group", "aria-label": "Show" }, ...show),
        el("span", { class: "soft where" }, "in ", el("strong", snap.name)),
        el("span", { class: "space" }),
        line && copyButton(() => line, "the census find line", null, "Copy as census find"),
        packages.size ? el("button", saving, "Download CSV") : null,
    );
}

function chips(app) {
    const { state } = app;
    const chip = (name, kind, onclick) => {
        const cross = el("span", { "aria-hidden": "true" }, " ×");
        const label = `Remove ${kind}${name}`;
        return el("button", { type: "button", "aria-label": label, onclick }, name, cross);
    };
    const used = FACETS.flatMap((facet) =>
        (state.chosen[facet] ?? []).map((value) =>
            chip(value || "none", `${TITLES[facet]} `, () => app.toggle(facet, value)),
        ),
    );
    for (const word of ["cpu", "system"]) {
        if (state[word])
            used.push(chip(`runs on ${state[word]}`, "", () => app.change({ [word]: "" })));
    }
    if (!used.length) return [];
    const clear = writeState({ ...state, chosen: {}, cpu: "", system: "" });
    const items = [...used, el("a", { href: clear }, "Clear all")].map((each) => el("li", each));
    return [el("ul", { class: "chips", "aria-label": "Filters in use" }, ...items)];
}

function problems(app, { problem }) {
    const { state, index } = app;
    const found = [];
    if (problem?.elsewhere) {
        const code = el("code", asTyped(app, state.q.trim()));
        found.push(`${sentence(problem.message)} The command line may know more: `, code);
    } else if (problem) found.push(`Not understood: ${problem.message}.`);
    if (state.cpu && !Object.hasOwn(index.runs, state.cpu)) {
        found.push(` Nobody knows the CPU “${state.cpu}”; it is left out.`);
    }
    if (state.system && !Object.hasOwn(index.systems, state.system)) {
        found.push(` Nobody knows the system “${state.system}”; it is left out.`);
    }
    return found.length ? [el("p", { class: "warning", role: "alert" }, ...found)] : [];
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

function packageTable(app, packages) {
    const { snap, state } = app;
    const c = snap.columns;
    const listed = [...packages];
    return longTable({
        caption: "Packages that match",
        total: listed.length,
        columns: [
            { name: "Package", class: "wide" },
            { name: "Newest" },
            { name: "Binaries", class: "n" },
            { name: "Targets", class: "soft targets" },
        ],
        row: (n) => {
            const [id, rows] = listed[n];
            const name = snap.package[id];
            const targets = [...new Set(rows.map((row) => snap.target[c.target[row]]))].sort();
            const newest = snap.version[c.version[rows[rows.length - 1]]];
            const link = el("a", { href: packageAddress(name, state.at) }, name);
            return [link, newest, count(rows.length), targets.join("  ")];
        },
    });
}

/** @param {any} app @param {number[]} rows @param {Map<number, number[]>} packages */
function specTable(app, rows, packages) {
    const { snap, state } = app;
    const names = new Map();
    /** What tells the binaries of a package apart comes first: the line may be cut off. */
    const tellingFirst = (row, words) => {
        const id = snap.columns.package[row];
        if (!names.has(id)) names.set(id, differing(snap, packages.get(id)));
        const tells = (word) => names.get(id).has(variantName(word));
        return [...words.filter(tells), ...words.filter((word) => !tells(word))].join(" ");
    };
    return longTable({
        caption: "Binaries that match",
        total: rows.length,
        tall: true,
        columns: [
            { name: "Binary", class: "wide" },
            { name: "Target and system" },
            { name: "Compiler", class: "compiler" },
            { name: "Hash", class: "mono soft hash" },
        ],
        row: (n) => {
            const one = spelled(snap, rows[n]);
            const link = el("a", { href: packageAddress(one.package, state.at) }, one.package);
            const words = tellingFirst(rows[n], one.variants);
            return [
                [el("span", { class: "first" }, link, ` ${one.version}`), second(words, words)],
                [el("span", { class: "first" }, one.target), second(one.os)],
                one.compiler || el("span", { class: "soft" }, "none"),
                one.hash.slice(0, 7) || "…",
            ];
        },
    });
}

const second = (text, title) => el("span", { class: "second", title }, text);
