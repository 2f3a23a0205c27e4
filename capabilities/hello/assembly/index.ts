import { Answer, serve } from "../../guest";

export { cap_abi_version, cap_alloc, cap_handle } from "../../guest/abi";

serve((request) => {
  const name = request.field("name");
  return Answer.text("Hello, " + (name === null || name.length == 0 ? "world" : name) + "!\n");
});
