import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, expect, it } from "vitest";
import { FakeClock } from "../../host/fake-clock.ts";
import { createRuntime, type LocalRuntime } from "../../host/node/index.ts";
import { yaml } from "./sidecar.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Issuer {
  readonly url: string;
  /** What was asked for. */
  readonly asked: string[];
  keys: JWK[];
  named: string | undefined;
}

async function startIssuer(): Promise<Issuer> {
  const server = createServer((request, response) => {
    issuer.asked.push(request.url ?? "");
    const discovery = { issuer: issuer.named ?? issuer.url, jwks_uri: `${issuer.url}/keys` };
    const body = request.url === "/keys" ? { keys: issuer.keys } : discovery;
    response.setHeader("content-type", "application/json").end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: Issuer = { url, asked: [], keys: [], named: undefined };
  return issuer;
}

async function key(kid: string, alg = "ES256") {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

const clock = new FakeClock();
const seconds = (more: number) => Math.floor(clock.now() / 1000) + more;

async function start(issuer: Issuer, metadata = {}): Promise<LocalRuntime> {
  const given = { issuer: issuer.url, audience: "shop", ...metadata };
  const runtime = await createRuntime({
    clock,
    components: yaml([{ name: "who", type: "bearer", metadata: given }], ["who"]),
  });
  closing.push(() => runtime.stop());
  return runtime;
}

async function status(runtime: LocalRuntime, authorization?: string): Promise<number> {
  const headers = authorization === undefined ? {} : { headers: { authorization } };
  return (await runtime.fetch("/v1.0/metadata", headers)).status;
}

it("lets through who shows the issuer's token for this audience, and nobody else", async () => {
  const issuer = await startIssuer();
  const [own, other] = [await key("a"), await key("a")];
  issuer.keys = [own.jwk];
  const runtime = await start(issuer);
  const token = (claims: object, { privateKey } = own, exp = 60) =>
    new SignJWT({ iss: issuer.url, aud: ["shop", "others"], exp: seconds(exp), ...claims })
      .setProtectedHeader({ alg: "ES256", kid: "a" })
      .sign(privateKey);
  expect(await status(runtime, `Bearer ${await token({})}`)).toBe(200);
  expect(await status(runtime, `bearer ${await token({}, own, -299)}`)).toBe(200);
  const hmac = new SignJWT({ iss: issuer.url, aud: "shop", exp: seconds(60) }).setProtectedHeader({
    alg: "HS256",
    kid: "a",
  });
  const refused = {
    nothing: undefined,
    "another scheme": `Basic ${await token({})}`,
    "no token": "Bearer nonsense",
    "another audience": `Bearer ${await token({ aud: "others" })}`,
    "another issuer": `Bearer ${await token({ iss: "http://else" })}`,
    "a token of another key": `Bearer ${await token({}, other)}`,
    "an old token": `Bearer ${await token({}, own, -301)}`,
    "a token of tomorrow": `Bearer ${await token({ nbf: seconds(400) })}`,
    "a token without end": `Bearer ${await token({ exp: undefined })}`,
    "an unsigned token": `Bearer ${new UnsecuredJWT({ iss: issuer.url, aud: "shop", exp: seconds(60) }).encode()}`,
    "the public key as a secret": `Bearer ${await hmac.sign(new TextEncoder().encode(JSON.stringify(own.jwk)))}`,
  };
  const got = await Promise.all(
    Object.entries(refused).map(async ([what, given]) => [what, await status(runtime, given)]),
  );
  expect(got).toEqual(Object.keys(refused).map((what) => [what, 401]));
  const answer = await runtime.fetch("/v1.0/metadata");
  expect([answer.headers.get("www-authenticate"), await answer.text()]).toEqual(["Bearer", "Unauthorized"]);
});

it("learns of new keys, asks for them seldom, and keeps the old ones while the issuer is away", async () => {
  const issuer = await startIssuer();
  const [first, second] = [await key("first"), await key("second", "RS256")];
  issuer.keys = [first.jwk];
  const runtime = await start(issuer, { jwksURL: `${issuer.url}/keys` });
  const sign = (kid: string, alg: string, { privateKey }: typeof first) =>
    new SignJWT({ iss: issuer.url, aud: "shop", exp: seconds(3600) })
      .setProtectedHeader({ alg, kid })
      .sign(privateKey);
  const [old, fresh] = [await sign("first", "ES256", first), await sign("second", "RS256", second)];
  issuer.keys = [first.jwk, second.jwk];
  expect(await status(runtime, `Bearer ${fresh}`)).toBe(401); // fetched a moment ago
  await clock.advance(30_000);
  const both = await Promise.all([status(runtime, `Bearer ${fresh}`), status(runtime, `Bearer ${fresh}`)]);
  expect(both).toEqual([200, 200]);
  expect(issuer.asked).toEqual(["/keys", "/keys"]);
  issuer.keys = [{ kty: "nonsense" }];
  await clock.advance(11 * 60_000);
  expect(await status(runtime, `Bearer ${old}`)).toBe(200);
});

it.each([
  [{ audience: "" }, "metadata field audience is required"],
  [{ jwksURL: "http://127.0.0.1:1/keys" }, "http://127.0.0.1:1/keys cannot be read"],
  [{ jwksURL: "keys" }, "jwksURL: expected an http(s) URL"],
])("%j does not open", async (metadata, sentence) => {
  await expect(start(await startIssuer(), metadata)).rejects.toThrow(sentence);
});

it("does not open with the document of another issuer", async () => {
  const issuer = await startIssuer();
  issuer.named = "http://somebody.else";
  await expect(start(issuer)).rejects.toThrow("is the document of another issuer");
});
