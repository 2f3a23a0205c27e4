import type { CryptoKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from "jose";
import { ComponentError } from "../../../errors/component-error.ts";
import { reasonOf } from "../../../errors/reason-of.ts";
import { withDeadline } from "../../../platform.ts";
import type { ComponentContext } from "../../component.ts";

const TIMEOUT_MS = 10_000;
/** Keys are fetched again after so long, while the old ones still count. */
const STALE_MS = 10 * 60_000;
/** A token of a key that is not known has them fetched again, but not more often than this. */
const COOLDOWN_MS = 30_000;

/** The library's part that is used. */
export type Jose = Pick<typeof import("jose"), "createLocalJWKSet" | "errors" | "jwtVerify">;

type Find = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

/** The public keys of an issuer (RFC 7517), fetched again as they age and when one is missing. */
export class SigningKeys {
  readonly #url: string;
  readonly #context: ComponentContext;
  readonly #jose: Jose;
  #find: Find;
  #fetchedAt: number;
  #fetching: Promise<void> | undefined;

  private constructor(url: string, context: ComponentContext, jose: Jose, find: Find) {
    this.#url = url;
    this.#jose = jose;
    this.#context = context;
    this.#find = find;
    this.#fetchedAt = context.platform.clock.now();
  }

  /** Rejects with a ComponentError where the issuer cannot be reached, or is another than it says. */
  static async fetch(
    issuer: string,
    jwksUrl: string | undefined,
    context: ComponentContext,
    jose: Jose,
  ): Promise<SigningKeys> {
    const url = jwksUrl ?? (await discover(issuer, context));
    return new SigningKeys(url, context, jose, await keySet(url, context, jose));
  }

  /** Rejects where there is no such key. */
  async key(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const age = this.#context.platform.clock.now() - this.#fetchedAt;
    if (age > STALE_MS) void this.#refresh();
    try {
      return await this.#find(header, token);
    } catch (error) {
      if (!(error instanceof this.#jose.errors.JWKSNoMatchingKey) || age < COOLDOWN_MS) throw error;
      await this.#refresh();
      return await this.#find(header, token);
    }
  }

  /** Never rejects: the keys that were fetched before still count. */
  #refresh(): Promise<void> {
    this.#fetching ??= (async () => {
      this.#fetchedAt = this.#context.platform.clock.now();
      try {
        this.#find = await keySet(this.#url, this.#context, this.#jose);
      } catch (error) {
        this.#context.log.warn("the issuer's keys stay as they were", {
          cause: ComponentError.from(error).message,
        });
      } finally {
        this.#fetching = undefined;
      }
    })();
    return this.#fetching;
  }
}

async function keySet(url: string, context: ComponentContext, { createLocalJWKSet }: Jose): Promise<Find> {
  const keys = await document(url, context);
  try {
    return createLocalJWKSet(keys as unknown as JSONWebKeySet);
  } catch {
    throw unusable(context, `${url} has no JSON Web Key Set`);
  }
}

async function discover(issuer: string, context: ComponentContext): Promise<string> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const { issuer: named, jwks_uri: keys } = await document(url, context);
  if (named !== issuer)
    throw unusable(context, `${url} is the document of another issuer; write issuer as it does`);
  if (typeof keys !== "string") throw unusable(context, `${url} has no jwks_uri; name the keys in jwksURL`);
  return keys;
}

function unusable({ name }: ComponentContext, what: string): ComponentError {
  return new ComponentError("FAILED_PRECONDITION", `component ${name}: ${what}`);
}

async function document(url: string, context: ComponentContext): Promise<Readonly<Record<string, unknown>>> {
  const { platform, name } = context;
  const ask = async (signal: AbortSignal) => {
    const headers = { accept: "application/json" };
    const response = await platform.fetch(url, { headers, redirect: "error", signal });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return (await response.json()) as Readonly<Record<string, unknown>>;
  };
  const late = () => new Error(`it did not answer within ${TIMEOUT_MS / 1000} s`);
  try {
    return await withDeadline(platform.clock, TIMEOUT_MS, ask, late);
  } catch (error) {
    throw new ComponentError("UNAVAILABLE", `component ${name}: ${url} cannot be read: ${reasonOf(error)}`);
  }
}
