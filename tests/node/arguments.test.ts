import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkFlags, parseArguments, UsageError } from "../../host/node/cli/arguments.ts";
import { flags } from "../../host/node/cli/flags.ts";

const read = (...args: string[]) => parseArguments(args);

describe("the switches of run and daprd", () => {
  it.each([
    [["--app-id", "a"], "app-id", "a"],
    [["--app-id=a=b"], "app-id", "a=b"],
    [["-a", "a"], "app-id", "a"],
    [["-aa"], "app-id", "a"],
    [["-p=3000"], "app-port", "3000"],
    [["--port", "1", "--dapr-http-port", "2"], "dapr-http-port", "2"],
    [["--max-concurrency", "-1"], "app-max-concurrency", "-1"],
    [["--component-path", "c"], "resources-path", "c"],
    [["--protocol", "https"], "app-protocol", "https"],
    [["--grpc-port", "50001"], "dapr-grpc-port", "50001"],
    [["--app-id", "--strange"], "app-id", "--strange"],
    [["--relay"], "relay", "3499"],
    [["--relay", "4000"], "relay", "4000"],
    [["--relay", "wss://r.example"], "relay", "wss://r.example"],
    [["--app-id", "-port"], "app-id", "-port"],
    [["--app-id", "--relay"], "app-id", "--relay"],
    [["-app-id", "a"], "app-id", "a"],
    [["-app-id=-a"], "app-id", "-a"],
    [["-enable-metrics=false"], "enable-metrics", "false"],
    [["--strict"], "strict", "true"],
    [["--enable-metrics=false"], "enable-metrics", "false"],
    [["--log-as-json=TRUE"], "log-as-json", "true"],
  ])("reads %j", (args, name, value) => {
    const { given, rest } = read(...(args as string[]));
    expect(given.text(name as string)).toBe(value);
    expect(rest).toEqual([]);
  });

  it.each([
    [
      ["--app-id", "a", "node", "app.js", "--port", "1"],
      ["node", "app.js", "--port", "1"],
    ],
    [
      ["--app-id", "a", "--", "node", "--app-id", "b"],
      ["node", "--app-id", "b"],
    ],
    [
      ["--relay", "node", "app.js"],
      ["node", "app.js"],
    ],
    [
      ["--strict", "echo", "--", "a"],
      ["echo", "--", "a"],
    ],
    [["--", "--help"], ["--help"]],
    [["-"], ["-"]],
  ])("leaves the app's command of %j alone", (args, rest) => {
    expect(read(...(args as string[])).rest).toEqual(rest);
  });

  it("collects what is given twice where all count", () => {
    const { given } = read("-d", "a", "--resources-path", "b", "--components-path", "c");
    expect(given.texts("resources-path")).toEqual(["a", "b", "c"]);
    expect(read("-d", "a,b", "--resources-path=c").given.paths("resources-path")).toEqual(["a", "b", "c"]);
  });

  it.each([
    [["--no-such"], "unknown option '--no-such'"],
    [["--no-such=x"], "unknown option '--no-such'"],
    [["-Z"], "unknown option '-Z'"],
    [["--app-id"], "--app-id takes a value: <id>"],
    [["--strict=perhaps"], "--strict is true or false, not perhaps"],
  ])("refuses %j", (args, message) => {
    expect(() => read(...(args as string[]))).toThrow(new UsageError(message as string));
  });

  it("reads sizes, ports and lists", () => {
    const { given } = read(
      ...["--max-body-size", "4Mi", "--read-buffer-size", "1500", "--dapr-http-port", "0"],
      ...["--dapr-listen-addresses", "127.0.0.1, [::1]"],
    );
    expect(given.bytes("max-body-size")).toBe(4 << 20);
    expect(given.bytes("read-buffer-size")).toBe(1500);
    expect(given.port("dapr-http-port")).toBeUndefined();
    expect(given.list("dapr-listen-addresses")).toEqual(["127.0.0.1", "::1"]);
    expect(given.port("app-port")).toBeUndefined();
  });

  it("has every name and every letter once", () => {
    const names = flags.flatMap((flag) => [...flag.names, ...(flag.short === undefined ? [] : [flag.short])]);
    expect(new Set(names).size).toBe(names.length);
  });

  it("says in one sentence what has no effect yet, and refuses what cannot be done", () => {
    const { given } = read(
      "--profile-port",
      "7777",
      "--dapr-grpc-port",
      "50001",
      "--app-id",
      "a",
      "--enable-profiling",
    );
    expect(checkFlags(given)).toBe(
      "accepted, without effect yet: --dapr-grpc-port (the gRPC API is not served yet), --profile-port, --enable-profiling (use node --inspect or --cpu-prof)",
    );
    expect(checkFlags(read("--app-id", "a").given)).toBeUndefined();
    expect(() => checkFlags(read("-k").given)).toThrow(/^--kubernetes: /);
    expect(() => checkFlags(read("--enable-mtls").given)).toThrow(/^--enable-mtls: /);
    expect(checkFlags(read("--enable-mtls=false", "--kubernetes=false").given)).toBeUndefined();
  });

  it("reads or refuses anything, and never loses a word of the command", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom("--", "--relay", "-a", "--app-id", "--strict", "--x=", "-", "--strict=false", "-p1"),
    );
    fc.assert(
      fc.property(fc.array(word), (args) => {
        try {
          const { rest, help } = parseArguments(args);
          expect(help || args.slice(args.length - rest.length)).toEqual(help || rest);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
