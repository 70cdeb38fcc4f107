// One life of a tab: it sends through an outbox on its disk until somebody kills it, and tells what is kept and what is confirmed.
import { connect } from "@magpie/client"
import { type KeptMessage, persistent } from "@magpie/client/persistent"
import type { Chaos } from "../contract.ts"
import { answer, note } from "../process/answer.ts"
import { UP } from "../servers/chat-server.ts"
import { tokenFor } from "../token.ts"
import { type Word, word } from "../word.ts"

export interface TabOptions {
  readonly directory: string
  readonly user: string
  /** The life's own publisher. */
  readonly by: number
}

export type TabQuestions = {
  /** Connects, and so sends what earlier lives have left. */
  open(given: { readonly port: number }): void
  /** Sends words without a pause, with so many that wait at most. */
  talk(given: { readonly window: number }): void
  hush(): void
  pending(): { readonly sent: number; readonly pending: number }
}

/** What a tab tells by itself. */
export type TabNote =
  /** So many of its words are kept by now: they are in order. */
  | { readonly kept: number }
  /** One that was refused or expired, of whatever life. */
  | { readonly refused: string }

const BACKOFF = { initialMs: 20, maxMs: 200 }
const { directory, user, by } = JSON.parse(process.argv[2] ?? "{}") as TabOptions

const outbox = persistent({ name: directory })
let sent = 0
let talking: NodeJS.Timeout | undefined
let client: ReturnType<typeof join> | undefined

function tell(told: TabNote): void {
  note(told)
}

function join(port: number) {
  return connect<Chaos>(`ws://127.0.0.1:${port}`, { token: () => tokenFor(user), outbox, backoff: BACKOFF })
}

outbox.on("change", ({ data, state, kept, error }: KeptMessage) => {
  const said = data as Word
  if (error) tell({ refused: `${said.by}.${said.n} is ${state}: ${error.message}` })
  else if (kept && said.by === by && state === "pending") tell({ kept: said.n })
})

const questions: TabQuestions = {
  open({ port }) {
    client = join(port)
  },
  talk({ window }) {
    talking = setInterval(() => {
      while (outbox.messages.length < window) {
        client
          ?.channel(UP)
          .send("say", word(by, ++sent))
          .catch(() => {})
      }
    }, 1)
  },
  hush: () => clearInterval(talking),
  pending: () => ({ sent, pending: outbox.messages.length }),
}

answer(questions)
