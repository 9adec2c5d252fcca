/** Elements made without markup: no text can become a tag. */

const PROPERTIES = new Set(["value", "hidden", "disabled", "open"]);
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
 * @param {...(Node|string|number|null|undefined|false|Record<string, any>)} children the first may
 *   be an object of attributes; `onclick` and the like are listeners
 */
export function el(tag, ...children) {
    const made = document.createElement(tag);
    const properties = children[0]?.constructor === Object ? children.shift() : {};
    for (const [name, value] of Object.entries(properties)) {
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
    const code = el("code", text);
    return el(
        "div",
        { class: "line" },
        code,
        copyButton(() => text, label, code),
    );
}

/**
 * @param {() => string} text @param {string} label what is copied @param {Node} [shown] to select
 *   where there is no clipboard @param {string} [name] of the button
 */
export function copyButton(text, label, shown, name = "Copy") {
    const onclick = async () => {
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
        setTimeout(() => (button.textContent = name), 2000);
    };
    const spoken = name === "Copy" ? `Copy ${label}` : null;
    const button = el(
        "button",
        { type: "button", class: "quiet", "aria-label": spoken, onclick },
        name,
    );
    return button;
}

/** A paragraph that says less than others. */
export const soft = (...parts) => el("p", { class: "soft" }, ...parts);

/** The head of a table. @param {(string|Node|{name: string|Node, class?: string})[]} columns */
export const tableHead = (columns, properties = {}) =>
    el(
        "thead",
        el(
            "tr",
            properties,
            ...columns.map((each) =>
                el("th", { scope: "col", class: each.class }, each.name ?? each),
            ),
        ),
    );

/** A table that scrolls in a pane of its own, by the keyboard too. */
export const scrolling = (label, table, name = "scroll") =>
    el("div", { class: name, tabindex: 0, role: "region", "aria-label": label }, table);

/** Options of these values, and one to choose none of them. */
export const optionsOf = (values, none) =>
    [["", none], ...values.map((value) => [value, value])].map(([value, name]) =>
        el("option", { value }, name),
    );

/** A list to choose from, and its label. @param {(value: string) => void} take */
export function picker(title, options, take, focus = null) {
    const onchange = () => take(select.value);
    const select = el("select", { onchange, "data-focus": focus }, ...options);
    return { select, label: el("label", { class: "pick" }, el("span", title), select) };
}

/** Hide all but the first of some elements. @returns {Node|null} the button that shows them */
export function shorten(items, most) {
    const hide = (shown) => items.forEach((item, n) => (item.hidden = n >= shown));
    hide(most);
    if (items.length <= most) return null;
    const onclick = () => {
        hide(items.length);
        button.remove();
    };
    const button = linkButton(onclick, `All ${count(items.length)}`);
    return button;
}

/** A button that looks like a link. */
export const linkButton = (onclick, ...parts) =>
    el("button", { type: "button", class: "link", onclick }, ...parts);
