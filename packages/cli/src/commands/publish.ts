import { command, EXIT } from "../command.ts"
import { CONNECTING, type UntypedChannel, untypedChannel, withClient } from "../connecting.ts"
import { parseJson } from "../parse-json.ts"

/** Messages that wait for their acknowledgement while more are read. */
const IN_FLIGHT = 256

export const publishCommand = command({
  name: "publish",
  summary: "publish a message, or one for each line of standard input",
  arguments: [
    { name: "channel", about: "where to" },
    { name: "name", about: "the message's name in the contract" },
    { name: "data", about: "its data as JSON; without it, or with -, each line of standard input is one", optional: true },
  ],
  options: CONNECTING,
  notes: ["Ends when everything is stored, or with the first refusal."],
  run: ({ options, arguments: [channel = "", name = "", data = "-"], json, at }) =>
    withClient(options, at, async ({ client, timeoutMs }) => {
      const to = untypedChannel(client, channel)
      const publish = async (value: unknown): Promise<string> => {
        const told = await send(to, name, value, timeoutMs)
        return json ? JSON.stringify({ channel, ...told }) : toldLine(channel, told)
      }
      if (data !== "-") at.print(await publish(parseJson(data, "data")))
      else for await (const line of inOrder(at.lines(), (text) => publish(parseJson(text, "data")))) at.print(line)
      return EXIT.done
    }),
})

type Told =
  | { readonly kind: "broadcast" }
  | { readonly kind: "stream"; readonly position: { readonly offset: number }; readonly level: string }

async function send(to: UntypedChannel, name: string, data: unknown, timeoutMs: number): Promise<Told> {
  if (to.kind !== "broadcast") return { kind: "stream", ...(await to.send(name, data, { timeoutMs })) }
  await to.sendAcknowledged(name, data, { timeoutMs })
  return { kind: "broadcast" }
}

function toldLine(channel: string, told: Told): string {
  return told.kind === "broadcast" ? `passed on to ${channel}` : `stored as ${told.position.offset} of ${channel}, level ${told.level}`
}

/** Begins the next while earlier ones are under way, and gives their outcomes in the order of the lines. Empty lines are left out. */
async function* inOrder(lines: AsyncIterable<string>, begin: (line: string) => Promise<string>): AsyncGenerator<string> {
  const pending: Promise<string>[] = []
  for await (const line of lines) {
    if (line.trim() === "") continue
    // A line that is wrong has its turn behind those before it, which are stored and are told.
    const outcome = (async () => begin(line))()
    // It is awaited in its turn.
    outcome.catch(() => {})
    pending.push(outcome)
    if (pending.length >= IN_FLIGHT) yield (await pending.shift()) as string
  }
  for (const outcome of pending) yield await outcome
}
