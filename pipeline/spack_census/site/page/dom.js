/** Elements made without markup: no text can become a tag. */

const PROPERTIES = new Set(["value", "checked", "selected", "hidden", "disabled", "open"]);
// Characters that steer a terminal, hide text, or turn its direction around; as in ask/formats.py.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const NUMBERS = new Intl.NumberFormat("en-US");

/** @param {number} n */
export const count = (n) => NUMBERS.format(n);

/** @param {number} n @param {string} one @param {string} [many] */
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** @param {number} part @param {number} whole */
export const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)}%` : "–");

/** Text with each character that could act spelled as an escape. @param {string} text */
export const visible = (text) =>
    text.replace(UNSAFE, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);

/**
 * @param {string} tag
 * @param {Record<string, any>|null} properties attributes; `onclick` and the like are listeners
 * @param {...(Node|string|number|null|undefined|false)} children
 */
export function el(tag, properties, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties ?? {})) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
        else if (PROPERTIES.has(name)) made[name] = value;
        else made.setAttribute(name, value === true ? "" : visible(String(value)));
    }
    made.append(...nodes(children));
    return made;
}

/** @param {any[]} children */
export function nodes(children) {
    return children
        .filter((child) => child !== null && child !== undefined && child !== false)
        .map((child) => (typeof child === "number" ? count(child) : child))
        .map((child) => (typeof child === "string" ? visible(child) : child));
}

let speaking = 0;

/** Tell a screen reader, once nothing else has been said for a moment. @param {string} text */
export function say(text) {
    clearTimeout(speaking);
    speaking = setTimeout(() => {
        document.getElementById("said").textContent = visible(text);
    }, 250);
}

/** A line to copy, with its button; text alone where it is not safe to paste into a shell. */
export function copyLine(text, label) {
    const code = el("code", null, text);
    return el(
        "div",
        { class: "line" },
        code,
        copyButton(() => text, label, code),
    );
}

/** @param {() => string} text @param {string} label @param {Node} [shown] to select instead */
export function copyButton(text, label, shown) {
    const button = el("button", { type: "button", class: "quiet", "aria-label": `Copy ${label}` });
    button.append("Copy");
    button.addEventListener("click", async () => {
        let said = "Copied";
        try {
            await navigator.clipboard.writeText(text());
        } catch {
            // No clipboard from file:// in some browsers, or no permission.
            said = shown ? "Press Ctrl+C" : "No clipboard here";
            if (shown) getSelection().selectAllChildren(shown);
        }
        button.textContent = said;
        say(said === "Copied" ? `Copied ${label}` : said);
        setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    return button;
}
