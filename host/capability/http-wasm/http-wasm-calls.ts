import type { AdmittedModule } from "../admission.ts";
import type { Guest, GuestLine } from "../confinement.ts";
import { GuestFault } from "../guest-fault.ts";
import type { GuestPool } from "../guest-pool.ts";
import { isEmptyFunction } from "./empty-function.ts";
import type { GivenRequest, GivenResponse } from "./exchange.ts";
import {
  type ChangedResponse,
  type Handled,
  readChanged,
  readHandled,
  requestMessage,
  responseMessage,
} from "./exchange-message.ts";

/** Who counts calls, and what is under way. */
export interface CallCounter {
  /** `late` makes the fault of its deadline. */
  call<T>(call: (late: () => GuestFault) => Promise<T>): Promise<T>;
  /** Something is under way until the answer is called. */
  begin(): () => void;
}

const gone = () => new GuestFault("trap", "its instance was ended between request and response");

/** What became of a request, and who has it. */
export interface Taken {
  readonly handled: Handled;
  readonly guest: Guest;
  /** Its response came, or is not waited for. */
  readonly ended: () => void;
}

const nobody = () => {};

/** Guests of http-wasm in a pool. What is between request and response is nobody's deadline, and no instance is busy with it. */
export class HttpWasmCalls {
  readonly #pool: GuestPool;
  readonly #counter: CallCounter;
  readonly #say: (line: GuestLine) => void;
  /** Its `handle_response` does nothing: its requests are one call. */
  readonly #brief: boolean;

  constructor(
    { bytes }: AdmittedModule,
    pool: GuestPool,
    counter: CallCounter,
    say: (line: GuestLine) => void,
  ) {
    this.#brief = isEmptyFunction(bytes, "handle_response");
    this.#pool = pool;
    this.#counter = counter;
    this.#say = say;
  }

  /** In any worker. Where the request goes on by an id, {@link response} has to be called once. */
  request(given: GivenRequest): Promise<Taken> {
    return this.#counter.call((late) =>
      this.#pool.with(async (guest) => {
        const { bytes, lines } = await guest.call("request", requestMessage(given, this.#brief), []);
        lines.forEach(this.#say);
        const handled = readHandled(bytes);
        if (handled.kind !== "next" || handled.id === undefined) return { handled, guest, ended: nobody };
        this.#pool.hold(guest);
        return { handled, guest, ended: this.#counter.begin() };
      }, late),
    );
  }

  /** In the worker that had the request; without a response after an error. */
  async response(
    { guest, ended }: Taken,
    id: string,
    given: GivenResponse | undefined,
  ): Promise<ChangedResponse> {
    const use = async () => {
      const { bytes, lines } = await guest.call("response", responseMessage(id, given), []);
      lines.forEach(this.#say);
      return readChanged(bytes);
    };
    try {
      return await this.#counter.call((late) => this.#pool.again(guest, use, late, gone));
    } finally {
      ended();
    }
  }

  close(): void {
    this.#pool.close();
  }
}
