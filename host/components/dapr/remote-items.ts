import { ComponentError } from "../../errors/component-error.ts";
import { rawMembers } from "../../raw-members.ts";
import type { Consistency, Item } from "../state/store.ts";
import { remoteName } from "./remote-name.ts";
import type { RemoteSidecar } from "./remote-sidecar.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The longest name in a URL: sidecars refuse a request whose head has more than some 4 KiB. */
const LONGEST_NAME = 2_000;

/** The items of a store of another sidecar, as they are read. Nothing is cached: it may have other writers. */
export class RemoteItems {
  readonly #remote: RemoteSidecar;

  constructor(remote: RemoteSidecar) {
    this.#remote = remote;
  }

  /** The store's path in the API. */
  get path(): string {
    return `/v1.0/state/${this.#remote.component}`;
  }

  /** Where an item is read and deleted; undefined for a key that no URL can hold. */
  pathOf(key: string): string | undefined {
    const name = encodeURIComponent(remoteName(key));
    return name === "." || name === ".." || name.length > LONGEST_NAME ? undefined : `${this.path}/${name}`;
  }

  async get(key: string, consistency: Consistency | undefined): Promise<Item | undefined> {
    const path = this.pathOf(key);
    if (path === undefined) return (await this.bulkGet([key]))[0];
    const query = consistency === undefined ? "" : `?consistency=${consistency}`;
    const { status, headers, body, filtered } = await this.#remote.call({
      method: "GET",
      path: path + query,
    });
    if (status === 204) return undefined;
    const etag = headers.get("etag") ?? undefined;
    // daprd exposes no header to pages: there the ETag stands in an answer in bulk alone.
    if (etag === undefined && filtered) return (await this.bulkGet([key]))[0];
    return { value: body, etag, expiresAt: instant(headers.get("metadata.ttlexpiretime")) };
  }

  async bulkGet(keys: readonly string[]): Promise<readonly (Item | undefined)[]> {
    if (keys.length === 0) return [];
    const names = keys.map(remoteName);
    const { body } = await this.#remote.call({
      method: "POST",
      path: `${this.path}/bulk`,
      body: encoder.encode(JSON.stringify({ keys: [...new Set(names)] })),
    });
    const found = this.#items(decoder.decode(body));
    // A reader owns its item, also where a key was asked for twice.
    return names.map((name) => {
      const item = found.get(name);
      return item && { ...item, value: item.value.slice() };
    });
  }

  /** The items of an answer in bulk, by their names there; those that are missing are not in it. */
  #items(answer: string): ReadonlyMap<string, Item> {
    const items = new Map<string, Item>();
    for (const members of rawMembers(answer)) {
      const { key, etag, metadata, error } = parsed(members);
      if (error !== undefined && error !== "") {
        throw new ComponentError("UNKNOWN", `the sidecar at ${this.#remote.url} answered: ${error}`);
      }
      const data = members.get("data");
      if (key === undefined || data === undefined) continue;
      const expiresAt = instant(metadata?.ttlExpireTime);
      items.set(key, { value: encoder.encode(data), etag, expiresAt });
    }
    return items;
  }
}

interface BulkMembers {
  readonly key?: string;
  readonly etag?: string;
  readonly error?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What of an answer's item is not the value. */
function parsed(members: ReadonlyMap<string, string>): BulkMembers {
  const plain = [...members].filter(([name]) => name !== "data");
  return Object.fromEntries(plain.map(([name, text]) => [name, JSON.parse(text) as unknown]));
}

/** Milliseconds of an RFC 3339 time. */
function instant(time: string | null | undefined): number | undefined {
  const ms = time ? Date.parse(time) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
