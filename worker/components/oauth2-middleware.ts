import { RE2JS } from "@bufbuild/re2";
import type { MiddlewareDefinition } from "../../host/components/middleware/middleware.ts";
import { toBase64Url } from "../../host/components/middleware/oauth2/base64url.ts";
import { PATIENCE_MS } from "../../host/components/middleware/oauth2/begun-logins.ts";
import { SESSION_MS } from "../../host/components/middleware/oauth2/sessions.ts";
import type { Token } from "../../host/components/middleware/oauth2/token-endpoint.ts";
import type { Session, Visitors } from "../../host/components/middleware/oauth2/visitors.ts";
import { type OAuth2Options, oauth2Middleware } from "../../host/components/middleware/oauth2.ts";
import { plainAnswer } from "../../host/components/middleware/plain-answer.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { type Headers, header, type RuntimeRequest } from "../../host/http.ts";
import type { Platform } from "../../host/platform.ts";
import { databaseName, scopePathOf } from "../storage/database-names.ts";
import type { ScopeStorage } from "../storage/scope-storage.ts";
import { Vault } from "./vault.ts";

/** So many logins are under way, or sessions known, at a time; beyond, the oldest go. */
const MOST = 100;

interface Kept {
  readonly session: Session;
  readonly until: number;
}

/**
 * Whoever is at the browser, which shows a worker no cookies and takes none from it: there is one session for all tabs of
 * the scope, or one for each id that scripts show in a header. All is sealed in a vault, since a worker's memory ends
 * after half a minute of silence.
 */
class BrowserVisitors implements Visitors {
  readonly base: string;
  readonly #options: OAuth2Options;
  readonly #platform: Platform;
  readonly #vault: Vault;
  readonly #header: string;
  /** Whose tokens they are: those of another provider or client are nobody's. */
  readonly #of: string;
  readonly #known = new Map<string, Kept>();

  constructor(options: OAuth2Options, base: string, vault: Vault, platform: Platform) {
    const { authURL, tokenURL, clientId, scopes, authHeaderName } = options;
    this.base = base;
    this.#options = options;
    this.#platform = platform;
    this.#vault = vault;
    this.#header = authHeaderName.trim().toLowerCase();
    this.#of = JSON.stringify([authURL, tokenURL, clientId, scopes]);
  }

  clean(request: RuntimeRequest): RuntimeRequest {
    return request;
  }

  async session(headers: Headers): Promise<Session | undefined> {
    const shown = header(headers, this.#header)?.replace(/^bearer +/i, "");
    const name = this.#options.mode === "cookie" ? "session" : shown && `session ${shown}`;
    if (name === undefined || name === "session ") return undefined;
    let known = this.#known.get(name);
    if (known === undefined || known.until <= this.#platform.clock.now()) known = await this.#kept(name);
    if (known === undefined) return undefined;
    this.#known.set(name, known);
    return known.session;
  }

  /** Scripts' calls cannot be led to another site, whose pages they may not read. */
  refuse({ headers }: RuntimeRequest) {
    if (header(headers, "sec-fetch-mode") === "navigate") return undefined;
    return plainAnswer(
      401,
      "log in first: open an address behind this middleware in the tab, as a link does; it leads to the provider and back",
      ["www-authenticate", "Bearer", "cache-control", "no-store"],
    );
  }

  async begin(target: string) {
    const [state, verifier] = [this.#secret(), this.#secret()];
    await this.#keep(`login ${state}`, PATIENCE_MS, [
      ["verifier", verifier],
      ["target", target],
    ]);
    return { state, verifier, headers: [] };
  }

  async finish(state: string) {
    const login = await this.#read(`login ${state}`);
    if (login === undefined) return undefined;
    await this.#vault.put(`login ${state}`, undefined);
    return { verifier: login.get("verifier") ?? "", target: login.get("target") ?? "" };
  }

  async admit({ header: value, expiresInMs = SESSION_MS }: Token) {
    const id = this.#secret();
    const name = this.#options.mode === "cookie" ? "session" : `session ${id}`;
    this.#known.delete(name);
    await this.#keep(name, expiresInMs, [["header", value]]);
    return { id, headers: [] };
  }

  async close(): Promise<void> {
    this.#vault.close();
  }

  #secret(): string {
    return toBase64Url(this.#platform.random(new Uint8Array(32)));
  }

  async #kept(name: string): Promise<Kept | undefined> {
    const found = await this.#read(name);
    if (found === undefined) return undefined;
    const session = { header: found.get("header") ?? "", arrival: undefined };
    return { session, until: Number(found.get("until")) };
  }

  /** What is there, is ours, and has not ended. */
  async #read(name: string): Promise<ReadonlyMap<string, string> | undefined> {
    const found = await this.#vault.get(name).catch((error: unknown) => {
      // Without its key it is gone, and a further login makes another.
      if (ComponentError.from(error).code === "DATA_LOSS") return undefined;
      throw error;
    });
    const ours = found?.get("of") === this.#of && Number(found.get("until")) > this.#platform.clock.now();
    return ours ? found : undefined;
  }

  async #keep(name: string, ms: number, values: readonly (readonly [string, string])[]): Promise<void> {
    await this.#sweep(name.slice(0, name.indexOf(" ") + 1));
    const until = String(this.#platform.clock.now() + ms);
    await this.#vault.put(name, new Map([...values, ["until", until], ["of", this.#of]]));
  }

  /** Makes room for one more of a kind. */
  async #sweep(kind: string): Promise<void> {
    const names = (await this.#vault.names()).filter((name) => kind !== "" && name.startsWith(kind));
    const ends = new Map<string, number>();
    for (const name of names) ends.set(name, Number((await this.#read(name))?.get("until") ?? 0));
    const oldest = [...ends].sort(([, a], [, b]) => a - b);
    for (const [i, [name, until]] of oldest.entries()) {
      if (until > 0 && oldest.length - i < MOST) break;
      this.#known.delete(name);
      await this.#vault.put(name, undefined);
    }
  }
}

/** For workers that a site composes: `sw.js`, which every site loads, is without. */
export function oauth2({ databasePrefix }: ScopeStorage): MiddlewareDefinition {
  const base = scopePathOf(databasePrefix).replace(/\/$/, "");
  return oauth2Middleware(
    () => Promise.resolve(RE2JS),
    async (options, { appId, name, platform, log }) => {
      const database = databaseName(databasePrefix, "middleware", `${appId}/${name}`);
      const vault = await new Vault(database, platform.clock, log, platform.random).open();
      return new BrowserVisitors(options, base, vault, platform);
    },
  );
}
