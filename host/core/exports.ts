/** The exports of core.wasm that the host binds to. `assembly/index.ts` says what each one means. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  abi(): number;
  inbox(): number;
  chunk(): number;
  result(): number;
  outbox(): number;
  tables(): number;
  route(method: number, length: number): number;
  normalise(length: number): number;
  policies(size: number, fallback: number): number;
  allows(verb: number, app: number, namespace: number, domain: number, path: number): number;
  begin(shape: number): void;
  feed(length: number, last: number): number;
  frame(): number;
  complete(marks: number): number;
  escape(length: number, last: number): number;
  base64(length: number): number;
  data(): number;
  ring(points: number): number;
  host(length: number, owner: number, replicas: number): number;
  seal(): void;
  owner(length: number): number;
  peers(hosts: number, bytes: number): number;
  peer(length: number, owner: number): void;
  preferred(length: number): number;
  directory(): number;
  kind(type: number, timeout: number): number;
  size(): number;
  active(type: number): number;
  activate(type: number, length: number, now: number): number;
  find(type: number, length: number): number;
  actor(number: number): number;
  remove(number: number): number;
  next(type: number, number: number): number;
  ask(number: number, length: number, deepest: number): number;
  done(ticket: number, now: number): number;
  following(ticket: number): number;
  runs(ticket: number): number;
  idle(now: number, limit: number): number;
  due(): number;
  xxhash(length: number, place: number): bigint;
  blake(length: number, place: number): void;
  traceparent(length: number): number;
  backoff(
    exponential: number,
    interval: number,
    retries: number,
    longest: number,
    failures: number,
    elapsed: number,
    chance: number,
  ): number;
  breaker(now: number): number;
  enter(now: number): number;
  leave(now: number, generation: number, outcome: number): number;
  trip(now: number): void;
}

/** The version of the exports' meaning that this host was written for. */
const version = 4;

/** Instantiates the module, which has no imports. Throws when it is of another version than this host. */
export function instantiate(module: WebAssembly.Module): CoreExports {
  const exports = new WebAssembly.Instance(module).exports as unknown as CoreExports;
  const found = exports.abi?.();
  if (found !== version) throw new Error(`core.wasm has ABI version ${found}, this host needs ${version}`);
  return exports;
}
