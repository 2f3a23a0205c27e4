import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { capabilityAbi } from "../../host/capability/abi.ts";
import { admit } from "../../host/capability/admission.ts";
import { linkComponent } from "../../host/node/cli/capability/component/link-component.ts";
import { Guest } from "./guest.ts";

/** By hand: a component that componentize-js, componentize-qjs or componentize-py made, of megabytes, that answers 200. */
const file = process.env.SCRIPT_COMPONENT;

it.skipIf(file === undefined)(
  "a Wasm component with an engine of scripts answers for as long as one likes in 32 MiB",
  async () => {
    const bytes = new Uint8Array(await linkComponent(readFileSync(file ?? ""), 512, import.meta.dirname));
    const granted = { clock: true, random: true, rewrite: false };
    const terms = { abi: capabilityAbi, granted, limits: { memory: 32 << 20 } };
    const module = await admit(bytes, { name: "main", path: "main.wasm" }, terms);
    const guest = await Guest.start(module, { answer: 4096 }, { now: () => 1000 });
    for (let i = 0; i < 20_000; i++) {
      const { status } = guest.call([
        [":operation", "greet"],
        [":path", "/x"],
        [":body", ""],
        ["name", "n".repeat(i % 100)],
      ]);
      expect(status).toBe(200);
    }
  },
  300_000,
);
