/** A process that hosts actors: prints which it may let work, by which table, over and over. */
import { MachineMembership } from "../../host/node/machine/machine-membership.ts";
import { nodePlatform } from "../../host/node/node-platform.ts";
import { silent } from "../mesh/memory-sockets.ts";
import { RecordingFollower } from "./recording-follower.ts";

const [folder, instance, times] = process.argv.slice(2) as [string, string, string];
const follower = new RecordingFollower();
const membership = new MachineMembership({
  folder,
  platform: nodePlatform(silent),
  appId: "cars",
  namespace: "default",
  instance,
  times: JSON.parse(times),
});
void membership.join({ name: instance, appId: "cars", namespace: "default", types: ["Car"] }, follower);

setInterval(() => {
  // Of all processes alike.
  const at = Number(process.hrtime.bigint() / 1_000n);
  const hosts = membership.valid ? follower.hosts("Car") : [];
  const { term, version, losses } = follower;
  const { coordinates } = membership;
  process.stdout.write(`${JSON.stringify({ at, hosts, term, version, losses, coordinates })}\n`);
}, 10);
