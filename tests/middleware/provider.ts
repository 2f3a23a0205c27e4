import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Shape = "github" | "google" | "microsoft" | "twitter";

interface Grant {
  readonly redirectUri: string;
  readonly challenge: string | null;
}

export interface Provider {
  readonly url: string;
  /** What was posted to the token endpoint: its parameters, and how the client proved itself. */
  readonly asked: { readonly form: URLSearchParams; readonly basic: boolean }[];
  /** What is answered instead, as long as it is set. */
  instead: ((response: ServerResponse) => void) | undefined;
  stop(): Promise<void>;
}

const own = { id: "the client", secret: "s€cret:&" };
export const client = { clientId: own.id, clientSecret: own.secret };

function text(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => resolve(body));
  });
}

const formDecoded = (part: string) => new URLSearchParams(`v=${part}`).get("v");

/** A provider that is as strict, and answers in the shape, as the four are that the book names. */
export async function startProvider(shape: Shape): Promise<Provider> {
  const codes = new Map<string, Grant>();
  const asked: Provider["asked"] = [];

  function agree(query: URLSearchParams, response: ServerResponse): void {
    const code = randomUUID();
    const redirectUri = query.get("redirect_uri") ?? "";
    codes.set(code, { redirectUri, challenge: query.get("code_challenge") });
    const back = new URL(redirectUri);
    back.searchParams.set("code", code);
    back.searchParams.set("state", query.get("state") ?? "");
    if (shape === "google") back.searchParams.set("iss", "https://accounts.google.com");
    const page = `<!doctype html><title>Agree</title><a id="agree" href="${back.href.replaceAll("&", "&amp;")}">Agree</a>`;
    response.setHeader("content-type", "text/html").setHeader("referrer-policy", "no-referrer").end(page);
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const proof = /^Basic (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    asked.push({ form, basic: proof !== undefined });
    if (provider.instead !== undefined) return provider.instead(response);
    const answer = (status: number, body: Record<string, string | number>) => {
      const json = request.headers.accept?.includes("json") || shape !== "github";
      const type = json ? "application/json; charset=utf-8" : "application/x-www-form-urlencoded";
      const entries = Object.entries(body).map(([name, value]): [string, string] => [name, String(value)]);
      const text = json ? JSON.stringify(body) : new URLSearchParams(entries).toString();
      response.writeHead(status, { "content-type": type }).end(text);
    };
    // GitHub tells of errors with 200.
    const refuse = (error: string) =>
      answer(shape === "github" ? 200 : error === "invalid_client" ? 401 : 400, { error });
    const [id, secret] =
      proof === undefined
        ? [form.get("client_id"), form.get("client_secret")]
        : Buffer.from(proof, "base64").toString().split(":").map(formDecoded);
    const takesBasic = shape === "google" || shape === "twitter";
    const takesBody = shape !== "twitter";
    const proved = (proof === undefined ? takesBody : takesBasic) && id === own.id && secret === own.secret;
    if (!proved) return refuse("invalid_client");
    if (form.get("grant_type") === "client_credentials") {
      return answer(200, { access_token: `own-${asked.length}`, token_type: "bearer", expires_in: 3600 });
    }
    const code = form.get("code") ?? "";
    const grant = codes.get(code);
    codes.delete(code);
    if (grant === undefined || grant.redirectUri !== form.get("redirect_uri")) return refuse("invalid_grant");
    const verifier = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const needsChallenge = shape === "twitter" || grant.challenge !== null;
    if (needsChallenge && grant.challenge !== verifier) return refuse("invalid_grant");
    const granted = { access_token: `token-${asked.length}`, scope: "a b" };
    if (shape === "github") return answer(200, { ...granted, token_type: "bearer" });
    if (shape === "twitter") return answer(200, { ...granted, token_type: "bearer", expires_in: 7200 });
    if (shape === "google")
      return answer(200, { ...granted, token_type: "Bearer", expires_in: 3599, id_token: "a.b.c" });
    return answer(200, { ...granted, token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599 });
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://provider");
    // These two let pages ask for tokens; asked first, they say so as well.
    if (shape === "google" || shape === "microsoft") {
      response.setHeader("access-control-allow-origin", "*");
      response.setHeader("access-control-allow-headers", "authorization, content-type");
    }
    if (request.method === "OPTIONS") response.writeHead(204).end();
    else if (pathname === "/authorize") agree(searchParams, response);
    else if (pathname === "/token") void token(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const provider: Provider = {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    asked,
    instead: undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}

/** The metadata of a middleware that logs in with it. */
export function login({ url }: Provider, redirectURL: string): Readonly<Record<string, string>> {
  return { ...client, scopes: "a,b", authURL: `${url}/authorize`, tokenURL: `${url}/token`, redirectURL };
}
