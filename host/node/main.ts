#!/usr/bin/env node
import module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Lets Node keep what it compiled for the next start, where it can (from 22.1): in the user's own folder, since who may write
 * into it has this process run what he likes.
 */
function keepCompiled(): void {
  const { enableCompileCache } = module as { enableCompileCache?(folder: string): unknown };
  try {
    enableCompileCache?.(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "daprlet"));
  } catch {
    // A user without a home starts all the same.
  }
}

keepCompiled();
// Only now: what is imported above is compiled before it runs.
const { startCommandLine } = await import("./cli/command-line.ts");
startCommandLine();
