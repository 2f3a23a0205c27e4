// Actors written with Dapr's own SDK; what is deactivated is told by `deactivated`.
import {
  AbstractActor,
  ActorId,
  ActorProxyBuilder,
  CommunicationProtocolEnum,
  DaprServer,
  HttpMethod,
  Temporal,
} from "@dapr/dapr";

const deactivated = [];
// What the proxies leave out arrives as null.
const duration = (milliseconds) =>
  typeof milliseconds === "number" ? Temporal.Duration.from({ milliseconds }) : undefined;

class Counter extends AbstractActor {
  activations = 0;
  async onActivate() {
    this.activations++;
  }
  async onDeactivate() {
    deactivated.push(this.getActorId().getId());
  }
  async add(count, by) {
    const before = await this.getStateManager().getOrAddState("count", { n: 0 });
    await this.getStateManager().setState("count", { n: before.n + count * by });
  }
  async count() {
    const [found, value] = await this.getStateManager().tryGetState("count");
    return { n: found ? value.n : 0, activations: this.activations };
  }
  async forget() {
    return this.getStateManager().tryRemoveState("count");
  }
  async has() {
    return this.getStateManager().containsState("count");
  }
  async addAndFail() {
    await this.add(1, 1);
    throw new Error("on purpose");
  }
}

class Speaker extends AbstractActor {
  async text(text) {
    return `said: ${text}`;
  }
  async object(object) {
    return { said: object };
  }
  async many(...args) {
    return args.map((value) => ({ value, type: typeof value }));
  }
  async nothing() {}
  /** Has another actor speak, and it this one's twin. */
  async ask(other, text, hops) {
    if (hops === 0) return this.text(text);
    const builder = new ActorProxyBuilder(Speaker, this.getDaprClient());
    return builder.build(new ActorId(other)).ask(`${other}'`, `${text}!`, hops - 1);
  }
}

class Clock extends AbstractActor {
  ticks = 0;
  async start(due, period, ttl, by) {
    await super.registerActorTimer("tick", "tick", duration(due), duration(period), duration(ttl), by);
  }
  async stop() {
    await super.unregisterActorTimer("tick");
  }
  async tick(by) {
    this.ticks += by;
  }
  async count() {
    return { n: this.ticks };
  }
}

class Reminded extends AbstractActor {
  async start(due, period, ttl, by) {
    await super.registerActorReminder("ring", duration(due), duration(period), duration(ttl), by);
  }
  async stop() {
    await super.unregisterActorReminder("ring");
  }
  async receiveReminder(by) {
    const { n } = await this.count();
    await this.getStateManager().setState("rung", { n: n + by });
  }
  async count() {
    const [found, value] = await this.getStateManager().tryGetState("rung");
    return { n: found ? value.n : 0 };
  }
}

/** Registers a reminder and does not receive it. */
class Deaf extends AbstractActor {
  async start() {
    await super.registerActorReminder("ring", duration(50), duration(500));
  }
  async stop() {
    await super.unregisterActorReminder("ring");
  }
}

const server = new DaprServer({
  serverHost: "127.0.0.1",
  serverPort: process.env.APP_PORT,
  communicationProtocol: CommunicationProtocolEnum.HTTP,
  clientOptions: {
    daprHost: "127.0.0.1",
    daprPort: process.env.DAPR_HTTP_PORT,
    actor: { actorIdleTimeout: "2s", actorScanInterval: "1s", drainRebalancedActors: true },
  },
});
await server.actor.init();
for (const each of [Counter, Speaker, Clock, Reminded, Deaf]) await server.actor.registerActor(each);
await server.invoker.listen("deactivated", async () => deactivated, { method: HttpMethod.GET });
await server.start();
