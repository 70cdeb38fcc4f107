import { mkdtempSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** A place on the disk that holds the bench itself; a temporary folder may be in memory, where nothing is ever synced. */
export function temporaryDirectory() {
  const path = mkdtempSync(fileURLToPath(new URL("../.data-", import.meta.url)))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
