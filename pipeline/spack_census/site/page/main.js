/** Reads the address, fetches what it needs, draws, and follows what people do. */
import { compare } from "./diff.js";
import { drawChanges } from "./changes.js";
import { drawCoverage } from "./coverage.js";
import { drawPackage } from "./package.js";
import { drawSearch } from "./search.js";
import { el, say } from "./dom.js";
import { box, frame, listen, snapshotOptions } from "./header.js";
import { readLives } from "./history.js";
import { readJson } from "./load.js";
import { inSlices } from "./slices.js";
import { openEdges, openHashes, openRecipes, openSnapshot } from "./snapshot.js";
import { readState, writeState } from "./state.js";
import { look, settle, toTop } from "./table.js";

const VIEWS = {
    search: { title: "Search", draw: drawSearch },
    package: { title: "Package", draw: drawPackage },
    coverage: { title: "Coverage", draw: drawCoverage },
    changes: { title: "What changed", draw: drawChanges },
};
const main = document.getElementById("app");
/** Counts what has been asked for, so that what comes too late is not shown. */
let turn = 0;

const app = {
    index: null,
    state: readState(location.hash),
    snap: null,
    pair: null,
    diff: null,
    lives: null,
    problem: {},
    reports: main.dataset.reports,
    entry: (name) => app.index.snapshots.find((each) => each.name === name),
    go(address, quietly = false) {
        if (quietly) history.replaceState(null, "", address);
        else history.pushState(null, "", address);
        // Another list begins at its top; what a package's page filters is in sight.
        if (app.state.view !== "package") toTop();
        render();
    },
    change: (part, quietly) => app.go(writeState({ ...app.state, ...part }), quietly),
    toggle(facet, value) {
        const chosen = new Set(app.state.chosen[facet]);
        if (!chosen.delete(value)) chosen.add(value);
        app.change({ chosen: { ...app.state.chosen, [facet]: [...chosen] } });
    },
    withHashes: () => openHashes(app.snap),
};

async function start() {
    look();
    try {
        app.index = await readJson("index", "", main.dataset.index);
    } catch (problem) {
        fail(problem);
        return;
    }
    const picker = document.getElementById("at");
    picker.append(...snapshotOptions(app));
    picker.addEventListener("change", () =>
        app.change({ at: picker.value === app.index.newest ? "" : picker.value }),
    );
    listen(app);
    addEventListener("popstate", render);
    addEventListener("hashchange", () => writeState(app.state) === location.hash || render());
    await render();
}

async function render() {
    const mine = ++turn;
    const wanted = () => mine === turn;
    const before = app.state;
    app.state = readState(location.hash);
    const { state } = app;
    const entry = app.entry(state.at) ?? app.entry(app.index.newest);
    delete main.dataset.shown;
    frame(app, entry, VIEWS[state.view].title);
    if (before.name !== state.name) Object.assign(app, { lives: null, problem: {} });
    try {
        if (state.view === "changes") await openPair(entry);
        else await openOne(entry, wanted);
    } catch (problem) {
        if (wanted()) fail(problem);
        return;
    }
    if (!wanted()) return;
    const moved = before.view !== state.view || before.name !== state.name;
    draw();
    if (moved) arrive();
    if (state.view === "changes") await finishDiff(wanted);
    if (state.view === "package") await finishPackage(wanted);
    if (wanted()) main.dataset.shown = location.hash;
}

async function openOne(entry, wanted) {
    const snap = await openSnapshot(entry);
    const { view, by, q } = app.state;
    const hashes = view === "package" || by === "spec" || (view === "search" && q.trim());
    if (hashes && !snap.hashes) {
        // They come after the rest: the page needs them for little of what it shows.
        openHashes(snap).then(
            () => wanted() && app.snap === snap && draw(),
            (problem) => say(problem.message),
        );
    }
    if (wanted()) app.snap = snap;
}

async function openPair(entry) {
    const { snapshots } = app.index;
    const { state } = app;
    const after = app.entry(state.after) ?? entry;
    const own = snapshots.filter((each) => each.series === after.series);
    const last = own[own.indexOf(after) - 1] ?? snapshots.find((each) => each !== after) ?? after;
    const pair = await Promise.all([app.entry(state.before) ?? last, after].map(openSnapshot));
    if (app.pair?.some((snap, n) => snap !== pair[n])) app.diff = null;
    app.pair = pair;
}

async function finishDiff(wanted) {
    const { pair } = app;
    if (app.diff || pair[0] === pair[1]) return;
    try {
        await Promise.all(pair.flatMap((snap) => [openHashes(snap), openRecipes(snap)]));
    } catch (problem) {
        if (wanted()) fail(problem);
        return;
    }
    const diff = await inSlices(compare(...pair), wanted);
    if (diff && wanted()) {
        app.diff = diff;
        draw();
    }
}

async function finishPackage(wanted) {
    const { snap, state } = app;
    const lives = readLives(app.index, state.name);
    const parts = {
        history: lives.then((found) => wanted() && (app.lives = found)),
        deps: openEdges(snap),
    };
    for (const [part, reading] of Object.entries(parts)) {
        try {
            await reading;
        } catch (problem) {
            app.problem[part] = problem.message;
        }
        if (wanted()) draw();
    }
}

/** A change of page: to its top, and its heading is where a keyboard and a screen reader go on. */
function arrive() {
    toTop();
    if (turn > 1 && document.activeElement !== box) focusHeading();
}

function focusHeading() {
    const heading = main.querySelector("h1");
    if (heading) heading.tabIndex = -1;
    heading?.focus({ preventScroll: true });
}

function draw() {
    const { state } = app;
    const active = document.activeElement;
    const focus = active?.dataset.focus;
    const onHeading = active?.tagName === "H1";
    const caret = active?.selectionStart;
    const parts = VIEWS[state.view].draw(app);
    main.className = state.view;
    // The panel of filters stays where it is, and so does the focus in it.
    if (main.firstChild === parts[0] && parts.length === 2) main.lastChild.replaceWith(parts[1]);
    else main.replaceChildren(...parts);
    if (focus) refocus(focus, caret);
    if (onHeading) focusHeading();
    settle();
}

function refocus(focus, caret) {
    const again = [...main.querySelectorAll("[data-focus]")].find(
        (each) => each.dataset.focus === focus,
    );
    again?.focus({ preventScroll: true });
    if (again?.type === "search") again.setSelectionRange(caret, caret);
}

function fail(problem) {
    const advice = "If this folder was copied, copy all of it, data/ included. Else make it anew: ";
    const again = el("a", { href: location.href, onclick: () => location.reload() }, "Try again");
    main.className = "failed";
    main.replaceChildren(
        el(
            "section",
            { class: "page" },
            el("h1", "Something could not be read"),
            el("p", { class: "warning", role: "alert" }, problem.message),
            el("p", advice, el("code", "census site"), ". ", again),
        ),
    );
    main.dataset.shown = location.hash;
}

start();
