import { expect, it } from "vitest";
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

it("a reminder that was registered while owners changed is fired by the new one as soon as they are settled", async () => {
  const clock = new FakeClock();
  const store = await memoryStore();
  const fired: string[] = [];
  const instance = (name: string, other: () => HostedActorCalls) =>
    startActors(
      name,
      () => new HandMembership(),
      {
        store,
        answer: async (request) => {
          if (request.path.includes("/remind/")) fired.push(`${name}: ${request.method} ${request.path}`);
          return {};
        },
        remote: (_, request, version) => other().receive("reminder", call(request), version),
      },
      clock,
    );
  let received: HostedActorCalls | undefined;
  const a = await instance("a", () => received as HostedActorCalls);
  const b = await instance("b", () => new HostedActorCalls(a.actors));
  received = new HostedActorCalls(b.actors);
  const both = [a, b].map(({ membership }) => membership);
  const change = (version: number, hosts: readonly string[]) =>
    Promise.all(both.map((membership) => membership.update(version, hosts)));
  const settle = (version: number) => Promise.all(both.map(({ follower }) => follower?.unlock(version)));
  await change(1, ["a", "b"]);
  await settle(1);
  let id = 0;
  while (!b.actors.owners.owns("Cat", String(id))) id++;
  await change(2, ["a"]);
  await settle(2);
  await change(3, ["a", "b"]);
  await b.membership.follower?.unlock(3);
  await clock.advance(100);
  const body = new TextEncoder().encode('{"dueTime":"0s"}');
  const path = `/v1.0/actors/Cat/${id}/reminders/wake`;
  const request = { method: "POST", path, query: "", headers: [], body };
  expect((await new HostedActorCalls(a.actors).handle("reminder", call(request))).status).toBe(204);
  await clock.advance(500);
  expect(fired).toEqual([]);
  await a.membership.follower?.unlock(3);
  await clock.advance(500);
  expect(fired).toEqual([`b: PUT /actors/Cat/${id}/method/remind/wake`]);
  await Promise.all([a, b].map(({ actors }) => actors.close()));
});
