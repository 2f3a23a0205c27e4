import { describe, expect, test } from "vitest";
import { ScanError, type ScannedItem } from "../../host/core/core.ts";
import { decode, encode, newCore } from "./core.ts";

const core = newCore();

/** An item with its value as text, and without what is absent. */
function plain({ value, metadata, retryPolicy, ...rest }: ScannedItem) {
  const known = Object.entries(rest).filter(([, text]) => text !== undefined);
  return {
    ...Object.fromEntries(known),
    ...(value && { value: decode(value) }),
    ...(retryPolicy && { retryPolicy: decode(retryPolicy) }),
    ...(metadata && { metadata: Object.fromEntries(metadata) }),
  };
}

const save = (body: string) => core.scanState(encode(body)).map(plain);
const transact = (body: string) => {
  const { operations, metadata } = core.scanTransaction(encode(body));
  return {
    operations: operations.map(({ operation, request }) => [operation, plain(request)]),
    metadata: metadata && Object.fromEntries(metadata),
  };
};

describe("a save request", () => {
  test.each([
    ["[]", []],
    [' [ { "key" : "a" } ] ', [{ key: "a" }]],
    ['[{"key":"a","value": {"b": [1, 2.50]} }]', [{ key: "a", value: '{"b": [1, 2.50]}' }]],
    ['[{"key":"a","value":null}]', [{ key: "a", value: "null" }]],
    ['[{"key":"a","value":12345678901234567890}]', [{ key: "a", value: "12345678901234567890" }]],
    ['[{"key":"a","etag":""}]', [{ key: "a", etag: "" }]],
    ['[{"key":"a","etag":null,"options":null,"metadata":null}]', [{ key: "a" }]],
    ['[{"key":"a","options":{"concurrency":"first-write"}}]', [{ key: "a", concurrency: "first-write" }]],
    ['[{"key":"a","options":{"consistency":"strong","x":1}}]', [{ key: "a", consistency: "strong" }]],
    [
      '[{"key":"a","options":{"RetryPolicy": {"key":[1],"threshold":3} ,"consistency":"strong"}}]',
      [{ key: "a", consistency: "strong", retryPolicy: '{"key":[1],"threshold":3}' }],
    ],
    [
      '[{"key":"a","options":{"retryPolicy":null}},{"key":"b","options":{"retryPolicy":7}},{"key":"c"}]',
      [{ key: "a" }, { key: "b", retryPolicy: "7" }, { key: "c" }],
    ],
    [
      '[{"key":"a","retryPolicy":{},"value":{"options":{"retryPolicy":1}}}]',
      [{ key: "a", value: '{"options":{"retryPolicy":1}}' }],
    ],
    ['[{"key":"a","metadata":{}}]', [{ key: "a", metadata: {} }]],
    ['[{"key":"a","metadata":{"b":"c","d":null}}]', [{ key: "a", metadata: { b: "c", d: "" } }]],
    ['[{"KEY":"a","Value":1}]', [{ key: "a", value: "1" }]],
    ['[{"key":"a","key":"b","value":1,"value":2}]', [{ key: "b", value: "2" }]],
    ['[{"\\u006Bey":"\\u00e9\\n\\ud83d\\ude00"}]', [{ key: "é\n😀" }]],
    ['[{"key":"half \\ud800 pair"}]', [{ key: "half \ufffd pair" }]],
    [
      '[{"key":"__proto__","x":{"key":"b"}},{"key":"constructor"}]',
      [{ key: "__proto__" }, { key: "constructor" }],
    ],
  ])("%s", (body, items) => {
    expect(save(body)).toEqual(items);
  });

  test.each([
    ["", "expected more: the JSON is cut off at byte 0"],
    ["null", "expected an array of items at byte 0"],
    ['{"key":"a"}', "expected an array of items at byte 0"],
    ["[1]", "expected an object for each item at byte 1"],
    ["[{}]", "expected a key that is not empty at byte 2"],
    ['[{"key":""}]', "expected a key that is not empty at byte 10"],
    ['[{"key":null}]', "expected a key that is not empty at byte 12"],
    ['[{"key":"a"},{"value":1}]', "expected a key that is not empty at byte 23"],
    ['[{"key":7}]', "expected a string for key at byte 8"],
    ['[{"key":"a","etag":7}]', "expected a string for etag at byte 19"],
    ['[{"key":"a","options":[]}]', "expected an object for options at byte 22"],
    ['[{"key":"a","options":{"concurrency":1}}]', "expected a string for concurrency at byte 37"],
    ['[{"key":"a","metadata":{"b":1}}]', "expected a string for each value of metadata at byte 28"],
    ['[{"key":"a"},]', "expected a JSON value at byte 13"],
    ['[{"key":"a"}] x', "expected nothing after the JSON value at byte 14"],
    ['[{"key":"secret" 1}]', "expected a comma or the end of the object or array at byte 17"],
  ])("%s is refused", (body, message) => {
    expect(() => save(body)).toThrow(
      new ScanError(message.replace(/ at byte.*/, ""), Number(message.split(" ").pop())),
    );
  });

  test("values are views of the body", () => {
    const body = encode('[{"key":"a","value":"v"}]');
    expect(core.scanState(body)[0]?.value?.buffer).toBe(body.buffer);
  });

  test("metadata named __proto__ is an entry like any other", () => {
    const [item] = core.scanState(encode('[{"key":"a","metadata":{"__proto__":"x"}}]'));
    expect([...(item?.metadata ?? [])]).toEqual([["__proto__", "x"]]);
  });

  test("every truncation of a request is refused", () => {
    const body = '[{"key":"a","value":{"b":[1,"\\u00e9",true]},"metadata":{"c":"é"}}]';
    const bytes = encode(body);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => core.scanState(bytes.subarray(0, length))).toThrow(ScanError);
    }
    expect(save(body)).toHaveLength(1);
  });

  test("a body of many chunks is read whole, wherever they part", () => {
    const item = { key: "k€".repeat(20), value: "😀\\".repeat(30), metadata: { "ü\n": "€".repeat(10) } };
    for (let shift = 0; shift < 12; shift++) {
      const items = Array.from({ length: 900 }, (_, i) => ({ ...item, etag: `${i}` }));
      const body = " ".repeat(shift) + JSON.stringify(items);
      expect(save(body)).toEqual(items.map((one) => ({ ...one, value: JSON.stringify(one.value) })));
    }
  });

  test("more items than the marks of one pass hold", () => {
    const items = Array.from({ length: 30_000 }, (_, i) => ({ key: `k${i}`, value: `${i}` }));
    const body = JSON.stringify(items.map(({ key }, i) => ({ key, value: i })));
    expect(save(body)).toEqual(items);
  });

  test("100 MB do not grow the memory", { timeout: 60_000 }, () => {
    const size = 100 * 1024 * 1024;
    const body = new Uint8Array(size).fill(0x61);
    body.set(encode('[{"key":"a","value":"'));
    body.set(encode('"}]'), size - 3);
    expect(core.scanState(body)[0]?.value?.length).toBe(size - 20 - 2);
  });
});

describe("a transaction", () => {
  test.each([
    ["{}", { operations: [], metadata: undefined }],
    ['{"operations":null,"metadata":null}', { operations: [], metadata: undefined }],
    [
      '{"metadata":{"p":"q"},"operations":[{"operation":"upsert","request":{"key":"a","value":1,"metadata":{"x":"y"}}}]}',
      { operations: [["upsert", { key: "a", value: "1", metadata: { x: "y" } }]], metadata: { p: "q" } },
    ],
    [
      '{"operations":[{"request":{"key":"a"},"operation":"delete"},{"operation":"other","request":{"key":"b"}}]}',
      {
        operations: [
          ["delete", { key: "a" }],
          ["other", { key: "b" }],
        ],
        metadata: undefined,
      },
    ],
    [
      '{"operations":[{"operation":"upsert","request":{"key":"a","options":{"retryPolicy":[]}}}]}',
      { operations: [["upsert", { key: "a", retryPolicy: "[]" }]], metadata: undefined },
    ],
    ['{"operations":[{}]}', { operations: [["", { key: "" }]], metadata: undefined }],
    ['{"operations":[{"request":null}]}', { operations: [["", { key: "" }]], metadata: undefined }],
    ['{"operations":[{}],"operations":[]}', { operations: [], metadata: undefined }],
  ])("%s", (body, expected) => {
    expect(transact(body)).toEqual(expected);
  });

  test.each([
    ["[]", "expected an object with operations at byte 0"],
    ['{"operations":{}}', "expected an array for operations at byte 14"],
    ['{"operations":[null]}', "expected an object for each item at byte 15"],
    ['{"operations":[{"operation":5}]}', "expected a string for operation at byte 28"],
    ['{"operations":[{"operation":"delete"}]}', "expected a key that is not empty at byte 36"],
    ['{"operations":[{"operation":"delete","request":[]}]}', "expected an object for request at byte 47"],
    ['{"metadata":{"a":1}}', "expected a string for each value of metadata at byte 17"],
  ])("%s is refused", (body, message) => {
    expect(() => transact(body)).toThrow(message);
  });
});

describe("JSON", () => {
  const depth = 10_000;

  test("nests ten thousand deep and no deeper", () => {
    expect(core.isJson(encode("[".repeat(depth) + "]".repeat(depth)))).toBe(true);
    expect(core.isJson(encode("[".repeat(depth + 1) + "]".repeat(depth + 1)))).toBe(false);
    expect(core.isJson(encode(`${'{"a":['.repeat(depth / 2)}1${"]}".repeat(depth / 2)}`))).toBe(true);
  });

  test.each([
    [[0xff]],
    [[0xc0, 0xaf]],
    [[0xed, 0xa0, 0x80]],
    [[0xf4, 0x90, 0x80, 0x80]],
    [[0xe2, 0x82]],
    [[0x80]],
  ])("a string of the bytes %j is not UTF-8", (bytes) => {
    expect(core.isJson(new Uint8Array([0x22, ...bytes, 0x22]))).toBe(false);
    expect(core.isJson(new Uint8Array([0x22, ...bytes, 0x20, 0x20, 0x20, 0x20, 0x22]))).toBe(false);
  });

  test("a byte order mark is no JSON", () => {
    expect(core.isJson(new Uint8Array([0xef, 0xbb, 0xbf, 0x31]))).toBe(false);
  });
});

describe("a request to a binding", () => {
  const scan = (body: string) => {
    const { operation, data, metadata } = core.scanBinding(encode(body));
    return [operation, data && decode(data), metadata && Object.fromEntries(metadata)];
  };

  test.each([
    ["{}", ["", undefined, undefined]],
    ["null", ["", undefined, undefined]],
    ['{"operation":"get"}', ["get", undefined, undefined]],
    ['{"operation":null,"data":null,"metadata":null}', ["", "null", undefined]],
    [
      '{"DATA": {"a" : 12345678901234567890}, "Operation":"x"}',
      ["x", '{"a" : 12345678901234567890}', undefined],
    ],
    ['{"data":"\\u00e9","metadata":{"a":"b","c":null},"other":[{}]}', ["", '"\\u00e9"', { a: "b", c: "" }]],
    ['{"data":1,"data":[2]}', ["", "[2]", undefined]],
  ])("%s", (body, found) => {
    expect(scan(body)).toEqual(found);
  });

  test.each([
    "",
    "[]",
    '"x"',
    '{"operation":1}',
    '{"metadata":[]}',
    '{"metadata":{"a":1}}',
    '{"data":1e}',
    "{} 1",
  ])("%s is refused", (body) => {
    expect(() => scan(body)).toThrow(ScanError);
  });
});

describe("a bulk publish", () => {
  const scan = (body: string) =>
    core
      .scanEntries(encode(body))
      .map(({ entryId, event, contentType, metadata }) => [
        entryId,
        event && decode(event),
        contentType,
        metadata && Object.fromEntries(metadata),
      ]);

  test.each([
    ["[]", []],
    ["null", []],
    ["[{}]", [["", undefined, "", undefined]]],
    [
      '[{"entryId":"1","event":{ "a" : 1.0 },"contentType":"application/json"},{"EntryID":"\\u00e9","event":null,"metadata":{}}]',
      [
        ["1", '{ "a" : 1.0 }', "application/json", undefined],
        ["é", "null", "", {}],
      ],
    ],
    [
      '[{"metadata":{"a":"b"},"event":[{"entryId":"no"}],"other":{"event":2},"entryId":null}]',
      [["", '[{"entryId":"no"}]', "", { a: "b" }]],
    ],
    [
      '[{"entryId":"1","entryId":"2","metadata":{"a":"b"},"metadata":null}]',
      [["2", undefined, "", undefined]],
    ],
  ])("%s", (body, found) => {
    expect(scan(body)).toEqual(found);
  });

  test.each([
    "",
    "{}",
    "[null]",
    "[1]",
    '[{"entryId":1}]',
    '[{"contentType":true}]',
    '[{"metadata":{"a":1}}]',
    "[] 1",
    "[{}",
  ])("%s is refused", (body) => {
    expect(() => scan(body)).toThrow(ScanError);
  });
});
