"""The same in wasm3, an interpreter for microcontrollers, which has no vectors (tiny.py core-scalar.wasm actor…)."""
import sys
from wasm3 import Environment

env = Environment()
runtime = env.new_runtime(8192)
runtime.load(env.parse_module(open(sys.argv[1], "rb").read()))
call = lambda name, *args: runtime.find_function(name)(*args)

def write(at: int, data: bytes) -> None:
    runtime.get_memory(0)[at : at + len(data)] = data

def put(text: str) -> int:
    write(call("inbox"), text.encode())
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
    write(call("result") + 4 * index, (-1 if text is None else len(text)).to_bytes(4, "little", signed=True))
size = call("frame")
print(bytes(runtime.get_memory(0)[call("outbox") : call("outbox") + size]).decode() + ',"data":{"n":1}}')
