import { type ClientEnvironment, connect } from "@magpie/client"
import { contract, isMagpieError, json, stream } from "@magpie/protocol"
import type { FakeMachine } from "@magpie/testing"
import { insist } from "../target.ts"

const app = contract({ "chat/:room": stream({ messages: { say: json() } }) })

/**
 * A client with a subscription and a publish under way, to which `talk` lets somebody speak, and then its close. What its page was
 * told, and its last status: every failure is coded, and nothing is left behind.
 */
export async function wholeClient(
  machine: FakeMachine,
  environment: ClientEnvironment,
  { heard, talk, closesWithinMs }: { readonly heard: string; readonly talk: () => Promise<void>; readonly closesWithinMs: number },
): Promise<string> {
  const client = connect<typeof app>("ws://test", { environment, contract: app })
  const told: string[] = []
  const fails = (what: string, thrown: unknown): void => {
    insist(isMagpieError(thrown), `fails with a coded error (${what}: ${thrown})`)
    told.push(`${what} ${thrown.code}`)
  }
  client.on("error", (error) => fails("error", error))
  const lobby = client.channel("chat/lobby")
  lobby.on("say", ({ offset }) => told.push(`${heard} ${offset}`))
  lobby.send("say", "hello").then(
    () => told.push("accepted"),
    (thrown) => fails("send", thrown),
  )
  await talk()
  const closing = client.close()
  await machine.clock.advance(closesWithinMs)
  await closing
  insist(machine.clock.pendingTimers === 0 && machine.signalListeners === 0, "leaves nothing behind")
  return `${told.join(" ")} ${client.status.state}`
}
