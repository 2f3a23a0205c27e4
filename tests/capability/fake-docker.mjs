#!/usr/bin/env node
// Understands as much of docker as the sidecar says to it. A container is this process, which serves HTTP; FAKE_DOCKER is a folder with a
// file for each, FAKE_DOCKER_SAYS what it says as it starts one, FAKE_DOCKER_LATE that it creates them late, whatever becomes of its client.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const folder = process.env.FAKE_DOCKER;
const [command, ...args] = process.argv.slice(2);
const file = (name) => join(folder, `${name}.json`);
const containers = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));

function fail(message) {
  process.stderr.write(`docker: ${message}\n\nRun 'docker ${command} --help' for more information\n`);
  process.exit(125);
}

const flags = new Set(["--rm", "--read-only", "--no-healthcheck"]);

/** docker takes a while to tell that a container has ended. */
const TOLD_MS = 400;

/** The switches, and the image that follows them. */
function read(args) {
  const switches = {};
  let at = 0;
  for (; args[at]?.startsWith("-"); at++) {
    if (flags.has(args[at])) switches[args[at]] = true;
    else switches[args[at]] = args[++at];
  }
  return { switches, rest: args.slice(at) };
}

function answer(request, response, server) {
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    if (body === "hang") return;
    if (body === "die") {
      server.close();
      server.closeAllConnections();
      process.stderr.write("it was told to\n");
      setTimeout(() => process.exit(3), TOLD_MS);
      return;
    }
    const said = { id: String(process.pid), url: request.url, body, headers: request.headers };
    response.setHeader("content-type", "application/json");
    setTimeout(() => response.end(JSON.stringify(said)), body === "slow" ? 1_500 : 0);
  });
}

if (command === "run" && process.env.FAKE_DOCKER_LATE) {
  const { "--name": name, "--label": label } = read(args).switches;
  spawn(process.execPath, [process.argv[1], "create", name, label], { detached: true, stdio: "ignore" });
  setInterval(() => undefined, 1_000);
} else if (command === "create") {
  const [name, label] = args;
  setTimeout(() => {
    writeFileSync(file(name), JSON.stringify({ name, labels: [label] }));
    writeFileSync(join(folder, "created"), "");
  }, TOLD_MS);
} else if (command === "run") {
  const { switches, rest } = read(args);
  const [image] = rest;
  if (rest.length !== 1) fail("one image is expected");
  if (image.startsWith("absent/")) fail(`Error response from daemon: pull access denied for ${image}`);
  process.stderr.write(process.env.FAKE_DOCKER_SAYS ?? "");
  const server = createServer((request, response) => answer(request, response, server));
  server.listen(0, "127.0.0.1", () => {
    const name = switches["--name"];
    const { port } = server.address();
    const one = { name, image, pid: process.pid, port, switches, labels: [switches["--label"]] };
    writeFileSync(`${file(name)}.new`, JSON.stringify(one));
    renameSync(`${file(name)}.new`, file(name));
    process.on("exit", () => rmSync(file(name), { force: true }));
    process.on("SIGTERM", () => process.exit(137));
  });
} else if (command === "port") {
  const [name] = args;
  if (!existsSync(file(name))) fail(`Error response from daemon: No such container: ${name}`);
  console.log(`127.0.0.1:${JSON.parse(readFileSync(file(name), "utf8")).port}`);
} else if (command === "rm") {
  for (const name of args.filter((arg) => !arg.startsWith("-"))) {
    if (!existsSync(file(name))) continue;
    const { pid } = JSON.parse(readFileSync(file(name), "utf8"));
    try {
      process.kill(pid, "SIGTERM");
    } catch {
      // What ran it was killed.
    }
    rmSync(file(name), { force: true });
    console.log(name);
  }
} else if (command === "ps") {
  const { switches } = read(args.filter((arg) => arg !== "--all"));
  const wanted = switches["--filter"].replace(/^label=/, "");
  for (const { name, labels } of containers()) if (labels.includes(wanted)) console.log(name);
} else if (command === "version") {
  console.log("Server: a stand-in");
} else fail(`unknown command: docker ${command}`);
