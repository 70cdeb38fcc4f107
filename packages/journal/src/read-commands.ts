import type { ChannelRow } from "./rows/channel-row.ts"
import { type CommandRow, decodeCommandRow } from "./rows/command-row.ts"
import { commandKey, openCommandsAfter } from "./rows/keys.ts"
import { isIntact } from "./rows/row-reader.ts"
import { decodeText } from "./rows/system-rows.ts"
import type { Storage } from "./storage/storage.ts"

/** A command under its id. */
export interface OpenCommand extends CommandRow {
  readonly id: string
}

/** One that is damaged is as good as not there: the state machine fences itself where it needs the row [F107]. */
export function commandIn(storage: Storage, channel: ChannelRow, id: string): CommandRow | undefined {
  const row = storage.get(commandKey(channel.id, id))
  return row === undefined || !isIntact(row) ? undefined : decodeCommandRow(row)
}

export function openCommandsIn(storage: Storage, channel: ChannelRow, offset: number, limit: number): readonly OpenCommand[] {
  const found: OpenCommand[] = []
  for (const { value } of storage.range({ ...openCommandsAfter(channel.id, offset), limit })) {
    const id = isIntact(value) ? decodeText(value) : undefined
    const row = id === undefined ? undefined : commandIn(storage, channel, id)
    if (id !== undefined && row !== undefined) found.push({ ...row, id })
  }
  return found
}
