import { CLOSE_CODES, DEFAULT_LIMITS, jsonCodec, parseDown } from "@magpie/protocol"
import { anonymous, type Batch, payloadOf } from "@magpie/server/core"
import { insist, textTarget } from "../target.ts"
import { framesOf, UP_WIRES, WIRE_WORDS } from "./corpus.ts"
import { wholeServer } from "./whole-server.ts"

const CLOSES: ReadonlySet<number> = new Set(Object.values(CLOSE_CODES))
const utf8 = new TextDecoder()

const HELLO = '{"type":"hello","version":1,"producer":"fuzz-1234"}'

/** In front of a frame: whether the connection says hello before it. */
const afterHello = (frame: string): string => `+${frame}`

/** A whole server without sockets and what one connection says to it: every frame is answered by the protocol, or closes it. */
export const serverConnection = textTarget({
  name: "server-connection",
  share: 1,
  corpus: [...framesOf(UP_WIRES), ...framesOf(UP_WIRES.slice(1)).map(afterHello)],
  words: [...WIRE_WORDS, HELLO, '"chat/lobby"', '"typing/lobby"'],
  maxLength: DEFAULT_LIMITS.messageBytes,
  async run(text) {
    const { env, core, close } = await wholeServer({ auth: anonymous() })
    const link = createLink()
    const events = core.accept(
      link.socket,
      { address: "192.0.2.1", origin: undefined, userAgent: "", plain: false },
      { token: undefined, key: undefined },
    )
    link.onClosed = (code) => events.onClose(code, "")
    if (text.startsWith("+")) events.onMessage(HELLO)
    await env.clock.settle()
    events.onMessage(text.startsWith("+") ? text.slice(1) : text)
    await env.clock.settle()
    await env.clock.advance(100)
    const heard = link.said.join(" ")
    await close(1_000)
    insist(env.clock.pendingTimers === 0, "leaves no timer behind")
    return heard
  },
})

function createLink() {
  const said: string[] = []
  let closed = false
  const link = {
    said,
    onClosed: (_code: number): void => {},
    socket: {
      queuedBytes: 0,
      send(batches: readonly Batch[]) {
        insist(!closed, "says nothing after a close")
        for (const batch of batches) {
          for (const value of jsonCodec.decode(utf8.decode(payloadOf(batch)))) said.push(summaryOf(value))
        }
      },
      ping() {},
      pause() {},
      resume() {},
      close(code: number) {
        insist(CLOSES.has(code), "closes with a code of the table")
        said.push(`close ${code}`)
        closed = true
        link.onClosed(code)
      },
      terminate() {},
    },
  }
  return link
}

/** What is said is a message of the protocol. */
function summaryOf(value: unknown): string {
  const message = parseDown(value)
  if (message.type === "welcome") return "accepted"
  return message.type === "error" ? `${message.code}#${message.id}` : `${message.type}${"id" in message ? `#${message.id}` : ""}`
}
