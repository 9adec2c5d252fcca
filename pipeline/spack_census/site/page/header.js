/** What stands around the page: the picker of snapshots, the box, the navigation. */
import { el, picker } from "./dom.js";
import { writeState } from "./state.js";

const TYPING_MILLISECONDS = 80;
const SERIES = {
    "develop-dated": "develop, weekly",
    release: "Releases",
    develop: "develop, now",
    other: "Others",
};

export const box = document.getElementById("q");

/** What stands around the page: the picker, the box, the links of the navigation. */
export function frame(app, entry, title) {
    const { state } = app;
    document.body.dataset.view = state.view;
    document.getElementById("unknown").hidden = !state.at || Boolean(app.entry(state.at));
    document.getElementById("at").value = entry.name;
    if (document.activeElement !== box) box.value = state.view === "search" ? state.q : "";
    for (const link of document.querySelectorAll("nav a[data-view]")) {
        link.href = writeState({ view: link.dataset.view, at: state.at });
        if (link.dataset.view === state.view) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }
    document.title = `${state.view === "package" ? state.name : title} · Spack build cache`;
}

/** A picker of one side of a comparison. */
export function sidePicker(app, word, value, title) {
    const [before, after] = app.pair.map((snap) => snap.name);
    const take = (name) => app.change({ before, after, [word]: name });
    const { label, select } = picker(title, snapshotOptions(app), take, word);
    select.value = value;
    return label;
}

/** The snapshots by series, the newest first. */
export function snapshotOptions(app) {
    return Object.entries(SERIES).flatMap(([series, label]) => {
        const own = app.index.snapshots.filter((each) => each.series === series).toReversed();
        const options = own.map(({ name }) => el("option", { value: name }, name));
        return own.length ? [el("optgroup", { label }, ...options)] : [];
    });
}

/** Follow what is typed into the box, and the keys that lead there and out. */
export function listen(app) {
    let typing = 0;
    const search = () => {
        clearTimeout(typing);
        const { view, at } = app.state;
        if (view === "search") app.change({ q: box.value, by: "" }, true);
        else app.go(writeState({ at, q: box.value }));
    };
    box.addEventListener("input", () => {
        clearTimeout(typing);
        typing = setTimeout(search, TYPING_MILLISECONDS);
    });
    document.getElementById("find").addEventListener("submit", (event) => {
        event.preventDefault();
        search();
    });
    addEventListener("keydown", (event) => {
        const typed = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
        if (event.key === "/" && !typed && !event.ctrlKey && !event.metaKey) {
            event.preventDefault();
            box.select();
            box.focus();
        } else if (event.key === "Escape" && document.activeElement === box && box.value) {
            event.preventDefault();
            box.value = "";
            search();
        }
    });
}
