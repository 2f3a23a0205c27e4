import { configurationLayout, configurationStores } from "../components/configuration-layout.ts";
import { pubSubLayout, pubSubStores } from "../components/pubsub-layout.ts";
import { stateLayout, stateStores } from "../components/state-layout.ts";
import type { Layout } from "./database.ts";
import type { StoredFamily } from "./database-names.ts";

/** What a database of one family looks like from outside. */
export interface FamilyLayout {
  readonly layout: Layout<unknown>;
  readonly stores: readonly string[];
  /** The stores that an export carries, each with what a record of it must be. The rest are traces of requests. */
  readonly exported: ReadonlyMap<string, (key: unknown, record: Record<string, unknown>) => boolean>;
  /** Members of records that follow from the others, and are made again where they are missing. */
  readonly derived: readonly string[];
}

const isText = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number" && Number.isFinite(value);
const isBytes = (value: unknown) => value instanceof Uint8Array;
const isKey = (key: unknown, ...parts: readonly ((part: unknown) => boolean)[]) =>
  Array.isArray(key) && key.length === parts.length && parts.every((part, i) => part(key[i]));
const optional = (value: unknown, is: (value: unknown) => boolean) => value === undefined || is(value);
const isPairs = (value: unknown, second: (value: unknown) => boolean) =>
  Array.isArray(value) && value.every((pair) => isKey(pair, isText, second));

export const storedFamilies: Readonly<Record<StoredFamily, FamilyLayout>> = {
  state: {
    layout: stateLayout as unknown as Layout<unknown>,
    stores: stateStores,
    derived: ["entries"],
    exported: new Map([
      [
        "items",
        (key, { value, etag, expiresAt, contentType }) =>
          isText(key) &&
          isBytes(value) &&
          isText(etag) &&
          optional(expiresAt, isNumber) &&
          optional(contentType, isText),
      ],
    ]),
  },
  configuration: {
    layout: configurationLayout as unknown as Layout<unknown>,
    stores: configurationStores,
    derived: [],
    exported: new Map([
      [
        "settings",
        (key, { key: own, value, version, metadata, change, expiresAt }) =>
          isText(key) &&
          own === key &&
          isText(value) &&
          isText(version) &&
          isPairs(metadata, isText) &&
          isNumber(change) &&
          optional(expiresAt, isNumber),
      ],
      ["counters", (key, { last }) => key === "change" && isNumber(last)],
    ]),
  },
  pubsub: {
    layout: pubSubLayout as unknown as Layout<unknown>,
    stores: pubSubStores,
    derived: [],
    exported: new Map([
      [
        "events",
        (key, { place, data, contentType, metadata, publishedAt, expiresAt, lane }) =>
          isKey(key, isText, (part) => part === place) &&
          isNumber(place) &&
          isBytes(data) &&
          optional(contentType, isText) &&
          isPairs(metadata, isText) &&
          isNumber(publishedAt) &&
          optional(expiresAt, isNumber) &&
          optional(lane, isText),
      ],
      ["topics", (key, { next, count }) => isText(key) && isNumber(next) && isNumber(count)],
      [
        "consumers",
        (key, { next, members, last, seenAt }) =>
          isKey(key, isText, isText) &&
          isNumber(next) &&
          isPairs(members, isNumber) &&
          optional(last, isText) &&
          isNumber(seenAt),
      ],
      [
        "deliveries",
        (key, { topic, consumer, place, attempt, failures, due, lane }) =>
          isKey(
            key,
            (part) => part === topic,
            (part) => part === consumer,
            (part) => part === place,
          ) &&
          isText(topic) &&
          isText(consumer) &&
          [place, attempt, failures, due].every(isNumber) &&
          optional(lane, isText),
      ],
    ]),
  },
};
