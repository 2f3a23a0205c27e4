/**
 * What a field of a record in the gateway's table holds: a number, bytes elsewhere in the table, or records that stand
 * one after the other elsewhere in the table.
 */
export type Field = {
  readonly kind: "u8" | "u16" | "u32" | "f64" | "text" | "bytes" | RecordShape;
  /** For the generated reader. */
  readonly about: string;
};

/** One kind of record: its name, what it is for, its fields in the order in which they stand. */
export interface RecordShape<
  Fields extends Readonly<Record<string, Field>> = Readonly<Record<string, Field>>,
> {
  readonly name: string;
  readonly about: string;
  readonly fields: Fields;
}

type FieldValue<Kind> = Kind extends "text"
  ? string
  : Kind extends "bytes"
    ? Uint8Array
    : Kind extends RecordShape
      ? readonly RecordValue<Kind>[]
      : number;

/** What a record of a shape is made of. */
export type RecordValue<Shape extends RecordShape> = {
  readonly [Name in keyof Shape["fields"]]: FieldValue<Shape["fields"][Name]["kind"]>;
};

export const record = <const Fields extends Readonly<Record<string, Field>>>(
  name: string,
  about: string,
  fields: Fields,
): RecordShape<Fields> => ({ name, about, fields });

const scalar =
  <const Kind extends "u8" | "u16" | "u32" | "f64" | "text" | "bytes">(kind: Kind) =>
  (about = "") => ({ kind, about });

export const u8 = scalar("u8");
export const u16 = scalar("u16");
export const u32 = scalar("u32");
export const f64 = scalar("f64");
export const text = scalar("text");
export const bytes = scalar("bytes");
export const list = <const Shape extends RecordShape>(kind: Shape, about = "") => ({ kind, about });

/** Numbers have their size; all else is where it begins in the table and how much there is: bytes, or records. */
const sizes: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, f64: 8 };

export interface PlacedField {
  readonly name: string;
  readonly field: Field;
  readonly at: number;
}

/** Where fields stand, and bytes from one record to the next: as the compiler of the core lays out a class. */
export function layOut({ fields }: RecordShape): {
  readonly placed: readonly PlacedField[];
  readonly stride: number;
} {
  const placed: PlacedField[] = [];
  let end = 0;
  let alignment = 4;
  for (const [name, field] of Object.entries(fields)) {
    const own = typeof field.kind === "string" ? sizes[field.kind] : undefined;
    const align = own ?? 4;
    const at = Math.ceil(end / align) * align;
    alignment = Math.max(alignment, align);
    placed.push({ name, field, at });
    end = at + (own ?? 8);
  }
  return { placed, stride: Math.ceil(end / alignment) * alignment };
}
