import { describe, test } from "vitest";
import type { Answer } from "../hosts/host.ts";
import { type Kind, kinds, type Launched, type LaunchOptions, temporaryFolder } from "./launch.ts";

export const json = { "content-type": "application/json" };

/** Different at each call, so that no two runs share an app id. */
export const random = (): string => Math.random().toString(36).slice(2, 8);

/** A request as `apps/echo.mjs` saw it. */
export interface Echo {
  readonly method: string;
  readonly uri: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export function post(
  to: Launched,
  path: string,
  body: unknown,
  headers: Record<string, string> = json,
): Promise<Answer> {
  return to.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** A GET, or a POST where there is a body. */
export function invoke(from: Launched, id: string, method: string, body?: unknown): Promise<Answer> {
  const path = `/v1.0/invoke/${id}/method/${method}`;
  return body === undefined ? from.fetch(path) : post(from, path, body);
}

/** Starts apps, and ends them all at once. */
export class Fleet {
  readonly #running: Launched[] = [];
  readonly #folders: (() => void)[] = [];

  async launch(kind: Kind, options: Omit<LaunchOptions, "folder"> & { folder?: string }): Promise<Launched> {
    const { folder, remove } = temporaryFolder();
    this.#folders.push(remove);
    const launched = await kind.launch({ folder, ...options });
    this.#running.push(launched);
    return launched;
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((one) => one.kill()));
    for (const remove of this.#folders.splice(0)) remove();
  }
}

/** Declares tests for `daprlet run` and, where it is there, for daprd. */
export function withEachKind(title: string, declare: (kind: Kind, fleet: Fleet) => void): void {
  describe.each(kinds)(`${title} with $name`, (kind) => {
    if (kind.missing === undefined) declare(kind, new Fleet());
    else test.skip(kind.missing, () => undefined);
  });
}
