export const enum JsonKind {
  Null = 0,
  Boolean = 1,
  Number = 2,
  Text = 3,
  List = 4,
  Object = 5,
}

/** Deeper than this is no document of a person. */
const DEEPEST = 200;

/** A value of JSON. */
export class Json {
  boolean: bool = false;
  number: f64 = 0;
  text: string = "";
  items: Json[] = [];
  /** Of an object, in its order; the items are their values. A name that comes twice counts once, its last value. */
  names: string[] = [];
  private index: Map<string, i32> | null = null;

  constructor(readonly kind: JsonKind) {}

  /** The value in a text, or null where it is no JSON. */
  static parse(text: string): Json | null {
    return new Parser(text).document();
  }

  static ofBytes(bytes: Uint8Array): Json | null {
    return Json.parse(String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length));
  }

  /** A member of an object, or null. */
  get(name: string): Json | null {
    const at = this.find(name);
    return at < 0 ? null : this.items[at];
  }

  /** A member that is text; the fallback where it is left out or something else. */
  textOf(name: string, fallback: string = ""): string {
    const member = this.get(name);
    return member !== null && member.kind == JsonKind.Text ? member.text : fallback;
  }

  put(name: string, value: Json): void {
    const at = this.find(name);
    if (at >= 0) {
      this.items[at] = value;
      return;
    }
    const index = this.index;
    if (index !== null) index.set(name, this.names.length);
    this.names.push(name);
    this.items.push(value);
  }

  equals(other: Json): bool {
    if (this.kind != other.kind || this.items.length != other.items.length) return false;
    switch (this.kind) {
      case JsonKind.Boolean:
        return this.boolean == other.boolean;
      case JsonKind.Number:
        return this.number == other.number;
      case JsonKind.Text:
        return this.text == other.text;
    }
    for (let i = 0; i < this.items.length; i++) {
      const counterpart = this.kind == JsonKind.Object ? other.get(this.names[i]) : other.items[i];
      if (counterpart === null || !this.items[i].equals(counterpart)) return false;
    }
    return true;
  }

  private find(name: string): i32 {
    if (this.names.length < 16) return this.names.indexOf(name);
    let index = this.index;
    if (index === null) {
      index = new Map<string, i32>();
      for (let i = 0; i < this.names.length; i++) index.set(this.names[i], i);
      this.index = index;
    }
    return index.has(name) ? index.get(name) : -1;
  }
}

class Parser {
  private at: i32 = 0;
  private failed: bool = false;

  constructor(private readonly text: string) {}

  document(): Json | null {
    const value = this.value(0);
    this.space();
    return this.failed || this.at < this.text.length ? null : value;
  }

  @inline
  private unit(): i32 {
    return this.at < this.text.length ? this.text.charCodeAt(this.at) : -1;
  }

  private fail(): Json {
    this.failed = true;
    this.at = this.text.length;
    return new Json(JsonKind.Null);
  }

  private space(): void {
    let unit = this.unit();
    while (unit == 32 || unit == 10 || unit == 13 || unit == 9) {
      this.at++;
      unit = this.unit();
    }
  }

  private value(depth: i32): Json {
    this.space();
    const unit = this.unit();
    if (depth > DEEPEST) return this.fail();
    if (unit == 0x7b) return this.object(depth + 1);
    if (unit == 0x5b) return this.list(depth + 1);
    if (unit == 0x22) {
      const value = new Json(JsonKind.Text);
      value.text = this.string();
      return value;
    }
    if (unit == 0x6e) return this.word("null", JsonKind.Null);
    if (unit == 0x66) return this.word("false", JsonKind.Boolean);
    if (unit == 0x74) {
      const value = this.word("true", JsonKind.Boolean);
      value.boolean = true;
      return value;
    }
    return this.number();
  }

  private word(word: string, kind: JsonKind): Json {
    if (!this.text.startsWith(word, this.at)) return this.fail();
    this.at += word.length;
    return new Json(kind);
  }

  private digits(): i32 {
    const from = this.at;
    let unit = this.unit();
    while (unit >= 0x30 && unit <= 0x39) {
      this.at++;
      unit = this.unit();
    }
    return this.at - from;
  }

  private number(): Json {
    const from = this.at;
    if (this.unit() == 0x2d) this.at++;
    const leadingZero = this.unit() == 0x30;
    const whole = this.digits();
    if (whole == 0 || (leadingZero && whole > 1)) return this.fail();
    if (this.unit() == 0x2e) {
      this.at++;
      if (this.digits() == 0) return this.fail();
    }
    if ((this.unit() | 0x20) == 0x65) {
      this.at++;
      if (this.unit() == 0x2b || this.unit() == 0x2d) this.at++;
      if (this.digits() == 0) return this.fail();
    }
    const value = new Json(JsonKind.Number);
    value.number = parseFloat(this.text.substring(from, this.at));
    return value;
  }

  private string(): string {
    let text = "";
    this.at++;
    let from = this.at;
    while (true) {
      const unit = this.unit();
      if (unit < 0x20) {
        this.fail();
        return "";
      }
      this.at++;
      if (unit == 0x22) return text + this.text.substring(from, this.at - 1);
      if (unit != 0x5c) continue;
      text += this.text.substring(from, this.at - 1) + this.escaped();
      from = this.at;
    }
  }

  private escaped(): string {
    const unit = this.unit();
    this.at++;
    switch (unit) {
      case 0x22:
      case 0x5c:
      case 0x2f:
        return String.fromCharCode(unit);
      case 0x62:
        return "\b";
      case 0x66:
        return "\f";
      case 0x6e:
        return "\n";
      case 0x72:
        return "\r";
      case 0x74:
        return "\t";
      case 0x75: {
        let code = 0;
        for (let i = 0; i < 4; i++) {
          const digit = hexadecimal(this.unit());
          if (digit < 0) break;
          code = (code << 4) | digit;
          this.at++;
          if (i == 3) return String.fromCharCode(code);
        }
      }
    }
    this.fail();
    return "";
  }

  private list(depth: i32): Json {
    const list = new Json(JsonKind.List);
    this.at++;
    this.space();
    if (this.unit() == 0x5d) {
      this.at++;
      return list;
    }
    while (true) {
      list.items.push(this.value(depth));
      this.space();
      const unit = this.unit();
      this.at++;
      if (unit == 0x5d) return list;
      if (unit != 0x2c) return this.fail();
    }
  }

  private object(depth: i32): Json {
    const object = new Json(JsonKind.Object);
    this.at++;
    this.space();
    if (this.unit() == 0x7d) {
      this.at++;
      return object;
    }
    while (true) {
      this.space();
      if (this.unit() != 0x22) return this.fail();
      const name = this.string();
      this.space();
      if (this.unit() != 0x3a) return this.fail();
      this.at++;
      object.put(name, this.value(depth));
      this.space();
      const unit = this.unit();
      this.at++;
      if (unit == 0x7d) return object;
      if (unit != 0x2c) return this.fail();
    }
  }
}

function hexadecimal(unit: i32): i32 {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** A text as JSON. */
export function quoted(text: string): string {
  let json = '"';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x20 && unit != 0x22 && unit != 0x5c) continue;
    json += text.substring(from, i);
    if (unit >= 0x20) json += "\\" + String.fromCharCode(unit);
    else json += "\\u00" + (unit < 16 ? "0" : "") + unit.toString(16);
    from = i + 1;
  }
  return json + text.substring(from) + '"';
}
