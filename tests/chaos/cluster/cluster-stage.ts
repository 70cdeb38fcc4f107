import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { type Child, startChild } from "../process/child.ts"
import type { NodeOptions, NodeQuestions } from "../servers/node.ts"
import { sleep } from "../wait.ts"
import { type BrokerStage, setBroker } from "./broker.ts"
import { type ClusterFault, NODES } from "./cluster-plan.ts"
import { type FrontStage, setFront } from "./front.ts"

/** A broker, nodes over it, and NGINX before them. */
export interface ClusterStage {
  readonly url: string
  readonly certificate: string
  /** How nodes ended that nobody had ended. */
  readonly crashes: readonly Error[]
  /** Begins what the fault says. False where there is nothing to hurt. */
  strike(fault: ClusterFault): boolean
  /** Waits until everything runs again. */
  whole(): Promise<void>
  end(): Promise<void>
}

interface Node {
  readonly host: string
  child: Child<NodeQuestions> | undefined
  port: number
}

/** NGINX finds them where nobody connects from, so that no connection of the machine's takes their ports while they are away. */
const hostOf = (number: number): string => `127.0.0.${number + 2}`

export async function setCluster(broker: string, directory: string): Promise<ClusterStage> {
  const crashes: Error[] = []
  const wanted = new WeakSet<Child<NodeQuestions>>()
  const mending = new Set<Promise<void>>()
  const brokerStage: BrokerStage = await setBroker({ name: broker, directory: join(directory, "broker"), nodes: NODES })
  let brokerRuns = true
  const nodes: Node[] = Array.from({ length: NODES }, (_, number) => ({ host: hostOf(number), child: undefined, port: 0 }))
  await Promise.all(nodes.map((_, number) => start(number)))
  const front: FrontStage = await setFront(
    join(directory, "front"),
    nodes.map(({ host, port }) => `${host}:${port}`),
  )

  async function start(number: number): Promise<void> {
    const node = nodes[number]
    if (node === undefined) return
    const own = join(directory, `node-${number}`)
    mkdirSync(own, { recursive: true })
    const options: NodeOptions = {
      name: `node-${number}`,
      directory: own,
      broker,
      brokerPort: brokerStage.ports[number] ?? 0,
      log: "chaos",
    }
    const child = await startChild<NodeQuestions>(new URL("../servers/node.js", import.meta.url), {
      core: "server",
      args: [JSON.stringify(options)],
    })
    node.child = child
    void child.ended.then((how) => wanted.has(child) || crashes.push(how))
    node.port = await child.ask("listen", { host: node.host, port: node.port })
  }

  /** Ends a node as `how` says, and starts it again after so long. */
  async function restart(number: number, how: "SIGKILL" | "SIGTERM", afterMs: number): Promise<void> {
    const node = nodes[number]
    const child = node?.child
    if (node === undefined || child === undefined) return
    node.child = undefined
    wanted.add(child)
    child.signal(how)
    await child.ended
    await sleep(afterMs)
    await start(number)
  }

  async function roll(): Promise<void> {
    for (const number of nodes.keys()) await restart(number, "SIGTERM", 0)
  }

  async function restartBroker(forMs: number): Promise<void> {
    brokerRuns = false
    await brokerStage.restart(forMs)
    brokerRuns = true
  }

  async function cut(number: number, forMs: number): Promise<void> {
    brokerStage.cut(number)
    await sleep(forMs)
    brokerStage.heal(number)
  }

  function begin(mend: Promise<void>): true {
    mending.add(mend)
    void mend.finally(() => mending.delete(mend)).catch(() => {})
    return true
  }

  return {
    url: front.url,
    certificate: front.certificate,
    crashes,
    strike(fault) {
      switch (fault.kind) {
        case "kill-node":
          return nodes[fault.node]?.child !== undefined && begin(restart(fault.node, "SIGKILL", fault.forMs))
        case "cut-node":
          return brokerRuns && begin(cut(fault.node, fault.forMs))
        case "kill-broker":
          return brokerRuns && begin(restartBroker(fault.forMs))
        case "rolling-restart":
          return begin(roll())
      }
    },
    async whole() {
      await Promise.all(mending)
    },
    async end() {
      for (const { child } of nodes) {
        if (child === undefined) continue
        wanted.add(child)
        await child.kill()
      }
      await front.end()
      await brokerStage.end()
    },
  }
}
