import { spawn } from "node:child_process";
import { ended } from "./ended.ts";
import { freePorts } from "./free-ports.ts";

export interface PlacementProcess {
  readonly address: string;
  /** Where `GET /placement/state` tells who hosts what. */
  readonly healthz: number;
  stop(): Promise<void>;
}

/** Dapr's placement service, by which daprd hosts actors. Who asks it waits until it listens. */
export async function startPlacement(): Promise<PlacementProcess> {
  const [port, healthz, raft] = (await freePorts(3)) as [number, number, number];
  const child = spawn(
    "placement",
    [
      ...["--port", String(port), "--healthz-port", String(healthz), "--enable-metrics=false"],
      ...["--listen-address", "127.0.0.1", "--healthz-listen-address", "127.0.0.1"],
      "--metadata-enabled",
      ...["--id", "suites", "--initial-cluster", `suites=127.0.0.1:${raft}`],
    ],
    { stdio: "ignore" },
  );
  return {
    address: `127.0.0.1:${port}`,
    healthz,
    async stop() {
      child.kill("SIGKILL");
      await ended(child);
    },
  };
}
