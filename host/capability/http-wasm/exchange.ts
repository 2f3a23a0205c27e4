import { GuestFault } from "../guest-fault.ts";
import { GuestBody } from "./guest-body.ts";
import { type GuestField, GuestFields } from "./guest-fields.ts";

/** Which guests may enable. Trailers are none of them: the runtime's messages have none. */
export const features = { bufferRequest: 1, bufferResponse: 2 } as const;
export const allFeatures = features.bufferRequest | features.bufferResponse;

/** A request as it comes. */
export interface GivenRequest {
  readonly method: string;
  readonly uri: string;
  readonly source: string;
  readonly fields: readonly GuestField[];
  /** Empty where the guest cannot read it. */
  readonly body: Uint8Array;
}

/** What came of it. */
export interface GivenResponse {
  readonly status: number;
  readonly fields: readonly GuestField[];
  readonly body: Uint8Array;
}

export type Part = "request" | "response";

/** A request and its answer while a guest has them, and the rules of when it may change what. */
export class Exchange {
  method: string;
  uri: string;
  readonly given: GivenRequest;
  readonly #limit: number;
  #features: number;
  #afterNext = false;
  #status: number | undefined;
  readonly requestFields: GuestFields;
  readonly requestBody: GuestBody;
  responseFields = new GuestFields([]);
  responseBody: GuestBody;
  statusChanged = false;

  /** `enabled`: features that the guest enabled as it started. `limit`: bytes of a body that it writes. */
  constructor(given: GivenRequest, enabled: number, limit: number) {
    this.given = given;
    this.method = given.method;
    this.uri = given.uri;
    this.#features = enabled;
    this.#limit = limit;
    this.requestFields = new GuestFields(given.fields);
    this.requestBody = new GuestBody(given.body, limit);
    this.responseBody = new GuestBody(new Uint8Array(0), limit);
  }

  /** What it enables once the request went on has no effect. */
  enable(wanted: number): number {
    if (!this.#afterNext) this.#features |= wanted & allFeatures;
    return this.#features;
  }

  has(feature: number): boolean {
    return (this.#features & feature) !== 0;
  }

  /** The request went on, and this came back; undefined: an error. */
  answered(response: GivenResponse | undefined): void {
    this.#afterNext = true;
    this.#status = response?.status;
    this.statusChanged = false;
    this.responseFields = new GuestFields(response?.fields ?? []);
    this.responseBody = new GuestBody(response?.body ?? new Uint8Array(0), this.#limit);
  }

  get status(): number {
    if (!this.has(features.bufferResponse))
      throw new GuestFault("protocol", "it asks for the status, and did not enable buffer_response");
    return this.#status ?? 200;
  }

  set status(status: number) {
    this.mayChange("response");
    if (status < 200 || status > 599)
      throw new GuestFault("protocol", `it answers with the status ${status}`);
    this.#status = status;
    this.statusChanged = true;
  }

  get answer(): number {
    return this.#status ?? 200;
  }

  /** Throws where it is too late, as for a response that is on its way to the caller. */
  mayChange(part: Part): void {
    if (!this.#afterNext) return;
    if (part === "request") throw new GuestFault("protocol", "it changes the request after it went on");
    if (!this.has(features.bufferResponse))
      throw new GuestFault("protocol", "it changes the response, and did not enable buffer_response");
  }

  mayRead(part: Part): void {
    if (!this.#afterNext) return;
    const needed = part === "request" ? "buffer_request" : "buffer_response";
    if (!this.has(part === "request" ? features.bufferRequest : features.bufferResponse))
      throw new GuestFault("protocol", `it reads the ${part}'s body, and did not enable ${needed}`);
  }
}
