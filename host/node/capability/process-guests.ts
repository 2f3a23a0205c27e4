import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Guest, Step } from "../../capability/confinement.ts";
import { GuestFault } from "../../capability/guest-fault.ts";
import type { Processes } from "../../capability/loaded-package.ts";
import type { Limits, ProcessEntry } from "../../capability/manifest.ts";
import {
  decodeMessage,
  encodeMessage,
  fieldOf,
  type MessageField,
  messageKind,
  textField,
  textOf,
} from "../../capability/message.ts";

/** Linux takes no argument of more than 128 KiB. */
const MAX_INPUT = 120 << 10;

/** Of what a program says of its failure: the last line, so long. */
const MAX_SAID = 300;

/** Where packages' programs run: processes of this machine, ended with all that they started. Nothing confines them. */
export const nodeProcesses: Processes = (entry, folder, limits) => ({
  open: async () => new ProcessGuest(entry, folder, limits),
  close: async () => undefined,
});

function answer(...fields: readonly MessageField[]): Step {
  return { bytes: encodeMessage({ kind: messageKind.answer, fields }), lines: [] };
}

function failed(status: number, message: string): Step {
  const code = status < 500 ? "ERR_BAD_REQUEST" : "ERR_FUNCTION_FAILED";
  return answer(textField(":status", String(status)), textField(":error", code), textField(":body", message));
}

/** Why a program cannot be given this; undefined: it can. */
function refusal(input: string, { inputType }: ProcessEntry): string | undefined {
  if (input.includes("\0")) return "its input holds a zero byte, which no argument of a program may";
  if (Buffer.byteLength(input) > MAX_INPUT)
    return `its input has more than ${MAX_INPUT} bytes, which no argument of a program may`;
  if (inputType !== "json") return undefined;
  try {
    JSON.parse(input);
    return undefined;
  } catch {
    return "its input is not JSON, which its input-type is";
  }
}

/** Runs one program at a time, with the id and the input of a call as its arguments; what it writes is the answer. */
class ProcessGuest implements Guest {
  readonly #entry: ProcessEntry;
  readonly #folder: string;
  readonly #limits: Limits;
  #running: ChildProcess | undefined;

  constructor(entry: ProcessEntry, folder: string, limits: Limits) {
    this.#entry = entry;
    this.#folder = folder;
    this.#limits = limits;
  }

  async start(): Promise<void> {}

  async call(_entry: string, message: Uint8Array): Promise<Step> {
    const { fields } = decodeMessage(message);
    const input = new TextDecoder().decode(fieldOf(fields, ":body"));
    const why = refusal(input, this.#entry);
    if (why !== undefined) return failed(400, why);
    const { command, idSwitch, inputSwitch } = this.#entry;
    const given = [
      ...(idSwitch === undefined ? [] : [idSwitch, textOf(fields, ":id") ?? ""]),
      ...(inputSwitch === undefined ? [] : [inputSwitch, input]),
    ];
    return await this.#run([join(this.#folder, command), ...given]);
  }

  /** Its whole group: a program may have started others. */
  end(): void {
    const pid = this.#running?.pid;
    this.#running = undefined;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }

  #run(args: readonly string[]): Promise<Step> {
    const { runtime, command } = this.#entry;
    return new Promise((resolve, reject) => {
      const child = spawn(runtime, args, {
        cwd: this.#folder,
        // Nothing of the sidecar's: its environment holds secrets.
        env: { PATH: process.env.PATH },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      this.#running = child;
      const written: Buffer[] = [];
      let size = 0;
      let said = "";
      child.stdout.on("data", (chunk: Buffer) => {
        written.push(chunk);
        size += chunk.length;
        if (size <= this.#limits.answer) return;
        reject(new GuestFault("budget", `it writes more than ${this.#limits.answer} bytes`));
        this.end();
      });
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        said = (said + chunk).slice(-2 * MAX_SAID);
      });
      child.on("error", (error) =>
        reject(new GuestFault("refused", `${runtime} cannot be run: ${error.message}`)),
      );
      child.on("close", (code, signal) => {
        this.#running = undefined;
        if (code === 0) {
          const type = textField("content-type", "text/plain; charset=utf-8");
          return resolve(answer(type, [":body", Buffer.concat(written)]));
        }
        const line = said.trim().split("\n").at(-1)?.slice(-MAX_SAID) ?? "";
        const how = code === null ? `was ended by ${signal}` : `exited with ${code}`;
        resolve(failed(500, `${command} ${how}${line === "" ? "" : `: ${line}`}`));
      });
    });
  }
}
