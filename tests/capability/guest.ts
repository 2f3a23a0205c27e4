import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { type AdmittedModule, admit } from "../../host/capability/admission.ts";
import { CapabilityGuest } from "../../host/capability/capability-guest.ts";
import type { GuestPlatform } from "../../host/capability/guest-host.ts";
import type { CapabilityManifest, Limits } from "../../host/capability/manifest.ts";
import {
  decodeMessage,
  encodeMessage,
  fieldOf,
  type MessageField,
  messageKind,
  partsOf,
  textOf,
} from "../../host/capability/message.ts";
import { readManifest } from "../../host/capability/read-manifest.ts";

export type Fields = readonly (readonly [name: string, value: string | Uint8Array])[];

/** What a guest answered. */
export interface Answered {
  readonly status: number;
  readonly error: string | undefined;
  /** Of a middleware: the request goes on. */
  readonly next: boolean;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  readonly text: string;
  /** Names of its parts, as of the items of a scan. */
  readonly items: readonly string[];
}

/** A call that a guest asks for: its name, its fields and its body. */
export interface Asked {
  readonly call: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** A package that was built, with its modules let in. */
export interface BuiltPackage {
  readonly manifest: CapabilityManifest;
  readonly module: AdmittedModule;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const nothing = new Uint8Array();

const encoded = (fields: Fields): MessageField[] =>
  fields.map(([name, value]) => [name, typeof value === "string" ? encoder.encode(value) : value]);

const headersOf = (fields: readonly MessageField[]) =>
  new Map(
    fields
      .filter(([name]) => !name.startsWith(":"))
      .map(([name, value]) => [name, decoder.decode(value)] as const),
  );

export async function builtPackage(name: string): Promise<BuiltPackage> {
  const folder = resolve(import.meta.dirname, "../../dist/capabilities", name);
  const file = `${folder}/capability.json`;
  const manifest = readManifest(JSON.parse(readFileSync(file, "utf8")), file);
  const entry = manifest.modules[0];
  if (entry === undefined) throw new Error(`${name} has no module`);
  const bytes = new Uint8Array(readFileSync(`${folder}/${entry.path}`));
  const terms = { abi: capabilityAbi, granted: manifest.needs, limits: manifest.limits };
  return { manifest, module: await admit(bytes, entry, terms) };
}

/** An instance in this thread: what a package computes is tested quickest so. What confines it has tests of its own. */
export class Guest {
  readonly #guest: CapabilityGuest;

  private constructor(guest: CapabilityGuest) {
    this.#guest = guest;
  }

  static async start(
    { module, imports }: Pick<AdmittedModule, "module" | "imports">,
    limits: Pick<Limits, "answer">,
    platform: Partial<GuestPlatform> = {},
  ): Promise<Guest> {
    const host = { now: () => 0, random: (bytes: Uint8Array<ArrayBuffer>) => bytes.fill(7), ...platform };
    return new Guest(await CapabilityGuest.start({ module, imports, answer: limits.answer }, host));
  }

  /** A package that was built, granted what it needs. */
  static async of(name: string, platform?: Partial<GuestPlatform>): Promise<Guest> {
    const { manifest, module } = await builtPackage(name);
    return Guest.start(module, manifest.limits, platform);
  }

  /** Handles one request; `perform` makes the calls that it asks for. */
  call(fields: Fields, perform?: (call: Asked) => Fields): Answered {
    let bytes = encodeMessage({ kind: messageKind.request, fields: encoded(fields) });
    for (let entry = "handle"; ; entry = "resume") {
      const message = decodeMessage(this.step(entry, bytes));
      if (message.kind === messageKind.answer) return answered(message.fields);
      if (perform === undefined) throw new Error("the guest asks for calls");
      const results = partsOf(message.fields, ":call").flatMap((call) => encoded(perform(asked(call))));
      bytes = encodeMessage({ kind: messageKind.results, fields: results });
    }
  }

  step(entry: string, bytes: Uint8Array): Uint8Array {
    return this.#guest.call(entry, bytes).bytes;
  }
}

function answered(fields: readonly MessageField[]): Answered {
  const body = fieldOf(fields, ":body") ?? nothing;
  return {
    status: Number(textOf(fields, ":status") ?? 200),
    error: textOf(fields, ":error"),
    next: textOf(fields, ":next") === "true",
    headers: headersOf(fields),
    body,
    text: decoder.decode(body),
    items: fields.flatMap(([name, value]) => (name === ":item" ? [decoder.decode(value)] : [])),
  };
}

function asked(fields: readonly MessageField[]): Asked {
  return {
    call: textOf(fields, ":call") ?? "",
    fields: headersOf(fields),
    body: fieldOf(fields, ":body") ?? nothing,
  };
}
