import { readFileSync } from "node:fs"
import { availableParallelism, cpus, loadavg } from "node:os"
import { pinned } from "./child.mjs"

/** Where the figures were measured, in one line. */
export function machineLine() {
  const [cpu] = cpus()
  const [load = 0] = loadavg()
  const noisy = load > 0.5 ? `; noisy: others kept ${load.toFixed(1)} cores busy at the start, trust ratios only` : ""
  const cores = pinned ? "server on core 0, load on core 1" : "NOT pinned to cores"
  return `Node ${process.version}, ${availableParallelism()} cores (${cpu?.model.trim() ?? "unknown"}), ${kernel()}, ${cores}${noisy}`
}

function kernel() {
  try {
    return `Linux ${readFileSync("/proc/sys/kernel/osrelease", "utf8").trim()}`
  } catch {
    return process.platform
  }
}
