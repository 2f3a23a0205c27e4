import fc from "fast-check";
import { test } from "vitest";
import { newCore } from "./core.ts";
import { DirectoryModel } from "./directory-model.ts";

const numRuns = Math.min(Number(process.env.FUZZ_RUNS ?? 1000), 50_000);

type Step = (model: DirectoryModel) => void;

const pick = fc.nat(50);
const type = fc.nat(2);
const chain = fc.constantFrom(undefined, undefined, "x", "y", "ü");
const id = fc.constantFrom("a", "b", "c", "ä", "a".repeat(300));
const idleMs = fc.constantFrom(0, 3, 10, 50, Number.POSITIVE_INFINITY);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(type, id).map(
      ([t, i]): Step =>
        (model) =>
          model.activate(t, i),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(pick, chain, fc.integer({ min: 0, max: 3 })).map(
      ([p, c, depth]): Step =>
        (model) =>
          model.enter(p, c, depth),
    ),
  },
  {
    weight: 8,
    arbitrary: pick.map(
      (p): Step =>
        (model) =>
          model.leave(p),
    ),
  },
  {
    weight: 2,
    arbitrary: pick.map(
      (p): Step =>
        (model) =>
          model.remove(p),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(30).map(
      (ms): Step =>
        (model) =>
          model.pass(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(type, idleMs).map(
      ([t, ms]): Step =>
        (model) =>
          model.type(t, ms),
    ),
  },
);

test("any history of calls ends as it does in plain arrays", () => {
  const core = newCore();
  let directory = core.directory();
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40, size: "max" }), (steps) => {
      const model = new DirectoryModel(directory);
      for (const each of [0, 1, 2]) model.type(each, 5 * each);
      try {
        for (const take of steps) {
          take(model);
          model.check();
        }
        model.end();
      } catch (error) {
        directory = core.directory();
        throw error;
      }
    }),
    { numRuns },
  );
});
