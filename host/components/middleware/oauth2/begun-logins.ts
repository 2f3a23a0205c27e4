import { fromBase64 } from "../../../base64.ts";
import type { Platform } from "../../../platform.ts";
import { toBase64Url } from "./base64url.ts";
import type { Begun, Finished } from "./visitors.ts";

/** A person may take so long at the provider. */
export const PATIENCE_MS = 10 * 60_000;

const encoder = new TextEncoder();

/**
 * Who is at the provider. Nothing is kept here, so that nobody can push others out by beginning thousands of logins: their
 * browsers keep what is needed, signed together with the state that the provider brings back.
 */
export class BegunLogins {
  readonly #platform: Platform;
  readonly #key: Promise<CryptoKey>;

  constructor(platform: Platform) {
    this.#platform = platform;
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const secret = platform.random(new Uint8Array(32));
    this.#key = crypto.subtle.importKey("raw", secret, algorithm, false, ["sign", "verify"]);
  }

  /** `cookie`: what their browser keeps meanwhile. */
  async begin(target: string): Promise<Begun & { readonly cookie: string }> {
    const { random, clock } = this.#platform;
    const state = toBase64Url(random(new Uint8Array(32)));
    const until = (clock.now() + PATIENCE_MS).toString(36);
    const kept = `${until}.${toBase64Url(encoder.encode(target))}`;
    const signature = await crypto.subtle.sign("HMAC", await this.#key, signed(state, kept));
    const cookie = `${kept}.${toBase64Url(new Uint8Array(signature))}`;
    return { state, verifier: await this.#verifier(state), cookie };
  }

  /** Undefined for what was not begun here with this state, or too long ago. */
  async finish(state: string, cookie: string | undefined): Promise<Finished | undefined> {
    const [, kept = "", until = "", target = "", signature = ""] =
      /^(([0-9a-z]+)\.([\w-]*))\.([\w-]{43})$/.exec(cookie ?? "") ?? [];
    const given = bytesOf(signature);
    if (!(await crypto.subtle.verify("HMAC", await this.#key, given, signed(state, kept)))) return undefined;
    if (Number.parseInt(until, 36) <= this.#platform.clock.now()) return undefined;
    return { verifier: await this.#verifier(state), target: new TextDecoder().decode(bytesOf(target)) };
  }

  /** Known to nobody who has not the key: neither the browser nor the provider's page sees it. */
  async #verifier(state: string): Promise<string> {
    const bytes = await crypto.subtle.sign("HMAC", await this.#key, encoder.encode(`verifier ${state}`));
    return toBase64Url(new Uint8Array(bytes));
  }
}

function signed(state: string, kept: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`login ${state} ${kept}`);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(fromBase64(text.replaceAll("-", "+").replaceAll("_", "/")));
}
