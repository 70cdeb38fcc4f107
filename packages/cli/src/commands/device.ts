import { resolve } from "node:path"
import { type Client, connect, webSocketTransport } from "@magpie/client"
import { type AnyContract, isMagpieError, MagpieError } from "@magpie/protocol"
import { nodeEnv } from "@magpie/server"
import { command, duration, EXIT, type OptionValues, option, type Surroundings, text } from "../command.ts"
import { CONNECTING, credentialsOf } from "../connecting.ts"
import { openDeviceDirectory } from "../device-directory.ts"
import { type Cuttable, cuttable } from "../devices/cuttable.ts"
import type { DeviceModel } from "../devices/device-model.ts"
import { createDevice, DEVICE_KINDS, type DeviceKind } from "../devices/kinds.ts"
import { type RunDeviceOptions, type RunningDevice, runDevice } from "../devices/run-device.ts"

const { timeout: _, ...REACHING } = CONNECTING
const OPTIONS = {
  ...REACHING,
  data: option("directory", "where it keeps what it is and what it has begun; device-ID unless told", {
    short: "d",
    completes: "directory",
    parse: text,
  }),
  group: option("name", "which group it belongs to; terminal unless told", { short: "g", parse: text }),
  commands: option("channel", "where its commands come from; KIND/ID unless told", { parse: text }),
  reported: option("channel", "the table of what devices are, with presence; devices/reported unless told", { parse: text }),
  desired: option("channel", "the table of what is wanted of them; devices/desired unless told", { parse: text }),
}
const CUT_MS = 10_000

export const deviceCommand = command({
  name: "device",
  summary: "be a simulated device: a lamp, a thermostat or a valve",
  arguments: [
    { name: "kind", about: "lamp, thermostat or valve", choices: DEVICE_KINDS },
    { name: "id", about: "what it is called" },
  ],
  options: OPTIONS,
  notes: [
    "Goes on over lost connections, restarts and kills: no command is executed twice.",
    "On standard input: cut [duration] breaks its link, for 10s unless told, and restore ends that; press at a lamp, window at a thermostat,",
    "jam and free at a valve are what somebody does who stands beside it.",
    "Ends with Ctrl+C, or when another device takes its place.",
  ],
  async run({ options, arguments: [kind = "", id = ""], json, at }) {
    const directory = await openDeviceDirectory(resolve(at.cwd, options.data ?? `device-${id}`), { kind, id })
    const model = createDevice(kind as DeviceKind, directory.saved?.state)
    const network = cuttable(webSocketTransport())
    const { url = "ws://localhost:8080" } = options
    const client = connect<AnyContract>(url, { ...credentialsOf(options), transport: network })
    const say = createSaying(id, json, at)
    try {
      const ended = untilEnded(client, at)
      const device = runDevice({
        id,
        kind,
        group: options.group ?? "terminal",
        host: "terminal",
        model,
        channels: channelsOf(client, `${kind}/${id}`, options),
        store: directory.commands,
        clock: nodeEnv(() => {}).clock,
        ...(directory.saved && { applied: directory.saved.applied }),
        save({ applied, state }) {
          directory.save({ kind, id, applied, state })
          say("state", state)
        },
        onCommand: (name, input, command) => say("command", { name, input, command }),
        onServing(state) {
          say(state.state, {})
          if (state.state === "ended") ended.fail(state.error)
        },
        onError: (failure) => at.note(at.style.bad(failure instanceof Error ? failure.message : String(failure))),
      })
      void obey(at, { model, network, device, say })
      await ended.promise
      await device.close()
      return EXIT.done
    } finally {
      await client.close()
      await directory.commands.close()
    }
  },
})

function channelsOf(
  client: Client<AnyContract>,
  own: string,
  { commands = own, reported = "devices/reported", desired = "devices/desired" }: OptionValues<typeof OPTIONS>,
): RunDeviceOptions["channels"] {
  const channel = (name: string): object => client.channel(name as never)
  return { commands: channel(commands), reported: channel(reported), desired: channel(desired) }
}

/** Resolves when somebody stops the process; fails when the connection or the device has ended for good. */
function untilEnded(client: Client<AnyContract>, at: Surroundings) {
  let fail: (error: MagpieError) => void = () => {}
  const promise = new Promise<void>((resolve, reject) => {
    fail = reject
    at.stopped.addEventListener("abort", () => resolve())
    client.on("status", ({ to, cause }) => {
      if (to === "closed") reject(cause ?? new MagpieError("CLOSED", "the connection ended"))
      else if (cause !== undefined) at.note(at.style.faint(`${to}: ${cause.message}`))
    })
  })
  // Where something else fails first, nobody waits for it.
  promise.catch(() => {})
  client.on("error", (error) => {
    if (isMagpieError(error) && !error.retryable) at.note(at.style.bad(error.message))
  })
  return { promise, fail }
}

type Say = (type: string, fields: object) => void

function createSaying(id: string, json: boolean, at: Surroundings): Say {
  return (type, fields) => {
    if (json) return at.print(JSON.stringify({ type, device: id, ...(type === "state" ? { state: fields } : fields) }))
    const told = Object.keys(fields).length === 0 ? "" : `  ${JSON.stringify(fields)}`
    at.print(`${at.style.bold(id)}  ${type}${told}`)
  }
}

interface Obeying {
  readonly model: DeviceModel
  readonly network: Cuttable
  readonly device: RunningDevice
  readonly say: Say
}

/** What is written on standard input, line by line. */
async function obey(at: Surroundings, { model, network, device, say }: Obeying): Promise<void> {
  let restoring: NodeJS.Timeout | undefined
  const restore = (): void => {
    clearTimeout(restoring)
    network.restore()
    say("restored", {})
  }
  for await (const line of at.lines()) {
    const [word = "", forHowLong] = line.trim().split(/\s+/)
    try {
      if (word === "cut") {
        const cutMs = forHowLong === undefined ? CUT_MS : duration(forHowLong)
        clearTimeout(restoring)
        network.cut()
        say("cut", { seconds: cutMs / 1_000 })
        restoring = setTimeout(restore, cutMs)
      } else if (word === "restore") restore()
      else if (Object.hasOwn(model.controls, word)) {
        model.controls[word]?.()
        device.look()
      } else if (word !== "") at.note(`write cut, restore, ${Object.keys(model.controls).join(", ")}`)
    } catch (failure) {
      at.note(failure instanceof Error ? failure.message : String(failure))
    }
  }
}
