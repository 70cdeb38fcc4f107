import { spawnSync } from "node:child_process"
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import process from "node:process"

/** Files that this process holds: the kernel's lock tells processes apart, not two openings by one. */
const held = new Set<string>()

const FLOCK_HELD = 1

/**
 * Holds a file for this process alone. Returns what frees it, or undefined where another has it. The kernel's lock on an open
 * file ends with the process, in whatever way that ends. Node cannot ask for it, but it belongs to the open file and not to who
 * asks, so `flock` of util-linux or busybox does, on the file that it inherits. Where there is no such program, the file holds
 * the id of a process that must be alive.
 */
export function holdFile(path: string): (() => void) | undefined {
  if (held.has(path)) return undefined
  const free = lock(path)
  if (free === undefined) return undefined
  held.add(path)
  return () => {
    if (held.delete(path)) free()
  }
}

function lock(path: string): (() => void) | undefined {
  const file = openSync(path, "a", 0o600)
  const { status } = spawnSync("flock", ["-x", "-n", "3"], { stdio: ["ignore", "ignore", "ignore", file] })
  if (status === 0) return () => closeSync(file)
  closeSync(file)
  return status === FLOCK_HELD ? undefined : lockByProcess(`${path}.pid`)
}

/** Two that come in the very moment after the holder died may both get it: then the server fences the first of them. */
function lockByProcess(path: string): (() => void) | undefined {
  for (const _try of [1, 2]) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx", mode: 0o600 })
      return () => rmSync(path, { force: true })
    } catch {
      if (isAlive(Number(readFileSync(path, "utf8")))) return undefined
      rmSync(path, { force: true })
    }
  }
  return undefined
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (thrown) {
    // It lives, and is another user's.
    return (thrown as NodeJS.ErrnoException).code === "EPERM"
  }
}
