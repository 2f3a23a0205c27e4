import { spawn } from "node:child_process";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** `npm start`, as a newcomer runs it. Resolves with the one URL it prints. */
export async function startDemo(port: number): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, ["scripts/start.mjs"], {
    cwd: root,
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const url = await new Promise<string>((found, failed) => {
    const late = setTimeout(
      () => failed(new Error(`npm start printed no URL in 120 s:\n${output}`)),
      120_000,
    );
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const line = /running in a page:\s+(\S+)/.exec(output);
      if (line === null) return;
      clearTimeout(late);
      found(line[1] as string);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", (code) => failed(new Error(`npm start ended with ${code}:\n${output}`)));
  });
  return {
    url,
    stop: () =>
      new Promise((ended) => {
        child.removeAllListeners("exit");
        child.once("exit", () => ended());
        child.kill("SIGTERM");
      }),
  };
}
