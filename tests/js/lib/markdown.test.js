/** What people write becomes text and a few harmless elements, whatever they write. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { draw, parse } from "../../../static/js/lib/markdown.js";

const ALLOWED = ["strong", "em", "code", "pre", "a"];
const ATTRIBUTES = ["href", "title", "target", "rel", "textContent"];

/** An element that notes what is done to it; nothing else can be done. @param {string} name */
function element(name) {
  const children = /** @type {any[]} */ ([]);
  const given = /** @type {Record<string, unknown>} */ ({});
  return new Proxy(
    { name, children, given },
    {
      get: (target, key) => {
        if (key === "append") return (/** @type {any[]} */ ...nodes) => children.push(...nodes);
        return Reflect.get(target, key);
      },
      set: (_, key, value) => {
        assert.ok(ATTRIBUTES.includes(String(key)), `sets ${String(key)}`);
        given[String(key)] = value;
        return true;
      },
    },
  );
}

Object.assign(globalThis, {
  document: { createElement: element, createTextNode: (/** @type {string} */ text) => ({ name: "", text }) },
});

/** @param {any[]} nodes @returns {any[]} every node below, elements and texts */
function all(nodes) {
  return nodes.flatMap((node) => [node, ...all(node.children ?? [])]);
}

/** What a text looks like, for short: `strong(em(x) y)`. @param {string} source */
function seen(source) {
  const show = (/** @type {any} */ node) =>
    node.name ? `${node.name}(${node.given.textContent ?? node.children.map(show).join("")})` : node.text;
  return draw(parse(source)).map(show).join("");
}

/** @param {string} source */
function hrefs(source) {
  return all(draw(parse(source))).filter((node) => node.name === "a").map((node) => node.given.href);
}

const SEEN = [
  ["plain", "plain"],
  ["**bold** and *italic* and _italic_", "strong(bold) and em(italic) and em(italic)"],
  ["**bold *and italic* in it**", "strong(bold em(and italic) in it)"],
  ["a `code **as it is**` b", "a code(code **as it is**) b"],
  ["``with a ` tick``", "code(with a ` tick)"],
  ["snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"],
  ["**open and *half", "**open and *half"],
  ["\\*not italic\\* and \\\\", "*not italic* and \\"],
  ["one\ntwo", "one\ntwo"],
  ["before\n```js\nlet a = `1`;\n**b**\n```\nafter", "beforepre(let a = `1`;\n**b**)after"],
  ["```not a fence```", "code(not a fence)"],
  ["see https://example.org/a_b_c.", "see a(https://example.org/a_b_c)."],
  ["(https://example.org/x_(y))", "(a(https://example.org/x_(y)))"],
  ["[the *page*](https://example.org)", "a(the em(page))"],
  ["<b>no</b> <img src=x onerror=alert(1)>", "<b>no</b> <img src=x onerror=alert(1)>"],
];

for (const [source, shown] of SEEN) {
  test(`shows ${JSON.stringify(source)}`, () => assert.equal(seen(source), shown));
}

const NO_LINKS = [
  "javascript:alert(1)",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](data:text/html,<script>)",
  "[x](//example.org)",
  "[x](/lessons/)",
  "[x](vbscript:x)",
  "[x](https://school.example@evil.example/)",
  "https://school.example:pass@evil.example/",
  "[x](\u0001javascript:alert(1))",
  "xhttps://example.org",
  "https://",
  "http://[",
];

for (const source of NO_LINKS) {
  test(`makes no link of ${JSON.stringify(source)}`, () => assert.deepEqual(hrefs(source), []));
}

test("a link opens elsewhere, tells where it leads, and gives its page no hold on this one", () => {
  const [link] = /** @type {any[]} */ (draw(parse("[school](https://example.org/a?b=\"c\")")));
  assert.equal(link.given.href, "https://example.org/a?b=%22c%22");
  assert.equal(link.given.title, link.given.href);
  assert.equal(link.given.target, "_blank");
  assert.match(link.given.rel, /\bnoopener\b/);
});

test("no link lies in another", () => {
  for (const node of all(draw(parse("[see https://example.org now](https://example.com)")))) {
    if (node.name === "a") assert.ok(!all(node.children).some((inner) => inner.name === "a"));
  }
});

/** A small generator of chance, the same every time (mulberry32). @param {number} seed */
function chance(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PIECES = [
  "*", "**", "_", "__", "`", "``", "```", "```\n", "\n```\n", "[", "](", ")", "(", "\\", "\n", " ", "a", "B9",
  "<img src=x onerror=alert(1)>", "<script>", "&lt;", "\"", "'", "https://a.example/", "http://b.example?x=(1)",
  "javascript:alert(1)", "data:text/html,x", "\u202e", "\u200b", "\u0301\u0301", "😄", "\ud83d", "é",
];

test("whatever is written, only the allowed elements come of it, and links lead to the web", () => {
  const next = chance(7);
  for (let round = 0; round < 5_000; round += 1) {
    const count = Math.floor(next() * 40);
    const source = Array.from({ length: count }, () => PIECES[Math.floor(next() * PIECES.length)]).join("");
    for (const node of all(draw(parse(source)))) {
      if (!node.name) continue;
      assert.ok(ALLOWED.includes(node.name), `${node.name} of ${JSON.stringify(source)}`);
      if (node.name === "a") assert.match(new URL(node.given.href).protocol, /^https?:$/);
    }
  }
});

test("nothing is invented: what is seen is what was written, without some signs", () => {
  const next = chance(11);
  for (let round = 0; round < 2_000; round += 1) {
    const source = Array.from({ length: 30 }, () => PIECES[Math.floor(next() * PIECES.length)]).join("");
    let at = 0;
    for (const node of all(draw(parse(source)))) {
      for (const sign of node.text ?? node.given.textContent ?? "") {
        at = source.indexOf(sign, at) + 1;
        assert.ok(at > 0, `${JSON.stringify(sign)} of ${JSON.stringify(source)}`);
      }
    }
  }
});

for (const piece of ["*", "**", "_", "`", "[", "[a](", "*a ", "**a ", "_a ", "[a](http://", "```\n", "h", "*a **b "]) {
  test(`a message full of ${JSON.stringify(piece)} is read in steps that a page can bear`, () => {
    const source = piece.repeat(2_000 / piece.length);
    assert.ok(all(draw(parse(source))).length <= 2 * source.length + 1);
  });
}
