import { Fields } from "./fields";
import { Write, writes } from "./write";

/** One call of the package. */
export class Request {
  constructor(private readonly fields: Fields) {}

  /** Which of the package's offers is called. */
  get offer(): string {
    return this.given(":offer");
  }

  /** The operation's id in the offer's OpenAPI description; of a component what is asked of it: `get`, `set`, … */
  get operation(): string {
    return this.given(":operation");
  }

  get method(): string {
    return this.given(":method");
  }

  get path(): string {
    return this.given(":path");
  }

  get query(): string {
    return this.given(":query");
  }

  /** The body where it lies; empty without one. Valid for as long as the request is kept. */
  get body(): Uint8Array {
    return this.bytes(":body") || new Uint8Array(0);
  }

  get text(): string {
    return this.given(":body");
  }

  /** What the user configured for this package. */
  get config(): string {
    return this.given(":config");
  }

  /** Of a type of actors: the id of the one whose turn it is; the operation is its method, timer or reminder. */
  get actor(): string {
    return this.given(":actor");
  }

  /** What begins the turn: `invoke`, `timer` or `reminder`. */
  get trigger(): string {
    return this.given(":trigger");
  }

  /** A header or a parameter, by its name in lower case, or null. */
  field(name: string): string | null {
    const field = this.fields.find(name);
    return field < 0 ? null : this.fields.text(field);
  }

  /** A field's bytes, or null. */
  bytes(name: string): Uint8Array | null {
    const field = this.fields.find(name);
    return field < 0 ? null : this.fields.bytes(field);
  }

  /** The values of all fields of this name, such as the keys of `bulkGet`. */
  all(name: string): string[] {
    const found: string[] = [];
    for (let at = this.fields.find(name); at >= 0; at = this.fields.find(name, at + 1)) found.push(this.fields.text(at));
    return found;
  }

  /** `set` and `delete` of a state store as a write. */
  get asWrite(): Write {
    return new Write(this.fields, 0, this.fields.count);
  }

  /** The operations of a state store's `transaction` or `batch`, in their order. */
  get writes(): Write[] {
    return writes(this.fields);
  }

  /** A whole number in a parameter. What is left out, or is none, is the fallback. */
  number(name: string, fallback: f64): f64 {
    const text = this.field(name);
    if (text === null || text.length == 0) return fallback;
    const value = parseFloat(text);
    return isFinite(value) ? value : fallback;
  }

  /** A value that the manifest has read before the call, or null where there is none. */
  state(key: string): Uint8Array | null {
    return this.bytes(":state." + key);
  }

  /** Nothing where it is left out. */
  private given(name: string): string {
    return this.field(name) || "";
  }
}
