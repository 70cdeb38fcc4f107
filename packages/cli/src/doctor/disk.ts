import { closeSync, existsSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Finding } from "./finding.ts"

const WRITES = 20
const BLOCK = Buffer.alloc(4_096)
const SLOW_MS = 20
const GIB = 2 ** 30
/** File systems over a network, by their magic numbers (statfs(2)): memory-mapped files are not safe there. */
const NETWORK: ReadonlySet<number> = new Set([0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997])

/** Whether the data directory can be written and how long an acknowledgement waits for it. */
export function lookAtDisk(data: string, now: () => number): readonly Finding[] {
  const directory = nearestThatExists(data)
  const probe = mkdtempSync(join(directory, ".magpie-doctor-"))
  try {
    const times = syncTimes(join(probe, "probe"), now)
    return [syncFinding(directory, times), ...spaceFindings(directory)]
  } finally {
    rmSync(probe, { recursive: true, force: true })
  }
}

function nearestThatExists(directory: string): string {
  return existsSync(directory) || dirname(directory) === directory ? directory : nearestThatExists(dirname(directory))
}

function syncTimes(file: string, now: () => number): readonly number[] {
  const opened = openSync(file, "w")
  try {
    return Array.from({ length: WRITES }, () => {
      const started = now()
      writeSync(opened, BLOCK)
      fdatasyncSync(opened)
      return now() - started
    }).sort((a, b) => a - b)
  } finally {
    closeSync(opened)
  }
}

function syncFinding(directory: string, times: readonly number[]): Finding {
  const median = times[times.length >> 1] ?? 0
  const worst = times.at(-1) ?? 0
  const told = `${directory} can be written; a flush takes ${median.toFixed(1)} ms, the slowest of ${WRITES} took ${worst.toFixed(1)} ms`
  if (median <= SLOW_MS) return { about: "disk", state: "ok", told }
  return {
    about: "disk",
    state: "warning",
    told,
    remedy: "Each acknowledgement on a stream waits for a flush: use a faster disk for the data.",
  }
}

function spaceFindings(directory: string): readonly Finding[] {
  const { bavail, bsize, type } = statfsSync(directory)
  const free = bavail * bsize
  const network: Finding = {
    about: "disk",
    state: "warning",
    told: `${directory} is on a file system over a network`,
    remedy: "Keep the data on a local disk: the storage maps it into memory.",
  }
  return [
    free < GIB
      ? {
          about: "disk",
          state: "warning",
          told: `${(free / GIB).toFixed(2)} GiB are free`,
          remedy: "Make room: without it streams answer UNAVAILABLE.",
        }
      : { about: "disk", state: "ok", told: `${(free / GIB).toFixed(1)} GiB are free` },
    ...(NETWORK.has(type) ? [network] : []),
  ]
}
