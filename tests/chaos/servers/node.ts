// One node of several over a broker, as its users run it. Only limits that one machine cannot keep while it plays everybody are raised.
import { createHash } from "node:crypto"
import { createServer, jwt, lmdb } from "@magpie/server"
import { BROKERS } from "../cluster/brokers.ts"
import { chaos } from "../contract.ts"
import { answer } from "../process/answer.ts"
import { secret } from "../token.ts"

export interface NodeOptions {
  readonly name: string
  readonly directory: string
  readonly broker: string
  readonly brokerPort: number
  /** The log's name at the broker. */
  readonly log: string
}

export type NodeQuestions = {
  /** Resolves with the port when it takes work. */
  listen(given: { readonly host: string; readonly port: number }): Promise<number>
}

const MANY = 100_000
const { name, directory, broker, brokerPort, log } = JSON.parse(process.argv[2] ?? "{}") as NodeOptions
const journal = BROKERS[broker]?.adapter(brokerPort, log)
if (journal === undefined) throw new Error(`there is no broker called ${broker}`)

const server = createServer(chaos, {
  auth: jwt({ secret: secret() }),
  sessionKey: createHash("sha256").update(secret()).digest(),
  node: name,
  trustedProxies: ["127.0.0.1"],
  storage: lmdb({ directory }),
  journal,
  limits: {
    messagesPerSecond: MANY,
    messagesPerAddressPerSecond: MANY,
    handshakesPerSecond: MANY,
    handshakesPerAddressPerSecond: MANY,
  },
  log: (level, event, fields) => {
    // That the broker is away is what the run is about.
    if (level === "error" && event !== "broker.lost") process.stderr.write(`${name}: ${event} ${JSON.stringify(fields ?? {})}\n`)
  },
})
server.channel("talk/:room", { authorize: ({ user }) => user !== undefined })
process.on("SIGTERM", () => void server.close().then(() => process.exit(0)))

const questions: NodeQuestions = {
  async listen({ host, port }) {
    const listening = await server.listen({ host, port })
    for (;;) {
      const { ok } = await fetch(`http://${host}:${listening.port}/magpie/api/v1/ready`)
      if (ok) return listening.port
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  },
}

answer(questions)
