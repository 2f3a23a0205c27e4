import {
  type Body,
  BodyTooLargeError,
  type Headers,
  header,
  type RuntimeRequest,
  type RuntimeResponse,
  readBody,
  withoutHeader,
} from "../../http.ts";
import type { Policy } from "../../resiliency/policy.ts";

/**
 * The headers of one attempt. Each has an id of its own, because `serve()` answers one that it knows with what it said
 * before; the same one when the whole call comes a second time.
 */
function numbered(headers: Headers, number: number): Headers {
  const id = number === 1 ? undefined : header(headers, "daprlet-request-id");
  if (id === undefined) return headers;
  return [...withoutHeader(headers, "daprlet-request-id"), "daprlet-request-id", `${id}/${number}`];
}

/** Lets go of an answer that the caller is not given. */
function discard({ body }: RuntimeResponse): void {
  if (body instanceof ReadableStream) void body.cancel().catch(() => undefined);
}

/** The answer, whose body tells when it is over, and is cut off when the signal aborts. */
function lasting(answer: RuntimeResponse, ended: () => void, signal: AbortSignal): RuntimeResponse {
  const { body } = answer;
  if (!(body instanceof ReadableStream)) {
    ended();
    return answer;
  }
  const reader = body.getReader();
  let cut = () => {};
  const end = () => {
    signal.removeEventListener("abort", cut);
    ended();
  };
  const watched = new ReadableStream<Uint8Array>({
    start(controller) {
      cut = () => {
        end();
        controller.error(signal.reason);
        void reader.cancel(signal.reason).catch(() => undefined);
      };
      signal.addEventListener("abort", cut, { once: true });
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (signal.aborted) return;
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        if (!signal.aborted) controller.error(error);
      }
      end();
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  });
  return { ...answer, body: watched };
}

/**
 * Invokes an app under its policy (dapr-http-api §4.5): an answer below 200 or above 399 counts as a failure, and the
 * last one passes to the caller as it is. What came in pieces of unknown number is tried once, as Dapr does; anything
 * else is held until the app answered, to be sent again.
 */
export async function underPolicy(
  policy: Policy,
  request: RuntimeRequest,
  streamed: boolean,
  deliver: (attempt: RuntimeRequest) => Promise<RuntimeResponse>,
): Promise<RuntimeResponse> {
  const repeats = policy.repeats && !streamed;
  const body: Body = repeats && request.body !== undefined ? await readBody(request.body) : request.body;
  return await policy.run({
    attempt: (signal, number) =>
      deliver({ ...request, headers: numbered(request.headers, number), body, signal }),
    answered: ({ status }) => {
      if (status >= 200 && status <= 399) return "settled";
      return repeats ? policy.failedWith(status) : "failed";
    },
    thrown: (error) => (error instanceof BodyTooLargeError ? "settled" : repeats ? "again" : "failed"),
    discard,
    lasting,
    signal: request.signal,
  });
}
