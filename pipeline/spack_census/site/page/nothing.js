/** What to say where nothing matches. */
import { counted, el } from "./dom.js";
import { FACETS } from "./facets.js";
import { TITLES } from "./panel.js";
import { writeState } from "./state.js";

const EXAMPLES = ["hdf5 +mpi", "py-*", "%gcc@12:", "target=neoverse_v1:"];

/** Nothing matches: what would, without one of the conditions? */
export function nothing(app, usable, without) {
    const { state } = app;
    const leave = usable.map((each, n) => ({
        name: el("code", each.text),
        n: without[n],
        href: writeState({ ...state, ...(each.drop ?? { q: cut(state.q.trim(), each) }) }),
    }));
    for (const facet of FACETS) {
        if (!state.chosen[facet]?.length) continue;
        const href = writeState({ ...state, chosen: { ...state.chosen, [facet]: [] } });
        leave.push({
            name: `the filter on ${TITLES[facet].toLowerCase()}`,
            n: without[facet],
            href,
        });
    }
    const helpful = leave.filter((each) => each.n > 0).sort((x, y) => y.n - x.n);
    const lines = helpful.map(({ name, n, href }) =>
        el("li", el("a", { href }, "Without ", name), ` ${counted(n, "binary", "binaries")}`),
    );
    const box = el("div", { class: "empty" });
    if (lines.length)
        box.append(el("p", "One condition less, and there would be some:"), el("ul", ...lines));
    else if (leave.length > 1)
        box.append(el("p", "No single condition is in the way: several are."));
    else box.append(el("p", `${app.snap.name} holds nothing of that name.`));
    const fresh = EXAMPLES.map((q) =>
        el("li", el("a", { href: writeState({ at: state.at, q }) }, el("code", q))),
    );
    box.append(
        el("p", "Other snapshots may have it: the picker is at the top. Or begin anew:"),
        el("ul", { class: "examples" }, ...fresh),
    );
    return box;
}

const cut = (text, { from, to }) =>
    `${text.slice(0, from)} ${text.slice(to)}`.replace(/\s+/g, " ").trim();
