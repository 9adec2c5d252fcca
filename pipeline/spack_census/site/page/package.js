/** All about one package in one snapshot, and how it came there. */
import { binaries } from "./binaries.js";
import { installLines } from "./commands.js";
import { differing } from "./differing.js";
import { copyLine, count, counted, el, say, scrolling, soft, tableHead } from "./dom.js";
import { historyOf } from "./history.js";
import { relations } from "./relations.js";
import { placeOf, rowsOf } from "./snapshot.js";
import { packageAddress, writeState } from "./state.js";

/** @param {any} app */
export function drawPackage(app) {
    const { snap, state } = app;
    const rows = rowsOf(snap, state.name);
    const back = el(
        "p",
        { class: "path" },
        el("a", { href: writeState({ at: state.at }) }, "All packages"),
    );
    const page = el("section", { class: "page" }, back, el("h1", state.name || "No package"));
    if (!rows.length) page.append(absent(app));
    else page.append(...present(app, rows));
    page.append(section("History", historyOf(app)));
    return [page];
}

function present(app, rows) {
    const { snap, state } = app;
    const c = snap.columns;
    const places = [...new Set(rows.map((row) => placeOf(snap, row)))].sort();
    const versions = [...new Set(rows.map((row) => c.version[row]))].sort((x, y) => y - x);
    const newest = snap.version[versions[0]];
    const has = `${counted(versions.length, "version")} as ${counted(rows.length, "binary", "binaries")}`;
    const where =
        places.length === 1 ? `on ${places[0]}` : `on ${counted(places.length, "target")}`;
    const lead = `${snap.name} has ${has} ${where}. The newest is `;
    const chosen = rows.filter(
        (row) =>
            (!state.version || snap.version[c.version[row]] === state.version) &&
            (!state.chosen.target || state.chosen.target.includes(snap.target[c.target[row]])) &&
            (!state.chosen.platform ||
                state.chosen.platform.includes(snap.platform[c.platform[row]])),
    );
    say(`${state.name}: ${counted(chosen.length, "binary", "binaries")}`);
    return [
        el("p", { class: "lead" }, lead, el("strong", newest), "."),
        install(app, newest),
        section("Versions and targets", matrix(app, rows, places, versions)),
        section(heading(chosen, rows), showAll(app, chosen, rows), ...binaries(app, chosen, rows)),
        section("Variants that differ", variants(app, rows)),
        ...relations(app, rows).map(([title, ...parts]) => section(title, ...parts)),
    ];
}

const section = (title, ...parts) => el("section", el("h2", title), ...parts);

function heading(chosen, rows) {
    if (chosen.length === rows.length) return counted(rows.length, "binary", "binaries");
    return `${count(chosen.length)} of ${counted(rows.length, "binary", "binaries")}`;
}

function showAll(app, chosen, rows) {
    if (chosen.length === rows.length) return null;
    const { state } = app;
    const what = [state.version, ...(state.chosen.target ?? [])].filter(Boolean).join(" on ");
    const all = writeState({ ...state, version: "", chosen: {} });
    return soft(`Only ${what}. `, el("a", { href: all }, "Show all"));
}

function absent(app) {
    const { snap, state, lives } = app;
    const { snapshots } = app.index;
    const none = el("p", { class: "lead" }, `${snap.name} has no package of this name.`);
    if (!lives?.length) {
        const search = writeState({ at: state.at, q: state.name });
        none.append(" ", el("a", { href: search }, "Search for it"));
        return none;
    }
    const last = Math.max(
        ...lives.flatMap(([, , runs]) =>
            runs.map((first, n) => (n % 2 ? -1 : first + runs[n + 1] - 1)),
        ),
    );
    const { name } = snapshots[last];
    none.append(
        " The last snapshot here that did: ",
        el("a", { href: packageAddress(state.name, name) }, name),
        ".",
    );
    return none;
}

function install(app, newest) {
    const lines = installLines(app, app.state.name, newest);
    if (!lines) {
        const why =
            "No lines to copy: where this snapshot is published is not known, or a name in it is odd.";
        return soft(why);
    }
    const step = (text, ...copied) => el("li", el("p", text), ...copied);
    const steps = [
        step(
            "Once, add the mirror of this snapshot and trust its keys:",
            copyLine(lines.mirror, "the mirror command"),
            copyLine(lines.keys, "the keys command"),
        ),
        step(
            "Then install; what the cache has is not compiled:",
            copyLine(lines.install, "the install command"),
        ),
    ];
    return el(
        "details",
        { class: "install", open: true },
        el("summary", "Install from this cache"),
        el("ol", ...steps),
    );
}

function matrix(app, rows, places, versions) {
    const { snap, state } = app;
    const numbers = new Map();
    for (const row of rows) {
        const key = `${snap.columns.version[row]} ${placeOf(snap, row)}`;
        numbers.set(key, (numbers.get(key) ?? 0) + 1);
    }
    const most = Math.max(...numbers.values());
    const cell = (version, place) => {
        const n = numbers.get(`${version} ${place}`);
        if (!n) return el("td", { class: "none" }, "–");
        const [platform, target] = place.split(/\/(.*)/);
        const text = snap.version[version];
        const chosen = { platform: [platform], target: [target] };
        const on =
            state.version === text &&
            state.chosen.target?.[0] === target &&
            state.chosen.platform?.[0] === platform;
        const link = {
            href: on
                ? writeState({ ...state, version: "", chosen: {} })
                : writeState({ ...state, version: text, chosen }),
            "aria-current": on ? "true" : null,
            "data-focus": `${version} ${place}`,
            "aria-label": `${n} of ${text} on ${place}`,
        };
        return el(
            "td",
            { class: `heat${1 + Math.floor((3 * (n - 1)) / Math.max(1, most - 1))}` },
            el("a", link, count(n)),
        );
    };
    const head = places.map((place) => {
        const [platform, target] = place.split(/\/(.*)/);
        return { name: el("span", target, el("span", { class: "second" }, platform)) };
    });
    const lines = versions.map((version) =>
        el(
            "tr",
            el("th", { scope: "row" }, snap.version[version]),
            ...places.map((place) => cell(version, place)),
        ),
    );
    return scrolling(
        "Versions and targets",
        el(
            "table",
            { class: "heat" },
            caption("How many binaries of each version are on each target"),
            tableHead(["Version", ...head]),
            el("tbody", ...lines),
        ),
    );
}

const caption = (text) => el("caption", { class: "hidden" }, text);

function variants(app, rows) {
    const found = [...differing(app.snap, rows)].sort(([x], [y]) => (x < y ? -1 : 1));
    if (!found.length) return soft("All binaries have the same variants.");
    const { state } = app;
    const lines = found.map(([name, values]) => {
        const links = values
            .sort((x, y) => y.n - x.n)
            .map(({ word, n }) => {
                const chosen = { variant: [word] };
                const href = writeState({ q: `${state.name}@:`, at: state.at, by: "spec", chosen });
                return el(
                    "li",
                    el("a", { class: "mono", href }, word),
                    el("span", { class: "n" }, ` ${count(n)}`),
                );
            });
        const set = values.reduce((sum, { n }) => sum + n, 0);
        if (set < rows.length)
            links.push(
                el(
                    "li",
                    { class: "soft" },
                    "not set",
                    el("span", { class: "n" }, ` ${count(rows.length - set)}`),
                ),
            );
        return el(
            "tr",
            el("th", { scope: "row" }, name),
            el("td", el("ul", { class: "inline" }, ...links)),
        );
    });
    return el(
        "table",
        { class: "data" },
        caption("Variants that differ"),
        tableHead(["Variant", "Settings, and how many binaries have each"]),
        el("tbody", ...lines),
    );
}
