import { describe, expect, test } from "vitest";
import type { Subject } from "../hosts/subject.ts";
import { isError } from "./answers.ts";

/** Contract of the lock API: dapr-http-api §1.8. What it answers without a store is in `configured-suites.ts`. */
export function lockSuite(on: Subject): void {
  const lock = async (resourceId: string, lockOwner: string, expiryInSeconds = 60) => {
    const answer = await on.post("/v1.0-alpha1/lock/locks", { resourceId, lockOwner, expiryInSeconds });
    expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
    return answer.json;
  };
  const unlock = async (resourceId: string, lockOwner: string) => {
    const answer = await on.post("/v1.0-alpha1/unlock/locks", { resourceId, lockOwner });
    expect([answer.status, answer.header("content-type")]).toEqual([200, "application/json"]);
    return answer.json;
  };

  describe.runIf(on.has("locks"))("with a store", () => {
    test("has one owner until it is released", async () => {
      const resource = on.key();
      expect(await lock(resource, "a")).toEqual({ success: true });
      expect(await lock(resource, "b")).toEqual({ success: false });
      expect(await lock(resource, "a")).toEqual({ success: false });
      expect(await unlock(resource, "b")).toEqual({ status: 2 });
      expect(await unlock(resource, "a")).toEqual({ status: 0 });
      expect(await unlock(resource, "a")).toEqual({ status: 1 });
      expect(await lock(resource, "b")).toEqual({ success: true });
    });

    test("of twenty at once one gets it", async () => {
      const resource = on.key();
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => lock(resource, `owner ${i}`)));
      expect(answers.filter((answer) => (answer as { success: boolean }).success)).toHaveLength(1);
    });

    test("is another app's under the same name", async () => {
      const resource = on.key();
      const body = JSON.stringify({ resourceId: resource, lockOwner: "a", expiryInSeconds: 60 });
      const headers = { "content-type": "application/json" };
      const theirs = await on.host.peer.fetch("/v1.0-alpha1/lock/locks", { method: "POST", headers, body });
      expect(theirs.json).toEqual({ success: true });
      expect(await lock(resource, "b")).toEqual({ success: true });
    });

    test("names in snake case, numbers as text, unknown members", async () => {
      const resource = on.key();
      const body = { resource_id: resource, lock_owner: "a", expiry_in_seconds: "60", more: [1] };
      expect((await on.post("/v1.0-alpha1/lock/locks", body)).json).toEqual({ success: true });
      expect(await unlock(resource, "a")).toEqual({ status: 0 });
    });

    test.each([
      ["lock", { lockOwner: "o", expiryInSeconds: 5 }, "ResourceId is empty in lock store locks"],
      ["lock", { resourceId: "r", expiryInSeconds: 5 }, "LockOwner is empty in lock store locks"],
      ["lock", { resourceId: "r", lockOwner: "o" }, "ExpiryInSeconds is not positive in lock store locks"],
      ["unlock", { lockOwner: "o" }, "ResourceId is empty in lock store locks"],
      ["unlock", { resourceId: "r" }, "LockOwner is empty in lock store locks"],
    ])("%s %j", async (operation, body, message) => {
      const answer = await on.post(`/v1.0-alpha1/${operation}/locks`, body);
      isError(answer, 400, "ERR_MALFORMED_REQUEST");
      expect(answer.message).toBe(message);
    });

    test.each(["lock", "unlock"])("%s in a store that is not there", async (operation) => {
      const body = { resourceId: "r", lockOwner: "o", expiryInSeconds: 5 };
      const answer = await on.post(`/v1.0-alpha1/${operation}/nowhere`, body);
      isError(answer, 400, "ERR_LOCK_STORE_NOT_FOUND");
      expect(answer.message).toBe("lock store nowhere not found");
    });

    test.each([
      ["lock", "ERR_TRY_LOCK", "failed to try acquiring lock: "],
      ["unlock", "ERR_UNLOCK", "failed to release lock: "],
    ])("%s of a name with the separator of keys", async (operation, code, message) => {
      const body = { resourceId: "a||b", lockOwner: "o", expiryInSeconds: 5 };
      const answer = await on.post(`/v1.0-alpha1/${operation}/locks`, body);
      isError(answer, 500, code);
      expect(answer.message).toBe(`${message}input key/keyPrefix 'a||b' can't contain '||'`);
    });
  });

  test.each([
    ["PUT", "/v1.0-alpha1/lock/locks"],
    ["GET", "/v1.0-alpha1/unlock/locks"],
    ["POST", "/v1.0/lock/locks"],
  ])("%s %s is no endpoint", async (method, path) => {
    isError(await on.fetch(path, { method }), 404, "ERR_DIRECT_INVOKE");
  });
}
