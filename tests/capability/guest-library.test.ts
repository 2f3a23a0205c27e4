import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { admit } from "../../host/capability/admission.ts";
import { fetchCall } from "../../host/capability/host-fetch.ts";
import { apiCalls } from "../../host/capability/host-requests.ts";
import { defaultLimits, type Needs } from "../../host/capability/manifest.ts";
import {
  decodeMessage,
  encodeMessage,
  type MessageField,
  messageKind,
  partsOf,
  textField,
  textOf,
} from "../../host/capability/message.ts";
import { noNeeds } from "../../host/capability/read-needs.ts";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import { type Fields, Guest } from "./guest.ts";

const granted: Needs = {
  ...noNeeds,
  state: [{ store: "store", access: "write", keys: undefined, prepared: [] }],
  publish: [{ pubsub: "pubsub", topics: ["orders"] }],
  invoke: [{ app: "app", methods: undefined }],
  fetch: ["https://example.com"],
  clock: true,
  random: true,
  rewrite: false,
};

/** A package that uses everything of the library, held to what the host makes of it. */
describe("the library for authors", () => {
  let guest: Guest;
  const call = (operation: string, ...fields: Fields) => guest.call([[":operation", operation], ...fields]);

  beforeAll(async () => {
    const bytes = new Uint8Array(
      await compileAssemblyScript(resolve(import.meta.dirname, "probe/index.ts"), 16),
    );
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const entry = { name: "probe", path: "probe.wasm", sha256, abi: "capability" } as const;
    const module = await admit(bytes, entry, { abi: capabilityAbi, granted, limits: defaultLimits });
    expect([...module.imports].sort()).toEqual(["cap_host.clock", "cap_host.log", "cap_host.random"]);
    const random = (bytes: Uint8Array<ArrayBuffer>) => bytes.fill(255);
    guest = await Guest.start(module, defaultLimits, { now: () => 1_700_000_000_000.9, random });
  }, 60_000);

  it("reads a request, and answers", () => {
    const answer = call(
      "",
      [":offer", "probe"],
      [":method", "PUT"],
      [":path", "/x"],
      [":query", "a=1"],
      [":config", '{"a":"é"}'],
      [":state.counter", "41"],
      ["number", "-2.5"],
      [":body", "text"],
    );
    expect(answer).toMatchObject({ status: 201, text: "PUT /x text", error: undefined });
    expect(Object.fromEntries(answer.headers)).toEqual({
      "x-offer": "probe",
      "x-query": "a=1",
      "x-state": "41",
      "x-config": "é",
      "x-number": "-2.5",
    });
    const bare = Object.fromEntries(call("", [":config", "{"], ["number", "many"]).headers);
    expect(bare).toMatchObject({
      "x-state": "nothing",
      "x-config": "none",
      "x-number": "7.0",
      "x-offer": "",
    });
  });

  it("asks for calls that the host makes as they were meant", () => {
    const request = encodeMessage({ kind: messageKind.request, fields: [textField(":operation", "calls")] });
    const { kind, fields } = decodeMessage(guest.step("handle", request));
    expect(kind).toBe(messageKind.calls);
    const text = (body: Uint8Array | undefined) => body && new TextDecoder().decode(body);
    const made = partsOf(fields, ":call").map((part) => {
      const build = apiCalls.get(textOf(part, ":call") ?? "");
      if (build === undefined) return fetchCall(part, granted);
      const { method, path, query, headers, body } = build(part, granted, "probe");
      return [`${method} ${path}${query ? `?${query}` : ""}`, headers ?? [], text(body)];
    });
    const json = ["content-type", "application/json"];
    const key = "cap%3Aprobe%3Aa";
    expect(made.slice(0, 6)).toEqual([
      [`GET /v1.0/state/store/${key}%2Fb`, [], undefined],
      [
        "POST /v1.0/state/store",
        json,
        '[{"key":"cap:probe:a","etag":"7","metadata":{"ttlInSeconds":"60"},"value":{"n":1}}]',
      ],
      [`DELETE /v1.0/state/store/${key}`, ["if-match", "7"], undefined],
      [
        "POST /v1.0/state/store/transaction",
        json,
        '{"operations":[{"operation":"delete","request":{"key":"cap:probe:a"}}]}',
      ],
      ["POST /v1.0/publish/pubsub/orders", json, "{}"],
      ["POST /v1.0/invoke/app/method/do/it?x=1", [], "body"],
    ]);
    const { url, init } = made[6] as ReturnType<typeof fetchCall>;
    expect([String(url), init.method, new Headers(init.headers).get("accept")]).toEqual([
      "https://example.com/a",
      "PUT",
      "text/plain",
    ]);

    const results = [["200", "one", "1"], ["204"], ["409", "other"]].flatMap(
      ([status = "", body, etag]): MessageField[] => [
        textField(":status", status),
        ...(body === undefined ? [] : [textField(":body", body)]),
        ...(etag === undefined ? [] : [textField("etag", etag)]),
      ],
    );
    const step = guest.step("resume", encodeMessage({ kind: messageKind.results, fields: results }));
    expect(textOf(decodeMessage(step).fields, ":body")).toBe("200 ok one 1\n204 ok  -\n409 not ok other -");
  });

  it("has the clock, chance and a log", () => {
    expect(call("local").text).toBe("////");
  });

  it.each(["", "a", "ab", "abc", "abcd"])("reads base64 of %j, and refuses what is none", (text) => {
    const base64 = Buffer.from(text).toString("base64");
    expect(call("base64", [":body", base64]).text).toBe(text);
    expect(call("base64", [":body", base64.replaceAll("=", "")]).text).toBe(text);
    expect(call("base64", [":body", `${base64.replaceAll("=", "")}!`]).status).toBe(400);
  });

  it("ends where results come that nobody asked for", async () => {
    const results = encodeMessage({ kind: messageKind.results, fields: [] });
    expect(() => guest.step("resume", results)).toThrow(expect.objectContaining({ fault: "trap" }));
  });
});
