// The pages' logic, without a browser: `node --test`. Run by tests/workbench/test_pages_logic.py.

import assert from "node:assert/strict";
import { test } from "node:test";

const logic = (name) => import(new URL(`../../../moksori/workbench/static/js/logic/${name}.js`, import.meta.url));
const { dayOf, seconds, period } = await logic("time");
const { choose, pieces, standing } = await logic("reading");
const { parseSeeds, randomSeed, MAX_SEED } = await logic("seed");
const { crc32, ZipWriter } = await logic("zip");
const { matchedGains } = await logic("listen");
const { changed, stepOf } = await logic("parameters");
const { columnsOf, fromText, plain, rowsOf, toText } = await logic("rows");
const { axesOf, moved } = await logic("sweep");
const { latest } = await logic("latest");
const { shelves } = await logic("shelves");

test("a job gives back the script it was made from", () => {
  const voice = { id: "v" };
  const items = [
    { row: 0, column: 0, text: "가", label: "first", preset: { id: "p", name: "" }, voice },
    { row: 0, column: 1, text: "가", label: "first", preset: null, voice },
    { row: 1, column: 0, text: "나", label: "", preset: { id: "p", name: "" }, voice },
    { row: 1, column: 1, text: "나", label: "", preset: null, voice },
  ];
  assert.deepEqual(rowsOf(items), [{ text: "가", label: "first" }, { text: "나" }]);
  assert.deepEqual(columnsOf(items), [{ preset: "p" }, { voice: "v" }]);
  assert.deepEqual(plain({ text: "", label: null, seed: 0, other: 1 }), { text: "", seed: 0 });
});

test("a speaker that was kept is not shown twice", () => {
  const kept = { id: "a-1", stored: true, kind: "preset", speaker: "a" };
  const [own, brought] = shelves([kept, { id: "a", stored: false, kind: "preset", speaker: "a" }, { id: "b", stored: false, kind: "preset", speaker: "b" }]);
  assert.deepEqual([own.map((v) => v.id), brought.map((v) => v.id)], [["a-1"], ["b"]]);
});

test("durations read as people write them", () => {
  assert.equal(seconds(4.23), "4.2 s");
  assert.equal(seconds(75), "1:15");
  assert.equal(seconds(3661), "1:01:01");
  assert.equal(seconds(null), "–");
});

test("a day is that of the people who look", () => {
  const { since, until } = dayOf("2026-03-01");
  assert.equal(new Date(since).getTime(), new Date(2026, 2, 1).getTime());
  assert.equal(new Date(until).getTime(), new Date(2026, 2, 2).getTime());
});

test("a moment belongs to the heading its calendar day says", () => {
  const now = new Date(2026, 10, 20, 0, 30);
  assert.equal(period(new Date(2026, 10, 20, 0, 1), now), "today");
  assert.equal(period(new Date(2026, 10, 19, 23, 59), now), "yesterday");
  assert.equal(period(new Date(2026, 10, 15), now), "week");
  assert.equal(period(new Date(2026, 8, 2), now), "2026-09");
});

test("pieces cover the written text exactly, also after an emoji", () => {
  const source = "😀 3층 PDF를";
  const edit = (start, end, reading) => ({ src16: [start, end], src: [start, end], reading, written: source.slice(start, end) });
  const reading = { source, edits: [edit(3, 4, "삼"), edit(6, 9, "피디에프")] };
  const found = pieces(reading);
  assert.equal(found.map((piece) => piece.written ?? piece.text).join(""), source);
  assert.deepEqual(found.filter((piece) => piece.edit).map((piece) => piece.text), ["삼", "피디에프"]);
});

test("one place has one choice, and it can be taken back", () => {
  const edit = { src: [0, 1], written: "3" };
  const once = choose([], edit, "세");
  const twice = choose(once, edit, "석");
  assert.deepEqual(twice, [{ src: [0, 1], written: "3", reading: "석" }]);
  assert.deepEqual(choose(twice, edit, null), []);
});

test("a choice falls when its words have moved or changed", () => {
  const choice = { src: [2, 3], written: "3", reading: "세" };
  assert.deepEqual(standing([choice], "😀 3층"), [choice]);
  assert.deepEqual(standing([choice], "앞에 3층"), []);
});

test("seed lists are numbers and ranges, and nothing else", () => {
  assert.deepEqual(parseSeeds("1-4, 9"), [1, 2, 3, 4, 9]);
  for (const bad of ["", "a", "4-1", "-3", "1.5", String(MAX_SEED + 1), "0-100000"]) assert.equal(parseSeeds(bad), null, bad);
  assert.ok(randomSeed() <= MAX_SEED);
});

test("the checksum is the standard's", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

test("a ZIP names its members in UTF-8 and ends with its directory", async () => {
  const zip = new ZipWriter();
  zip.add("001_서연.wav", new Uint8Array([1, 2, 3]));
  const bytes = new Uint8Array(await zip.finish().arrayBuffer());
  const view = new DataView(bytes.buffer);
  assert.equal(view.getUint32(0, true), 0x04034b50);
  assert.equal(view.getUint32(bytes.length - 22, true), 0x06054b50);
  assert.equal(view.getUint16(bytes.length - 12, true), 1);
  process.stdout.write(`ZIP=${Buffer.from(bytes).toString("base64")}\n`);
});

test("loudness is matched downwards only", () => {
  const gains = matchedGains([-16, -22, undefined]);
  assert.ok(Math.abs(gains[0] - 10 ** (-6 / 20)) < 1e-9);
  assert.equal(gains[1], 1);
  assert.equal(gains[2], 1);
  assert.deepEqual(matchedGains([undefined]), [1]);
});

test("a range steps finely, an integer by one; only changed values travel", () => {
  assert.equal(stepOf({ type: "integer", minimum: 1, maximum: 100 }), 1);
  assert.equal(stepOf({ type: "number", minimum: 0, maximum: 1 }), 0.01);
  const schema = { a: { default: 1 }, b: { default: 2 } };
  assert.deepEqual(changed(schema, { a: 1, b: 3, c: 4 }), { b: 3 });
});

test("pasted lines keep their labels and lose empty lines", () => {
  const rows = fromText("하나\topening\r\n\n 둘 ");
  assert.deepEqual(rows, [{ text: "하나", label: "opening" }, { text: "둘" }]);
  assert.deepEqual(fromText(toText(rows)), rows);
});

test("axes are lists or ranges as typed", () => {
  assert.deepEqual(axesOf({ a: "0.6, 0.8", b: "0.6..1.0 x 5", c: " ", d: "bf16,int8" }), { a: [0.6, 0.8], b: { from: 0.6, to: 1.0, steps: 5 }, d: ["bf16", "int8"] });
});

test("arrows stay inside the grid", () => {
  assert.equal(moved(0, "left", 8, 4), 0);
  assert.equal(moved(1, "down", 8, 4), 5);
  assert.equal(moved(5, "down", 8, 4), 5);
  assert.equal(moved(5, "up", 8, 4), 1);
});

test("an update that overtakes the list it belongs to is not lost", () => {
  assert.deepEqual(latest([{ id: 1, s: 0 }, { id: 2, s: 0 }], [{ id: 2, s: 1 }, { id: 9 }, { id: 2, s: 2 }]), [{ id: 1, s: 0 }, { id: 2, s: 2 }]);
});
