import { join } from "node:path"
import { CONTENDERS, type ContenderName, HEARTBEAT_MS, PONG_TIMEOUT_MS } from "../contenders/contenders.ts"
import { type Child, startChild } from "../process/child.ts"
import type { Relay } from "../relay.ts"
import { type ChatNote, type ChatQuestions, SERVER } from "../servers/chat-server.ts"
import { sleep } from "../wait.ts"
import { type WordId, wordId } from "../word.ts"

/** A contender's server, which dies and comes back, and what it told meanwhile. */
export interface Stage {
  /** What it said by itself, as far as it is sure of it. */
  readonly spoke: ReadonlySet<WordId>
  /** What it handled, where nothing else could tell. */
  readonly handled: readonly WordId[]
  speak(): Promise<void>
  hush(): Promise<void>
  /** How it ended when nobody had killed it. */
  readonly crashes: readonly Error[]
  /** Kills it and starts another on the same data after so long. False where it is down already. */
  kill(forMs: number): boolean
  /** Stops it for so long. False where it is down or stands still. */
  pause(forMs: number): boolean
  /** Waits until it runs again. */
  up(): Promise<void>
  end(): Promise<void>
}

export interface StageOptions {
  readonly contender: ContenderName
  readonly directory: string
  readonly perSecond: number
  /** They lead to it, wherever it listens. */
  readonly relays: readonly Relay[]
}

export async function setStage({ contender, directory, perSecond, relays }: StageOptions): Promise<Stage> {
  const spoke = new Set<WordId>()
  const handled: WordId[] = []
  const crashes: Error[] = []
  const killed = new WeakSet<Child<ChatQuestions>>()
  let server = await start()
  let state: "up" | "down" | "still" = "up"
  let returning = Promise.resolve()
  let speaking = false

  async function start(): Promise<Child<ChatQuestions>> {
    const { server: module, stores } = CONTENDERS[contender]
    const beats = { heartbeatMs: HEARTBEAT_MS, pongTimeoutMs: PONG_TIMEOUT_MS }
    const options = stores ? { directory: join(directory, contender), ...beats } : { contender }
    const child = await startChild<ChatQuestions>(new URL(`../servers/${module}`, import.meta.url), {
      core: "server",
      args: [JSON.stringify(options)],
      onNote(note: ChatNote) {
        if ("spoke" in note) spoke.add(note.spoke)
        else handled.push(note.handled)
      },
    })
    void child.ended.then((how) => killed.has(child) || crashes.push(how))
    const { port } = await child.ask("listen")
    for (const relay of relays) relay.target(port)
    return child
  }

  async function kill(): Promise<void> {
    killed.add(server)
    await server.kill()
  }

  async function replace(forMs: number): Promise<void> {
    await kill()
    await sleep(forMs)
    server = await start()
    state = "up"
    if (speaking) await speak()
  }

  /** From the first word that it was not sure of. */
  async function speak(): Promise<void> {
    speaking = true
    let from = 1
    while (spoke.has(wordId({ by: SERVER, n: from }))) from++
    await server.ask("speak", { from, perSecond })
  }

  return {
    spoke,
    handled,
    crashes,
    speak,
    async hush() {
      speaking = false
      await server.ask("hush")
    },
    kill(forMs) {
      if (state === "down") return false
      state = "down"
      returning = replace(forMs)
      return true
    },
    pause(forMs) {
      if (state !== "up") return false
      state = "still"
      const still = server
      still.signal("SIGSTOP")
      returning = sleep(forMs).then(() => {
        still.signal("SIGCONT")
        if (state === "still") state = "up"
      })
      return true
    },
    up: () => returning,
    end: kill,
  }
}
