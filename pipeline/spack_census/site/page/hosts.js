/** What runs on a machine: a port of the conditions of ask/hosts.py; the index has the tables. */
import { versionKey } from "./versions.js";

/**
 * @param {{cpu: string, system: string}} host "" for any, and names that nobody knows are left out
 * @param {any} index
 * @returns {any[]} conditions; `drop` is what to leave out of the address to be without each
 */
export function hostConditions({ cpu, system }, { runs, apple, systems }) {
    const found = [];
    const targets = Object.hasOwn(runs, cpu) ? runs[cpu] : null;
    const own = Object.hasOwn(systems, system) ? systems[system] : null;
    if (own || targets) {
        const platform = own ? own.platform : apple.includes(cpu) ? "darwin" : "linux";
        const test = (each) => each === platform;
        const drop = { cpu: "", system: "" };
        found.push({ column: "platform", text: `platform=${platform}`, test, drop });
    }
    if (targets) {
        const test = (target) => targets.includes(target);
        found.push({ column: "target", text: `runs on ${cpu}`, test, drop: { cpu: "" } });
    }
    if (own) {
        // Where an index tells what a binary needs, that decides; else the name of its system does.
        const test = ([os, glibc]) =>
            glibc !== null && own.glibc !== null
                ? versionKey(glibc) <= versionKey(own.glibc)
                : own.runs.includes(os);
        found.push({ column: "libc", text: `runs on ${system}`, test, drop: { system: "" } });
    }
    return found;
}
