/**
 * The inline part of Markdown, as people write it in a chat: bold, italic, code, links, and fences of code.
 * `parse` is pure; `draw` makes elements of it, and writes whatever people wrote as text, never as markup.
 *
 * @typedef {{type: "text", text: string}
 *   | {type: "code" | "block", text: string}
 *   | {type: "bold" | "italic", children: Token[]}
 *   | {type: "link", href: string, children: Token[]}} Token
 */

/** So deep bold, italic and links may lie in each other; what is deeper stays as it was written. */
const MAX_DEPTH = 6;
const FENCE = /^```[^\n`]*\n([\s\S]*?)\n?```[^\S\n]*(?:\n|$)/;
const WEB = /^https?:\/\/[^\s<>"]+/i;
/** What stands after an address at the end of a sentence does not belong to it. */
const AFTER_ADDRESS = /[.,:;!?'*_~]+$/;
const ESCAPABLE = /[\\`*_[\]()~]/;
const WORD = /[\p{L}\p{N}]/u;
const ELEMENTS = /** @type {const} */ ({ bold: "strong", italic: "em", code: "code", block: "pre", link: "a" });

/**
 * Returns what a text says, as tokens.
 * @param {string} source
 * @returns {Token[]}
 */
export function parse(source) {
  /** @type {Token[]} */ const tokens = [];
  let from = 0;
  for (let at = source.indexOf("```"); at >= 0; at = source.indexOf("```", at)) {
    const fence = at === 0 || source[at - 1] === "\n" ? FENCE.exec(source.slice(at)) : null;
    if (!fence) {
      at += 3;
      continue;
    }
    tokens.push(...inline(source.slice(from, at).replace(/\n$/, ""), 0, false));
    tokens.push({ type: "block", text: fence[1] });
    at += fence[0].length;
    from = at;
  }
  return [...tokens, ...inline(source.slice(from), 0, false)];
}

/**
 * @param {string} source
 * @param {number} depth
 * @param {boolean} isInLink
 * @returns {Token[]}
 */
function inline(source, depth, isInLink) {
  /** @type {Token[]} */ const tokens = [];
  let plain = "";
  let at = 0;
  while (at < source.length) {
    const found = depth < MAX_DEPTH ? tokenAt(source, at, depth, isInLink) : null;
    if (found) {
      if (plain) tokens.push({ type: "text", text: plain });
      plain = "";
      tokens.push(found.token);
      at = found.end;
    } else {
      if (source[at] === "\\" && ESCAPABLE.test(source[at + 1] ?? "")) at += 1;
      plain += source[at];
      at += 1;
    }
  }
  if (plain) tokens.push({ type: "text", text: plain });
  return tokens;
}

/**
 * @typedef {{token: Token, end: number}} Found
 * @param {string} source
 * @param {number} at
 * @param {number} depth
 * @param {boolean} isInLink
 * @returns {Found | null}
 */
function tokenAt(source, at, depth, isInLink) {
  switch (source[at]) {
    case "`":
      return codeAt(source, at);
    case "*":
    case "_":
      return emphasisAt(source, at, depth, isInLink);
    case "[":
      return isInLink ? null : linkAt(source, at, depth);
    case "h":
    case "H":
      return isInLink ? null : addressAt(source, at);
    default:
      return null;
  }
}

/** @param {string} source @param {number} at @returns {Found | null} */
function codeAt(source, at) {
  let ticks = 1;
  while (source[at + ticks] === "`") ticks += 1;
  const mark = "`".repeat(ticks);
  const start = at + ticks;
  for (let end = source.indexOf(mark, start); end >= 0; end = source.indexOf(mark, end)) {
    let after = end + ticks;
    while (source[after] === "`") after += 1;
    if (after === end + ticks) return { token: { type: "code", text: source.slice(start, end) }, end: after };
    end = after;
  }
  return null;
}

/**
 * @param {string} source
 * @param {number} at
 * @param {number} depth
 * @param {boolean} isInLink
 * @returns {Found | null}
 */
function emphasisAt(source, at, depth, isInLink) {
  const sign = source[at];
  const mark = source[at + 1] === sign ? sign + sign : sign;
  const start = at + mark.length;
  // Inside a word an underscore is one: snake_case_names stay as they are.
  if (sign === "_" && WORD.test(source[at - 1] ?? "")) return null;
  if (!/\S/.test(source[start] ?? "")) return null;
  for (let end = source.indexOf(mark, start + 1); end >= 0; end = source.indexOf(mark, end + 1)) {
    if (/\s/.test(source[end - 1]) || source[end - 1] === "\\") continue;
    if (mark.length === 1 && source[end + 1] === sign) {
      end += 1;
      continue;
    }
    if (sign === "_" && WORD.test(source[end + mark.length] ?? "")) continue;
    const children = inline(source.slice(start, end), depth + 1, isInLink);
    return { token: { type: mark.length === 2 ? "bold" : "italic", children }, end: end + mark.length };
  }
  return null;
}

/** @param {string} source @param {number} at @param {number} depth @returns {Found | null} */
function linkAt(source, at, depth) {
  const match = /^\[([^\[\]\n]+)\]\(([^\s()]+)\)/.exec(source.slice(at));
  const href = match && address(match[2]);
  if (!match || !href) return null;
  return { token: { type: "link", href, children: inline(match[1], depth + 1, true) }, end: at + match[0].length };
}

/** @param {string} source @param {number} at @returns {Found | null} */
function addressAt(source, at) {
  if (WORD.test(source[at - 1] ?? "")) return null;
  const match = WEB.exec(source.slice(at));
  if (!match) return null;
  let text = match[0].replace(AFTER_ADDRESS, "");
  // A bracket that was opened before the address is closed after it.
  while (text.endsWith(")") && count(text, ")") > count(text, "(")) text = text.slice(0, -1);
  const href = address(text);
  return href ? { token: { type: "link", href, children: [{ type: "text", text }] }, end: at + text.length } : null;
}

/** @param {string} text @param {string} sign */
function count(text, sign) {
  return text.split(sign).length - 1;
}

/**
 * Returns the address as browsers understand it, or an empty text for one that is not of the web, or that
 * hides behind a name where it leads.
 * @param {string} text
 */
function address(text) {
  if (!WEB.test(text) || !URL.canParse(text)) return "";
  const url = new URL(text);
  const isWeb = url.protocol === "https:" || url.protocol === "http:";
  return isWeb && !url.username && !url.password ? url.href : "";
}

/**
 * Makes elements of tokens: only those of ELEMENTS, with texts.
 * @param {Token[]} tokens
 * @returns {Node[]}
 */
export function draw(tokens) {
  return tokens.map((token) => {
    if (token.type === "text") return document.createTextNode(token.text);
    const element = document.createElement(ELEMENTS[token.type]);
    if ("text" in token) element.textContent = token.text;
    else element.append(...draw(token.children));
    if (token.type === "link") lead(/** @type {HTMLAnchorElement} */ (element), token.href);
    return element;
  });
}

/** @param {HTMLAnchorElement} link @param {string} href */
function lead(link, href) {
  link.href = href;
  link.title = href;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
}
