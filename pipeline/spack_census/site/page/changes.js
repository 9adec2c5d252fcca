/** What changed between two snapshots, whichever. */
import { count, counted, el, percent, say } from "./dom.js";
import { KINDS } from "./diff.js";
import { sidePicker } from "./header.js";
import { grouped } from "./order.js";
import { packageAddress, writeState } from "./state.js";
import { longTable } from "./table.js";

/** @param {any} app with `pair`, the snapshots, and `diff`, null while it is being made */
export function drawChanges(app) {
    const page = el("section", { class: "page" }, el("h1", "What changed"));
    if (app.index.snapshots.length < 2) {
        page.append(
            el("p", { class: "lead" }, "There is only one snapshot here: a comparison takes two."),
        );
        return [page];
    }
    page.append(pickers(app), ...notices(app));
    const [before, after] = app.pair;
    if (before === after)
        page.append(el("p", { class: "lead" }, "Both are the same snapshot: choose another."));
    else if (!app.diff) page.append(el("p", { class: "lead soft", role: "status" }, "Comparing…"));
    else page.append(...found(app));
    return [page];
}

function pickers(app) {
    const [before, after] = app.pair.map((snap) => snap.name);
    const { state } = app;
    const swap = writeState({ ...state, before: after, after: before });
    return el(
        "p",
        { class: "tools" },
        sidePicker(app, "before", before, "Before"),
        el("a", { class: "quiet", href: swap }, "Swap"),
        sidePicker(app, "after", after, "After"),
    );
}

function notices(app) {
    const { state } = app;
    const [before, after] = app.pair.map((snap) => app.entry(snap.name));
    const warn = (...parts) => el("p", { class: "warning" }, ...parts);
    const shown = [];
    for (const name of [state.before, state.after]) {
        if (name && !app.entry(name))
            shown.push(warn(`There is no snapshot “${name}” here; another is shown.`));
    }
    if (before.epoch !== after.epoch) {
        shown.push(
            warn(
                "Spack made the hashes of these two in different ways: all seem rebuilt, and “rebuilt” says nothing.",
            ),
        );
    }
    const report = `${before.name}..${after.name}`;
    if (app.index.reports.includes(report) && app.reports) {
        const href = `${app.reports}/${encodeURIComponent(report)}/report.html`;
        shown.push(
            el(
                "p",
                el("a", { href }, "The report on these two"),
                " says more about causes and stacks.",
            ),
        );
    }
    return shown;
}

function found(app) {
    const [before, after] = app.pair;
    const { state, diff } = app;
    const kept = `${percent(diff.kept, before.rows)} of the hashes before were kept`;
    const all = diff.changes.length
        ? `${counted(diff.changes.length, "binary", "binaries")} changed`
        : "nothing changed";
    const lead = `${count(before.rows)} → ${counted(after.rows, "binary", "binaries")}; ${kept}, ${all}.`;
    const wanted = new Set(state.kinds);
    const needle = state.text.trim().toLowerCase();
    const rows = groupsOf(
        diff.changes.filter(
            (each) => (!wanted.size || wanted.has(each.change)) && fits(each, needle),
        ),
    );
    const shown = `${counted(rows.length, "package")}, ${counted(
        rows.reduce((sum, each) => sum + each.changes.length, 0),
        "change",
    )}`;
    say(shown);
    return [
        el("p", { class: "lead" }, lead),
        kinds(app, wanted),
        el("p", { class: "tools" }, filter(app), el("span", { class: "soft" }, shown)),
        rows.length
            ? changesTable(app, rows)
            : el(
                  "p",
                  { class: "empty" },
                  diff.changes.length
                      ? "No change is like that."
                      : "The two hold the same binaries.",
              ),
    ];
}

function fits(each, needle) {
    if (!needle) return true;
    const { package: name, target, os, beforeVersion, afterVersion, stacks } = each;
    return [name, target, os, beforeVersion, afterVersion, ...stacks].some((text) =>
        text?.toLowerCase().includes(needle),
    );
}

function kinds(app, wanted) {
    const { state } = app;
    const numbers = new Map(KINDS.map((kind) => [kind, 0]));
    for (const { change } of app.diff.changes) numbers.set(change, numbers.get(change) + 1);
    const toggles = KINDS.map((kind) => {
        const onclick = () => {
            const next = new Set(wanted);
            if (!next.delete(kind)) next.add(kind);
            app.change({ kinds: KINDS.filter((each) => next.has(each)) });
        };
        const properties = {
            type: "button",
            class: kind,
            onclick,
            disabled: !numbers.get(kind),
            "data-focus": `kind ${kind}`,
        };
        return el(
            "button",
            { ...properties, "aria-pressed": String(wanted.has(kind)) },
            el("strong", count(numbers.get(kind))),
            kind,
        );
    });
    return el(
        "div",
        { class: "kinds", role: "group", "aria-label": "Kinds of change" },
        ...toggles,
    );
}

function filter(app) {
    const oninput = (event) => app.change({ text: event.target.value }, true);
    const properties = { type: "search", value: app.state.text, oninput, "data-focus": "filter" };
    return el("input", {
        ...properties,
        "aria-label": "Filter by package, version, target, system or stack",
        placeholder: "Package, version, target, stack",
    });
}

/** One row a package, in the order of names. */
function groupsOf(changes) {
    const packages = [...grouped(changes, (each) => each.package)].sort(([x], [y]) =>
        x < y ? -1 : 1,
    );
    return packages.map(([name, own]) => ({ name, changes: own }));
}

function changesTable(app, rows) {
    const [before, after] = app.pair;
    return longTable({
        caption: "Packages that changed",
        total: rows.length,
        tall: true,
        columns: [
            { name: "Package", class: "wide" },
            { name: "What became of its binaries" },
            { name: "Targets", class: "soft targets" },
        ],
        row: (n) => {
            const { name, changes } = rows[n];
            const at = changes.every((each) => each.after < 0) ? before.name : after.name;
            const targets = [...new Set(changes.map((each) => each.target))].sort();
            const detail = details(changes);
            return [
                el("a", { href: packageAddress(name, at) }, name),
                [
                    el("span", { class: "first" }, ...tallies(changes)),
                    el("span", { class: "second", title: detail }, detail),
                ],
                [
                    el("span", { class: "first" }, targets.slice(0, 3).join("  ")),
                    el("span", { class: "second" }, targets.slice(3).join("  ")),
                ],
            ];
        },
    });
}

function tallies(changes) {
    return KINDS.flatMap((kind) => {
        const n = changes.filter((each) => each.change === kind).length;
        return n ? [el("span", { class: `kind ${kind}` }, `${count(n)} ${kind}`), " "] : [];
    });
}

/** What differs, the most telling first: versions, then compilers, then causes. */
function details(changes) {
    const seen = new Set();
    for (const each of changes) {
        if (each.change === "gone") seen.add(`was ${each.beforeVersion}`);
        else if (each.change === "appeared") seen.add(`now ${each.afterVersion}`);
        else if (each.beforeVersion !== each.afterVersion)
            seen.add(`${each.beforeVersion} → ${each.afterVersion}`);
    }
    for (const { change, beforeCompiler, afterCompiler } of changes) {
        if (change === "recompiled")
            seen.add(`%${beforeCompiler ?? "none"} → %${afterCompiler ?? "none"}`);
    }
    for (const { change, variantsAdded, variantsRemoved } of changes) {
        if (change === "reconfigured")
            seen.add(
                [...variantsRemoved.map((word) => `no longer ${word}`), ...variantsAdded].join(" "),
            );
    }
    const causes = new Set(
        changes.flatMap((each) => (each.change === "rebuilt" ? each.attributes : [])),
    );
    if (causes.size) seen.add(`differs in ${[...causes].join(", ")}`);
    return [...seen].join(" · ") || "only the hash differs";
}
