import { command, EXIT, option, wholeNumber } from "../command.ts"
import { CONNECTING, untypedChannel, withClient } from "../connecting.ts"
import { messageLine } from "../message-line.ts"

const MOST = 1_000_000_000

export const tailCommand = command({
  name: "tail",
  summary: "print messages as they come",
  arguments: [{ name: "channel", about: "which" }],
  options: {
    ...CONNECTING,
    last: option("count", "begin with the newest messages of a stream", { short: "n", parse: wholeNumber(0, MOST) }),
    count: option("count", "end after so many messages", { parse: wholeNumber(1, MOST) }),
  },
  notes: [
    "Goes on over lost connections, and says what is missing: a gap is a line of its own, with --json an object of type gap.",
    "Ends with Ctrl+C, or when the server turns it away.",
  ],
  run: ({ options: { last, count = Number.POSITIVE_INFINITY, ...connecting }, arguments: [name = ""], json, at }) =>
    withClient(connecting, at, async ({ client }) => {
      const channel = untypedChannel(client, name)
      let left = count
      await new Promise<void>((resolve, reject) => {
        channel.subscription.on("gap", (gap) => {
          const { reason, from, to, skipped } = gap
          if (json) at.print(JSON.stringify({ type: "gap", ...gap }))
          else at.print(at.style.bad(`missing ${skipped ?? `${from ?? "?"} to ${to ?? "?"}`}: ${reason}`))
        })
        channel.subscription.on("state", (state) => {
          if (state.state === "refused") reject(state.error)
        })
        channel.onAny((message) => {
          if (left === 0) return
          at.print(messageLine(message, json, at.style))
          left -= 1
          if (left === 0) resolve()
        })
        at.stopped.addEventListener("abort", () => resolve())
        channel.subscribe(last === undefined ? {} : { last }).catch(reject)
      })
      return EXIT.done
    }),
})
