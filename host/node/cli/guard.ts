import { spawn } from "node:child_process";

/** Waits until nobody holds its input any more, asks a process to end, and ends it when it has not after 10 s. */
const script = `
read _
kill -TERM "$1" 2>/dev/null || exit
n=0
while [ $n -lt 100 ] && kill -0 "$1" 2>/dev/null; do sleep 0.1; n=$((n+1)); done
kill -KILL "$1" 2>/dev/null
`;

/**
 * Sees to it that another process ends when this one does, even where it is killed and can do nothing more itself: a
 * shell holds the other end of a pipe that the system closes. Answers what calls it off.
 */
export function guard(pid: number): () => void {
  if (process.platform === "win32") return () => undefined;
  // In a group of its own: what a terminal sends to all of this one must not end it first.
  const shell = spawn("/bin/sh", ["-c", script, "guard", String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  shell.once("error", () => undefined);
  shell.stdin.once("error", () => undefined);
  shell.unref();
  return () => shell.kill("SIGKILL");
}
