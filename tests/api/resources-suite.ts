import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";

/** Component resources: dapr-http-api §4.1, as far as a caller sees of it. */
export function resourcesSuite(on: Subject): void {
  const invoke = (name: string) => on.post(`/v1.0/bindings/${name}`, { operation: "post", data: 1 });

  describe("Component resources", () => {
    test("templates in their values: a new uuid each time, the app, and the namespace", async () => {
      const { uri } = (await invoke("templated")).json as { uri: string };
      const [, first, second, appId, namespace] = uri.split("/");
      expect([first, second]).toEqual([
        expect.stringMatching(/^[0-9a-f-]{36}$/),
        expect.stringMatching(/^[0-9a-f-]{36}$/),
      ]);
      expect(first).not.toBe(second);
      expect([appId, namespace]).toEqual([
        on.host.appId,
        expect.stringMatching(`^(default|suites-[a-z0-9]+)\\.${on.host.appId}$`),
      ]);
    });

    test.each(["broken", "unheard-of"])(
      "one that cannot be opened is left out with ignoreErrors: %s",
      async (name) => {
        const answer = await invoke(name);
        expect([answer.status, answer.errorCode]).toEqual([500, "ERR_INVOKE_OUTPUT_BINDING"]);
        expect(answer.message).toBe(
          `error invoking output binding ${name}: couldn't find output binding ${name}`,
        );
      },
    );

    test("another app's is none", async () => {
      const answer = await on.fetch("/v1.0/state/foreign/key");
      expect([answer.status, answer.errorCode]).toEqual([400, "ERR_STATE_STORE_NOT_FOUND"]);
    });
  });
}
