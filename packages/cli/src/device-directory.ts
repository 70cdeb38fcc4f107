import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type CommandStore, storedCommands } from "@magpie/client/command"
import { isMagpieError, MagpieError } from "@magpie/protocol"
import type { DeviceState } from "./devices/device-model.ts"

/** What a device was when it was saved last. */
export interface SavedDevice {
  readonly kind: string
  readonly id: string
  readonly applied: number
  readonly state: DeviceState
}

/** Where a device keeps what it is and what it has begun, over restarts and kills. */
export interface DeviceDirectory {
  readonly saved: SavedDevice | undefined
  /** Durable as far as the process goes: a kill leaves the one before or this one. */
  save(device: SavedDevice): void
  readonly commands: CommandStore
}

/**
 * Opens the directory of one device, for one process at a time. Fails with CONFLICT where another holds it, and with INVALID_OPTIONS
 * where it is another device's.
 */
export async function openDeviceDirectory(path: string, { kind, id }: Pick<SavedDevice, "kind" | "id">): Promise<DeviceDirectory> {
  const file = join(path, "device.json")
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const saved = read(file)
  if (saved !== undefined && (saved.kind !== kind || saved.id !== id)) {
    throw new MagpieError("INVALID_OPTIONS", `${path} holds the ${saved.kind} "${saved.id}"`, {
      remedy: "Give each device a directory of its own.",
    })
  }
  return {
    saved,
    save(device) {
      writeFileSync(`${file}.new`, JSON.stringify(device))
      renameSync(`${file}.new`, file)
    },
    commands: await storedCommands({ name: join(path, "commands") }),
  }
}

function read(file: string): SavedDevice | undefined {
  try {
    const { kind, id, applied, state } = JSON.parse(readFileSync(file, "utf8"))
    if (
      typeof kind === "string" &&
      typeof id === "string" &&
      Number.isSafeInteger(applied) &&
      typeof state === "object" &&
      state !== null
    ) {
      return { kind, id, applied, state }
    }
    throw new MagpieError("INVALID_OPTIONS", `${file} is no device's`)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined
    if (isMagpieError(cause)) throw cause
    throw new MagpieError("INVALID_OPTIONS", `${file} cannot be read`, { cause })
  }
}
