import type { Host, Sidecar } from "../hosts/host.ts";
import type { ProgrammedAnswer, Recorded } from "./app.ts";

export interface Seen extends Recorded {
  readonly text: string;
  readonly json: unknown;
}

/** Asks and programs a test app through the sidecar in front of it, so that it works wherever the app lives. */
export class AppControl {
  constructor(
    readonly host: Host | Sidecar,
    readonly appId: string = host.appId,
  ) {}

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.host.fetch(`/v1.0/invoke/${this.appId}/method/control/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    if (answer.status >= 300) throw new Error(`the test app answered ${answer.status}: ${answer.text}`);
    return answer.bytes.length === 0 ? undefined : answer.json;
  }

  reset(): Promise<unknown> {
    return this.#call("POST", "reset");
  }

  program(path: string, ...answers: ProgrammedAnswer[]): Promise<unknown> {
    return this.#call("POST", "answers", { path, answers });
  }

  /** Lets the answers go that are held at present. */
  release(path: string): Promise<unknown> {
    return this.#call("POST", "release", { path });
  }

  async recorded(path: string): Promise<Seen[]> {
    const found = (await this.#call("GET", `recorded?path=${encodeURIComponent(path)}`)) as Recorded[];
    return found.map((request) => {
      const text = new TextDecoder().decode(Uint8Array.from(atob(request.body), (c) => c.charCodeAt(0)));
      return {
        ...request,
        text,
        get json() {
          return JSON.parse(text) as unknown;
        },
      };
    });
  }

  /** Waits until `count` requests for `path` that `match` came; throws with what did come after `ms`. */
  async until(
    path: string,
    count: number,
    match: (seen: Seen) => boolean = () => true,
    ms = 5000,
  ): Promise<Seen[]> {
    const end = Date.now() + ms;
    for (;;) {
      const all = await this.recorded(path);
      const found = all.filter(match);
      if (found.length >= count) return found;
      if (Date.now() > end) {
        throw new Error(
          `${found.length} of ${count} requests for ${path} after ${ms} ms (${all.length} in all)`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }
}
