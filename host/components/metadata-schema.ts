import { parseDuration } from "../duration.ts";
import { ComponentError } from "../errors/component-error.ts";
import { reasonOf } from "../errors/reason-of.ts";

/** One field of a component's metadata: made by `text`, `flag`, `integer`, `duration`, and whatever else `field` makes. */
export interface Field<T> {
  readonly description: string;
  readonly required: boolean;
  readonly fallback: T | undefined;
  /** Throws an Error that says what was expected. */
  decode(text: string): T;
}

/** Every field that no other one of the schema names, as they were given: for components whose data is their metadata. */
export interface OtherFields {
  readonly description: string;
  readonly others: true;
}

/** The metadata a component understands. Names are matched without regard to case, as Dapr does. */
export type MetadataSchema = Readonly<Record<string, Field<unknown> | OtherFields>>;

type DecodedField<F> = F extends OtherFields
  ? ReadonlyMap<string, string>
  : F extends Field<infer T>
    ? T
    : never;

export type Decoded<M extends MetadataSchema> = { readonly [K in keyof M]: DecodedField<M[K]> };

/** Makes the fields of one type, from the function that reads their text. */
export function field<T>(decode: (text: string) => T) {
  function make(description: string, fallback: T): Field<T>;
  function make(description: string): Field<T | undefined>;
  function make(description: string, fallback?: T): Field<T | undefined> {
    return { description, required: false, fallback, decode };
  }
  make.required = (description: string): Field<T> => ({
    description,
    required: true,
    fallback: undefined,
    decode,
  });
  return make;
}

/** Any text. */
export const text = field((value) => value);

/** `true`, `false` and the other spellings that Dapr takes for a switch. */
export const flag = field((value) => {
  const lower = value.trim().toLowerCase();
  if (["y", "yes", "true", "t", "on", "1"].includes(lower)) return true;
  if (["n", "no", "false", "f", "off", "0", ""].includes(lower)) return false;
  throw new Error("expected true or false");
});

/** A whole number. */
export const integer = field((value) => {
  if (!/^[+-]?\d+$/.test(value.trim())) throw new Error("expected a whole number");
  return Number(value);
});

/** A Go duration (`5s`, `1h30m`) or a bare number of seconds; decoded to milliseconds. */
export const duration = field((value) => {
  const ms = parseDuration(/^[+-]?\d+$/.test(value) ? `${value}s` : value);
  if (ms === undefined) throw new Error("expected a duration such as 5s or 1h30m");
  return ms;
});

/** As `duration`, with a bare number for milliseconds, as some of Dapr's components take it. */
export const milliseconds = field((value) => {
  const ms = parseDuration(/^[+-]?\d+$/.test(value) ? `${value}ms` : value);
  if (ms === undefined) throw new Error("expected a duration such as 5s, or a number of milliseconds");
  return ms;
});

/** All other fields, decoded to a Map. At most one in a schema; its own name is none of the metadata's. */
export function others(description: string): OtherFields {
  return { description, others: true };
}

/**
 * Decodes once, when the component opens. Unknown names are reported through `unknown` and otherwise left alone,
 * as Dapr leaves them. Throws a ComponentError that names component, field and expectation, and not the value.
 */
export function decodeMetadata<M extends MetadataSchema>(
  component: string,
  schema: M,
  metadata: ReadonlyMap<string, string>,
  unknown: (name: string) => void,
): Decoded<M> {
  const given = new Map([...metadata].map(([name, value]) => [name.toLowerCase(), value]));
  const named = Object.entries(schema).filter(([, field]) => !("others" in field));
  const known = new Set(named.map(([name]) => name.toLowerCase()));
  const rest = new Map([...metadata].filter(([name]) => !known.has(name.toLowerCase())));
  if (named.length === Object.keys(schema).length) for (const name of rest.keys()) unknown(name);
  const decoded: Record<string, unknown> = Object.create(null);
  for (const [name, field] of Object.entries(schema)) {
    if ("others" in field) {
      decoded[name] = rest;
      continue;
    }
    const { required, fallback, decode } = field;
    const value = given.get(name.toLowerCase());
    if (value === undefined) {
      if (required) {
        throw new ComponentError(
          "INVALID_ARGUMENT",
          `component ${component}: metadata field ${name} is required`,
        );
      }
      decoded[name] = fallback;
      continue;
    }
    try {
      decoded[name] = decode(value);
    } catch (error) {
      throw new ComponentError(
        "INVALID_ARGUMENT",
        `component ${component}: metadata field ${name}: ${reasonOf(error)}`,
      );
    }
  }
  return Object.freeze(decoded) as Decoded<M>;
}
