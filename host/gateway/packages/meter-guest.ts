import { joinBytes } from "../../join-bytes.ts";
import {
  type Section,
  sectionBytes,
  sections,
  signed,
  unsigned,
  WasmFormatError,
  WasmReader,
} from "../../wasm-sections.ts";
import { opcodes, passInstruction, renumberExpression } from "./instructions.ts";
import { named } from "./module-writer.ts";

const id = { type: 1, import: 2, table: 4, global: 6, export: 7, element: 9, code: 10 } as const;

/** The order in which sections stand, by their ids; what only tells names is left out. */
const order = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** Steps that a guest makes between two looks at the clock: beginnings of functions and of rounds of loops. */
const STEPS = 10_000;

/** What an instruction counts that moves any number of bytes. */
const BULK_STEPS = 1_000;

/** What a metered guest imports beside its own, of the module that it imports its own of. */
export const meterImports = ["tick", "trap"] as const;

/** A list with more behind its last entry. */
function extended(content: Uint8Array | undefined, more: readonly Uint8Array[]): Uint8Array {
  if (content === undefined) return joinBytes([unsigned(more.length), ...more]);
  const reader = new WasmReader(content);
  const count = reader.u32();
  return joinBytes([unsigned(count + more.length), content.subarray(reader.at), ...more]);
}

const countOf = (content: Uint8Array | undefined) =>
  content === undefined ? 0 : new WasmReader(content).u32();

/** A module whose functions have other numbers by now, and whose code counts its steps. */
class Metering {
  readonly #imported: number;
  readonly #steps: Uint8Array;

  constructor(imported: number, globals: number) {
    this.#imported = imported;
    this.#steps = unsigned(globals);
  }

  readonly renumbered = (index: number): number =>
    index < this.#imported ? index : index + meterImports.length;

  /** Counts, and looks at the clock where there was much to count. */
  #counting(steps: number): Uint8Array {
    const global = [...this.#steps];
    return Uint8Array.of(
      ...[0x23, ...global, 0x41, ...signed(steps), 0x6b, 0x24, ...global],
      ...[0x23, ...global, 0x41, 0, 0x4c, 0x04, 0x40],
      ...[opcodes.call, ...unsigned(this.#imported), 0x41, ...signed(STEPS), 0x24, ...global, opcodes.end],
    );
  }

  code(content: Uint8Array): Uint8Array {
    const reader = new WasmReader(content);
    const counting = this.#counting(1);
    const bulk = this.#counting(BULK_STEPS);
    const trapping = Uint8Array.of(opcodes.call, ...unsigned(this.#imported + 1));
    const bodies = Array.from({ length: reader.u32() }, () => {
      const size = reader.u32();
      const end = reader.at + size;
      const start = reader.at;
      for (let left = reader.u32(); left > 0; left -= 1) {
        reader.u32();
        reader.byte();
      }
      const parts = [content.subarray(start, reader.at), counting];
      while (reader.at < end) {
        const passed = passInstruction(reader);
        const raw = content.subarray(passed.start, reader.at);
        if (passed.opcode === opcodes.loop) parts.push(raw, counting);
        else if (passed.opcode === opcodes.unreachable) parts.push(trapping, raw);
        else if (passed.opcode === opcodes.bulk && passed.sub > 7) parts.push(bulk, raw);
        else if (
          passed.opcode === opcodes.call ||
          passed.opcode === opcodes.returnCall ||
          passed.opcode === opcodes.refFunc
        ) {
          const index = new WasmReader(content, passed.immediates).u32();
          parts.push(Uint8Array.of(passed.opcode), unsigned(this.renumbered(index)));
        } else parts.push(raw);
      }
      const body = joinBytes(parts);
      return joinBytes([unsigned(body.length), body]);
    });
    return joinBytes([unsigned(bodies.length), ...bodies]);
  }

  exports(content: Uint8Array): Uint8Array {
    const reader = new WasmReader(content);
    const parts = Array.from({ length: reader.u32() }, () => {
      const start = reader.at;
      reader.take(reader.u32());
      const kind = reader.byte();
      const head = content.subarray(start, reader.at);
      const index = reader.u32();
      return joinBytes([head, unsigned(kind === 0 ? this.renumbered(index) : index)]);
    });
    return joinBytes([unsigned(parts.length), ...parts]);
  }

  globals(content: Uint8Array): Uint8Array {
    const reader = new WasmReader(content);
    const parts = Array.from({ length: reader.u32() }, () => {
      const start = reader.at;
      reader.take(2);
      return joinBytes([
        content.subarray(start, reader.at),
        ...renumberExpression(reader, content, this.renumbered),
      ]);
    });
    return joinBytes([unsigned(parts.length), ...parts]);
  }

  /** Segments of functions, in each of the eight forms that they have. */
  elements(content: Uint8Array): Uint8Array {
    const reader = new WasmReader(content);
    const segments = Array.from({ length: reader.u32() }, () => {
      const start = reader.at;
      const flags = reader.u32();
      if (flags > 7) throw new WasmFormatError("it has a segment of functions in a form that is not known");
      const isActive = (flags & 1) === 0;
      if (isActive && flags & 2) reader.u32();
      const parts = [content.subarray(start, reader.at)];
      if (isActive) parts.push(...renumberExpression(reader, content, this.renumbered));
      const before = reader.at;
      // What kind of elements, or which type, is told but for the shortest form.
      if (flags & 3) reader.byte();
      const count = reader.u32();
      parts.push(content.subarray(before, reader.at));
      for (let i = 0; i < count; i += 1) {
        if (flags & 4) parts.push(...renumberExpression(reader, content, this.renumbered));
        else parts.push(unsigned(this.renumbered(reader.u32())));
      }
      return joinBytes(parts);
    });
    return joinBytes([unsigned(segments.length), ...segments]);
  }
}

/**
 * The module with a count of its steps in its code: whenever there were many it calls `tick`, which ends it where its time is
 * over, and before it traps by itself it calls `trap`. So a guest that goes on for ever takes nobody's time but its own, on
 * any host. It was valid before, so none of its own code reaches the count. Throws WasmFormatError.
 */
export function meterGuest(module: Uint8Array): Uint8Array {
  const found = new Map<number, Section>(sections(module).map((section) => [section.id, section]));
  const content = (which: number) => found.get(which)?.content;
  if ((content(id.table)?.[1] ?? 0) === 0x40)
    throw new WasmFormatError("it has a table that is filled by an expression");
  const types = countOf(content(id.type));
  const metering = new Metering(countOf(content(id.import)), countOf(content(id.global)));
  const imports = meterImports.map((name) =>
    joinBytes([named("cap_host"), named(name), Uint8Array.of(0), unsigned(types)]),
  );
  const globals = content(id.global);
  const count = Uint8Array.of(0x7f, 1, 0x41, ...signed(STEPS), opcodes.end);
  const changed = new Map<number, Uint8Array | undefined>([
    [id.type, extended(content(id.type), [Uint8Array.of(0x60, 0, 0)])],
    [id.import, extended(content(id.import), imports)],
    [id.global, extended(globals && metering.globals(globals), [count])],
    [id.export, metering.exports(content(id.export) ?? Uint8Array.of(0))],
    [id.element, content(id.element) && metering.elements(content(id.element) as Uint8Array)],
    [id.code, metering.code(content(id.code) ?? Uint8Array.of(0))],
  ]);
  const written = order.flatMap((which) => {
    const bytes = changed.get(which) ?? content(which);
    return bytes === undefined ? [] : [sectionBytes(which, bytes)];
  });
  return joinBytes([module.subarray(0, 8), ...written]);
}
