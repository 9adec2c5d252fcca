/** The filters beside the results. The panel stays as it is: what is clicked must not move away. */
import { count, el, linkButton, optionsOf, picker, soft } from "./dom.js";
import { FACETS, facetValues, select } from "./facets.js";

export const TITLES = {
    platform: "Platform",
    target: "Target",
    os: "System",
    compiler: "Compiler",
    stack: "Stack",
    variant: "Variant",
};
const VALUES_SHOWN = 8;
const MANY = 20;
const MOST_FOUND = 200;

/** Of the snapshot on the screen. @type {{snap: any, node: HTMLElement, update: Function}|null} */
let panel = null;

/** The panel, showing what is chosen and what each choice would give. */
export function filterPanel(app, counts) {
    if (panel?.snap !== app.snap) panel = makePanel(app);
    panel.update(app.state, counts);
    return panel.node;
}

function makePanel(app) {
    const { snap } = app;
    const base = select(snap, [], {}).counts;
    const host = hostFilter(app);
    const groups = FACETS.map((facet) => makeGroup(app, facet, base[facet]));
    const summary = el("summary");
    const node = el("details", { class: "filters" }, summary, host.node);
    node.append(...groups.map((group) => group.node));
    const wide = matchMedia("(min-width: 60rem)");
    node.open = wide.matches;
    wide.addEventListener("change", () => (node.open = wide.matches));
    const update = (state, counts) => {
        const used = FACETS.filter((facet) => state.chosen[facet]?.length).length;
        const all = used + (state.cpu ? 1 : 0) + (state.system ? 1 : 0);
        summary.textContent = all ? `Filters (${all} in use)` : "Filters";
        host.update(state);
        groups.forEach((group) =>
            group.update(state.chosen[group.facet] ?? [], counts[group.facet]),
        );
    };
    return { snap, node, update };
}

/** A binary counts if the CPU runs its target and the system its libc. */
function hostFilter(app) {
    const { runs, systems } = app.index;
    const known = (table) => optionsOf(Object.keys(table), "any");
    const cpu = picker("CPU", known(runs), (cpu) => app.change({ cpu }));
    const system = picker("System", known(systems), (system) => app.change({ system }));
    const node = el("fieldset", { class: "facet host" }, el("legend", "Runs on"));
    node.append(cpu.label, system.label);
    const update = (state) => {
        cpu.select.value = Object.hasOwn(runs, state.cpu) ? state.cpu : "";
        system.select.value = Object.hasOwn(systems, state.system) ? state.system : "";
    };
    return { node, update };
}

function makeGroup(app, facet, base) {
    const values = facetValues(app.snap, facet)
        .map((value, id) => ({ value, id, n: base[id] }))
        .filter(({ value }) => facet !== "stack" || value !== "root")
        .sort((x, y) => y.n - x.n || (x.value < y.value ? -1 : 1));
    const group = { facet, values, lines: new Map(), all: false, needle: "", chosen: new Set() };
    group.counts = base;
    group.list = el("div");
    group.more = linkButton(() => toggleAll(group));
    group.line = (each) => lineOf(app, group, each);
    group.node = el("fieldset", { class: "facet" }, el("legend", TITLES[facet]));
    if (values.length > MANY) group.node.append(findField(group));
    group.node.append(group.list, group.more);
    group.update = (chosen, counts) => {
        const hidden = chosen.some((value) => !group.lines.get(value)?.node.isConnected);
        group.chosen = new Set(chosen);
        group.counts = counts;
        if (hidden) list(group);
        fill(group);
    };
    list(group);
    return group;
}

function findField(group) {
    const title = TITLES[group.facet].toLowerCase();
    return el("input", {
        type: "search",
        placeholder: `Find among ${count(group.values.length)}`,
        "aria-label": `Find a ${title}`,
        oninput: (event) => {
            group.needle = event.target.value.trim();
            list(group);
            fill(group);
        },
    });
}

function toggleAll(group) {
    group.all = !group.all;
    list(group);
    fill(group);
}

function lineOf(app, group, { value, id }) {
    let line = group.lines.get(value);
    if (!line) {
        const box = el("input", {
            type: "checkbox",
            onchange: () => app.toggle(group.facet, value),
        });
        const n = el("span", { class: "n" });
        const name = el("span", { class: "name" }, value || "none");
        line = { id, box, n, node: el("label", box, name, n), was: -1 };
        group.lines.set(value, line);
    }
    return line;
}

/** Which values are listed: the most frequent and the chosen, all, or those that match. */
function list(group) {
    const { needle, all, chosen, values } = group;
    const found = values.filter(({ value }) => value.includes(needle));
    const some = found.filter(({ value }, n) => n < VALUES_SHOWN || chosen.has(value));
    const listed = needle || all ? found.slice(0, MOST_FOUND) : some;
    group.list.replaceChildren(...listed.map((each) => group.line(each).node));
    if (!found.length) group.list.append(soft("None is called so."));
    group.more.hidden = Boolean(needle) || values.length <= VALUES_SHOWN;
    group.more.setAttribute("aria-expanded", String(all));
    group.more.textContent = all ? "Fewer" : `All ${count(values.length)}`;
}

function fill(group) {
    for (const [value, line] of group.lines) {
        line.box.checked = group.chosen.has(value);
        const n = group.counts[line.id];
        if (line.was === n) continue;
        line.was = n;
        line.n.textContent = count(n);
        line.node.classList.toggle("zero", !n);
    }
}
