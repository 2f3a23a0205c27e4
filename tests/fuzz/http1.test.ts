/** The gateway's HTTP/1.1 client against a model, against Node's parser, and against what upstreams should not send. */
import { createRequire } from "node:module";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Http1, loadHttp1, type Parsed, type ParseOptions } from "../gateway/http1-module.ts";

const numRuns = Number(process.env.FUZZ_RUNS ?? 1000);
const timeout = 30_000 + numRuns;

let http1: Http1;
beforeAll(async () => {
  http1 = await loadHttp1();
}, 60_000);

const bytes = (text: string) => Buffer.from(text, "latin1");

/** Cuts at these places, taken modulo the length. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, i) => whole.subarray(start, at[i] ?? whole.length));
}

const single = (whole: Uint8Array) => Array.from(whole, (_, i) => whole.subarray(i, i + 1));

/** What must be the same, however the bytes came; of a body that broke, less may have been handed on. */
const told = ({ body, ...rest }: Parsed) =>
  rest.outcome === "fault"
    ? { outcome: rest.outcome, fault: rest.fault }
    : { ...rest, body: body.toString("latin1") };

const name = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const value = fc
  .stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,20}$/)
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""));
const ours =
  /^(connection|keep-alive|proxy-.*|te|upgrade|host|expect|content-length|transfer-encoding|http2-settings)$/i;
const fields = fc.array(
  fc.tuple(
    name.filter((text) => !ours.test(text)),
    value,
  ),
  { maxLength: 6 },
);
const part = fc.uint8Array({ minLength: 1, maxLength: 40 });
const padding = fc.constantFrom("", " ", "\t", "  ");

interface Message {
  readonly wire: Buffer;
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly trailers: readonly (readonly [string, string])[];
  /** Its end is the connection's. */
  readonly open: boolean;
}

/** A response and what it means, in every form that is allowed. */
const message: fc.Arbitrary<Message> = fc
  .record({
    interim: fc.array(fc.constantFrom(100, 102, 103), { maxLength: 2 }),
    status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
    reason: fc.constantFrom("", " ", " OK", " Not so \xff"),
    fields,
    pad: padding,
    parts: fc.array(part, { maxLength: 5 }),
    framing: fc.constantFrom("length", "twice", "chunked", "close"),
    extension: fc.constantFrom("", ";a", ';a="b c"', "; x = 1"),
    trailers: fields,
  })
  .map(({ interim, status, reason, fields, pad, parts, framing, extension, trailers }) => {
    const body = Buffer.concat(parts);
    const lines = (list: typeof fields) => list.map(([n, v]) => `${n}:${pad}${v}${pad}\r\n`).join("");
    const length = `content-length: ${body.length}\r\n`;
    const head = `HTTP/1.1 ${status}${reason}\r\n${lines(fields)}`;
    const before = interim.map((code) => `HTTP/1.1 ${code} Wait\r\na: b\r\n\r\n`).join("");
    const chunks = parts.flatMap((chunk) => [
      bytes(`${chunk.length.toString(16)}${extension}\r\n`),
      chunk,
      bytes("\r\n"),
    ]);
    const wire = {
      length: () => [`${head}${length}\r\n`, body],
      twice: () => [`${head}${length}${length}\r\n`, body],
      chunked: () => [`${head}transfer-encoding: chunked\r\n\r\n`, ...chunks, `0\r\n${lines(trailers)}\r\n`],
      close: () => [`${head}\r\n`, body],
    }[framing as "length"]();
    const counted = framing === "length" || framing === "twice";
    return {
      wire: Buffer.concat([
        bytes(before),
        ...wire.map((piece) => (typeof piece === "string" ? bytes(piece) : piece)),
      ]),
      status,
      fields: counted ? [...fields, ["content-length", String(body.length)] as const] : fields,
      body,
      trailers: framing === "chunked" ? trailers : [],
      open: framing === "close",
    };
  });

const lowered = (list: Message["fields"]) => list.map(([n, v]) => [n.toLowerCase(), v]);

const places = fc.array(fc.nat({ max: 2000 }), { maxLength: 8 });

describe("a response", () => {
  test("is read as it was meant, wherever it is split", { timeout }, () => {
    fc.assert(
      fc.property(message, places, fc.boolean(), (meant, at, splice) => {
        const parsed = http1.parse(cut(meant.wire, at), { close: meant.open, splice });
        expect(parsed).toEqual({
          outcome: "end",
          fault: 0,
          status: meant.status,
          fields: lowered(meant.fields),
          body: meant.body,
          trailers: lowered(meant.trailers),
          reusable: !meant.open,
        });
      }),
      { numRuns },
    );
  });

  test("is the same byte by byte as in one piece, whatever it is", { timeout }, () => {
    fc.assert(
      fc.property(mutated(), fc.boolean(), fc.boolean(), (wire, close, head) => {
        expect(told(http1.parse(single(wire), { close, head }))).toEqual(
          told(http1.parse([wire], { close, head })),
        );
      }),
      { numRuns },
    );
  });

  test("of which a byte is missing has not ended", { timeout }, () => {
    fc.assert(
      fc.property(message, fc.nat(), (meant, at) => {
        fc.pre(!meant.open);
        const wire = meant.wire.subarray(0, at % meant.wire.length);
        expect(http1.parse([wire]).outcome).toBe("more");
        expect(http1.parse([wire], { close: true }).outcome).toBe("fault");
      }),
      { numRuns },
    );
  });
});

/** A response with some of its bytes replaced, left out, doubled or followed by others. */
function mutated(): fc.Arbitrary<Buffer> {
  const spice = fc.constantFrom(
    ..."\r,\n,\r\n,\0, ,\t,:,;,0,5,a,\x7f,\xff,\r\n\r\n,\n\n,content-length: 3\r\n,Transfer-Encoding: chunked\r\n,chunked".split(
      ",",
    ),
    ",",
    "HTTP/1.1 200 OK\r\n",
    "connection: close, a\r\n",
    " folded\r\n",
  );
  const change = fc.record({ at: fc.nat({ max: 400 }), drop: fc.integer({ min: 0, max: 3 }), put: spice });
  return fc.tuple(message, fc.array(change, { minLength: 1, maxLength: 3 })).map(([{ wire }, changes]) =>
    changes.reduce((now, { at, drop, put }) => {
      const start = at % (now.length + 1);
      return Buffer.concat([now.subarray(0, start), bytes(put), now.subarray(start + drop)]);
    }, wire),
  );
}

interface NodeParsed {
  readonly ended: boolean;
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/** What Node's own parser, in its strict mode, makes of the same bytes; undefined where it refuses them. */
function nodeParse(wire: Buffer, { close = false, head = false }: ParseOptions): NodeParsed | undefined {
  const { HTTPParser } = createRequire(import.meta.url)("_http_common") as Common;
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.RESPONSE, {});
  const body: Buffer[] = [];
  let [ended, status] = [false, 0];
  let fields: (readonly [string, string])[] = [];
  parser[HTTPParser.kOnHeaders] = (more: readonly string[]) => {
    fields.push(...pairs(more));
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    all: readonly string[] | undefined,
    _method: unknown,
    _url: unknown,
    code: number,
  ) => {
    if (code < 200) {
      fields = [];
      return 0;
    }
    status = code;
    fields.push(...pairs(all ?? []));
    return head ? 1 : 0;
  };
  parser[HTTPParser.kOnBody] = (data: Buffer) => void body.push(Buffer.from(data));
  parser[HTTPParser.kOnMessageComplete] = () => {
    if (status >= 200) ended = true;
  };
  for (const byte of single(wire)) {
    if (parser.execute(byte) instanceof Error) return undefined;
    if (ended) break;
  }
  if (!ended && close && parser.finish() instanceof Error) return undefined;
  return { ended, status, fields, body: Buffer.concat(body) };
}

interface Common {
  readonly HTTPParser: NodeParser;
  readonly methods: readonly string[];
}

type NodeParser = {
  new (): Record<number, unknown> & {
    initialize(type: number, resource: object): void;
    execute(data: Uint8Array): number | Error;
    finish(): Error | undefined;
  };
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
};

const pairs = (flat: readonly string[]) =>
  Array.from(
    { length: flat.length / 2 },
    (_, i) => [flat[2 * i] as string, flat[2 * i + 1] as string] as const,
  );

const passedOn = (list: readonly (readonly [string, string])[]) =>
  list
    .filter(([n]) => !ours.test(n))
    .map(([n, v]) => `${n.toLowerCase()}: ${v.replace(/^[ \t]+|[ \t]+$/g, "")}`);

/** What Node alone refuses: a length said twice, extensions of chunks but the plainest; and `connection` may name fields. */
const stricter = /content-length[\s\S]*content-length|\nconnection|^[0-9a-f]+;(?!a\r)/im;

describe("what is accepted", () => {
  test("Node's parser accepts too, and reads as the same", { timeout }, () => {
    let accepted = 0;
    fc.assert(
      fc.property(mutated(), fc.boolean(), fc.boolean(), (wire, close, head) => {
        const parsed = http1.parse([wire], { close, head });
        if (parsed.outcome !== "end" || stricter.test(wire.toString("latin1"))) return;
        accepted++;
        const node = nodeParse(wire, { close, head });
        expect(node).toBeDefined();
        expect(node).toMatchObject({ ended: true, status: parsed.status });
        const passed = passedOn(parsed.fields);
        // Trailers follow in Node's list.
        expect(passed).toEqual(passedOn(node?.fields ?? []).slice(0, passed.length));
        expect(parsed.body.toString("latin1")).toBe(node?.body.toString("latin1"));
      }),
      { numRuns },
    );
    expect(accepted).toBeGreaterThan(numRuns / 50);
  });
});

/** Every request that Node's parser finds in these bytes. */
function nodeRequests(wire: Buffer): readonly string[] | Error {
  const { HTTPParser, methods } = createRequire(import.meta.url)("_http_common") as Common;
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.REQUEST, {});
  const found: string[] = [];
  let fields: string[] = [];
  let first = "";
  let body = "";
  parser[HTTPParser.kOnHeaders] = (more: readonly string[], url: string) => {
    fields.push(...passedOn(pairs(more)));
    first = url;
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    all: readonly string[] | undefined,
    method: number,
    url: string | undefined,
  ) => {
    fields.push(...passedOn(pairs(all ?? [])));
    first = `${methods[method]} ${url ?? first}`;
    return 0;
  };
  parser[HTTPParser.kOnBody] = (data: Buffer) => {
    body += data.toString("latin1");
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    found.push(JSON.stringify([first, fields, body]));
    fields = [];
    body = "";
  };
  const parsed = parser.execute(wire);
  return parsed instanceof Error ? parsed : found;
}

const hostile = fc.constantFrom(
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  ":",
  "\r\n\r\nGET /two HTTP/1.1\r\nhost: x\r\n\r\n",
  "\xff",
);
const spiced = (plain: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 9, arbitrary: plain },
    {
      weight: 1,
      arbitrary: fc.tuple(plain, hostile, plain).map((texts) => texts.join("")),
    },
  );

test("a request is one request, or is not sent", { timeout }, () => {
  let sent = 0;
  const method = spiced(fc.constantFrom("GET", "POST", "DELETE", "REPORT", "PATCH"));
  const target = spiced(fc.stringMatching(/^\/[a-zA-Z0-9%?&=._~-]{0,12}$/));
  const framing = fc.constantFrom<readonly [string, string]>(
    ["content-length", "0"],
    ["Transfer-Encoding", "chunked"],
    ["connection", "close"],
    ["host", "other"],
  );
  const list = fc.array(fc.oneof(fc.tuple(spiced(name), spiced(value)), framing), { maxLength: 5 });
  fc.assert(
    fc.property(
      method,
      target,
      list,
      fc.option(fc.array(part, { maxLength: 3 })),
      fc.boolean(),
      (verb, path, all, body, counted) => {
        const size = body?.reduce((sum, { length }) => sum + length, 0) ?? 0;
        const wire = http1.write({
          method: verb,
          target: path,
          host: "app:80",
          fields: all,
          ...(body !== null && { body }),
          ...(counted && { length: size }),
        });
        if (wire === undefined) return;
        sent++;
        const text = Buffer.concat(body ?? []).toString("latin1");
        expect(nodeRequests(wire)).toEqual([JSON.stringify([`${verb} ${path}`, passedOn(all), text])]);
      },
    ),
    { numRuns },
  );
  expect(sent).toBeGreaterThan(numRuns / 4);
});
