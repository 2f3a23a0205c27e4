import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Grant, readGrants } from "../../host/capability/grants.ts";
import { decodeMessage, textOf } from "../../host/capability/message.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { admitPackage } from "../../host/gateway/packages/admit-package.ts";
import { guestPlaces, none16 } from "../../host/gateway/table-shape.ts";
import { ResourceError } from "../../host/resources/fields.ts";
import { attacks, callAttacks, caller, manifests } from "../capability/attacks.ts";
import { guest, watPackage } from "../capability/wat-package.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { type Gateway, type GatewayOptions, startGateway } from "../hosts/wasmtime-host.ts";
import { appRow, storeRow } from "./gateway-table.ts";
import { plainUpstream, portOf, sidecarUpstream, underWasmtime } from "./gateways.ts";
import { type RawUpstream, startRawUpstream } from "./raw-upstream.ts";

const neighbour = watPackage("neighbour", guest());
const nameOf = ({ manifest }: PackageSource) => (manifest as { name: string }).name;
const granted = (grant: unknown): Grant | undefined =>
  grant === undefined ? undefined : readGrants({ p: grant }, "grants").get("p");

const call = (gateway: Gateway, name: string, body = "{}") =>
  gateway.fetch(`/v1.0/capabilities/${name}/run`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });

/** Some of a list, as many as one gateway has beside the neighbour. */
function shares<T>(list: readonly T[]): readonly (readonly T[])[] {
  const each = guestPlaces.most - 1;
  return Array.from({ length: Math.ceil(list.length / each) }, (_, i) =>
    list.slice(i * each, (i + 1) * each),
  );
}

async function serve(
  packages: readonly { readonly source: PackageSource; readonly grant?: unknown }[],
  options: GatewayOptions & { readonly given?: Parameters<typeof startGateway>[0] },
): Promise<Gateway> {
  const all = [{ source: neighbour, grant: undefined }, ...packages];
  const admitted = await Promise.all(
    all.map(({ source, grant }) => admitPackage(source, granted(grant), "gateway.yaml")),
  );
  return await startGateway(options.given ?? {}, { ...options, packages: admitted });
}

const atTheBuild = attacks.filter(({ gateway }) => "refused" in gateway);
const inTheCall = attacks.filter(({ gateway }) => !("refused" in gateway));

describe("a hostile package at a gateway's build", () => {
  it.each(atTheBuild.map((attack) => [attack.name, attack] as const))(
    "with %s is refused",
    async (_, { package: source, grant, gateway }) => {
      const says = "refused" in gateway ? gateway.refused : "";
      const refusal = await admitPackage(source, granted(grant), "gateway.yaml").catch(
        (error: Error) => error,
      );
      expect(refusal).toBeInstanceOf(ResourceError);
      const { message } = refusal as ResourceError;
      expect(message).toContain(`gateway.yaml: package ${nameOf(source)} was not let in: `);
      expect(message).toContain(says);
    },
  );

  it.each(manifests)("with the manifest of %s is refused", async (_, manifest, says) => {
    await expect(admitPackage({ ...neighbour, manifest }, undefined, "gateway.yaml")).rejects.toThrow(says);
  });
});

for (const reused of [false, true]) {
  const how = reused ? "reused" : "fresh";
  // Each that is late takes a second: once is enough.
  const played = inTheCall.filter(({ late }) => reused || !late);
  for (const [i, share] of shares(played).entries()) {
    underWasmtime(`a hostile package in a gateway with ${how} instances (${i + 1})`, () => {
      let gateway: Gateway;
      let silent: RawUpstream;
      beforeAll(async () => {
        const packages = share.map((attack) => ({ source: attack.package, grant: attack.grant }));
        silent = await startRawUpstream(() => undefined);
        const apps = [appRow("app", [plainUpstream(silent.port)])];
        gateway = await serve(packages, { reused, given: { apps } });
      });
      afterAll(async () => {
        await gateway?.stop();
        await silent?.close();
      });

      it.each(share.map((attack) => [attack.name, attack] as const))(
        "with %s ends with its call, and others notice nothing",
        async (_, attack) => {
          const expected = "refused" in attack.gateway ? undefined : attack.gateway;
          const answer = call(gateway, nameOf(attack.package), attack.body);
          expect((await call(gateway, "neighbour")).status).toBe(200);
          const { status, text } = await answer;
          expect([status, text]).toEqual([
            expected?.status,
            expect.stringContaining(expected?.says ?? "Internal Server Error"),
          ]);
          expect((await call(gateway, "neighbour")).status).toBe(200);
        },
      );
    });
  }
}

const codes: Readonly<Record<string, string>> = { 400: "ERR_BAD_REQUEST", 403: "ERR_CAPABILITY_NOT_GRANTED" };

for (const share of shares(callAttacks)) {
  underWasmtime("a hostile call of the gateway", () => {
    let gateway: Gateway;
    let target: Target;
    const folder = mkdtempSync(join(tmpdir(), "daprlet-attacks-"));
    beforeAll(async () => {
      target = await startTarget();
      const packages = share.map((attack, i) => ({ source: caller(`caller-${i}`, attack), grant: "all" }));
      const place = {
        id: "",
        upstreams: [sidecarUpstream(portOf(target.url))],
        policy: none16,
        anyNamespace: 0,
      };
      gateway = await serve(packages, {
        variant: "http+sockets+folder+packages",
        reused: true,
        folder,
        given: {
          apps: [appRow("app", [plainUpstream(portOf(target.url))])],
          stores: [storeRow("statestore", { folder: "s" })],
          remotes: [place],
          pubsubs: [{ name: "pubsub", component: "pubsub", remote: 0, spoolBytes: 0, spoolEvents: 0 }],
        },
      });
    });
    afterAll(async () => {
      await gateway?.stop();
      await target?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it.each(share.map((attack, i) => [attack.name, attack, i] as const))("for %s", async (_, attack, i) => {
      const response = await call(gateway, `caller-${i}`);
      expect(response.status).toBe(200);
      const { fields } = decodeMessage(response.bytes);
      expect([textOf(fields, ":status"), textOf(fields, ":error")]).toEqual([
        attack.status,
        attack.says ?? codes[attack.status],
      ]);
    });
  });
}
