import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { message: string };
}

/**
 * One tab, driven by Target and Runtime alone: what a test runner switches on beside them (the Network domain,
 * attached workers) would be measured as well.
 */
export interface Tab {
  goto(url: string): Promise<void>;
  /** Evaluates an expression; a promise is awaited. Throws what it throws. */
  evaluate<T>(expression: string): Promise<T>;
  send(method: string, parameters?: object): Promise<Record<string, unknown>>;
}

export interface Chromium {
  open(): Promise<Tab>;
  close(): Promise<void>;
}

export async function launchChromium(path: string): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), "daprlet-chromium-"));
  const child: ChildProcess = spawn(
    path,
    [
      ...["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      ...["--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    ],
    { stdio: "ignore" },
  );
  const address = await (async () => {
    for (let tries = 0; tries < 600; tries++) {
      try {
        const [port, endpoint] = readFileSync(join(profile, "DevToolsActivePort"), "utf8").split("\n");
        if (endpoint) return `ws://127.0.0.1:${port}${endpoint}`;
      } catch {
        // Not written yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error("chromium did not open its debugging port");
  })();
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  let last = 0;
  const waiting = new Map<number, { resolve(answer: Answer): void }>();
  socket.on("message", (data) => {
    const answer = JSON.parse(String(data)) as Answer;
    if (answer.id === undefined) return;
    waiting.get(answer.id)?.resolve(answer);
    waiting.delete(answer.id);
  });
  const send = async (method: string, params: object = {}, sessionId?: string) => {
    const id = ++last;
    const answer = await new Promise<Answer>((resolve) => {
      waiting.set(id, { resolve });
      socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    });
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result ?? {};
  };
  const open = async (): Promise<Tab> => {
    const { targetId } = await send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    const own = (method: string, params: object = {}) => send(method, params, String(sessionId));
    const evaluate = async <T>(expression: string): Promise<T> => {
      const answer = (await own("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
        userGesture: true,
      })) as {
        result: { value: T };
        exceptionDetails?: { text: string; exception?: { description?: string } };
      };
      const failed = answer.exceptionDetails;
      if (failed !== undefined) throw new Error(failed.exception?.description ?? failed.text);
      return answer.result.value;
    };
    return {
      evaluate,
      send: own,
      async goto(url) {
        await evaluate(`void (location.href = ${JSON.stringify(url)})`);
        const ready = `location.href === ${JSON.stringify(url)} && document.readyState === "complete" && window.ready === true`;
        for (let tries = 0; tries < 400; tries++) {
          if (await evaluate<boolean>(ready).catch(() => false)) return;
          await new Promise((resolve) => setTimeout(resolve, 25));
        }
        throw new Error(`${url} did not load`);
      },
    };
  };
  return {
    open,
    async close() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      await send("Browser.close").catch(() => child.kill("SIGKILL"));
      await gone;
      socket.close();
      // Its helpers may still be writing; what they leave is in the temporary folder.
      try {
        rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      } catch {}
    },
  };
}
