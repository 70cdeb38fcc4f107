import { type CallOptions, type CommandOutcome, commands, type LedgerPage, type LedgerStep } from "@magpie/client/command"
import type { ShowcaseClient } from "../../connection/open-connection.ts"
import type { Order, Report } from "../channels.ts"

/** The commands of one device, whatever its kind: the contract says for each what it takes, and the server checks it. */
export interface DeviceCommands {
  outcome(name: string, input: Order, options: CallOptions<{ readonly position: number }>): Promise<CommandOutcome<unknown, string>>
  cancel(id: string): Promise<void>
  onStep(listener: (step: LedgerStep) => void): () => void
  ledger(options: { readonly limit: number; readonly before?: number }): Promise<LedgerPage>
}

/** The one command that a kind of device has. */
export const COMMAND_OF: Readonly<Record<Report["kind"], string>> = { lamp: "set", thermostat: "set", valve: "move" }

export function commandsOf(client: ShowcaseClient, { kind, id }: Pick<Report, "kind"> & { readonly id: string }): DeviceCommands {
  if (kind === "lamp") return commands(client.channel(`lamp/${id}`)) as unknown as DeviceCommands
  if (kind === "thermostat") return commands(client.channel(`thermostat/${id}`)) as unknown as DeviceCommands
  return commands(client.channel(`valve/${id}`)) as unknown as DeviceCommands
}
