import type { LoadedPolicy } from "@open-policy-agent/opa-wasm";
import { fromBase64 } from "../../base64.ts";
import { ComponentError } from "../../errors/component-error.ts";
import { reasonOf } from "../../errors/reason-of.ts";
import {
  BodyTooLargeError,
  type Headers,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
  withChanges,
  withoutHeader,
} from "../../http.ts";
import type { Platform } from "../../platform.ts";
import type { ComponentContext } from "../component.ts";
import { type Decoded, field, flag, text } from "../metadata-schema.ts";
import { defineMiddleware, type HttpMiddleware, type MiddlewareDefinition, type Next } from "./middleware.ts";
import { type PolicyDecision, policyDecision } from "./opa/policy-decision.ts";
import { statusTexts } from "./opa/status-texts.ts";
import { plainAnswer } from "./plain-answer.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How a host comes by policies. What fails rejects with an Error that says why. */
export interface PolicyHost {
  /** What `policyFile` names. */
  read(file: string, platform: Platform): Promise<Bytes>;
  /** The source of a policy, compiled. */
  compile(source: string, entryPoint: string): Promise<Bytes>;
  /** The library that runs them. */
  library(): Promise<{ loadPolicy(policy: Bytes): Promise<LoadedPolicy> }>;
}

const ENTRY_POINT = "http/allow";

const status = field((value) => {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 100 || number > 599)
    throw new Error("expected a status, 100 to 599");
  return number;
});

const metadata = {
  policyFile: text("A policy that `opa build -t wasm -e http/allow` has compiled: the file policy.wasm."),
  policy: text("The same in base64, for one that is kept as a secret."),
  rego: text(
    "The source of a policy, as Dapr has it: compiled at the start by the `opa` that is on the PATH.",
  ),
  defaultStatus: status("The status of a refusal that names none.", 403),
  includedHeaders: text("The headers that the policy sees, separated by commas.", ""),
  readBody: flag("Whether the policy sees the body, which is read whole for it.", false),
};

const compile =
  "compile it with `opa build -t wasm -e http/allow policy.rego`, take policy.wasm out of the bundle, and name that file in policyFile";

/** The fields that a policy can come by, of which one is used. */
const sources = ["policyFile", "policy", "rego"] as const;

async function bytesOf(
  source: (typeof sources)[number],
  value: string,
  host: PolicyHost,
  platform: Platform,
): Promise<Bytes> {
  switch (source) {
    case "policy":
      return fromBase64(value);
    case "policyFile":
      return await host.read(value, platform);
    case "rego":
      return await host.compile(value, ENTRY_POINT).catch((error: unknown) => {
        throw new Error(`${reasonOf(error)}; or ${compile}`);
      });
  }
}

async function load(
  options: Decoded<typeof metadata>,
  { name, platform }: ComponentContext,
  host: PolicyHost,
): Promise<LoadedPolicy> {
  const refuse = (what: string) =>
    new ComponentError("INVALID_ARGUMENT", `component ${name}: metadata field ${what}`);
  const [source, ...others] = sources.filter((each) => options[each] !== undefined);
  if (source === undefined || others.length > 0) {
    throw refuse("policyFile, policy or rego is required, and one of them");
  }
  const failed = (what: string) => (error: unknown) => {
    throw refuse(`${source}: ${what}${reasonOf(error)}`);
  };
  const bytes = await bytesOf(source, options[source] ?? "", host, platform).catch(failed(""));
  const { loadPolicy } = await host.library();
  const loaded = await loadPolicy(bytes).catch(failed("it is no compiled policy: "));
  if (Object.hasOwn(loaded.entrypoints, ENTRY_POINT)) return loaded;
  throw refuse(`${source}: the policy has no entry point ${ENTRY_POINT}; ${compile}`);
}

/** As Go spells names of headers, which policies are written for. */
function canonical(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());
}

class OpaPolicy implements HttpMiddleware {
  readonly #policy: LoadedPolicy;
  readonly #options: Decoded<typeof metadata>;
  readonly #context: ComponentContext;
  readonly #headers: ReadonlySet<string>;

  constructor(policy: LoadedPolicy, options: Decoded<typeof metadata>, context: ComponentContext) {
    this.#policy = policy;
    this.#options = options;
    this.#context = context;
    const included = options.includedHeaders.split(",").map((name) => name.replaceAll(" ", "").toLowerCase());
    this.#headers = new Set(included.filter((name) => name !== ""));
  }

  async handle(request: RuntimeRequest, next: Next): Promise<RuntimeResponse> {
    let body = "";
    if (this.#options.readBody) {
      try {
        const bytes = await readBody(request.body);
        if (request.body !== undefined) request = withChanges(request, { body: bytes });
        body = new TextDecoder().decode(bytes);
      } catch (error) {
        if (error instanceof BodyTooLargeError) return plainAnswer(413, error.message);
        throw error;
      }
    }
    const decision = this.#decide(request, body);
    if (typeof decision === "string") {
      this.#context.log.warn(`a request is refused: ${decision}`);
      return this.#refusal(this.#options.defaultStatus, ["x-dapr-opa-error", "true"]);
    }
    if (!decision.allow)
      return this.#refusal(decision.status ?? this.#options.defaultStatus, decision.headers);
    if (decision.headers.length === 0) return await next(request);
    let headers = request.headers;
    for (let i = 0; i < decision.headers.length; i += 2) {
      headers = withoutHeader(headers, decision.headers[i] as string);
    }
    return await next(withChanges(request, { headers: [...headers, ...decision.headers] }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #refusal(status: number, headers: Headers): RuntimeResponse {
    const message = statusTexts.get(status);
    return message === undefined
      ? plainAnswer(500, "Internal Server Error", headers)
      : plainAnswer(status, message, headers);
  }

  /** What the policy says, or why it says nothing. */
  #decide(request: RuntimeRequest, body: string): PolicyDecision | string {
    try {
      const [found] = this.#policy.evaluate(this.#input(request, body), ENTRY_POINT) as { result: unknown }[];
      return policyDecision(found?.result);
    } catch (error) {
      return `the policy failed: ${reasonOf(error)}`;
    }
  }

  #input({ method, path, query, headers }: RuntimeRequest, body: string): unknown {
    const normal = this.#context.core.normalise(path);
    const shown = typeof normal === "string" ? path : `/${normal.path}`;
    const named = new Map<string, string>();
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      if (!this.#headers.has(name)) continue;
      const before = named.get(name);
      named.set(name, before === undefined ? (headers[i + 1] as string) : `${before}, ${headers[i + 1]}`);
    }
    const parameters = new Map<string, string[]>();
    for (const [name, value] of new URLSearchParams(query)) {
      parameters.set(name, [...(parameters.get(name) ?? []), value]);
    }
    return {
      request: {
        method,
        path: shown,
        path_parts: shown.replace(/^\/+|\/+$/g, "").split("/"),
        raw_query: query,
        query: Object.fromEntries(parameters),
        headers: Object.fromEntries([...named].map(([name, value]) => [canonical(name), value])),
        scheme: "",
        body,
      },
    };
  }
}

/** Asks a policy of the Open Policy Agent whether a request may pass. */
export function opaMiddleware(host: PolicyHost): MiddlewareDefinition {
  return defineMiddleware({
    type: "middleware.http.opa",
    version: "v1",
    summary:
      "Asks a compiled policy of the Open Policy Agent (`data.http.allow`) whether a request may pass.",
    metadata,
    features: [],
    open: async (options, context) => new OpaPolicy(await load(options, context, host), options, context),
  });
}
