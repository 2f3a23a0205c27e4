import { Answer, Request, serve, Step } from "../../guest";
import { Counts, Indexing } from "./indexing";
import { Keys } from "./keys";
import { Searching } from "./searching";
import { wordsOf } from "./words";

export { cap_abi_version, cap_alloc, cap_handle, cap_resume } from "../../guest/abi";

/** Words of one search. */
const MOST_SEARCHED = 16;

serve((request: Request): Step => {
  const index = request.field("index");
  if (index === null || index.length == 0 || index.includes("/")) return refused("there is no index of that name");
  const keys = new Keys(index);
  if (request.operation == "search") return search(request, keys);
  const id = request.field("id");
  if (id === null || id.length == 0) return refused("there is no id");
  if (request.operation == "remove") return new Indexing(keys, id, null).start();
  if (request.operation != "index") return refused("there is no operation " + request.operation);
  const counts = new Counts();
  const words = wordsOf(request.text);
  for (let i = 0; i < words.length; i++) counts.add(words[i], 1);
  return new Indexing(keys, id, counts).start();
});

function search(request: Request, keys: Keys): Step {
  const text = request.field("q");
  const given = wordsOf(text === null ? "" : text);
  const words: string[] = [];
  for (let i = 0; i < given.length && words.length < MOST_SEARCHED; i++) {
    if (!words.includes(given[i])) words.push(given[i]);
  }
  if (words.length == 0) return Answer.json('{"total":0,"hits":[]}');
  const limit = <i32>request.number("limit", 10);
  return new Searching(keys, words, request.field("match") == "all", max(limit, 0)).start();
}

function refused(message: string): Answer {
  return Answer.error(400, "ERR_BAD_REQUEST", message);
}
