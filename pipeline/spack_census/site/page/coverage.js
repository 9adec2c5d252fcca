/** Packages × targets: what is there, what is missing. */
import { count, counted, el, optionsOf, percent, picker, say } from "./dom.js";
import { placeOf } from "./snapshot.js";
import { packageAddress } from "./state.js";
import { longTable } from "./table.js";

/** @param {any} app */
export function drawCoverage(app) {
    const { snap, state } = app;
    const { places, newest, numbers, totals } = tally(snap);
    const missing = places.indexOf(state.missing);
    const all = snap.package.map((_, id) => id);
    const listed = missing < 0 ? all : all.filter((id) => !numbers[id][missing]);
    const order = places.map((_, n) => n).sort((x, y) => totals[y] - totals[x]);
    const whole = counted(all.length, "package");
    const lead =
        missing < 0
            ? `${whole} on ${counted(places.length, "target")}. A cell shows the newest version that is there, grey where another target has a newer one.`
            : `${count(listed.length)} of ${whole} are missing on ${state.missing}.`;
    say(missing < 0 ? lead : `${counted(listed.length, "package")} missing on ${state.missing}`);
    return [
        el(
            "section",
            { class: "page" },
            el("h1", "Coverage"),
            el("p", { class: "lead" }, lead),
            unknown(state, places),
            missingPicker(
                app,
                order.map((n) => places[n]),
            ),
            listed.length
                ? coverageTable(app, { listed, order, places, newest, numbers, totals })
                : el("p", { class: "empty" }, `Nothing is missing on ${state.missing}.`),
        ),
    ];
}

function tally(snap) {
    const c = snap.columns;
    const numbered = new Map();
    const numbers = snap.package.map(() => []);
    const newest = snap.package.map(() => []);
    for (let row = 0; row < snap.rows; row++) {
        const place = placeOf(snap, row);
        if (!numbered.has(place)) numbered.set(place, numbered.size);
        const at = numbered.get(place);
        const id = c.package[row];
        numbers[id][at] = (numbers[id][at] ?? 0) + 1;
        // Versions are numbered in their order.
        newest[id][at] = Math.max(newest[id][at] ?? -1, c.version[row]);
    }
    const places = [...numbered.keys()];
    const totals = places.map((_, n) => numbers.filter((each) => each[n]).length);
    return { places, numbers, newest, totals };
}

function unknown(state, places) {
    if (!state.missing || places.includes(state.missing)) return null;
    return el(
        "p",
        { class: "warning", role: "alert" },
        `Nothing here was built for ${state.missing}; all packages are shown.`,
    );
}

function missingPicker(app, places) {
    const take = (missing) => app.change({ missing });
    const options = optionsOf(places, "any: all packages");
    const { label, select } = picker("Only missing on", options, take, "missing");
    select.value = places.includes(app.state.missing) ? app.state.missing : "";
    return el("p", { class: "tools" }, label);
}

function coverageTable(app, { listed, order, places, newest, numbers, totals }) {
    const { snap, state } = app;
    const head = order.map((n) => {
        const [platform, target] = places[n].split(/\/(.*)/);
        const share = `${platform} · ${percent(totals[n], snap.package.length)}`;
        const name = el("span", target, el("span", { class: "second" }, share));
        return { name, class: "place" };
    });
    return longTable({
        caption: "The newest version of each package on each target",
        total: listed.length,
        wide: true,
        columns: [{ name: "Package", class: "wide" }, ...head],
        row: (n) => {
            const id = listed[n];
            const best = Math.max(...newest[id].filter((each) => each !== undefined));
            const name = snap.package[id];
            const cells = order.map((at) => {
                if (!numbers[id][at]) return el("span", { class: "none" }, "–");
                const own = newest[id][at];
                const title = counted(numbers[id][at], "binary", "binaries");
                return el(
                    "span",
                    { class: own === best ? "best" : "older", title },
                    snap.version[own],
                );
            });
            return [el("a", { href: packageAddress(name, state.at) }, name), ...cells];
        },
    });
}
