/** Who became whom, within one slot: the passes of queries/views/changes.sql. */
import { lists, ordering } from "./order.js";

const WEIGHTS = { settings: 1e3, versions: 1e4, places: 1e5 };

/** The pairs of a slot, [member or null, member or null]. */
export function pairsOf(slot) {
    const pairs = [];
    const kinds = kindsOf(slot);
    for (const kind of kinds) takePairs(kind, kind, pairs);
    const olds = kinds.filter((kind) => kind.before.length);
    const news = kinds.filter((kind) => kind.after.length);
    for (const { one, other } of candidates(olds, news)) takePairs(one, other, pairs);
    for (const kind of olds) for (const member of kind.before) pairs.push([member, null]);
    for (const kind of news) for (const member of kind.after) pairs.push([null, member]);
    return pairs;
}

function takePairs(one, other, pairs) {
    const num = Math.min(one.before.length, other.after.length);
    const olds = one.before.splice(0, num);
    const news = other.after.splice(0, num);
    olds.forEach((member, n) => pairs.push([member, news[n]]));
}

/** Specs whose text is the same up to the stacks, in text order, each with its place. */
function kindsOf(slot) {
    const kinds = new Map();
    for (const side of ["before", "after"]) {
        for (const member of slot[side]) {
            const name = JSON.stringify(TEXT.map((each) => member[each]));
            if (!kinds.has(name)) kinds.set(name, { ...member, before: [], after: [] });
            kinds.get(name)[side].push(member);
        }
    }
    const listed = [...kinds.values()].sort(byText);
    const places = { before: 0, after: 0 };
    let versions = 0;
    listed.forEach((kind, id) => {
        if (id && listed[id - 1].versionKey !== kind.versionKey) versions++;
        Object.assign(kind, { id, versionRank: versions, place: { ...places } });
        for (const side of ["before", "after"]) {
            if (kind[side].length) places[side]++;
            kind[side].sort(byMember);
        }
    });
    return listed;
}

/** The text of a spec, up to what tells look-alikes apart. */
const TEXT = ["versionKey", "compilerName", "compilerRelease", "settings", "stacks"];
const byText = ordering(...TEXT);
// Rows of one version stand in the order of their hashes.
const byMember = ordering("version", "patches", "row");

/** All pairs of kinds, the closest first. */
function candidates(olds, news) {
    const found = [];
    for (const one of olds) {
        const own = new Set(one.settings);
        for (const other of news) {
            found.push({ one, other, far: distance(one, other, own), tie: [one.id, other.id] });
        }
    }
    return found.sort((x, y) => x.far - y.far || x.tie[0] - y.tie[0] || x.tie[1] - y.tie[1]);
}

/** What decides between pairs, in one number, the first the heaviest. */
function distance(one, other, own) {
    const common = other.settings.filter((word) => own.has(word)).length;
    const settings = one.settings.length + other.settings.length - 2 * common;
    const versions = Math.abs(one.versionRank - other.versionRank);
    const sameName = one.compilerName === other.compilerName;
    const compiler = !sameName ? 2 : one.compilerRelease === other.compilerRelease ? 0 : 1;
    const stacks = +(lists(one.stacks, other.stacks) !== 0);
    const places = Math.abs(one.place.before - other.place.after);
    let far = passOf(settings, versions, compiler);
    far = far * WEIGHTS.settings + settings;
    far = far * WEIGHTS.versions + versions;
    far = (far * 3 + compiler) * 2 + stacks;
    return far * WEIGHTS.places + places;
}

function passOf(settings, versions, compiler) {
    if (!versions && !compiler && !settings) return 1;
    if (versions && compiler < 2 && !settings) return 2;
    if (!versions && !settings) return 3;
    return versions ? 5 : 4;
}
