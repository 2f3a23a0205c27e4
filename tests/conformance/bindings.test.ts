import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { BindingDefinition, OutputBinding } from "../../host/components/bindings/binding.ts";
import { cronBinding } from "../../host/components/bindings/cron.ts";
import { httpBinding } from "../../host/components/bindings/http.ts";
import { inMemoryBinding } from "../../host/components/bindings/in-memory.ts";
import { decodeMetadata } from "../../host/components/metadata-schema.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import { localStorageBinding } from "../../host/node/components/bindings-localstorage.ts";
import { nodeHttpExchange } from "../../host/node/components/http-exchange.ts";
import { broadcastChannelBinding } from "../../worker/components/bindings-broadcastchannel.ts";
import { clipboardBinding } from "../../worker/components/bindings-clipboard.ts";
import { filePickerBinding } from "../../worker/components/bindings-filepicker.ts";
import { notificationBinding } from "../../worker/components/bindings-notification.ts";
import type { NoticeClick, PageDevices } from "../../worker/components/page-devices.ts";
import { startTarget, type Target } from "../hosts/target.ts";
import { type BindingHost, bindingConformance } from "./bindings.ts";
import { testContext } from "./test-context.ts";

const folder = mkdtempSync(join(tmpdir(), "daprlet-bindings-"));
let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(async () => {
  await target.close();
  rmSync(folder, { recursive: true });
});

const listeners = new Map<string, (click: NoticeClick) => void>();
/** A user who allows everything but one file. */
const devices: PageDevices = {
  async ask(_, request) {
    if (request.kind === "save-file" && request.name === "no") {
      throw new ComponentError("PERMISSION_DENIED", "the user said no");
    }
    return { text: "copied" };
  },
  notify: async () => undefined,
  onClick(source, listener) {
    listeners.set(source, listener);
    return () => listeners.delete(source);
  },
};

interface Entry extends Partial<BindingHost> {
  readonly definition: BindingDefinition;
  metadata?(): Readonly<Record<string, string>>;
}

const create = async (binding: unknown, n: number) =>
  (binding as OutputBinding).invoke({
    operation: "create",
    data: new TextEncoder().encode(String(n)),
    metadata: new Map(),
    signal: undefined,
  });

/** Every binding that can run here; those of Redis and of other sidecars have their own servers and tests. */
const entries: readonly (Entry & { clock: FakeClock })[] = [
  ...[httpBinding(), httpBinding(nodeHttpExchange)].map((definition) => ({
    clock: new FakeClock(),
    definition,
    metadata: () => ({ url: target.url }),
    succeeds: { operation: "post", data: '{"n":1}' },
    fails: { operation: "post", metadata: { path: "status/500" } },
  })),
  {
    clock: new FakeClock(),
    definition: localStorageBinding,
    metadata: () => ({ rootPath: folder }),
    succeeds: { operation: "create", data: '"text"', metadata: { fileName: "same" } },
    fails: { operation: "get", metadata: { fileName: "nowhere" } },
  },
  {
    clock: new FakeClock(),
    definition: inMemoryBinding,
    succeeds: { operation: "create", data: "1" },
    emit: create,
  },
  {
    clock: new FakeClock(),
    definition: cronBinding,
    metadata: () => ({ schedule: "@every 10s" }),
    distinct: false,
    merges: true,
  },
  {
    clock: new FakeClock(),
    definition: broadcastChannelBinding,
    metadata: () => ({ channel: "conformance" }),
    succeeds: { operation: "create", data: "[1]" },
    async emit(_, n) {
      const channel = new BroadcastChannel("conformance");
      channel.postMessage({ n });
      await new Promise((resolve) => setTimeout(resolve, 5));
      channel.close();
    },
  },
  {
    clock: new FakeClock(),
    definition: notificationBinding(devices),
    succeeds: { operation: "create", data: '{"title":"t"}' },
    async emit(_, n) {
      listeners.get("app/binding")?.({ title: "t", action: "", data: n });
    },
  },
  {
    clock: new FakeClock(),
    definition: clipboardBinding(devices),
    succeeds: { operation: "get" },
  },
  {
    clock: new FakeClock(),
    definition: filePickerBinding(devices),
    succeeds: { operation: "create", data: '"text"' },
    fails: { operation: "create", metadata: { fileName: "no" } },
  },
];

entries.forEach(({ definition, metadata, clock, ...rest }, i) => {
  describe(`${definition.type}${i === 0 ? " by fetch" : ""}`, () => {
    const host: BindingHost = {
      name: definition.type,
      features: definition.features,
      clock,
      open() {
        const given = new Map(Object.entries(metadata?.() ?? {}));
        const decoded = decodeMetadata("binding", definition.metadata, given, () => undefined);
        return definition.open(decoded, testContext("binding", clock));
      },
      ...rest,
    };
    for (const { name, run } of bindingConformance(host)) it(name, run);
  });
});
