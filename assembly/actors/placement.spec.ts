import { moveArena } from "../memory";
import { put } from "../spec-text";
import { peer, peers, preferred } from "./rendezvous";
import { host, owner, ring, seal } from "./ring";

function build(hosts: i32, replicas: i32): void {
  ring(hosts * replicas);
  for (let i = 1; i <= hosts; i++) host(put("10.0.0." + i.toString() + ":50002"), i - 1, replicas);
  seal();
}

moveArena(heap.alloc(1 << 16));

describe("ring", () => {
  it("owns what Dapr's ring of three hosts owns", () => {
    build(3, 100);
    let owners = "";
    for (let i = 0; i < 10; i++) owners += owner(put("actor-" + i.toString())).toString();
    expect(owners).toBe("0021012112");
  });

  it("wraps past its last point", () => {
    build(1, 1);
    for (let i = 0; i < 10; i++) expect(owner(put(i.toString()))).toBe(0);
  });

  it("owns nothing without hosts", () => {
    ring(0);
    seal();
    expect(owner(put("a"))).toBe(-1);
  });
});

describe("rendezvous", () => {
  it("prefers one host for one key, whoever else is there", () => {
    peers(2, 6);
    peer(put("a:1"), 0);
    peer(put("b:1"), 1);
    const before = preferred(put("key"));
    peers(1, 3);
    peer(put(before ? "b:1" : "a:1"), before);
    expect(preferred(put("key"))).toBe(before);
  });

  it("prefers nobody without hosts", () => {
    peers(0, 0);
    expect(preferred(put("key"))).toBe(-1);
  });
});
