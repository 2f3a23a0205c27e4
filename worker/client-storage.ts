import { ComponentError } from "../host/errors/component-error.ts";
import { consoleLog, systemClock } from "../host/web-platform.ts";
import { databasePrefix } from "./storage/database-names.ts";
import { storageAvailable } from "./storage/durability.ts";
import { exportState, type StateOptions } from "./storage/export-state.ts";
import { type Imported, importState } from "./storage/import-state.ts";

export { persist } from "./storage/persist.ts";

function optionsOf(scope: string): StateOptions {
  if (!storageAvailable()) {
    throw new ComponentError(
      "FAILED_PRECONDITION",
      "the browser gives this page no storage, so what it keeps is in memory and cannot be exported or imported",
    );
  }
  return {
    databasePrefix: databasePrefix(scope),
    clock: systemClock,
    log: consoleLog("warn", "daprlet"),
  };
}

/** All that the components of a scope keep, as a file. */
export async function exportScope(scope: string): Promise<Blob> {
  return await exportState(optionsOf(scope));
}

/** Puts back what {@link exportScope} made: all of a component's data or none. */
export async function importScope(scope: string, file: Blob): Promise<readonly Imported[]> {
  return await importState(file, optionsOf(scope));
}
