import type { TransportOptions } from "@magpie/testing"
import type { AccessBed } from "../access-suite/access-bed.ts"
import type { ChatBed } from "./chat-bed.ts"

/** One request in a test's hands, and what came back of it so far. */
export interface Asked {
  readonly status: number | undefined
  readonly text: string
  /** Whether the answer came to its end; undefined while it goes on. */
  readonly complete: boolean | undefined
  /** The answer as JSON, or the first line of one to a poll. */
  json(): Readonly<Record<string, unknown>>
  /** The events of a stream so far. */
  events(): readonly StreamEvent[]
  cancel(): void
}

export interface StreamEvent {
  readonly name: string
  readonly id: string | undefined
  readonly data: string
}

export interface Asking extends TransportOptions {
  readonly method?: "GET" | "POST"
  readonly body?: string
}

export function ask(bed: Pick<ChatBed, "network"> | AccessBed, path: string, { method = "GET", body, ...visitor }: Asking = {}): Asked {
  let status: number | undefined
  let text = ""
  let complete: boolean | undefined
  const cancel = bed.network.http(visitor).request(
    { method, url: `http://magpie.test/magpie/${path}`, ...(body !== undefined && { body }) },
    {
      onHead(given) {
        status = given
      },
      onText(piece) {
        text += piece
      },
      onEnd(whole) {
        complete = whole
      },
    },
  )
  return {
    get status() {
      return status
    },
    get text() {
      return text
    },
    get complete() {
      return complete
    },
    json: () => JSON.parse(text.split("\n", 1)[0] ?? ""),
    events: () => eventsIn(text),
    cancel,
  }
}

function eventsIn(text: string): StreamEvent[] {
  const blocks = text.split("\n\n").filter((block) => /^data:/m.test(block))
  return blocks.map((block) => {
    const of = (field: string): string[] => [...block.matchAll(new RegExp(`^${field}:(.*)$`, "gm"))].map(([, value = ""]) => value)
    return { name: of("event")[0] ?? "message", id: of("id")[0], data: of("data").join("\n") }
  })
}

export const LINK = "link-of-a-test-1"

/** A link over polls that was opened, in the hands of a test. */
export async function openPolls(bed: ChatBed, link = LINK) {
  const opening = ask(bed, `poll?link=${link}`, { method: "POST", body: "" })
  await bed.clock.settle()
  const secret = String(opening.json().secret)
  return {
    secret,
    poll: (acknowledged: number) => ask(bed, `poll?link=${link}`, { method: "POST", body: `${secret} ${acknowledged}` }),
    post: (number: number, ...messages: readonly object[]) =>
      ask(bed, `up?link=${link}`, {
        method: "POST",
        body: `${secret} ${number}\n${messages.map((one) => JSON.stringify(one)).join("\n")}`,
      }),
  }
}

export const HELLO = { type: "hello", version: 1, producer: "producer-of-a-test" }
