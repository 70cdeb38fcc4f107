import { type AnyContract, MagpieError } from "@magpie/protocol"
import type { Commands } from "../commands/commands.ts"
import type { Registry } from "../session/registry.ts"

interface Parts {
  readonly contract: AnyContract
  readonly registry: Pick<Registry, "all">
  readonly commands: Pick<Commands, "live">
}

/** What was given may no longer be in the log: whoever follows asks again with its position, and is told. */
export function endEpoch({ contract, registry, commands }: Parts, concerns: (channel: string) => boolean): void {
  const error = new MagpieError("UNAVAILABLE", "the log begins a new epoch")
  commands.live.endEpoch(concerns)
  for (const connection of registry.all()) {
    for (const [name, subscription] of [...connection.subscriptions]) {
      if (contract.match(name).kind.kind !== "broadcast" && concerns(name)) connection.drop(subscription, error)
    }
  }
}
