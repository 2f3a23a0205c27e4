import { describe, expect, it } from "vitest";
import type { StateNeed } from "./manifest.ts";
import { type MessageField, textField } from "./message.ts";
import { noNeeds } from "./read-needs.ts";
import { stateScan } from "./state-scan.ts";

const need = (keys?: string): StateNeed => ({ store: "s", access: "read", keys, prepared: [] });
const build = (fields: Readonly<Record<string, string>>, ...state: readonly StateNeed[]) =>
  stateScan(
    Object.entries({ store: "s", ...fields }).map(([name, value]) => textField(name, value)),
    { ...noNeeds, state },
    "p",
  );
const shown = (fields: readonly MessageField[]) =>
  fields.map(([name, value]) => `${name}=${new TextDecoder().decode(value)}`);

describe("state.scan", () => {
  it("asks for a package's own keys, and tells them as it named them", () => {
    const { path, query, body, tells, most } = build({ prefix: "a|", token: "t" }, need());
    expect([path, decodeURIComponent(query ?? "")]).toEqual([
      "/v1.0-alpha1/state/s/query",
      "metadata.keyPrefix=cap:p:a%7C",
    ]);
    expect(JSON.parse(new TextDecoder().decode(body))).toEqual({ page: { limit: 100, token: "t" } });
    expect(most).toBeGreaterThan(0);
    const answer =
      '{"results":[{"key":"cap:p:a%7C%25","data":{"n" : 1.0e2},"etag":"7"},{"key":"cap:other:a","data":1},{"key":"cap:p:a%7Cb","data":"x"}],"token":"u"}';
    if (typeof tells !== "function") throw new Error("it tells what an item is");
    expect(shown(tells(new TextEncoder().encode(answer)))).toEqual([
      "token=u",
      ":item=a|%",
      "etag=7",
      ':body={"n" : 1.0e2}',
      ":item=a|b",
      ':body="x"',
    ]);
  });

  it("asks for the app's keys that were granted", () => {
    expect(build({ prefix: "orders-1", limit: "1" }, need("orders-"))).toMatchObject({
      query: "metadata.keyPrefix=orders-1",
      body: new TextEncoder().encode('{"page":{"limit":1}}'),
    });
    expect(build({ prefix: "orders-1", limit: "1" }, need("orders-"))).not.toHaveProperty("most");
  });

  it.each<[string, Record<string, string>, readonly StateNeed[], number]>([
    ["a store that was not granted", { store: "t" }, [need()], 403],
    ["keys beside what was granted", { prefix: "users-" }, [need("orders-")], 403],
    ["all keys, where some were granted", {}, [need("orders-")], 403],
    ["all keys, among which are packages' own", { prefix: "" }, [need("")], 403],
    ["the beginning of packages' own keys", { prefix: "ca" }, [need("")], 403],
    ["keys of another package", { prefix: "cap:other:" }, [need("")], 403],
    ["no items", { limit: "0" }, [need()], 400],
    ["all items at once", { limit: "1001" }, [need()], 400],
  ])("refuses %s", (_, fields, needs, status) => {
    expect(() => build(fields, ...needs)).toThrow(expect.objectContaining({ status }));
  });
});
