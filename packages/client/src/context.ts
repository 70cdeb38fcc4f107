import type { Codec, Env, MagpieError } from "@magpie/protocol"
import type { Fields } from "./connection/read-down.ts"
import type { Signals } from "./environment/environment.ts"
import type { Schedule } from "./schedule.ts"
import type { Settings } from "./settings.ts"
import type { Counters } from "./statistics.ts"

/** What every part of one client works with. */
export interface Context extends Pick<Env, "clock" | "random"> {
  readonly signals: Signals
  readonly settings: Settings
  readonly schedule: Schedule
  readonly codec: Codec
  readonly counters: Counters
  /** The messages of a server that this client knows, each with the fields that it needs. */
  readonly known: Map<string, Fields>
  /** Reports what no caller waits for. */
  onError(error: MagpieError): void
}
