import { describe, expect, it } from "vitest";
import { topicAccess } from "./topic-access.ts";

const self = { appId: "app1", namespace: "prod" };
const access = (metadata: Record<string, string>) => {
  const map = new Map(Object.entries(metadata));
  return topicAccess(map, map, self);
};

describe("topicAccess", () => {
  it("allows everything where nothing is said", () => {
    const { mayPublish, maySubscribe, consumerId, brokerTopic } = access({});
    expect([mayPublish("t"), maySubscribe("t"), consumerId, brokerTopic("t")]).toEqual([
      true,
      true,
      "app1",
      "t",
    ]);
  });

  it("gives an app that is named its topics only, and one that is not named all", () => {
    const { mayPublish } = access({ publishingScopes: "app2 = x ; app1=t1, t2" });
    expect(["t1", "t2", "x"].map(mayPublish)).toEqual([true, true, false]);
    const others = access({ publishingScopes: "app2=x" });
    expect(others.mayPublish("t1")).toBe(true);
  });

  it("takes an empty list for nothing", () => {
    const { maySubscribe, mayPublish } = access({ subscriptionScopes: "app1=;app2=x" });
    expect([maySubscribe("x"), mayPublish("x")]).toEqual([false, true]);
  });

  it("limits everybody to allowedTopics", () => {
    const { mayPublish, maySubscribe } = access({ allowedTopics: "a,b", publishingScopes: "app1=b,c" });
    expect(["a", "b", "c"].map(mayPublish)).toEqual([false, true, false]);
    expect(["a", "b", "c"].map(maySubscribe)).toEqual([true, true, false]);
  });

  it("opens protectedTopics only to apps that a scope names", () => {
    const { mayPublish, maySubscribe } = access({
      protectedTopics: "secret",
      publishingScopes: "app1=secret",
    });
    expect([mayPublish("secret"), maySubscribe("secret"), maySubscribe("plain")]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("reads names of fields in any case, and topics with care for it", () => {
    const { mayPublish, consumerId } = access({ PUBLISHINGSCOPES: "app1=T", consumerid: "group" });
    expect([mayPublish("T"), mayPublish("t"), consumerId]).toEqual([true, false, "group"]);
  });

  it("takes names that objects inherit for names", () => {
    const { mayPublish } = access({ publishingScopes: "__proto__=x", allowedTopics: "constructor" });
    expect([mayPublish("constructor"), mayPublish("toString")]).toEqual([true, false]);
  });

  it("prefixes the broker's topics where the metadata asks for the namespace", () => {
    const raw = new Map([["consumerID", "{namespace}"]]);
    const filled = new Map([["consumerID", "prod.app1"]]);
    const { brokerTopic, consumerId } = topicAccess(raw, filled, self);
    expect([brokerTopic("t"), consumerId]).toEqual(["prodt", "prod.app1"]);
  });
});
