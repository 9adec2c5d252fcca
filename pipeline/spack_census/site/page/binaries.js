/** The binaries of a package, newest first: what sets each apart, and the line that installs it. */
import { exactly, isName } from "./commands.js";
import { copyLine, count, counted, el, soft } from "./dom.js";
import { differing, variantName } from "./differing.js";
import { spelled } from "./snapshot.js";
import { packageAddress, writeState } from "./state.js";

const BINARIES_SHOWN = 40;

/** @param {any} app @param {number[]} chosen rows to show @param {number[]} rows all */
export function binaries(app, chosen, rows) {
    const names = new Set(differing(app.snap, rows).keys());
    const listed = chosen.toReversed().slice(0, BINARIES_SHOWN);
    const found = [
        el("ul", { class: "binaries" }, ...listed.map((row) => binary(app, row, names))),
    ];
    if (chosen.length > BINARIES_SHOWN) {
        const { state } = app;
        const chosen_ = {
            platform: state.chosen.platform ?? [],
            target: state.chosen.target ?? [],
        };
        const q = isName(state.name)
            ? `${state.name}@${state.version ? `=${state.version}` : ":"}`
            : "";
        const href = writeState({ q, at: state.at, by: "spec", chosen: chosen_ });
        const more = counted(chosen.length - BINARIES_SHOWN, "more is", "more are");
        found.push(
            el(
                "p",
                `${more} not shown. `,
                q && el("a", { href }, `See all ${count(chosen.length)} in the search`),
            ),
        );
    }
    return found;
}

function binary(app, row, names) {
    const { snap } = app;
    const one = spelled(snap, row);
    const words = one.variants.filter((word) => names.has(variantName(word)));
    const stacks = one.stacks.filter((each) => each !== "root");
    const facts = [one.target, one.os, one.compiler ? `%${one.compiler}` : "no compiler"];
    const rest = stacks.length ? `in ${stacks.join(", ")} · there since ` : "there since ";
    return el(
        "li",
        el(
            "p",
            { class: "facts" },
            el("strong", one.version),
            ...facts.map((each) => el("span", each)),
        ),
        words.length
            ? el("p", { class: "words" }, ...words.flatMap((word) => [el("code", word), " "]))
            : null,
        soft(rest, sinceLink(app, one)),
        one.hash
            ? copyLine(exactly(one.hash), `the line that installs ${one.hash.slice(0, 7)}`)
            : soft("Reading the hashes…"),
    );
}

function sinceLink(app, one) {
    if (one.since === app.snap.name || !app.entry(one.since)) return one.since;
    return el("a", { href: packageAddress(one.package, one.since) }, one.since);
}
