import { describe, expect, it } from "vitest";
import { HostedActorCalls } from "../../host/api/actors/hosted-actor-calls.ts";
import type { Call } from "../../host/api/endpoint.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { RuntimeRequest } from "../../host/http.ts";
import type { Sidecar } from "../../host/sidecar.ts";
import { HandMembership, memoryStore, startActors } from "./hand-membership.ts";

const sidecar = { maxBodySize: 1_000 } as Sidecar;
const call = (request: RuntimeRequest): Call => ({
  ...{ sidecar, request, path: request.path, requestId: undefined },
  params: ["Cat", request.path.split("/")[4] ?? "", "wake"],
});

/** Two instances that have all actors in turn; one of `Cat` goes from the first to the second. */
async function pair(first: string, second: string) {
  const clock = new FakeClock();
  const store = await memoryStore();
  const fired: string[] = [];
  const instance = (name: string, other: () => HostedActorCalls) =>
    startActors(
      name,
      () => new HandMembership(),
      {
        store,
        answer: async ({ path }) => {
          if (path.includes("/remind/")) fired.push(name);
          return {};
        },
        remote: (_, request, version) => other().receive("reminder", call(request), version),
      },
      clock,
    );
  let received: HostedActorCalls | undefined;
  const a = await instance(first, () => received as HostedActorCalls);
  const b = await instance(second, () => new HostedActorCalls(a.actors));
  received = new HostedActorCalls(b.actors);
  const both = [a, b].map(({ membership }) => membership);
  const change = (version: number, hosts: readonly string[]) =>
    Promise.all(both.map((membership) => membership.update(version, hosts)));
  const settle = (version: number) => Promise.all(both.map(({ follower }) => follower?.unlock(version)));
  await change(1, [first, second]);
  await settle(1);
  let id = 0;
  while (!b.actors.owners.owns("Cat", String(id))) id++;
  await change(2, [first]);
  await settle(2);
  const path = `/v1.0/actors/Cat/${id}/reminders/wake`;
  const ask = async ({ actors }: typeof a, method: string, body?: string) =>
    await new HostedActorCalls(actors).handle(
      "reminder",
      call({
        method,
        path,
        query: "",
        headers: [],
        body: body && new TextEncoder().encode(body),
      } as RuntimeRequest),
    );
  const stop = () => Promise.all([a, b].map(({ actors }) => actors.close()));
  return { clock, fired, a, b, change, settle, ask, stop };
}

describe("a reminder whose actor has another owner", () => {
  it("is fired by that one as soon as owners are settled, if it was registered before they were", async () => {
    const { clock, fired, a, b, change, ask, stop } = await pair("a", "b");
    await change(3, ["a", "b"]);
    await b.membership.follower?.unlock(3);
    await clock.advance(100);
    expect((await ask(a, "POST", '{"dueTime":"0s"}')).status).toBe(204);
    await clock.advance(500);
    expect(fired).toEqual([]);
    await a.membership.follower?.unlock(3);
    await clock.advance(500);
    expect(fired).toEqual(["b"]);
    await stop();
  });

  it("is that one's, also where it is of another app", async () => {
    const { clock, fired, a, b, change, settle, ask, stop } = await pair("a", "b@other");
    expect((await ask(a, "POST", '{"dueTime":"1h","period":"1h"}')).status).toBe(204);
    await change(3, ["a", "b@other"]);
    await settle(3);
    expect((await ask(b, "GET")).status).toBe(200);
    await clock.advance(3_600_000);
    expect(fired).toEqual(["b@other"]);
    await change(4, ["a"]);
    await settle(4);
    await clock.advance(3_600_000);
    expect(fired).toEqual(["b@other", "a"]);
    await stop();
  });
});
