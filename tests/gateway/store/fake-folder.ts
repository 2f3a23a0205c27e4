/** What the engine's imports answer, out of files in memory: the interface of wasi:filesystem as far as it uses it. */

const NO_ENTRY = 20;
const EXISTS = 7;
const NO_SPACE = 23;

/** A host that dies in the midst of a call: nothing after it happens in that instance. */
export class Killed extends Error {}

export class FakeFolder {
  readonly files = new Map<string, { bytes: Uint8Array }>();
  now = 1_000_000;
  /** Bytes that the disk still takes. */
  room = Number.POSITIVE_INFINITY;

  /** Puts bytes into a file at `at`, as many as there is room for. */
  write(file: { bytes: Uint8Array }, data: Uint8Array, at: number): number {
    const taken = Math.min(data.length, Math.max(0, file.bytes.length + this.room - at));
    const grown = new Uint8Array(Math.max(file.bytes.length, at + taken));
    this.room -= grown.length - file.bytes.length;
    grown.set(file.bytes);
    grown.set(data.subarray(0, taken), at);
    file.bytes = grown;
    return taken;
  }
}

export interface Intrusion {
  /** Before each call of the host: may run other instances, or throw {@link Killed}. */
  before(call: string): void;
  /** How much of an append happens before the instance dies; undefined: all of it, and it lives. */
  cut(length: number): number | undefined;
}

export const noIntrusion: Intrusion = { before() {}, cut: () => undefined };

type Opened = { readonly file: { bytes: Uint8Array } } | { readonly names: string[] };

/** The imports of one instance. `memory` is there once it is instantiated. */
export function imports(
  folder: FakeFolder,
  intrusion: Intrusion,
  random: () => bigint,
  instance: { memory: WebAssembly.Memory; cabi_realloc(o: number, s: number, a: number, n: number): number },
): WebAssembly.Imports {
  let handles = 10;
  const open = new Map<number, Opened>();
  let broken = false;
  const keep = (opened: Opened) => {
    open.set(++handles, opened);
    return handles;
  };
  const view = () => new DataView(instance.memory.buffer);
  const bytes = (at: number, length: number) => new Uint8Array(instance.memory.buffer, at, length).slice();
  const text = (at: number, length: number) => new TextDecoder().decode(bytes(at, length));
  const fails = (answer: number, at: number, code: number) => {
    view().setUint8(answer, 1);
    view().setUint8(answer + at, code);
  };
  const succeeds = (answer: number) => view().setUint8(answer, 0);
  const fileOf = (handle: number) => {
    const opened = open.get(handle);
    if (opened === undefined || !("file" in opened)) throw new Error(`not a file: ${handle}`);
    return opened.file;
  };
  const hand = (data: Uint8Array) => {
    const at = instance.cabi_realloc(0, 0, 1, data.length);
    new Uint8Array(instance.memory.buffer).set(data, at);
    return at;
  };
  const call =
    <A extends readonly number[]>(name: string, act: (...args: A) => void) =>
    (...args: A) => {
      intrusion.before(name);
      act(...args);
    };

  return {
    "wasi:filesystem/types@0.2.12": {
      "[method]descriptor.open-at": call(
        "open",
        (_f: number, _l: number, path: number, length: number, how: number, _a: number, answer: number) => {
          const name = text(path, length);
          const there = folder.files.get(name);
          if (there === undefined && !(how & 1)) return fails(answer, 4, NO_ENTRY);
          if (there !== undefined && how & 4) return fails(answer, 4, EXISTS);
          const file = there ?? { bytes: new Uint8Array(0) };
          folder.files.set(name, file);
          succeeds(answer);
          view().setInt32(answer + 4, keep({ file }), true);
        },
      ),
      "[method]descriptor.read": (file: number, length: bigint, offset: bigint, answer: number) => {
        intrusion.before("read");
        // As wasmtime does: no more at once, however much is asked for.
        const most = Math.min(Number(length), 65_536);
        const data = fileOf(file).bytes.subarray(Number(offset), Number(offset) + most);
        const at = hand(data);
        succeeds(answer);
        view().setInt32(answer + 4, at, true);
        view().setInt32(answer + 8, data.length, true);
      },
      "[method]descriptor.write": (
        file: number,
        at: number,
        length: number,
        offset: bigint,
        answer: number,
      ) => {
        intrusion.before("write");
        const taken = folder.write(fileOf(file), bytes(at, length), Number(offset));
        if (taken === 0 && length > 0) return fails(answer, 8, NO_SPACE);
        succeeds(answer);
        view().setBigUint64(answer + 8, BigInt(taken), true);
      },
      "[method]descriptor.append-via-stream": call("append", (file: number, answer: number) => {
        succeeds(answer);
        view().setInt32(answer + 4, keep({ file: fileOf(file) }), true);
      }),
      "[method]descriptor.stat": (file: number, answer: number) => {
        const named = [...folder.files.values()].includes(fileOf(file));
        succeeds(answer);
        view().setBigUint64(answer + 16, named ? 1n : 0n, true);
      },
      "[method]descriptor.sync-data": call("sync", (_file: number, answer: number) => succeeds(answer)),
      "[method]descriptor.link-at": call(
        "link",
        (
          _f: number,
          _l: number,
          old: number,
          oldLength: number,
          _t: number,
          path: number,
          length: number,
          answer: number,
        ) => {
          const file = folder.files.get(text(old, oldLength));
          if (file === undefined) return fails(answer, 1, NO_ENTRY);
          if (folder.files.has(text(path, length))) return fails(answer, 1, EXISTS);
          folder.files.set(text(path, length), file);
          succeeds(answer);
        },
      ),
      "[method]descriptor.rename-at": call(
        "rename",
        (
          _f: number,
          old: number,
          oldLength: number,
          _t: number,
          path: number,
          length: number,
          answer: number,
        ) => {
          const file = folder.files.get(text(old, oldLength));
          if (file === undefined) return fails(answer, 1, NO_ENTRY);
          // As POSIX has it: two names of one file stay.
          if (folder.files.get(text(path, length)) === file) return succeeds(answer);
          folder.files.delete(text(old, oldLength));
          folder.files.set(text(path, length), file);
          succeeds(answer);
        },
      ),
      "[method]descriptor.unlink-file-at": call(
        "unlink",
        (_f: number, path: number, length: number, answer: number) => {
          if (!folder.files.delete(text(path, length))) return fails(answer, 1, NO_ENTRY);
          succeeds(answer);
        },
      ),
      "[method]descriptor.read-directory": call("list", (_f: number, answer: number) => {
        succeeds(answer);
        view().setInt32(answer + 4, keep({ names: [...folder.files.keys()] }), true);
      }),
      "[method]directory-entry-stream.read-directory-entry": (entries: number, answer: number) => {
        const opened = open.get(entries);
        const name = opened !== undefined && "names" in opened ? opened.names.pop() : undefined;
        const at = name === undefined ? 0 : hand(new TextEncoder().encode(name));
        succeeds(answer);
        view().setUint8(answer + 4, name === undefined ? 0 : 1);
        view().setInt32(answer + 12, at, true);
        view().setInt32(answer + 16, name?.length ?? 0, true);
      },
      "[resource-drop]descriptor": (handle: number) => void open.delete(handle),
      "[resource-drop]directory-entry-stream": (handle: number) => void open.delete(handle),
    },
    "wasi:io/streams@0.2.12": {
      "[method]output-stream.check-write": (_stream: number, answer: number) => {
        succeeds(answer);
        view().setBigUint64(answer + 8, 65_536n, true);
      },
      "[method]output-stream.write": (stream: number, at: number, length: number, answer: number) => {
        intrusion.before("append");
        const target = fileOf(stream);
        const cut = intrusion.cut(length);
        const data = bytes(at, cut ?? length);
        broken ||= folder.write(target, data, target.bytes.length) < data.length;
        if (cut !== undefined) throw new Killed();
        succeeds(answer);
      },
      "[method]output-stream.blocking-flush": call("flush", (_stream: number, answer: number) => {
        // What could not be written shows here; the stream is closed by it.
        if (broken) fails(answer, 4, 1);
        else succeeds(answer);
        broken = false;
      }),
      "[resource-drop]output-stream": (handle: number) => void open.delete(handle),
    },
    "wasi:io/error@0.2.12": { "[resource-drop]error": () => {} },
    "wasi:clocks/wall-clock@0.2.12": {
      now: (answer: number) => {
        view().setBigUint64(answer, BigInt(Math.floor(folder.now / 1000)), true);
        view().setUint32(answer + 8, (folder.now % 1000) * 1_000_000, true);
      },
    },
    "wasi:random/random@0.2.12": { "get-random-u64": random },
  };
}
