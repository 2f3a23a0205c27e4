"""Where actors live, and an event in its envelope: the core alone, in a process without JavaScript (core.py core.wasm actor…)."""
import sys
from wasmtime import Instance, Module, Store

store = Store()
core = Instance(store, Module.from_file(store.engine, sys.argv[1]), []).exports(store)
call = lambda name, *args: core[name](store, *args)
word = lambda at: int.from_bytes(core["memory"].read(store, at, at + 4), "little")

def put(text: str) -> int:
    core["memory"].write(store, text.encode(), call("inbox"))
    return len(text.encode())

hosts = sorted(["10.0.0.1:50002", "10.0.0.2:50002", "10.0.0.3:50002"])
call("ring", len(hosts) * 100)
for index, host in enumerate(hosts):
    call("host", put(host), index, 100)
call("seal")
for actor in sys.argv[2:]:
    print(actor, hosts[call("owner", put(actor))])

attributes = ["1", "python", "greeting", None, "2026-01-01T00:00:00Z", "application/json", "hello", "pubsub"] + [None] * 3
put("".join(text or "" for text in attributes))
for index, text in enumerate(attributes):
    length = -1 if text is None else len(text)
    core["memory"].write(store, length.to_bytes(4, "little", signed=True), call("result") + 4 * index)
size = call("frame")
print(core["memory"].read(store, call("outbox"), call("outbox") + size).decode() + ',"data":{"n":1}}')
