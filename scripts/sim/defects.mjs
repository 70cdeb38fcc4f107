// Defects that the simulation must see, each as a change of one source. A test holds them to the sources as they are now.
import { ACCESS_DEFECTS } from "./defects/access.mjs"
import { CHANGES_DEFECTS } from "./defects/changes.mjs"
import { CLIENT_DEFECTS } from "./defects/client.mjs"
import { CLUSTER_DEFECTS } from "./defects/cluster.mjs"
import { COMMANDS_DEFECTS } from "./defects/commands.mjs"
import { JOURNAL_DEFECTS } from "./defects/journal.mjs"
import { OVERLOAD_DEFECTS } from "./defects/overload.mjs"
import { PERSISTENT_DEFECTS } from "./defects/persistent.mjs"
import { PRESENCE_DEFECTS } from "./defects/presence.mjs"
import { SERVER_DEFECTS } from "./defects/server.mjs"
import { TABLES_DEFECTS } from "./defects/tables.mjs"

/**
 * `breaks` is the guarantee that gives way first, or `presence`; `find` stands once in `file`.
 * `transports`: only clients with every transport meet it; `tables`, `commands`: only those that write a table, or tell a device what to do.
 * @typedef {{ name: string, breaks: string, file: string, find: string, replace: string, transports?: true, tables?: true, commands?: true }} Defect
 */

/** @type {readonly Defect[]} */
export const DEFECTS = [
  ...JOURNAL_DEFECTS,
  ...CLUSTER_DEFECTS,
  ...SERVER_DEFECTS,
  ...CLIENT_DEFECTS,
  ...PRESENCE_DEFECTS,
  ...CHANGES_DEFECTS,
  ...TABLES_DEFECTS,
  ...COMMANDS_DEFECTS,
  ...ACCESS_DEFECTS,
  ...PERSISTENT_DEFECTS,
  ...OVERLOAD_DEFECTS,
]
