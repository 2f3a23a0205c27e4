import { text } from "../../components/metadata-schema.ts";
import { FileStore } from "../../components/state/files/file-store.ts";
import { defineStore } from "../../components/state/store.ts";
import { DiskFolder } from "./files/disk-folder.ts";

/** State in a folder: for large values, such as audio, that no database should have to move. */
export const filesStore = defineStore({
  type: "state.files",
  version: "v1",
  summary: "Items in a folder of files, which sidecars of one machine may share.",
  metadata: { rootPath: text.required("The folder, the store's alone; made when it is not there.") },
  features: ["ETAG", "TRANSACTIONAL", "TTL", "OUTCOME", "DURABILITY", "ACTOR"],
  async open({ rootPath }, context) {
    const folder = await DiskFolder.open(rootPath, () => context.platform.uuid());
    try {
      return await new FileStore(folder, context).open();
    } catch (error) {
      await folder.close();
      throw error;
    }
  },
});
