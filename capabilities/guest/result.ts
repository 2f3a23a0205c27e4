import { Fields } from "./fields";

/** What came of one call that was asked for. */
export class Result {
  constructor(
    private readonly fields: Fields,
    private readonly from: i32,
    private readonly to: i32,
  ) {}

  /** An HTTP status: 204 of a value that is not there. */
  get status(): i32 {
    return <i32>parseInt(this.field(":status") || "500");
  }

  get ok(): bool {
    return this.status >= 200 && this.status < 300;
  }

  get body(): Uint8Array {
    const field = this.fields.find(":body", this.from, this.to);
    return field < 0 ? new Uint8Array(0) : this.fields.bytes(field);
  }

  get text(): string {
    return this.field(":body") || "";
  }

  get etag(): string | null {
    return this.field("etag");
  }

  field(name: string): string | null {
    const field = this.fields.find(name, this.from, this.to);
    return field < 0 ? null : this.fields.text(field);
  }

  /** Those of a scan. `key` is an item's, the rest as of `Call.stateGet`. */
  get items(): Result[] {
    return parts(this.fields, ":item", this.from, this.to);
  }

  get key(): string {
    return this.field(":item") || "";
  }
}

/** Each result begins with its status. */
export function results(fields: Fields): Result[] {
  return parts(fields, ":status", 0, fields.count);
}

function parts(fields: Fields, first: string, start: i32, end: i32): Result[] {
  const found: Result[] = [];
  let from = fields.find(first, start, end);
  if (from < 0) return found;
  for (let field = from + 1; field <= end; field++) {
    if (field < end && !fields.isNamed(field, first)) continue;
    found.push(new Result(fields, from, field));
    from = field;
  }
  return found;
}
