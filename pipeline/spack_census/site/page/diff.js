/** What became of each spec between two snapshots: a port of queries/views/changes.sql. */
import { pairsOf } from "./matching.js";
import { grouped, lists, ordering } from "./order.js";
import { hashText, textsOf } from "./snapshot.js";

/** @typedef {import("./snapshot.js").Snapshot} Snapshot */
/**
 * A row of diff.changes; `before` and `after` are rows of the snapshots, -1 for none.
 * @typedef {{
 *   change: string, package: string, platform: string, os: string, target: string,
 *   before: number, after: number, beforeVersion: string|null, afterVersion: string|null,
 *   beforeCompiler: string|null, afterCompiler: string|null, beforeHash: string|null,
 *   afterHash: string|null, variantsAdded: string[], variantsRemoved: string[], stacks: string[],
 *   attributes: string[],
 * }} Change
 */

export const KINDS = [
    "gone",
    "appeared",
    "downgraded",
    "upgraded",
    "recompiled",
    "reconfigured",
    "rebuilt",
];

/**
 * Compare two snapshots whose hashes, and recipes where known, have been read. Yields now and then,
 * so that whoever drives it can let the browser breathe.
 * @param {Snapshot} before @param {Snapshot} after
 * @returns {Generator<void, {kept: number, changes: Change[]}>}
 */
export function* compare(before, after) {
    if (before === after) return { kept: before.rows, changes: [] };
    const sides = [new Side(before, "before"), new Side(after, "after")];
    const kept = dropKept(...sides);
    yield;
    const changes = [];
    for (const slot of slotsOf(sides).values()) {
        for (const [one, other] of pairsOf(slot)) changes.push(labelled(sides, one, other));
        yield;
    }
    changes.sort(byKind);
    return { kept, changes };
}

class Side {
    constructor(snap, name) {
        this.snap = snap;
        this.name = name;
        this.left = new Uint8Array(snap.rows).fill(1);
        const words = snap.variantSet.map((set) => set.map((id) => snap.variant[id]));
        this.settings = words.map((set) => set.filter((word) => !word.startsWith("patches=")));
        this.patches = words.map((set) => set.filter((word) => word.startsWith("patches=")));
        this.stacks = snap.stackSet.map((set) => set.map((id) => snap.stack[id]));
    }

    member(row) {
        const { snap } = this;
        const c = snap.columns;
        const [compilerName, compilerRelease] = snap.compiler[c.compiler[row]];
        return {
            ...textsOf(snap, row),
            row,
            versionKey: snap.versionKey[c.version[row]],
            compilerName,
            compilerRelease,
            settings: this.settings[c.variants[row]],
            patches: this.patches[c.variants[row]],
            stacks: this.stacks[c.stacks[row]],
            recipe: snap.recipes?.recipe[snap.recipes.column[row]] ?? null,
        };
    }

    hash(row) {
        return hashText(this.snap.hashes, row);
    }
}

/** Leave what only one side has; of a hash that one side has more often, keep the first. */
function dropKept(before, after) {
    const held = rowsByHash(before);
    let kept = 0;
    for (const [hash, news] of rowsByHash(after)) {
        const olds = held.get(hash) ?? [];
        const both = Math.min(olds.length, news.length);
        if (!both) continue;
        for (const row of firstCopies(before, olds, both)) before.left[row] = 0;
        for (const row of firstCopies(after, news, both)) after.left[row] = 0;
        kept += both;
    }
    return kept;
}

const rowsByHash = ({ snap: { rows, hashes } }) =>
    grouped(Array(rows).keys(), (row) =>
        String.fromCharCode(...hashes.subarray(row * 20, row * 20 + 20)),
    );

function firstCopies(side, rows, num) {
    if (rows.length === num) return rows;
    const members = rows.map((row) => side.member(row)).sort(byCopy);
    return members.slice(0, num).map((member) => member.row);
}

const SLOT = ["package", "platform", "os", "target"];
const byCopy = ordering(
    "package",
    "versionKey",
    "version",
    "platform",
    "os",
    "target",
    "stacks",
    "compilerName",
    "compilerRelease",
    "settings",
    "patches",
    "recipe",
);

/** Package and place → what changed there on each side. */
function slotsOf(sides) {
    const slots = new Map();
    for (const side of sides) {
        for (let row = 0; row < side.snap.rows; row++) {
            if (!side.left[row]) continue;
            const member = side.member(row);
            const name = JSON.stringify(SLOT.map((each) => member[each]));
            if (!slots.has(name)) slots.set(name, { before: [], after: [] });
            slots.get(name)[side.name].push(member);
        }
    }
    return slots;
}

/** @returns {Change} */
function labelled([before, after], one, other) {
    const some = one ?? other;
    const had = new Set(one?.settings);
    const has = new Set(other?.settings);
    const both = one !== null && other !== null;
    const change = changeOf(one, other);
    return {
        change,
        package: some.package,
        platform: some.platform,
        os: some.os,
        target: some.target,
        before: one?.row ?? -1,
        after: other?.row ?? -1,
        beforeVersion: one?.version ?? null,
        afterVersion: other?.version ?? null,
        beforeCompiler: one?.compiler || null,
        afterCompiler: other?.compiler || null,
        beforeHash: one && before.hash(one.row),
        afterHash: other && after.hash(other.row),
        variantsAdded: both ? other.settings.filter((word) => !had.has(word)) : [],
        variantsRemoved: both ? one.settings.filter((word) => !has.has(word)) : [],
        stacks: [...new Set([...(one?.stacks ?? []), ...(other?.stacks ?? [])])].sort(),
        attributes: both ? attributesOf(change, one, other) : [],
    };
}

function changeOf(one, other) {
    if (!other) return "gone";
    if (!one) return "appeared";
    if (other.versionKey > one.versionKey) return "upgraded";
    if (other.versionKey < one.versionKey) return "downgraded";
    if (one.compiler !== other.compiler) return "recompiled";
    return lists(one.settings, other.settings) ? "reconfigured" : "rebuilt";
}

function attributesOf(change, one, other) {
    const known = one.recipe !== null && other.recipe !== null;
    const same = known && one.recipe === other.recipe;
    const differs = {
        version: one.versionKey !== other.versionKey,
        compiler: one.compiler !== other.compiler,
        variants: lists(one.settings, other.settings) !== 0,
        patches: lists(one.patches, other.patches) !== 0,
        stacks: lists(one.stacks, other.stacks) !== 0,
        recipe: known && !same,
        dependencies: change === "rebuilt" && same,
    };
    return Object.keys(differs).filter((name) => differs[name]);
}

const bySlot = ordering(...SLOT);
const byKind = (x, y) => KINDS.indexOf(x.change) - KINDS.indexOf(y.change) || bySlot(x, y);
