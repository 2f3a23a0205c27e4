import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fields, Guest } from "../../tests/capability/guest.ts";
import { StateCalls } from "../../tests/capability/state-calls.ts";

/** An instance has one call at a time: who comes in between has another. */
const [guest, second] = [await Guest.of("text-search"), await Guest.of("text-search")];

function open(state = new StateCalls(), index = "notes", instance = guest) {
  const call = (operation: string, ...fields: Fields) =>
    instance.call([[":operation", operation], ["index", index], ...fields], state.perform);
  return {
    state,
    call,
    put: (id: string, text: string) => call("index", ["id", id], [":body", text]).status,
    remove: (id: string) => call("remove", ["id", id]).status,
    search: (q: string, ...more: Fields): { total: number; hits: { id: string; score: number }[] } =>
      JSON.parse(call("search", ["q", q], ...more).text),
    ids: (q: string, ...more: Fields): string[] =>
      JSON.parse(call("search", ["q", q], ...more).text).hits.map(({ id }: { id: string }) => id),
  };
}

describe("text-search", () => {
  it("finds documents by any of their words, the best first", () => {
    const { put, ids, search } = open();
    expect(put("1", "A red bicycle, nearly new.")).toBe(204);
    put("2", "Red paint. Red brush. Red bucket.");
    put("3", "The bicycle is green, and the day is long, and nothing else is to be told of it.");
    expect(ids("red")).toEqual(["2", "1"]);
    expect(ids("red bicycle")).toEqual(["1", "2", "3"]);
    expect(ids("red bicycle", ["match", "all"])).toEqual(["1"]);
    expect(search("red bicycle", ["limit", "1"])).toMatchObject({ total: 3, hits: [{ id: "1" }] });
    expect(search("blue")).toEqual({ total: 0, hits: [] });
    expect(search(" ... ")).toEqual({ total: 0, hits: [] });
  });

  it.each([
    ["CAFÉ in Žilina", "cafe žilina"],
    ["Cafe\u0301", "CAFÉ"],
    ["ŁÓDŹ", "lodz"],
    ["Привет, МИР", "привет мир"],
    ["ΑΘΗΝΑ", "αθηνα"],
    ["東京タワー", "京"],
    ["ISO-8859 and 2nd", "8859 2nd"],
    ["Ægir's þing", "ÆGIR ÞING"],
    ["x".repeat(100), "x".repeat(40)],
  ])("finds %j by %j", (text, q) => {
    const { put, ids } = open();
    put("other", "something else");
    put("this", text);
    expect(ids(q, ["match", "all"])).toEqual(["this"]);
  });

  it("forgets what a document said before, and documents that are gone", () => {
    const { put, remove, ids, state } = open();
    put("1", "one two two three");
    put("2", "three");
    put("1", "two four");
    expect(ids("one")).toEqual([]);
    expect(ids("three")).toEqual(["2"]);
    expect(ids("two")).toEqual(["1"]);
    expect(remove("1")).toBe(204);
    expect(remove("1")).toBe(204);
    expect(ids("two four")).toEqual([]);
    remove("2");
    expect([...state.items.keys()]).toEqual(["statestore/totals/notes"]);
    expect(state.items.get("statestore/totals/notes")?.value).toBe("[0,0]");
  });

  it("writes only what changes", () => {
    const { put, state } = open();
    put("1", "the same words but one");
    const before = new Map([...state.items].map(([key, { etag }]) => [key, etag]));
    put("1", "the same words but two");
    const changed = [...state.items]
      .filter(([key, { etag }]) => before.get(key) !== etag)
      .map(([key]) => key);
    expect(changed.sort()).toEqual([
      "statestore/document/notes/1",
      "statestore/totals/notes",
      "statestore/word/notes/two",
    ]);
    const calls = state.calls;
    put("1", "the same words but two");
    expect(state.calls).toBe(calls + 1);
  });

  it("keeps indexes apart", () => {
    const { state, put, ids } = open();
    const other = open(state, "other");
    put("1", "apple");
    other.put("2", "apple");
    expect([ids("apple"), other.ids("apple")]).toEqual([["1"], ["2"]]);
    expect(open(state, "a/b").call("search", ["q", "x"])).toMatchObject({ status: 400 });
  });

  it("begins anew when somebody else was quicker, and gives up after a while", () => {
    const { state, put, ids } = open();
    const other = open(state, "notes", second);
    put("1", "apple");
    let times = 2;
    state.before = (call) => {
      if (call !== "state.transaction" || times-- <= 0) return;
      const { before } = state;
      state.before = undefined;
      other.put(`other ${times}`, "apple pie");
      state.before = before;
    };
    expect(put("2", "apple tree")).toBe(204);
    expect(ids("apple").sort()).toEqual(["1", "2", "other 0", "other 1"]);
    times = 1_000;
    expect(put("3", "apple")).toBe(500);
    expect(ids("apple")).not.toContain("3");
  });

  it("says what the store refuses", () => {
    const { state, call } = open();
    state.refuses = true;
    expect(call("search", ["q", "x"])).toMatchObject({ status: 403, error: "ERR_CAPABILITY_NOT_GRANTED" });
    expect(call("index", ["id", "1"], [":body", "x"])).toMatchObject({ status: 403 });
  });

  it("finds what a search through all texts finds, whatever is put and removed", () => {
    const words = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 6 });
    const step = fc.record({ id: fc.constantFrom("1", "2", "3", "4"), words: fc.option(words) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const { put, remove, ids } = open();
        const texts = new Map<string, readonly string[]>();
        for (const { id, words } of steps) {
          if (words === null) {
            remove(id);
            texts.delete(id);
          } else {
            put(id, words.join(" "));
            texts.set(id, words);
          }
        }
        for (const query of [["a"], ["a", "b"], ["c", "d", "e"]]) {
          const having = (fits: "some" | "every") =>
            [...texts].filter(([, words]) => query[fits]((word) => words.includes(word))).map(([id]) => id);
          expect(ids(query.join(" ")).sort()).toEqual(having("some").sort());
          expect(ids(query.join(" "), ["match", "all"]).sort()).toEqual(having("every").sort());
        }
      }),
      { numRuns: 40 },
    );
  });

  it("takes a document of many words", () => {
    const { put, ids, state } = open();
    expect(put("1", Array.from({ length: 2_000 }, (_, i) => `word${i}`).join(" "))).toBe(204);
    expect(ids("word399")).toEqual(["1"]);
    expect(ids("word400")).toEqual([]);
    expect(state.items.size).toBe(402);
  });
});
