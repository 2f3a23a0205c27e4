import { flag, text } from "../../components/metadata-schema.ts";
import { defineMiddleware, type MiddlewareDefinition } from "../../components/middleware/middleware.ts";
import type { HttpWasmSettings } from "../confinement.ts";
import { type HttpWasmGuests, HttpWasmMiddleware } from "../http-wasm/http-wasm-middleware.ts";
import { plainLog } from "../plain-log.ts";

/** The guests of a package's module, as it is loaded at present. */
export interface PackageGuests {
  of(settings: HttpWasmSettings): HttpWasmGuests;
  end(settings: HttpWasmSettings): void;
}

/** A middleware that a package's module of http-wasm is. */
export function offeredHttpWasm(
  type: `middleware.http.${string}`,
  { version, summary }: Pick<MiddlewareDefinition, "version" | "summary">,
  guests: PackageGuests,
  maxBodySize: number,
): MiddlewareDefinition {
  return defineMiddleware({
    type,
    version,
    summary,
    metadata: {
      guestConfig: text("What the guest reads as its configuration.", ""),
      strictSandbox: flag("Whether the guest is told neither the time nor anything random.", false),
    },
    features: [],
    async open({ guestConfig, strictSandbox }, { name, log }) {
      const config = new TextEncoder().encode(guestConfig);
      const settings = { config, strict: strictSandbox, level: log.level };
      return new HttpWasmMiddleware({
        name,
        type,
        guests: () => guests.of(settings),
        trusted: false,
        maxBodySize,
        log: plainLog(log),
        close: () => guests.end(settings),
      });
    },
  });
}
