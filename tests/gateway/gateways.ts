import { describe } from "vitest";
import type { UpstreamRow } from "../../host/gateway/table-shape.ts";
import { missingWasmtime } from "../hosts/wasmtime-host.ts";
import { upstreamRow } from "./gateway-table.ts";

/** Declares tests that need wasmtime: left out where it is missing, but for `CI=true`. */
export function underWasmtime(name: string, tests: () => void): void {
  describe.skipIf(missingWasmtime !== undefined && process.env.CI !== "true")(
    missingWasmtime === undefined ? name : `${name} (${missingWasmtime})`,
    tests,
  );
}

/** An app on a port of this machine, called through the host's client. */
export function plainUpstream(port: number, given: Partial<UpstreamRow> = {}): UpstreamRow {
  return upstreamRow({ port, transport: 1, ...given });
}

/** A sidecar or another gateway on a port of this machine. */
export function sidecarUpstream(port: number, given: Partial<UpstreamRow> = {}): UpstreamRow {
  return plainUpstream(port, { protocol: 1, ...given });
}

/** What an app of `startTarget` answers: what it was sent. */
export interface Seen {
  readonly method: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const portOf = (url: string) => Number(new URL(url).port);
