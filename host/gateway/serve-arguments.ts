import { type GatewayTable, transports } from "./table-shape.ts";

/** Requests that one instance answers before another takes its place: what it holds is made anew so often. */
const REUSES = 10_000;
/** How long an instance that has nothing to do keeps its connections, and an end that was asked for is waited for. */
const IDLE = "5s";

/** Which parts of WASI a gateway is for, and so which of the files that ship. */
export interface Needs {
  readonly sockets: boolean;
  readonly folder: boolean;
  /** Guests of packages. */
  readonly packages: boolean;
}

/** What the configuration needs. */
export function needsOf({
  apps,
  sites,
  secrets,
  stores,
  secretStores,
  remotes,
  actors,
  guests,
  folder: named,
}: Pick<
  GatewayTable,
  "apps" | "sites" | "secrets" | "stores" | "secretStores" | "remotes" | "actors" | "guests" | "folder"
>): Needs {
  const members = actors.flatMap((each) => each.members);
  const upstreams = [...apps, ...sites, ...remotes, ...members].flatMap((target) => target.upstreams);
  const sockets = upstreams.some(({ transport }) => transport === transports.sockets);
  // All but the smallest import the environment; events and actors are in those with a folder, which grants nothing unless
  // it is opened.
  const environment = secrets.length + secretStores.length > 0;
  const files = stores.length > 0 || named !== "";
  const folder = files || remotes.length + actors.length > 0 || (environment && !sockets);
  const packages = guests.length > 0;
  // With guests there are two files: one that imports least, and one that has everything.
  const all = packages && (sockets || folder);
  return { sockets: sockets || all, folder: folder || all, packages };
}

/** The file that imports no more than what is needed. */
export function variantOf({ sockets, folder, packages }: Needs): string {
  return `http${sockets ? "+sockets" : ""}${folder ? "+folder" : ""}${packages ? "+packages" : ""}`;
}

/** `127.0.0.1:3500`, or with brackets. */
const socketAddress = (address: string, port: number) =>
  `${address.includes(":") ? `[${address}]` : address}:${port}`;

/** Whether a file imports an interface of a package of WASI. */
const imports = (names: readonly string[], what: string) =>
  names.some((name) => name.startsWith(`wasi:${what}/`));

/** What a gateway's file is allowed to use of its host: what it imports, and what its configuration reads. */
function grants(gateway: GatewayTable, names: readonly string[]): readonly string[] {
  const sockets = imports(names, "sockets");
  return [
    // In its working folder where it is no path of its own.
    ...(gateway.folder === "" ? [] : ["--dir", `${gateway.folder}::/`]),
    ...(sockets ? ["-S", "inherit-network,tcp,allow-ip-name-lookup"] : []),
    // Which variables a store has, only the environment knows.
    ...(gateway.secretStores.some(({ guests }) => guests.length === 0)
      ? ["-S", "inherit-env"]
      : gateway.secrets.flatMap(({ variable }) => ["--env", variable])),
  ];
}

/**
 * What `wasmtime` is told so that it serves this gateway: what it may use, and how instances are kept. Not how
 * long a request may last: that ends answers that take their time, and their callers take them for whole.
 */
export function serveArguments(
  file: string,
  gateway: GatewayTable,
  names: readonly string[],
  listen: { readonly address?: string | undefined; readonly port?: number | undefined } = {},
): readonly string[] {
  const { address = gateway.listenAddress, port = gateway.listenPort } = listen;
  return [
    "serve",
    ...["--addr", socketAddress(address, port)],
    ...["--max-instance-reuse-count", String(REUSES), "--idle-instance-timeout", IDLE],
    ...["-O", "pooling-allocator=y"],
    ...(["cli", "filesystem", "sockets"].some((what) => imports(names, what)) ? ["-S", "cli"] : []),
    ...grants(gateway, names),
    file,
  ];
}

/** The same for one call of the API, whose options follow; undefined where the file is no command. */
export function commandArguments(
  file: string,
  gateway: GatewayTable,
  names: readonly string[],
): readonly string[] | undefined {
  return imports(names, "cli") ? ["run", "-S", "http", ...grants(gateway, names), file] : undefined;
}
