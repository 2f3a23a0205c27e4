import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { endpoints } from "../../host/api/endpoints.ts";
import { compileGateway } from "../../host/gateway/compile-gateway.ts";
import { describeGateway } from "../../host/gateway/describe.ts";
import { readGateway } from "../../host/gateway/read-gateway.ts";
import { needsOf, variantOf } from "../../host/gateway/serve-arguments.ts";
import { decodeTable, encodeTable } from "../../host/gateway/table.ts";
import { ResourceError } from "../../host/resources/fields.ts";

const head = "apiVersion: daprlet/v1alpha1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec:\n";
const actors = (text: string) =>
  compileGateway(readGateway([{ name: "g.yaml", text: `${head}  actors: ${text}` }], yaml));
const member = (name: string, more = "") => `{name: "${name}", sidecar: "http://10.0.0.2:3500"${more}}`;

describe("actors of a gateway.yaml", () => {
  it("are placed by a table that stands in the file", () => {
    const table = actors(
      `{points: 10, members: [${member("b:1", ", types: [Car]")}, ${member("a:1", ", types: [Car, Bus]")}]}`,
    );
    const [row] = table.actors;
    expect(row?.members.map(({ id }) => id)).toEqual(["a:1", "b:1"]);
    expect(row?.members[0]?.upstreams[0]).toMatchObject({ authority: "10.0.0.2:3500", protocol: 1 });
    expect(JSON.parse(new TextDecoder().decode(row?.baked))).toMatchObject({
      hostList: [
        { name: "b:1", namespace: "shop", actorTypes: ["Car"] },
        { name: "a:1", actorTypes: ["Car", "Bus"] },
      ],
    });
    expect(row).toMatchObject({ points: 10, file: "", source: 0xffff, onward: 0xffff, token: 0xffff });
    expect(variantOf(needsOf(table))).toBe("http+sockets+folder");
    expect(decodeTable(encodeTable(table))).toMatchObject({ actors: table.actors });
    expect(describeGateway(table).join("\n")).toContain(
      "actors    owners in the file\n  a:1  http://10.0.0.2:3500 (sidecar)",
    );
  });

  it("are placed by what a sidecar, a placement service or a file tells", () => {
    const asked = actors(
      `{from: {sidecar: "https://s", token: {envRef: T}}, maxAge: 5s, token: {envRef: M}, members: [${member("a:1")}]}`,
    );
    expect(asked.actors).toMatchObject([{ source: 0, onward: 0, maxAge: 5000, token: 0 }]);
    expect(asked.actors[0]?.baked.length).toBe(0);
    expect(asked.remotes[0]?.upstreams[0]).toMatchObject({ authority: "s", token: 1 });
    expect(asked.secrets).toEqual([{ variable: "M" }, { variable: "T" }]);
    expect(describeGateway(asked).join("\n")).toContain(
      "as https://s (sidecar, token from T) tells, anew after 5 s",
    );
    const service = actors('{from: {url: "https://p:8080"}}');
    expect(service.actors).toMatchObject([{ source: 0, onward: 0xffff, maxAge: 30_000 }]);
    expect(variantOf(needsOf(service))).toBe("http+folder");
    const file = actors(`{from: {file: placement.json}, members: [${member("a:1")}]}`);
    expect(file).toMatchObject({ folder: "state", actors: [{ file: "placement.json", source: 0xffff }] });
    expect(variantOf(needsOf(file))).toBe("http+sockets+folder");
  });

  it("can be forbidden", () => {
    const denied = "spec: {api: {denied: [{name: actors, version: v1, protocol: http}]}}";
    const table = actors(
      `{from: {file: x}}\n---\napiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: c}\n${denied}`,
    );
    const blocked = table.blocks.map(({ operation }) => endpoints[operation]?.name);
    for (const name of [
      "actors.invoke",
      "actors.transact",
      "actors.state",
      "actors.reminder",
      "actors.timer",
    ])
      expect(blocked).toContain(name);
  });

  it.each([
    ["{}", "spec.actors.members or from is required"],
    [`{members: [${member("a")}]}`, "spec.actors.members.0.types must name one at least"],
    [`{from: {file: x}, members: [${member("a", ", types: [T]")}]}`, "types cannot stand beside from"],
    ['{members: [{name: a, types: [T], url: "http://a"}]}', "members.0.url is an app itself"],
    [
      `{members: [${member("a", ", types: [T]")}, ${member("a", ", types: [T]")}]}`,
      "members.1.name repeats a",
    ],
    [`{members: [${member("a", `, types: [${"x".repeat(129)}]`)}]}`, "members.0.types must"],
    ["{from: {file: ../x}}", "from.file must be the name"],
    ['{from: {file: x, sidecar: "http://a"}}', "from.file cannot stand beside"],
    ["{from: {file: x}, points: 0}", "points must be a whole number"],
    ["{from: {file: x}, replicas: 3}", "replicas is not known here"],
  ])("refuse %s", (text, message) => {
    expect(() => actors(text)).toThrow(ResourceError);
    expect(() => actors(text)).toThrow(message);
  });
});
