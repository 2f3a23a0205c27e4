import { Answer } from "./answer";
import { Json, JsonKind } from "./json";
import { Result } from "./result";
import { Step, Task } from "./step";

/** What a state store does with the values of another one. */
export abstract class Wrapping {
  /** The value of a key as text that the other store keeps. */
  abstract wrap(key: string, value: Uint8Array): string;
  /** The value again; null where the text was not made by `wrap` for this key. */
  abstract unwrap(key: string, text: string): Uint8Array | null;
  /** What is said where it was not. */
  abstract refusal(): Answer;
}

/** A component's keys have bars after the app id, which no key may have that an app asks for. */
export function inner(key: string): string {
  return key.replaceAll("%", "%25").replaceAll("|", "%7C");
}

export function outer(key: string): string {
  return key.replaceAll("%7C", "|").replaceAll("%25", "%");
}

export function unwrapped(result: Result, key: string, wrapping: Wrapping): Uint8Array | null {
  const stored = Json.ofBytes(result.body);
  if (stored === null || stored.kind != JsonKind.Text) return null;
  return wrapping.unwrap(key, stored.text);
}

export function told(answer: Answer, result: Result): Answer {
  const etag = result.etag;
  if (etag !== null) answer.header("etag", etag);
  const expires = result.field("expires");
  return expires === null ? answer : answer.header("expires", expires);
}

/** What the wrapped store answered is the answer. */
export class Done extends Task {
  resume(results: Result[]): Step {
    const result = results[0];
    if (result.ok) return new Answer(204);
    const error = result.field(":error");
    return Answer.error(result.status, error === null ? "ERR_STATE_STORE" : error, result.text);
  }
}
