import fc from "fast-check";
import { expect, test } from "vitest";
import { ScanError, type ScannedItem } from "../../host/core/core.ts";
import { decode, encode, newCore } from "../core/core.ts";

const core = newCore();
const numRuns = Number(process.env.FUZZ_RUNS ?? 5000);
const timeout = 20_000 + numRuns;
const chunk = 65_536;

/** What JSON.parse says of the bytes, which must be UTF-8. */
function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** Pieces that JSON is made of, and some that it is not. */
const piece = fc.oneof(
  fc.constantFrom(...'{}[]:,"\\ -+.eE0123456789tfnul/\n\t\r\b\u00a0\ufeff'.split("")),
  fc.constantFrom(
    "true",
    "false",
    "null",
    '"a"',
    '"\\u00e9"',
    '"\\ud800"',
    "1e5",
    "-0",
    "0.1",
    '{"a":1}',
    "[1,2]",
  ),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const soup = fc.array(piece, { maxLength: 24 }).map((pieces) => encode(pieces.join("")));

/** JSON text with one byte changed, left out or put in. */
const damaged = fc
  .tuple(fc.json(), fc.nat(), fc.nat(255), fc.constantFrom("none", "change", "drop", "insert", "cut"))
  .map(([text, seed, byte, damage]) => {
    const bytes = [...encode(text)];
    const at = seed % (bytes.length + 1);
    if (damage === "change" && at < bytes.length) bytes[at] = byte;
    if (damage === "drop") bytes.splice(at, 1);
    if (damage === "insert") bytes.splice(at, 0, byte);
    if (damage === "cut") bytes.length = at;
    return new Uint8Array(bytes);
  });

test("accepts what JSON.parse accepts, and nothing else", { timeout }, () => {
  const inputs = fc.oneof(soup, damaged, fc.uint8Array({ maxLength: 12 }));
  fc.assert(
    fc.property(inputs, (bytes) => core.isJson(bytes) === isJson(bytes)),
    { numRuns },
  );
});

test("and does so wherever the chunks part", { timeout }, () => {
  const spaces = new Uint8Array(2 * chunk).fill(0x20);
  fc.assert(
    fc.property(fc.oneof(soup, damaged), fc.nat(40), (bytes, before) => {
      const start = Math.max(chunk - before, 0);
      const padded = spaces.slice(0, start + bytes.length);
      padded.set(bytes, start);
      return core.isJson(padded) === isJson(bytes);
    }),
    { numRuns: Math.ceil(numRuns / 10) },
  );
});

const text = fc.string({ unit: "binary", maxLength: 20 });
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const item = fc.record(
  {
    key: fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: fc.jsonValue() }),
    value: fc.jsonValue(),
    etag: fc.oneof({ weight: 9, arbitrary: orNull(text) }, { weight: 1, arbitrary: fc.jsonValue() }),
    options: orNull(
      fc.record(
        { concurrency: orNull(text), consistency: orNull(text), other: fc.jsonValue() },
        { requiredKeys: [] },
      ),
    ),
    metadata: orNull(
      fc.dictionary(text, fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: fc.integer() })),
    ),
    other: fc.jsonValue(),
  },
  { requiredKeys: [] },
);

const wellFormed = (value: string) => decode(encode(value));

/** The same request read by JSON.parse, or undefined where its shape is wrong. */
function readItem(source: Record<string, unknown>): ReturnType<typeof comparable> | undefined {
  const isText = (value: unknown) => value === undefined || value === null || typeof value === "string";
  const { key, etag } = source;
  const options = (source.options ?? {}) as Record<string, unknown>;
  const metadata = source.metadata as Record<string, unknown> | null | undefined;
  if (typeof key !== "string" || key === "" || !isText(etag)) return undefined;
  if (!isText(options.concurrency) || !isText(options.consistency)) return undefined;
  if (metadata && !Object.values(metadata).every(isText)) return undefined;
  const orAbsent = (value: unknown) => (typeof value === "string" ? wellFormed(value) : undefined);
  return {
    key: wellFormed(key),
    value: "value" in source ? JSON.stringify(source.value) : undefined,
    etag: orAbsent(etag),
    concurrency: orAbsent(options.concurrency),
    consistency: orAbsent(options.consistency),
    retryPolicy: undefined,
    metadata: metadata
      ? new Map(Object.entries(metadata).map(([k, v]) => [wellFormed(k), wellFormed(`${v}`)]))
      : undefined,
  };
}

function comparable(found: ScannedItem) {
  return { ...found, value: found.value && JSON.stringify(JSON.parse(decode(found.value))) };
}

test("reads items as JSON.parse does", { timeout }, () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 4 }), fc.nat(3), (items, indent) => {
      // Round the text once, so that both read the same numbers.
      const body = JSON.stringify(items, null, indent);
      const expected = (JSON.parse(body) as Record<string, unknown>[]).map(readItem);
      if (expected.includes(undefined)) {
        expect(() => core.scanState(encode(body))).toThrow(ScanError);
      } else {
        expect(core.scanState(encode(body)).map(comparable)).toEqual(expected);
      }
    }),
    { numRuns: Math.ceil(numRuns / 2) },
  );
});

test("reads a transaction's operations as it reads items", { timeout }, () => {
  const operation = fc.record({ operation: fc.constantFrom("upsert", "delete", "other"), request: item });
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 4 }),
      orNull(fc.dictionary(text, text)),
      (operations, metadata) => {
        const body = JSON.stringify({ metadata, operations });
        const source = JSON.parse(body) as {
          operations: { operation: string; request: Record<string, unknown> }[];
        };
        const expected = source.operations.map(({ request }) => readItem(request));
        if (expected.includes(undefined)) {
          expect(() => core.scanTransaction(encode(body))).toThrow(ScanError);
          return;
        }
        const found = core.scanTransaction(encode(body));
        expect(found.operations.map(({ request }) => comparable(request))).toEqual(expected);
        expect(found.operations.map(({ operation }) => operation)).toEqual(
          operations.map(({ operation }) => operation),
        );
        expect(found.metadata?.size).toBe(
          metadata ? new Set(Object.keys(metadata).map(wellFormed)).size : undefined,
        );
      },
    ),
    { numRuns: Math.ceil(numRuns / 4) },
  );
});

test("reads a request to a binding as JSON.parse does", { timeout }, () => {
  const metadata = orNull(fc.dictionary(text, text));
  fc.assert(
    fc.property(orNull(text), fc.jsonValue(), metadata, (operation, data, metadata) => {
      const body = JSON.stringify({ metadata, data, operation });
      const found = core.scanBinding(encode(body));
      expect(found.operation).toBe(wellFormed(operation ?? ""));
      expect(decode(found.data as Uint8Array)).toBe(JSON.stringify(data));
      expect(found.metadata?.size).toBe(
        metadata ? new Set(Object.keys(metadata).map(wellFormed)).size : undefined,
      );
    }),
    { numRuns: Math.ceil(numRuns / 4) },
  );
});

test("no bytes make it throw anything but a scan error", { timeout }, () => {
  fc.assert(
    fc.property(fc.oneof(soup, damaged, fc.uint8Array()), (bytes) => {
      for (const scan of [core.scanState, core.scanTransaction, core.scanBinding, core.scanEntries]) {
        try {
          scan(bytes);
        } catch (error) {
          if (!(error instanceof ScanError) || error.offset > bytes.length) throw error;
        }
      }
    }),
    { numRuns },
  );
});
