import type { Endpoint } from "./endpoint.ts";
import { bulkGetState } from "./state/bulk-get.ts";
import { deleteState } from "./state/delete.ts";
import { getState } from "./state/get.ts";
import { queryState } from "./state/query.ts";
import { saveState } from "./state/save.ts";
import { transactState } from "./state/transaction.ts";

/** Dapr's state API: each operation in its own file. */
export const state: readonly Endpoint[] = [
  { name: "state.get", methods: ["GET"], paths: ["/v1.0/state/{store}/{key}"], handle: getState },
  { name: "state.save", methods: ["POST", "PUT"], paths: ["/v1.0/state/{store}"], handle: saveState },
  { name: "state.delete", methods: ["DELETE"], paths: ["/v1.0/state/{store}/{key}"], handle: deleteState },
  {
    name: "state.bulkGet",
    methods: ["POST", "PUT"],
    paths: ["/v1.0/state/{store}/bulk"],
    handle: bulkGetState,
  },
  {
    name: "state.transaction",
    methods: ["POST", "PUT"],
    paths: ["/v1.0/state/{store}/transaction"],
    handle: transactState,
  },
  {
    name: "state.query",
    methods: ["POST", "PUT"],
    paths: ["/v1.0-alpha1/state/{store}/query"],
    handle: queryState,
  },
];
