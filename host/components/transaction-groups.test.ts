import { describe, expect, it } from "vitest";
import { TransactionGroups } from "./transaction-groups.ts";

/** Groups whose transactions end when they are told to. */
function stage(divisible: (error: unknown) => boolean = () => false) {
  const begun: { jobs: readonly string[]; strict: boolean; end(error?: Error): void }[] = [];
  const groups = new TransactionGroups<string, string>((jobs, strict) => {
    return new Promise((resolve, reject) => {
      const end = (error?: Error) =>
        error === undefined ? resolve(jobs.map((job) => `${job}!`)) : reject(error);
      begun.push({ jobs, strict, end });
    });
  }, divisible);
  return { begun, groups };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

describe("transaction groups", () => {
  it("put what comes together, and what comes during a transaction, into one each", async () => {
    const { begun, groups } = stage();
    const answers = [groups.submit("a", false), groups.submit("b", false)];
    await turn();
    answers.push(groups.submit("c", false), groups.submit("d", true));
    await turn();
    expect(begun.map(({ jobs }) => jobs)).toEqual([["a", "b"]]);
    begun[0]?.end();
    await turn();
    expect(begun.map(({ jobs, strict }) => [...jobs, strict])).toEqual([
      ["a", "b", false],
      ["c", "d", true],
    ]);
    begun[1]?.end();
    expect(await Promise.all(answers)).toEqual(["a!", "b!", "c!", "d!"]);
    await groups.idle();
  });

  it("answer nobody before the transaction is complete", async () => {
    const { begun, groups } = stage();
    let answered = false;
    const answer = groups.submit("a", false).then(() => {
      answered = true;
    });
    await turn();
    expect(answered).toBe(false);
    begun[0]?.end();
    await answer;
  });

  it("fail together, and go on", async () => {
    const { begun, groups } = stage();
    const failing = Promise.allSettled([groups.submit("a", false), groups.submit("b", false)]);
    await turn();
    begun[0]?.end(new Error("lost"));
    expect((await failing).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const next = groups.submit("c", false);
    await turn();
    begun[1]?.end();
    expect(await next).toBe("c!");
  });

  it("let only those fail that cannot be written alone, where the failure may be one's own", async () => {
    const { begun, groups } = stage((error) => error instanceof RangeError);
    const settled = Promise.allSettled(["a", "big", "c"].map((job) => groups.submit(job, false)));
    await turn();
    begun[0]?.end(new RangeError("full"));
    for (let i = 1; i <= 3; i++) {
      await turn();
      begun[i]?.end(begun[i]?.jobs[0] === "big" ? new RangeError("full") : undefined);
    }
    expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(begun.map(({ jobs }) => jobs.join())).toEqual(["a,big,c", "a", "big", "c"]);
  });

  it("bound a group", async () => {
    const { begun, groups } = stage();
    const all = Array.from({ length: 1200 }, (_, i) => groups.submit(String(i), false));
    for (let i = 0; i < 3; i++) {
      await turn();
      begun[i]?.end();
    }
    await Promise.all(all);
    expect(begun.map(({ jobs }) => jobs.length)).toEqual([512, 512, 176]);
  });
});
