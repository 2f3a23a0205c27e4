import { beforeAll, describe, expect, it } from "vitest";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { admit } from "../../host/capability/admission.ts";
import { CapabilityGuest } from "../../host/capability/capability-guest.ts";
import {
  decodeMessage,
  encodeMessage,
  type MessageField,
  messageKind,
  textField,
  textOf,
} from "../../host/capability/message.ts";
import { linkComponent } from "../../host/node/cli/capability/component/link-component.ts";
import { capabilityWit, componentOf } from "./built-component.ts";
import { compiledRust, noRust } from "./compiled-rust.ts";

describe.skipIf(noRust)("a Wasm component of Rust, with the adapter of WASI that its library needs", () => {
  let guest: CapabilityGuest;
  beforeAll(async () => {
    const core = compiledRust("component-rust/guest.rs", "wasm32-wasi", "-zstack-size=65536");
    const component = await componentOf(core, capabilityWit(), "capability");
    const linked = new Uint8Array(await linkComponent(component, 16, import.meta.dirname));
    const terms = {
      abi: capabilityAbi,
      granted: { clock: true, random: true, rewrite: false },
      limits: { memory: 1 << 20 },
    };
    const { module, imports } = await admit(linked, { name: "guest", path: "guest.wasm" }, terms);
    const platform = { now: () => 1_234, random: (bytes: Uint8Array<ArrayBuffer>) => bytes.fill(7) };
    guest = await CapabilityGuest.start({ module, imports, answer: 4_096 }, platform);
  }, 120_000);

  const asked = (operation: string, name: string) => {
    const fields: MessageField[] = [textField(":operation", operation), textField("name", name)];
    return guest.call("handle", encodeMessage({ kind: messageKind.request, fields }));
  };

  it("answers for as long as one likes, and what it prints comes by lines", () => {
    for (let i = 1; i <= 2_000; i++) {
      const { bytes, lines } = asked("greet", "Žofie 🦊");
      const { fields } = decodeMessage(bytes);
      expect([textOf(fields, ":status"), textOf(fields, ":body")]).toEqual([
        "200",
        `Žofie 🦊 ${i} true true 0`,
      ]);
      expect(lines).toEqual([
        { level: "info", text: "asked for greet" },
        { level: "error", text: "name: Žofie 🦊, of 11 bytes" },
      ]);
    }
  });

  it("says why it panics", () => {
    expect(() => asked("panic", "Ada")).toThrow(
      expect.objectContaining({
        fault: "trap",
        lines: expect.arrayContaining([
          { level: "error", text: expect.stringContaining("no such luck, Ada") },
        ]),
      }),
    );
  });
});
