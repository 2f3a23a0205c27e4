import { type Abortable, signalOf } from "../abortable.ts";
import type { Body, Headers, RuntimeRequest } from "../http.ts";

/** What the app is asked in an actor's turn; it aborts when the turn is cut off. */
export class TurnRequest implements RuntimeRequest {
  readonly method = "PUT";
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  readonly body: Body;
  readonly abortable: Abortable;

  constructor(path: string, query: string, headers: Headers, body: Body, ending: Abortable) {
    this.path = path;
    this.query = query;
    this.headers = headers;
    this.body = body;
    this.abortable = ending;
  }

  get signal(): AbortSignal {
    return signalOf(this.abortable);
  }
}
