// An app written with Dapr's own SDK whose actors have timers and reminders, and tell what came of them.
import { AbstractActor, CommunicationProtocolEnum, DaprServer, Temporal } from "@dapr/dapr";

const short = Temporal.Duration.from({ milliseconds: 200 });
const long = Temporal.Duration.from({ minutes: 1, seconds: 20 });

export class Trooper extends AbstractActor {
  received = [];

  async watch() {
    await this.registerActorTimer("check", "ticked", short, short, undefined, "of the timer");
    await this.registerActorReminder("remember", short, short, undefined, "of the reminder");
    await this.registerActorReminder("later", long, long, undefined, 17);
  }

  async ticked(data) {
    this.received.push(["timer", data]);
  }

  async receiveReminder(data) {
    this.received.push(["reminder", data]);
  }

  async stopWatching() {
    await this.unregisterActorTimer("check");
    await this.unregisterActorReminder("remember");
  }

  async told() {
    return this.received;
  }
}

const server = new DaprServer({
  serverHost: "127.0.0.1",
  serverPort: process.env.APP_PORT,
  communicationProtocol: CommunicationProtocolEnum.HTTP,
  clientOptions: { daprHost: "127.0.0.1", daprPort: process.env.DAPR_HTTP_PORT },
});
await server.actor.init();
server.actor.registerActor(Trooper);
await server.start();
