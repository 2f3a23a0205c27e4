import { resolve } from "node:path";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { compileAssemblyScript } from "../../host/node/cli/capability/compile-assemblyscript.ts";
import { packageOf } from "./wat-package.ts";

/** Two functions: `count` is called by all that calls functions, `bill` once its prerequisites are there. Both count in the app's state. */
export async function tallyPackage(): Promise<PackageSource> {
  const source = resolve(import.meta.dirname, "tally/index.ts");
  const bytes = new Uint8Array(await compileAssemblyScript(source, 16));
  return packageOf("tally", bytes, {
    offers: [
      {
        kind: "function",
        name: "count",
        topics: [{ pubsub: "pubsub", topic: "counted" }],
        bindings: [{ binding: "tick" }],
        timers: [{ name: "tock", schedule: "@every 1s" }],
      },
      {
        kind: "function",
        name: "bill",
        prerequisites: { store: "statestore", inputs: ["flight", "hotel", "car"], by: "/trip" },
        topics: [{ pubsub: "pubsub", topic: "flights", input: "flight" }],
      },
    ],
    needs: { state: [{ store: "statestore", access: "write", keys: "" }] },
    limits: { timeMs: 20_000 },
  });
}
