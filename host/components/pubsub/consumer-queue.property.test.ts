import fc from "fast-check";
import { expect, it } from "vitest";
import { FakeClock } from "../../fake-clock.ts";
import type { Platform } from "../../platform.ts";
import { webPlatform } from "../../web-platform.ts";
import { ConsumerQueue, type QueueMember } from "./consumer-queue.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const options = { concurrency: 3, backOff: { initialMs: 100, maxMs: 1_000 } };

type Step =
  | { readonly do: "push"; readonly lane: string | undefined }
  | { readonly do: "join" }
  | { readonly do: "leave"; readonly which: number }
  | { readonly do: "settle"; readonly which: number; readonly well: boolean }
  | { readonly do: "wait"; readonly ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("push"), lane: fc.constantFrom(undefined, ..."uvwxyz") }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("join") }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("leave"), which: fc.nat() }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("settle"), which: fc.nat(), well: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("wait"), ms: fc.nat({ max: 2_000 }) }) },
  ) as fc.Arbitrary<Step>,
  { maxLength: 60 },
);

interface UnderWay {
  readonly event: { readonly id: number; readonly lane: string | undefined };
  readonly member: number;
  settle(well: boolean): void;
}

it("loses nothing, repeats nothing that was consumed, and never opens a lane twice, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const clock = new FakeClock();
      const platform: Platform = { ...webPlatform(silent), clock };
      const queue = new ConsumerQueue<UnderWay["event"]>();
      const consumed: UnderWay["event"][] = [];
      const underWay: UnderWay[] = [];
      const members = new Map<number, QueueMember>();
      const leaving: Promise<void>[] = [];
      const violations: string[] = [];
      let pushed = 0;
      let joined = 0;
      let draining = false;

      const join = () => {
        const member = joined++;
        const handler = (event: UnderWay["event"]) =>
          new Promise<void>((resolve, reject) => {
            // Thrown here it would count as the handler's own failure.
            if (!members.has(member)) violations.push("handed to a subscription that left");
            if (consumed.includes(event)) violations.push("handed out after it was consumed");
            for (const other of underWay) {
              if (other.event === event) violations.push("handed out twice at a time");
              if (event.lane !== undefined && other.event.lane === event.lane)
                violations.push("two of a lane");
            }
            if (draining) {
              consumed.push(event);
              return resolve();
            }
            const entry: UnderWay = {
              event,
              member,
              settle(well) {
                underWay.splice(underWay.indexOf(entry), 1);
                if (well) consumed.push(event);
                if (well) resolve();
                else reject(new Error("told to fail"));
              },
            };
            underWay.push(entry);
            if (underWay.filter((other) => other.member === member).length > 3) violations.push("too many");
          });
        members.set(member, queue.join(handler, options, platform));
      };
      const leave = (which: number) => {
        const [id, member] = [...members][which % Math.max(1, members.size)] ?? [];
        if (id === undefined || member === undefined) return;
        members.delete(id);
        leaving.push(member.leave());
      };

      for (const step of plan) {
        if (step.do === "push") queue.push({ id: pushed++, lane: step.lane }, step.lane);
        else if (step.do === "join") join();
        else if (step.do === "leave") leave(step.which);
        else if (step.do === "settle") underWay[step.which % Math.max(1, underWay.length)]?.settle(step.well);
        else await clock.advance(step.ms);
        await clock.advance(0);
        expect(queue.size).toBe(pushed - consumed.length);
        expect(violations).toEqual([]);
      }

      draining = true;
      for (const entry of [...underWay]) entry.settle(false);
      join();
      await clock.advance(5_000);
      await Promise.all(leaving);
      expect(consumed.map(({ id }) => id).sort((a, b) => a - b)).toEqual(
        Array.from({ length: pushed }, (_, i) => i),
      );
      expect(queue.size).toBe(0);
      expect(violations).toEqual([]);
      for (const lane of ["x", "y"]) {
        const ids = consumed.filter((event) => event.lane === lane).map(({ id }) => id);
        expect(ids).toEqual([...ids].sort((a, b) => a - b));
      }
    }),
    { numRuns: 300 },
  );
});
