import assert from "node:assert/strict";
import { test } from "node:test";

import { pdf } from "../../../../static/js/room/board/export.js";

test("a PDF has a page for each picture, and a table that points at every object", () => {
  const jpeg = new Uint8Array([0xff, 0xd8, 0, 10, 13, 0xff, 0xd9]);
  const file = pdf([{ jpeg, width: 1600, height: 900 }, { jpeg, width: 900, height: 1600 }]);
  const text = Buffer.from(file).toString("latin1");
  assert.ok(text.startsWith("%PDF-1.4\n") && text.endsWith("%%EOF\n"));
  assert.equal(text.match(/\/Type \/Page\b/g)?.length, 3 - 1);
  assert.match(text, /\/MediaBox \[0 0 842 474\]/);
  assert.match(text, /\/MediaBox \[0 0 842 1497\]/);
  const table = Number(text.match(/startxref\n(\d+)/)?.[1]);
  assert.ok(text.slice(table).startsWith("xref\n0 9\n"));
  const places = [...text.slice(table).matchAll(/^(\d{10}) 00000 n $/gm)].map(([, place]) => Number(place));
  places.forEach((place, index) => assert.ok(text.slice(place).startsWith(`${index + 1} 0 obj\n`)));
  assert.equal(places.length, 8);
  for (const [, length, data] of text.matchAll(/\/Length (\d+) >>\nstream\n([^]*?)\nendstream/g)) {
    assert.equal(data.length, Number(length));
  }
});
