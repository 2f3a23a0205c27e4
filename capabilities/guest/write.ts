import { Fields } from "./fields";

/** One operation of a state store's `transaction` or `batch`. */
export class Write {
  constructor(
    private readonly fields: Fields,
    private readonly from: i32,
    private readonly to: i32,
  ) {}

  /** `set`, `delete`, or `check`: nothing is changed, and the stored ETag must be this one; without one, nothing be stored. */
  get kind(): string {
    return this.field(":write") || this.field(":operation") || "";
  }

  get key(): string {
    return this.field("key") || "";
  }

  get etag(): string | null {
    return this.field("etag");
  }

  /** Whether it only creates: a `set` that is the first write, and has no ETag. */
  get creates(): bool {
    return this.etag === null && this.kind == "set" && this.field("concurrency") == "first-write";
  }

  /** Seconds to live; 0: for ever. */
  get ttl(): f64 {
    const text = this.field("ttl");
    const value = text === null ? 0 : parseFloat(text);
    return isFinite(value) ? value : 0;
  }

  /** The value where it lies. */
  get body(): Uint8Array {
    const field = this.fields.find(":body", this.from, this.to);
    return field < 0 ? new Uint8Array(0) : this.fields.bytes(field);
  }

  field(name: string): string | null {
    const field = this.fields.find(name, this.from, this.to);
    return field < 0 ? null : this.fields.text(field);
  }

  /** Whether an item with this ETag, or none, keeps it from being done. */
  conflicts(stored: string | null): bool {
    const etag = this.etag;
    if (etag !== null) return stored === null || stored != etag;
    return stored !== null && (this.kind == "check" || this.creates);
  }
}

/** Each begins with its kind. */
export function writes(fields: Fields): Write[] {
  const found: Write[] = [];
  let from = fields.find(":write");
  if (from < 0) return found;
  for (let field = from + 1; field <= fields.count; field++) {
    if (field < fields.count && !fields.isNamed(field, ":write")) continue;
    found.push(new Write(fields, from, field));
    from = field;
  }
  return found;
}
