import asc from "assemblyscript/asc";

/** What the gateway's HTTP/1.1 client makes of a response. */
export interface Parsed {
  /** `more`: it has not ended. */
  readonly outcome: "end" | "more" | "fault";
  readonly fault: number;
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly trailers: readonly (readonly [string, string])[];
  readonly reusable: boolean;
}

export interface ParseOptions {
  /** The request was HEAD. */
  readonly head?: boolean;
  /** The peer closes the connection after the last bytes. */
  readonly close?: boolean;
  /** Parts of the body go by another way than the parser, as those that are spliced. */
  readonly splice?: boolean;
}

export interface Http1 {
  parse(parts: readonly Uint8Array[], options?: ParseOptions): Parsed;
  /** A request as it is written, or undefined where it is refused. */
  write(request: WrittenRequest): Buffer | undefined;
}

export interface WrittenRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly fields: readonly (readonly [string, string])[];
  /** Bytes announced; undefined: chunked. */
  readonly length?: number;
  readonly body?: readonly Uint8Array[];
}

type Exports = Record<string, WebAssembly.Global> &
  Record<string, (...args: readonly (number | bigint)[]) => number> & { readonly memory: WebAssembly.Memory };

const [HEAD, DATA, END, FAULT] = [1, 2, 3, 4];
const folder = "assembly/gateway/http1/";

/** Where the parser's record has what is read here, as in `reading.ts`. */
const record = { fault: 4, status: 8, chunked: 14, entries: 24, data: 72, size: 76 };

async function compile(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const files = ["response.ts", "reading.ts", "limits.ts", "request.ts"].map((file) => folder + file);
  const uses = "--use abort= --use LITERAL_SHIFT=1";
  const flags = `--config none --outFile http1.wasm --runtime stub -O3 --noAssert ${uses} --enable simd`;
  const { error, stderr } = await asc.main([...files, ...flags.split(" ")], {
    writeFile: (_, contents) => {
      if (typeof contents !== "string") binary = contents;
    },
  });
  if (error !== null || binary === undefined) throw new Error(`${error}\n${stderr}`);
  return binary;
}

/** Compiles the parser and the writer alone: they import nothing. */
export async function loadHttp1(): Promise<Http1> {
  const module = new WebAssembly.Module((await compile()) as Uint8Array<ArrayBuffer>);
  const exports = new WebAssembly.Instance(module).exports as unknown as Exports;
  const buffer = Buffer.from(exports.memory.buffer);
  const constant = (name: string) => Number((exports[name] as unknown as WebAssembly.Global).value);
  const reading = constant("reading");
  const writing = constant("writing");
  const [entriesAt, outputAt] = [constant("ENTRIES"), constant("OUTPUT")];
  const word = (at: number) => buffer.readUInt32LE(at);
  const copy = (at: number, size: number) => Buffer.from(buffer.subarray(at, at + size));
  const call = exports as unknown as Record<string, (...args: readonly (number | bigint)[]) => number>;

  function entries(): (readonly [string, string])[] {
    return Array.from({ length: word(reading + record.entries) }, (_, i) => {
      const at = entriesAt + i * 16;
      const text = (of: number) => copy(word(of), word(of + 4)).toString("latin1");
      return [text(at), text(at + 8)] as const;
    });
  }

  function parse(
    parts: readonly Uint8Array[],
    { head = false, close = false, splice = false }: ParseOptions = {},
  ): Parsed {
    call.expect?.(head ? 1 : 0);
    const body: Buffer[] = [];
    let [status, outcome] = [0, "more" as Parsed["outcome"]];
    let fields: Parsed["fields"] = [];
    /** Answers whether the parser wants more. */
    const advance = (event: number): boolean => {
      if (event === HEAD) [status, fields] = [word(reading + record.status), entries()];
      else if (event === DATA) body.push(copy(word(reading + record.data), word(reading + record.size)));
      else if (event === END) outcome = "end";
      else if (event === FAULT) outcome = "fault";
      else return true;
      return false;
    };
    const drain = () => {
      while (outcome === "more" && !advance(call.next?.() ?? 0)) {}
    };
    let unread = parts.reduce((sum, part) => sum + part.length, 0);
    for (const part of parts) {
      for (let at = 0; at < part.length && outcome === "more"; ) {
        const owed = splice ? Number(BigInt.asUintN(53, BigInt(call.owed?.() ?? 0))) : 0;
        const bytes = part.subarray(at, at + (owed > 0 ? owed : (call.space?.() ?? 0)));
        if (owed > 0) {
          body.push(Buffer.from(bytes));
          call.passed?.(BigInt(bytes.length));
        } else {
          buffer.set(bytes, call.input?.() ?? 0);
          call.arrived?.(bytes.length);
        }
        at += bytes.length;
        unread -= bytes.length;
        drain();
      }
    }
    drain();
    if (close && outcome === "more") advance(call.closed?.() ?? 0);
    const ended = outcome as Parsed["outcome"];
    return {
      outcome: ended,
      fault: word(reading + record.fault),
      status,
      fields,
      body: Buffer.concat(body),
      trailers: ended === "end" && buffer[reading + record.chunked] === 1 ? entries() : [],
      reusable: ended === "end" && call.isReusable?.() === 1 && unread === 0,
    };
  }

  function write({ method, target, host, fields, length, body }: WrittenRequest): Buffer | undefined {
    // Texts lie where a response would be read.
    let free = constant("INPUT");
    const put = (text: string): [number, number] => {
      const size = buffer.write(text, free, "latin1");
      free += size;
      return [free - size, size];
    };
    if (call.begin?.(...put(method), ...put(target), ...put(host)) === 0) return undefined;
    for (const [name, value] of fields) {
      if (call.add?.(...put(name), ...put(value)) === 0) return undefined;
    }
    call.endHead?.(BigInt(body === undefined ? -1 : (length ?? -2)));
    const written: Buffer[] = [];
    const flush = () => {
      const [from, to] = [word(writing), word(writing + 4)];
      written.push(copy(from, to - from));
      call.sent?.(to - from);
    };
    for (const part of body ?? []) {
      for (let at = 0; at < part.length; ) {
        const bytes = part.subarray(at, at + (call.partSpace?.() ?? 0));
        buffer.set(bytes, call.part?.() ?? outputAt);
        if (call.addPart?.(bytes.length) === 0) return undefined;
        at += bytes.length;
        flush();
      }
    }
    if (body !== undefined && call.endBody?.() === 0) return undefined;
    flush();
    return Buffer.concat(written);
  }

  return { parse, write };
}
