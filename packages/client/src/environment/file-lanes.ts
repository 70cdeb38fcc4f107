import { mkdir, readdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { Lanes } from "../lanes/lanes.ts"
import { holdFile } from "./file-lock.ts"
import { openRowLog, readRowLog } from "./row-log.ts"

const LOG = /^lane-(\d+)\.log$/

/** Lanes in a directory: one log a lane, beside the file whose lock says who holds it. */
export function openLanes(name: string): Lanes {
  const directory = resolve(name)
  return {
    async list(keys) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const files = await readdir(directory)
      const lanes = files.flatMap((file) => LOG.exec(file)?.[1] ?? [])
      const rows = await Promise.all(lanes.map((lane) => readRowLog(join(directory, `lane-${lane}.log`))))
      const wanted = lanes.filter((_, index) => [...(rows[index]?.keys() ?? [])].some((key) => key.startsWith(keys)))
      return wanted.map(Number).sort((a, b) => a - b)
    },
    async open(lane) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const release = holdFile(join(directory, `lane-${lane}.lock`))
      if (release === undefined) return undefined
      try {
        const log = await openRowLog(join(directory, `lane-${lane}.log`))
        return {
          rows: log.rows,
          write: log.write,
          async close() {
            await log.close()
            release()
          },
        }
      } catch (thrown) {
        release()
        throw thrown
      }
    },
  }
}
