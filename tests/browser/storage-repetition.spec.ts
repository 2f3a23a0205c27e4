import { expect, open, test, workerKiller } from "./fixtures.ts";

/**
 * Counts by ETag with plain fetches, which carry no id: those of a dedicated worker, where no shim is. An answer that
 * breaks off (the worker was stopped in the middle of it) is "broken": the write may have been made.
 */
const counter = `
  const attempt = async (run) => {
    try {
      return await run();
    } catch (error) {
      return { status: "broken" };
    }
  };
  const read = async (url) => {
    const response = await fetch(url, { signal: AbortSignal.timeout(20_000) });
    const value = response.status === 204 ? 0 : await response.json();
    return { status: response.status, etag: response.headers.get("etag") ?? undefined, value };
  };
  onmessage = async ({ data: { base, times } }) => {
    const url = base + "v1.0/state/statestore";
    const statuses = {};
    for (let i = 0; i < times; i++) {
      let found = await attempt(() => read(url + "/n"));
      while (found.status !== 200) found = await attempt(() => read(url + "/n"));
      const item = { key: "n", value: found.value + 1, etag: found.etag, options: { concurrency: "first-write" } };
      const { status } = await attempt(() =>
        fetch(url, { method: "POST", body: JSON.stringify([item]), signal: AbortSignal.timeout(20_000) }),
      );
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
    postMessage(statuses);
  };
`;

test("an ETag write that a stopped worker is given again is neither refused nor counted twice", async ({
  page,
  context,
  site,
}) => {
  test.setTimeout(120_000);
  await open(page, site.url, { appId: "a" });
  const first = await page.evaluate(() =>
    fetch("/v1.0/state/statestore", { method: "POST", body: '[{"key":"n","value":0}]' }).then(
      (r) => r.status,
    ),
  );
  expect(first).toBe(204);
  const times = 1_000;
  const counting = page.evaluate(
    ([script, base, count]) =>
      new Promise<Record<string, number>>((resolve) => {
        const blob = new Blob([script as string], { type: "text/javascript" });
        const worker = new Worker(URL.createObjectURL(blob));
        worker.onmessage = ({ data }) => {
          if (typeof data === "object") resolve(data);
        };
        worker.postMessage({ base, times: count });
      }),
    [counter, site.url, times] as const,
  );
  const kill = await workerKiller(context, page);
  let kills = 0;
  let counted: Record<string, number> | undefined;
  void counting.then((statuses) => {
    counted = statuses;
  });
  while (counted === undefined) {
    // Now and then a worker is stopped again while it answers what the one before was asked.
    const pause = kills % 3 === 0 ? 200 : 30;
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * pause));
    await kill();
    kills++;
  }
  console.log(`${kills} stops while ${times} increments ran: ${JSON.stringify(counted)}`);
  expect(kills).toBeGreaterThan(30);
  const { 204: written = 0, broken = 0, ...others } = counted;
  expect(others).toEqual({});
  expect(broken).toBeLessThan(kills);
  const value = await page.evaluate(() => fetch("/v1.0/state/statestore/n").then((r) => r.json()));
  expect(value).toBeGreaterThanOrEqual(written);
  expect(value).toBeLessThanOrEqual(written + broken);
});
