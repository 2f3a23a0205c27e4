import { ResourceError } from "../resources/fields.ts";
import { layOut, type RecordShape, type RecordValue } from "./record-shape.ts";
import { type GatewayTable, table, tableMagic, tableVersion } from "./table-shape.ts";

/** Where the table may stand in the gateway's memory, among its own data: assembly/gateway/table-place.ts has the same. */
export const TABLE = 0xc000;
export const TABLE_END = 0x8bc00;

const room = TABLE_END - TABLE;
const utf8 = new TextEncoder();

type Value = number | string | Uint8Array | readonly Row[];
type Row = Readonly<Record<string, Value>>;

/** Bytes in the order in which they are compared. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const most: Readonly<Record<string, number>> = { u8: 0xff, u16: 0xffff, u32: 0xffffffff };

/** Lays records out one after the other, and behind them every text once. */
class TableWriter {
  #view = new DataView(new ArrayBuffer(4096));
  #end = 0;
  readonly #texts: { readonly at: number; readonly bytes: Uint8Array }[] = [];

  /** Answers where the first one is. */
  rows(shape: RecordShape, rows: readonly Row[]): number {
    const { placed, stride } = layOut(shape);
    const start = this.#reserve(rows.length * stride, 8);
    for (const [i, row] of rows.entries()) {
      for (const { name, field, at } of placed) {
        this.#put(field.kind, start + i * stride + at, row[name] as Value, `${shape.name}.${name}`);
      }
    }
    return start;
  }

  #put(kind: RecordShape["fields"][string]["kind"], at: number, value: Value, name: string): void {
    if (typeof kind !== "string") {
      const rows = value as readonly Row[];
      const start = rows.length === 0 ? 0 : this.rows(kind, rows);
      this.#view.setUint32(at, start, true);
      this.#view.setUint32(at + 4, rows.length, true);
    } else if (kind === "text" || kind === "bytes") {
      this.#texts.push({ at, bytes: kind === "text" ? utf8.encode(value as string) : (value as Uint8Array) });
    } else if (kind === "f64") this.#view.setFloat64(at, value as number, true);
    else {
      const number = value as number;
      if (!(Number.isInteger(number) && number >= 0 && number <= (most[kind] as number))) {
        throw new RangeError(`${name}: ${number} is no ${kind}`);
      }
      if (kind === "u8") this.#view.setUint8(at, number);
      else if (kind === "u16") this.#view.setUint16(at, number, true);
      else this.#view.setUint32(at, number, true);
    }
  }

  #reserve(length: number, alignment: number): number {
    const start = Math.ceil(this.#end / alignment) * alignment;
    this.#end = start + length;
    if (this.#end > this.#view.byteLength) {
      const larger = new Uint8Array(Math.max(this.#end, this.#view.byteLength * 2));
      larger.set(new Uint8Array(this.#view.buffer));
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }

  finish(): Uint8Array {
    const places = new Map<string, number>();
    for (const { at, bytes } of this.#texts) {
      const key = bytes.join();
      let place = places.get(key);
      if (place === undefined) {
        place = this.#reserve(bytes.length, 1);
        new Uint8Array(this.#view.buffer).set(bytes, place);
        places.set(key, place);
      }
      this.#view.setUint32(at, place, true);
      this.#view.setUint32(at + 4, bytes.length, true);
    }
    return new Uint8Array(this.#view.buffer, 0, this.#end);
  }
}

/** The bytes of a table. Throws a ResourceError where they are more than a gateway has room for. */
export function encodeTable(value: GatewayTable): Uint8Array {
  const writer = new TableWriter();
  writer.rows(table, [{ ...value, magic: tableMagic, version: tableVersion, size: 0 }]);
  const written = writer.finish();
  if (written.length > room) {
    throw new ResourceError(
      `the configuration takes ${written.length} bytes, and a gateway has room for ${room}: divide it among several gateways`,
    );
  }
  new DataView(written.buffer).setUint32(8, written.length, true);
  return written;
}

const decoder = new TextDecoder();

function readRows(shape: RecordShape, view: DataView, start: number, count: number): readonly Row[] {
  const { placed, stride } = layOut(shape);
  if (start + count * stride > view.byteLength) throw new RangeError("the table is cut off");
  return Array.from({ length: count }, (_, i): Row => {
    const row: Record<string, Value> = {};
    for (const { name, field, at } of placed)
      row[name] = readField(field.kind, view, start + i * stride + at);
    return row;
  });
}

function readField(kind: RecordShape["fields"][string]["kind"], view: DataView, at: number): Value {
  if (kind === "u8") return view.getUint8(at);
  if (kind === "u16") return view.getUint16(at, true);
  if (kind === "f64") return view.getFloat64(at, true);
  const first = view.getUint32(at, true);
  if (kind === "u32") return first;
  const length = view.getUint32(at + 4, true);
  if (typeof kind !== "string") return readRows(kind, view, first, length);
  const found = new Uint8Array(view.buffer, view.byteOffset + first, length);
  return kind === "text" ? decoder.decode(found) : found.slice();
}

/** What a table says, undefined where the bytes are no table of this version. Throws RangeError where they are broken. */
export function decodeTable(written: Uint8Array): RecordValue<typeof table> | undefined {
  const view = new DataView(written.buffer, written.byteOffset, written.byteLength);
  if (written.length < layOut(table).stride || view.getUint32(0, true) !== tableMagic) return undefined;
  if (view.getUint32(4, true) !== tableVersion) return undefined;
  return readRows(table, view, 0, 1)[0] as unknown as RecordValue<typeof table>;
}
