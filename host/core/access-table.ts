import type { AccessOperation, AccessPolicies, AccessPolicy, AccessTable, Caller, Core } from "./core.ts";
import { instantiate } from "./exports.ts";
import { Inbox } from "./inbox.ts";
import { methods } from "./methods.ts";

const encoder = new TextEncoder();

/** As in `assembly/access/policies.ts`, which has the diagrams of the records. */
const kinds: ReadonlyMap<string, number> = new Map([
  ["*", 2],
  ["**", 3],
]);
const anyVerb = 15;
const noMethod = methods.length;
/** Beyond it a length would not fit its field. */
const longest = 0xffff;

/** One segment of the operations of a policy, with what follows it. */
interface Segment {
  readonly children: Map<string, Segment>;
  operation: AccessOperation | undefined;
}

/** Little-endian numbers and texts, one after the other. */
class Records {
  readonly bytes: number[] = [];

  put(size: 1 | 2 | 4, value: number): void {
    for (let i = 0; i < size; i++) this.bytes.push((value >>> (8 * i)) & 0xff);
  }

  text(text: Uint8Array | readonly number[]): void {
    for (const byte of text) this.bytes.push(byte);
  }
}

function textOf(value: string): Uint8Array {
  const text = encoder.encode(value);
  if (text.length > longest) throw new RangeError("a name or path of an access policy is longer than 64 KiB");
  return text;
}

/** What an operation denies, whatever another one allows: `*` is every verb that it does not allow itself. */
function denialOf({ allowed, denied }: AccessOperation): number {
  return denied.includes("*") ? 0xffff & ~(mask(allowed) & ~(1 << anyVerb)) : mask(denied);
}

function mask(verbs: readonly string[]): number {
  let bits = 0;
  for (const verb of verbs) bits |= 1 << (verb === "*" ? anyVerb : methods.indexOf(verb));
  return bits;
}

function treeOf(operations: readonly AccessOperation[]): Segment {
  const root: Segment = { children: new Map(), operation: undefined };
  for (const operation of operations) {
    let at = root;
    for (const text of operation.path.split("/")) {
      let next = at.children.get(text);
      if (next === undefined) {
        next = { children: new Map(), operation: undefined };
        at.children.set(text, next);
      }
      at = next;
    }
    at.operation ??= operation;
  }
  return root;
}

function putSegments(records: Records, children: ReadonlyMap<string, Segment>): void {
  for (const [name, { children: next, operation }] of children) {
    const below = new Records();
    putSegments(below, next);
    const text = textOf(name);
    records.put(4, 12 + text.length + below.bytes.length);
    records.put(2, mask(operation?.allowed ?? []));
    records.put(2, mask(operation?.denied ?? []));
    records.put(2, text.length);
    records.put(1, kinds.get(name) ?? 0);
    records.put(1, operation === undefined ? 0 : 1);
    records.text(text);
    records.text(below.bytes);
  }
}

function putPolicy(records: Records, policy: AccessPolicy): void {
  const texts = [policy.appId, policy.namespace, policy.trustDomain].map(textOf);
  const denials = new Records();
  for (const operation of policy.operations) {
    const verbs = denialOf(operation);
    if (verbs === 0) continue;
    const text = textOf(operation.path);
    denials.put(2, verbs);
    denials.put(2, text.length);
    denials.text(text);
  }
  const tree = new Records();
  putSegments(tree, treeOf(policy.operations).children);
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  records.put(4, 16 + length + denials.bytes.length + tree.bytes.length);
  for (const text of texts) records.put(2, text.length);
  records.put(2, policy.allow ? 1 : 0);
  records.put(4, denials.bytes.length);
  for (const part of [...texts, denials.bytes, tree.bytes]) records.text(part);
}

/** The records of policies, one after the other. Throws RangeError where a text is too long for one. */
export function accessRecords(policies: readonly AccessPolicy[]): Uint8Array {
  const records = new Records();
  for (const policy of policies) putPolicy(records, policy);
  return Uint8Array.from(records.bytes);
}

/** Tables of access policies; each lives in an instance of its own, as placement tables do. */
export function accessTables(module: WebAssembly.Module): Pick<Core, "access"> {
  return {
    access({ allow, policies }: AccessPolicies): AccessTable {
      const records = accessRecords(policies);
      const core = instantiate(module);
      const start = core.policies(records.length, allow ? 1 : 0);
      if (start === 0) throw new RangeError("the access policies do not fit into memory");
      // Growing detached the views: these are taken after it.
      const inbox = new Inbox(core);
      inbox.bytes.set(records, start);
      const numbers = new Map(methods.map((name, number) => [name, number]));
      return {
        allows(caller: Caller | undefined, method: string, path: string): boolean {
          if (caller === undefined) return allow;
          const { appId, namespace, trustDomain } = caller;
          const all = appId + namespace + trustDomain + path;
          const verb = numbers.get(method) ?? noMethod;
          const length = inbox.text(all);
          if (length === all.length) {
            return core.allows(verb, appId.length, namespace.length, trustDomain.length, path.length) === 1;
          }
          let size = 0;
          const lengths: number[] = [];
          // The core lowers ASCII alone.
          for (const text of [appId, namespace, trustDomain, path.toLowerCase()]) {
            const written = inbox.text(text, size);
            if (written < 0) return false;
            lengths.push(written);
            size += written;
          }
          const [app, space, domain, rest] = lengths as [number, number, number, number];
          return core.allows(verb, app, space, domain, rest) === 1;
        },
      };
    },
  };
}
