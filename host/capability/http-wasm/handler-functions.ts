import { isFieldName } from "../../header-field.ts";
import type { HttpWasmSettings, LogLevel } from "../confinement.ts";
import { GuestFault } from "../guest-fault.ts";
import { type GuestLines, MAX_LINE } from "../guest-lines.ts";
import type { GuestMemory } from "../guest-memory.ts";
import type { HostFunction } from "../import-object.ts";
import type { Exchange, Part } from "./exchange.ts";
import type { GuestFields } from "./guest-fields.ts";
import { handlerName } from "./http-wasm-abi.ts";

/** From -1 on; what is beyond is said to nobody. */
const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Kinds of headers: those of the request, of the response, and the trailers of both, of which there are none. */
const kinds: readonly Part[] = ["request", "response"];
const TRAILERS = 4;

const PROTOCOL = "HTTP/1.1";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const nul = new Uint8Array(1);

/** Two numbers of 32 bits in one of 64. */
const pair = (high: number, low: number) => (BigInt(high) << 32n) | BigInt(low);

/** Before the first request there is only what a guest may enable for all. */
export interface Current {
  readonly exchange: Exchange | undefined;
  enable(features: number): number;
}

/** What a guest may import of `http_handler`, with each of its spans checked. */
export class HandlerFunctions {
  readonly #settings: HttpWasmSettings;
  readonly #memory: () => GuestMemory;
  readonly #lines: GuestLines;
  readonly #current: Current;

  constructor(settings: HttpWasmSettings, memory: () => GuestMemory, lines: GuestLines, current: Current) {
    this.#settings = settings;
    this.#memory = memory;
    this.#lines = lines;
    this.#current = current;
  }

  get #exchange(): Exchange {
    const { exchange } = this.#current;
    if (exchange === undefined) throw new GuestFault("protocol", "it asks for a request before there is one");
    return exchange;
  }

  get functions(): readonly (readonly [string, HostFunction])[] {
    return Object.entries(this.#own).map(([name, one]) => [handlerName(name), one]);
  }

  readonly #own: Readonly<Record<string, HostFunction>> = {
    enable_features: (wanted: number) => this.#current.enable(wanted),
    get_config: (buffer: number, limit: number) => this.#give(this.#settings.config, buffer, limit),
    log_enabled: (level: number) => {
      const least = levels.indexOf(this.#settings.level ?? "debug");
      return levels[level + 1] !== undefined && level + 1 >= least ? 1 : 0;
    },
    log: (level: number, message: number, length: number) => {
      const known = levels[level + 1];
      const text = decoder.decode(this.#bytes(message, length, "what it logs").subarray(0, MAX_LINE));
      if (known !== undefined) this.#lines.add(known, text);
      return undefined;
    },
    get_method: (buffer: number, limit: number) => this.#giveText(this.#exchange.method, buffer, limit),
    set_method: (pointer: number, length: number) => {
      const exchange = this.#exchange;
      exchange.mayChange("request");
      const method = this.#text(pointer, length, "a method");
      if (!isFieldName(method)) throw new GuestFault("protocol", "it sets a method that is none");
      exchange.method = method.toUpperCase();
      return undefined;
    },
    get_uri: (buffer: number, limit: number) => this.#giveText(this.#exchange.uri, buffer, limit),
    set_uri: (pointer: number, length: number) => {
      const exchange = this.#exchange;
      exchange.mayChange("request");
      exchange.uri = uriOf(this.#text(pointer, length, "a URI"));
      return undefined;
    },
    get_protocol_version: (buffer: number, limit: number) => this.#giveText(PROTOCOL, buffer, limit),
    get_source_addr: (buffer: number, limit: number) =>
      this.#giveText(this.#exchange.given.source, buffer, limit),
    get_header_names: (kind: number, buffer: number, limit: number) => {
      const names = this.#fields(kind)?.names ?? [];
      return this.#giveList(
        names.map((name) => encoder.encode(name)),
        buffer,
        limit,
      );
    },
    get_header_values: (kind: number, name: number, length: number, buffer: number, limit: number) => {
      const wanted = this.#name(name, length);
      return this.#giveList(this.#fields(kind)?.values(wanted) ?? [], buffer, limit);
    },
    set_header_value: (kind: number, name: number, nameLength: number, value: number, length: number) => {
      this.#changing(kind).set(this.#name(name, nameLength), this.#value(value, length));
      return undefined;
    },
    add_header_value: (kind: number, name: number, nameLength: number, value: number, length: number) => {
      this.#changing(kind).add(this.#name(name, nameLength), this.#value(value, length));
      return undefined;
    },
    remove_header: (kind: number, name: number, length: number) => {
      const wanted = this.#name(name, length);
      if (this.#fields(kind) !== undefined) this.#changing(kind).remove(wanted);
      return undefined;
    },
    read_body: (kind: number, buffer: number, limit: number) => {
      const part = partOf(kind, "body");
      const exchange = this.#exchange;
      exchange.mayRead(part);
      if (limit === 0) throw new GuestFault("protocol", "it reads a body into a buffer of no bytes");
      const body = part === "request" ? exchange.requestBody : exchange.responseBody;
      const count = body.read(this.#memory().view(buffer, limit, "where it reads a body"));
      return pair(body.ended ? 1 : 0, count);
    },
    write_body: (kind: number, pointer: number, length: number) => {
      const part = partOf(kind, "body");
      const exchange = this.#exchange;
      exchange.mayChange(part);
      const body = part === "request" ? exchange.requestBody : exchange.responseBody;
      body.write(this.#bytes(pointer, length, "what it writes"));
      return undefined;
    },
    get_status_code: () => this.#exchange.status,
    set_status_code: (status: number) => {
      this.#exchange.status = status >>> 0;
      return undefined;
    },
  };

  /** Undefined: trailers. */
  #fields(kind: number): GuestFields | undefined {
    const exchange = this.#exchange;
    if (kind >= kinds.length && kind < TRAILERS) return undefined;
    return partOf(kind, "header") === "request" ? exchange.requestFields : exchange.responseFields;
  }

  #changing(kind: number): GuestFields {
    const fields = this.#fields(kind);
    if (fields === undefined)
      throw new GuestFault(
        "protocol",
        "it sets a trailer, and this host did not enable the feature trailers",
      );
    this.#exchange.mayChange(partOf(kind, "header"));
    return fields;
  }

  /** Of no bytes any address is one. */
  #bytes(pointer: number, length: number, what: string): Uint8Array {
    return length === 0 ? nul.subarray(1) : this.#memory().view(pointer, length, what);
  }

  #text(pointer: number, length: number, what: string): string {
    return decoder.decode(this.#bytes(pointer, length, what));
  }

  #name(pointer: number, length: number): string {
    if (length === 0) throw new GuestFault("protocol", "it names a header by no text");
    return this.#text(pointer, length, "the name of a header").toLowerCase();
  }

  #value(pointer: number, length: number): Uint8Array {
    return this.#bytes(pointer, length, "the value of a header").slice();
  }

  /** Answers its length, and writes it where it fits: the guest comes again with more room else. */
  #give(bytes: Uint8Array, buffer: number, limit: number): number {
    if (bytes.length > 0 && bytes.length <= limit >>> 0)
      this.#memory().view(buffer, bytes.length, "where it wants an answer").set(bytes);
    return bytes.length;
  }

  #giveText(text: string, buffer: number, limit: number): number {
    return this.#give(encoder.encode(text), buffer, limit);
  }

  /** Each ends with a zero. Answers how many there are, and how many bytes. */
  #giveList(list: readonly Uint8Array[], buffer: number, limit: number): bigint {
    const size = list.reduce((sum, { length }) => sum + length + 1, 0);
    if (size > 0 && size <= limit >>> 0) {
      const span = this.#memory().view(buffer, size, "where it wants an answer");
      let at = 0;
      for (const one of list) {
        span.set(one, at);
        span.set(nul, at + one.length);
        at += one.length + 1;
      }
    }
    return pair(list.length, size);
  }
}

function partOf(kind: number, what: string): Part {
  const part = kinds[kind];
  if (part === undefined) throw new GuestFault("protocol", `it asks for a ${what} of kind ${kind}`);
  return part;
}

/** Path and query of what a guest sets, as a request line has them. */
function uriOf(text: string): string {
  const target = text.replace(/^https?:\/\/[^/?#]*/i, "");
  const [path = ""] = target.split("?", 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what it looks for
  const broken = /[\u0000-\u001f\u007f]/.test(target) || /%(?![\da-f]{2})/i.test(path);
  if (broken || !/^(\/|\?|$)/.test(target)) throw new GuestFault("protocol", "it sets a URI that is none");
  const encoded = target.replace(/[^\x21-\x7e]|#/gu, encodeURIComponent);
  return encoded.startsWith("/") ? encoded : `/${encoded}`;
}
