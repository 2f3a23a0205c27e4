import type {
  Binding,
  BindingEvent,
  BindingFeature,
  BindingRequest,
  InputBinding,
  OutputBinding,
} from "../../host/components/bindings/binding.ts";
import { ComponentError } from "../../host/errors/component-error.ts";
import type { FakeClock } from "../../host/fake-clock.ts";

type Request = Pick<BindingRequest, "operation"> & {
  /** JSON. */
  readonly data?: string;
  readonly metadata?: Readonly<Record<string, string>>;
};

/** A binding under test, how to open it, and what it does. Nothing here needs a test runner. */
export interface BindingHost {
  readonly name: string;
  /** As the definition declares them: they select the groups. */
  readonly features: readonly BindingFeature[];
  readonly clock: FakeClock;
  open(): Promise<Binding>;
  /** Of an output binding: one that succeeds, and one that fails for a reason of its own. */
  readonly succeeds?: Request;
  readonly fails?: Request;
  /** Of an input binding: brings about its n-th event, from 0. */
  emit?(binding: Binding, n: number): Promise<unknown>;
  /** False where every event is the same, as a clock's are. */
  readonly distinct?: boolean;
  /** True where an event that its source brings about meanwhile is no event of its own. */
  readonly merges?: boolean;
}

export interface BindingCase {
  readonly name: string;
  /** Rejects with an Error that says what was expected and what came. */
  run(): Promise<void>;
}

function expect(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`expected ${sentence}`);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const secret = "swordfish";

function request({ operation, data = "null", metadata = {} }: Request, signal?: AbortSignal): BindingRequest {
  return { operation, data: encoder.encode(data), metadata: new Map(Object.entries(metadata)), signal };
}

/** Waits until something is so, moving the clock on where it is not. */
async function until(host: BindingHost, holds: () => boolean, sentence: string): Promise<void> {
  for (let turn = 0; turn < 400 && !holds(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, turn < 5 ? 0 : 2));
    await host.clock.advance(500);
  }
  expect(holds(), sentence);
}

const outputs: Readonly<Record<string, (host: BindingHost, binding: OutputBinding) => Promise<void>>> = {
  async "names its operations, each once"(_, { operations }) {
    expect(operations.length > 0, "at least one operation");
    expect(new Set(operations).size === operations.length, "each operation once");
  },
  async "answers, 50 times at once"({ succeeds }, binding) {
    if (succeeds === undefined) return;
    const all = await Promise.all(Array.from({ length: 50 }, () => binding.invoke(request(succeeds))));
    for (const answer of all) {
      const whole = answer === undefined || answer.data === undefined || answer.data instanceof Uint8Array;
      expect(whole, "bytes, or no answer");
      expect(answer === undefined || answer.metadata instanceof Map, "metadata in a Map");
    }
  },
  async "fails with a ComponentError that repeats none of the data"({ fails }, binding) {
    if (fails === undefined) return;
    const error = await binding.invoke(request({ ...fails, data: JSON.stringify(secret) })).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error instanceof ComponentError, `a ComponentError, not ${String(error)}`);
    expect(!(error as Error).message.includes(secret), "a message without the data");
  },
  async "leaves the request's data as they were"({ succeeds }, binding) {
    if (succeeds === undefined) return;
    const given = request(succeeds);
    const before = decoder.decode(given.data);
    await binding.invoke(given);
    expect(decoder.decode(given.data) === before, "the same bytes afterwards");
  },
};

/** A reader that remembers what it was handed. */
class Reading {
  readonly seen: string[] = [];
  readonly events: BindingEvent[] = [];
  inside = 0;
  most = 0;
  /** Answers of the app in order; when none is left, it consumes. */
  readonly answers: (() => Promise<void>)[] = [];

  readonly handler = async (event: BindingEvent): Promise<undefined> => {
    this.events.push(event);
    this.seen.push(decoder.decode(event.data));
    this.most = Math.max(this.most, ++this.inside);
    try {
      await this.answers.shift()?.();
    } finally {
      this.inside--;
    }
  };
}

type Emit = (n: number) => Promise<unknown>;

const inputs: Readonly<
  Record<string, (host: BindingHost, binding: InputBinding, emit: Emit) => Promise<void>>
> = {
  async "hands over each event, one at a time"(host, binding, emit) {
    const reading = new Reading();
    const reader = await binding.read(reading.handler);
    for (let n = 0; n < 5; n++) {
      await emit(n);
      if (host.merges === true) await until(host, () => reading.seen.length > n, `event ${n}`);
    }
    await until(host, () => reading.seen.length >= 5, "5 events");
    expect(reading.most === 1, "one event at a time");
    if (host.distinct !== false) {
      expect(new Set(reading.seen).size === reading.seen.length, `each event once, not ${reading.seen}`);
    }
    await reader.close();
  },
  async "hands an event over again that was not consumed, the same"(host, binding, emit) {
    const reading = new Reading();
    const refuse = () => Promise.reject(new Error("not now"));
    reading.answers.push(refuse, refuse);
    const reader = await binding.read(reading.handler);
    await emit(0);
    await until(host, () => reading.seen.length >= 3, "3 attempts");
    const [first, second, third] = reading.events;
    expect(first === second && second === third, "the same event at every attempt");
    await reader.close();
  },
  async "ends after the delivery under way, and hands out nothing more"(host, binding, emit) {
    const reading = new Reading();
    let finish = () => {};
    reading.answers.push(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    const reader = await binding.read(reading.handler);
    await emit(0);
    await until(host, () => reading.inside === 1, "a delivery under way");
    let closed = false;
    const closing = reader.close().then(() => {
      closed = true;
    });
    await host.clock.advance(1_000);
    expect(!closed, "to wait for the delivery");
    finish();
    await closing;
    const count = reading.seen.length;
    await emit(1);
    await host.clock.advance(60_000);
    expect(reading.seen.length === count, "nothing after the end");
  },
  async "hands what an earlier reader left to the next one"(host, binding, emit) {
    const first = new Reading();
    first.answers.push(...Array.from({ length: 50 }, () => () => Promise.reject(new Error("not now"))));
    const reader = await binding.read(first.handler);
    await emit(0);
    await until(host, () => first.seen.length >= 1, "a first attempt");
    await reader.close();
    const next = new Reading();
    const other = await binding.read(next.handler);
    await until(host, () => next.seen.length >= 1, "the event at the next reader");
    expect(next.seen[0] === first.seen[0], "the same event");
    await other.close();
  },
  async "lets go of its readers when it closes"(host, binding, emit) {
    const reading = new Reading();
    await binding.read(reading.handler);
    await binding.close();
    await emit(0).catch(() => undefined);
    await host.clock.advance(60_000);
    expect(reading.seen.length === 0, "nothing from a closed binding");
    expect(host.clock.pending === 0, "no timer left");
  },
};

/** The cases that the host's features call for. */
export function bindingConformance(host: BindingHost): readonly BindingCase[] {
  const cases: BindingCase[] = [];
  const add = (name: string, use: (binding: Binding) => Promise<void>) => {
    const run = async () => {
      const binding = await host.open();
      try {
        await use(binding);
      } finally {
        await binding.close();
      }
    };
    cases.push({ name, run });
  };
  if (host.features.includes("OUTPUT_BINDING")) {
    for (const [name, use] of Object.entries(outputs)) {
      add(`output: ${name}`, (binding) => use(host, binding as OutputBinding));
    }
  }
  if (host.features.includes("INPUT_BINDING")) {
    for (const [name, use] of Object.entries(inputs)) {
      const emit = host.emit?.bind(host) ?? (async () => undefined);
      add(`input: ${name}`, (binding) => use(host, binding as InputBinding, (n) => emit(binding, n)));
    }
  }
  return cases;
}
