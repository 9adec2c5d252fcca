/** Files of data → memory. A file is a script that calls census_load: scripts load from file:// too. */

/** Of all payloads; see site/files.py. */
const FORMAT = 1;

/** @type {Map<string, (packed: string) => void>} */
const waiting = new Map();

globalThis.census_load = (kind, id, packed) => waiting.get(`${kind} ${id}`)?.(packed);

/** What is being read: asked for twice at once, a file is read once. @type {Map<string, Promise>} */
const pending = new Map();

/**
 * @param {string} kind @param {string} id the digest in the file's name, "" for the index
 * @param {string} [address]
 * @returns {Promise<Uint8Array>}
 */
export function readBytes(kind, id, address = `data/${id}.${kind}.js`) {
    let found = pending.get(address);
    if (!found) {
        found = runScript(kind, id, address)
            .then((packed) => unpack(packed, address))
            .finally(() => pending.delete(address));
        pending.set(address, found);
    }
    return found;
}

/** @param {string} kind @param {string} id @param {string} [address] @returns {Promise<any>} */
export async function readJson(kind, id, address) {
    const found = JSON.parse(new TextDecoder().decode(await readBytes(kind, id, address)));
    if (found.format > FORMAT) {
        throw new Error(
            "The data were made by a newer spack-census than this page. Reload the page.",
        );
    }
    return found;
}

function runScript(kind, id, address) {
    return new Promise((resolve, reject) => {
        const script = document.createElement("script");
        let packed = null;
        waiting.set(`${kind} ${id}`, (text) => (packed = text));
        const finish = (problem) => {
            script.remove();
            waiting.delete(`${kind} ${id}`);
            if (packed === null) reject(new Error(`The file ${address} ${problem}.`));
            else resolve(packed);
        };
        script.addEventListener("load", () => finish("is cut off or damaged"));
        script.addEventListener("error", () => finish("is missing, or cannot be read"));
        script.src = address;
        document.head.append(script);
    });
}

/** @param {string} packed Base64 of gzip @param {string} address @returns {Promise<Uint8Array>} */
async function unpack(packed, address) {
    if (typeof DecompressionStream === "undefined") {
        throw new Error("This browser cannot unpack the data; one of 2023 or later can.");
    }
    try {
        const bytes = Uint8Array.fromBase64
            ? Uint8Array.fromBase64(packed)
            : Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
        return new Uint8Array(await new Response(stream).arrayBuffer());
    } catch {
        throw new Error(`The file ${address} is damaged.`);
    }
}
