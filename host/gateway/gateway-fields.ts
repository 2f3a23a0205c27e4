import { parseByteSize } from "../byte-size.ts";
import { parseDuration } from "../duration.ts";
import {
  type Fields,
  fail,
  isFields,
  member,
  optionalFlag,
  optionalText,
  type Place,
  requiredText,
  texts,
} from "../resources/fields.ts";
import { findUnknown, type Shape } from "../resources/known-fields.ts";
import type { EnvironmentText } from "./gateway-resource.ts";

export type Path = readonly (string | number)[];

/** Refuses what a resource of the gateway's own has no field for: what is misspelt would be without effect. */
export function onlyKnown(value: unknown, shape: Shape, place: Place): void {
  findUnknown(value, shape, [], (path, known) => {
    fail(place, path, `is not known here; expected ${known.join(", ")}`);
  });
}

/** One member of a mapping, with where it stands. */
export class FieldReader {
  constructor(
    readonly fields: Fields,
    readonly place: Place,
    readonly path: Path,
  ) {}

  fail(name: string, expected: string): never {
    return fail(this.place, [...this.path, ...name.split(".")], expected);
  }

  has(name: string): boolean {
    return (member(this.fields, name) ?? undefined) !== undefined;
  }

  text(name: string): string | undefined {
    return optionalText(member(this.fields, name), this.place, [...this.path, name]) || undefined;
  }

  required(name: string): string {
    const given = member(this.fields, name);
    return requiredText(typeof given === "number" ? String(given) : given, this.place, [...this.path, name]);
  }

  /** A whole number from `least` to `most`. */
  whole(name: string, fallback: number, least: number, most: number): number {
    const given = member(this.fields, name) ?? fallback;
    if (typeof given !== "number" || !Number.isInteger(given) || given < least || given > most) {
      this.fail(name, `must be a whole number from ${least} to ${most}`);
    }
    return given;
  }

  flag(name: string): boolean {
    return optionalFlag(member(this.fields, name), this.place, [...this.path, name]) ?? false;
  }

  positive(name: string): number {
    const given = member(this.fields, name);
    if (typeof given !== "number" || !(given > 0 && given < 1e9))
      this.fail(name, "must be a number greater than 0");
    return given;
  }

  /** Milliseconds of a Go duration. */
  duration(name: string, fallback: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const ms = parseDuration(text);
    if (ms === undefined || ms < 0 || ms > 0x7fffffff) this.fail(name, "must be a duration such as 30s");
    return Math.round(ms);
  }

  bytes(name: string, fallback: number): number {
    const given = member(this.fields, name) ?? undefined;
    if (given === undefined) return fallback;
    const size =
      typeof given === "number" || typeof given === "string" ? parseByteSize(String(given)) : undefined;
    if (size === undefined || size > 0xffffffff) this.fail(name, "must be a size such as 4Mi");
    return size;
  }

  /** The mapping under a name; an empty one where there is none. */
  mapping(name: string): FieldReader {
    const value = member(this.fields, name) ?? {};
    if (!isFields(value)) this.fail(name, "must be a mapping");
    return new FieldReader(value, this.place, [...this.path, name]);
  }

  list(name: string): readonly FieldReader[] {
    const value = member(this.fields, name) ?? [];
    if (!Array.isArray(value)) this.fail(name, "must be a list");
    return value.map((entry: unknown, i) => {
      const path = [...this.path, name, i];
      if (!isFields(entry)) fail(this.place, path, "must be a mapping");
      return new FieldReader(entry, this.place, path);
    });
  }

  texts(name: string): readonly string[] {
    return texts(member(this.fields, name), this.place, [...this.path, name], "texts");
  }

  /** A secret: never in the file, since whoever has the file has what is in it. */
  secret(name: string): EnvironmentText | undefined {
    const value = member(this.fields, name) ?? undefined;
    if (value === undefined) return undefined;
    if (!isFields(value))
      this.fail(name, "must be a mapping with envRef: a secret stands in the environment, not here");
    return new FieldReader(value, this.place, [...this.path, name]).variable("envRef");
  }

  /** The name of a variable of the environment. */
  variable(name: string): EnvironmentText {
    const variable = this.required(name);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable))
      this.fail(name, "must be the name of an environment variable");
    return { variable };
  }

  /** Where the field stands, for messages. */
  at(name?: string): string {
    return this.place.at(name === undefined ? this.path : [...this.path, name]);
  }
}
