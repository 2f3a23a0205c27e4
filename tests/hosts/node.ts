import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ofPrograms, startPair } from "./daprd.ts";
import type { HostDefinition } from "./host.ts";

/** The built command line, run as its users run it. */
export const daprletProgram = fileURLToPath(new URL("../../dist/node/main.js", import.meta.url));

/** `daprlet daprd …`: takes daprd's flags, so it is started in the very same way. */
export const node: HostDefinition = {
  name: "Node",
  dialect: "daprlet",
  required: true,
  features: new Set([...ofPrograms, "actors", "placement", "reminders", "locks", "settings"]),
  missing: existsSync(daprletProgram) ? undefined : "dist/node/main.js is not built: run `npm run build`",
  start: (options = {}) => startPair({ ...options, program: [process.execPath, daprletProgram, "daprd"] }),
};
