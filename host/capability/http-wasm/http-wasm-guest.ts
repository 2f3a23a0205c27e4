import { faultOf, type GuestModule, type Runner } from "../capability-guest.ts";
import type { Step } from "../confinement.ts";
import { GuestFault } from "../guest-fault.ts";
import type { GuestPlatform } from "../guest-host.ts";
import { GuestLines } from "../guest-lines.ts";
import { decodeMessage } from "../message.ts";
import { features } from "./exchange.ts";
import {
  answeredMessage,
  changedMessage,
  isLast,
  noRoom,
  passedMessage,
  readRequest,
  readResponse,
} from "./exchange-message.ts";
import { HttpWasmInstance, type InstanceParts } from "./http-wasm-instance.ts";
import { strictPlatform } from "./strict-platform.ts";

/** Bytes that the instances of one worker may have, beyond which none is made. */
const MAX_MEMORY = 256 << 20;

/** Instances that are kept for requests to come. */
const SPARE = 4;

const defaults = { config: new Uint8Array(0), strict: false };

/**
 * Guests of the HTTP handler ABI of http-wasm. A request has an instance to itself from `handle_request` until after
 * `handle_response`, as with Dapr; in between, others of the same worker take the requests that come.
 */
export class HttpWasmGuest implements Runner {
  readonly #parts: InstanceParts;
  readonly #lines = new GuestLines();
  readonly #spare: HttpWasmInstance[] = [];
  /** Those whose requests went on, by the exchange's name. */
  readonly #waiting = new Map<string, HttpWasmInstance>();
  #exchanges = 0;

  private constructor(
    { module, imports, answer, settings = defaults }: GuestModule,
    platform: GuestPlatform,
  ) {
    this.#parts = {
      module,
      imports,
      settings,
      platform: settings.strict ? strictPlatform(platform) : platform,
      lines: this.#lines,
      limit: answer,
    };
  }

  /** Makes a first instance. Rejects with a GuestFault. */
  static async start(from: GuestModule, platform: GuestPlatform): Promise<HttpWasmGuest> {
    const guest = new HttpWasmGuest(from, platform);
    try {
      guest.#spare.push(new HttpWasmInstance(guest.#parts));
      return guest;
    } catch (error) {
      throw faultOf(error, guest.#lines.take());
    }
  }

  /** `request` begins an exchange, `response` ends one that went on. */
  call(entry: string, message: Uint8Array): Step {
    try {
      const { fields } = decodeMessage(message);
      const bytes = entry === "request" ? this.#request(fields) : this.#response(fields);
      return { bytes, lines: this.#lines.take() };
    } catch (error) {
      throw faultOf(error, this.#lines.take());
    }
  }

  #request(fields: Parameters<typeof readRequest>[0]): Uint8Array {
    const instance = this.#instance();
    if (instance === undefined) return noRoom;
    const { next, exchange } = instance.request(readRequest(fields));
    if (!next) {
      this.#keep(instance);
      return answeredMessage(exchange);
    }
    return passedMessage(
      isLast(fields) ? this.#keep(instance) : this.#wait(instance),
      exchange.has(features.bufferResponse),
      exchange.has(features.bufferRequest),
      exchange,
    );
  }

  /** Answers what its exchange is called. */
  #wait(instance: HttpWasmInstance): string {
    this.#exchanges += 1;
    const id = String(this.#exchanges);
    this.#waiting.set(id, instance);
    return id;
  }

  #response(fields: Parameters<typeof readResponse>[0]): Uint8Array {
    const { id, response } = readResponse(fields);
    const instance = this.#waiting.get(id);
    if (instance === undefined) throw new GuestFault("protocol", "it has no request of that name");
    this.#waiting.delete(id);
    const bytes = changedMessage(instance.response(response));
    this.#keep(instance);
    return bytes;
  }

  /** Undefined: there is no room for one more. */
  #instance(): HttpWasmInstance | undefined {
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    let size = 0;
    for (const waiting of this.#waiting.values()) size += waiting.size;
    if (size > MAX_MEMORY) return undefined;
    try {
      return new HttpWasmInstance(this.#parts);
    } catch (error) {
      // An engine has room for so many memories, however small.
      if (error instanceof RangeError && this.#waiting.size > 0) return undefined;
      throw error;
    }
  }

  #keep(instance: HttpWasmInstance): undefined {
    if (this.#spare.length < SPARE) this.#spare.push(instance);
  }
}
