import { readFileSync } from "node:fs"

/** Descriptors of a server beside those of its clients. */
const SPARE_FILES = 500

/** Node raises its own limit as far as it may; beyond that only the one who starts it can. */
export function refuseFewFiles(clients: number): void {
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? []
  if (Number(hard) < clients + SPARE_FILES) throw new Error(`${clients} clients need "ulimit -Hn ${clients + SPARE_FILES}"; it is ${hard}`)
}
