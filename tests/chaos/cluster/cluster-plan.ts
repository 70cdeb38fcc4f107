import { type SeededRandom, seededRandom } from "@magpie/testing"

export const NODES = 3

/** One thing that goes wrong with a cluster. */
export type ClusterFault =
  /** The node dies by SIGKILL and is started again on its data. */
  | { readonly kind: "kill-node"; readonly node: number; readonly forMs: number }
  /** The links between the node and the broker are reset, and no new one comes about. */
  | { readonly kind: "cut-node"; readonly node: number; readonly forMs: number }
  /** The broker dies by SIGKILL and is started again on its data. */
  | { readonly kind: "kill-broker"; readonly forMs: number }
  /** Each node in turn gets SIGTERM, and is started again when it has ended. */
  | { readonly kind: "rolling-restart" }

export type ClusterFaultKind = ClusterFault["kind"]

/** In this order; each comes when the one before is mended, or in the middle of it. */
const FULL: readonly ClusterFaultKind[] = [
  "kill-node",
  "cut-node",
  "kill-broker",
  "kill-node",
  "rolling-restart",
  "cut-node",
  "kill-node",
  "kill-broker",
  "cut-node",
  "kill-node",
]
const QUICK: readonly ClusterFaultKind[] = ["kill-node", "cut-node", "kill-broker", "rolling-restart"]

/** The same for the same seed, whatever the broker. */
export function planCluster(seed: string, quick: boolean): readonly ClusterFault[] {
  const random = seededRandom(`${seed}/cluster`)
  return (quick ? QUICK : FULL).map((kind) => draw(kind, random))
}

function draw(kind: ClusterFaultKind, random: SeededRandom): ClusterFault {
  const node = random.integer(0, NODES - 1)
  switch (kind) {
    case "kill-node":
      return { kind, node, forMs: random.integer(100, 2_000) }
    case "cut-node":
      return { kind, node, forMs: random.integer(200, 4_000) }
    case "kill-broker":
      return { kind, forMs: random.integer(100, 1_500) }
    case "rolling-restart":
      return { kind }
  }
}

export function describeFault(fault: ClusterFault): string {
  const where = "node" in fault ? ` ${fault.node}` : ""
  return `${fault.kind}${where}${"forMs" in fault ? ` (${fault.forMs} ms)` : ""}`
}
