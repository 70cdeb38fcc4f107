import { command, contract, json, stream } from "@magpie/protocol"
import { expectTypeOf, test } from "vitest"
import { connect } from "../connect.ts"
import { type CommandOutcome, commands, memoryCommands, serveCommands } from "./index.ts"

const app = contract({
  "device/:id": command({
    setValve: {
      input: json<{ readonly open: boolean }>(),
      output: json<{ readonly angle: number }>(),
      errors: { stuck: json<{ readonly at: number }>(), locked: json<null>() },
      progress: json<number>(),
    },
    reboot: { input: json<null>(), output: json<string>() },
  }),
  "chat/:room": stream({ messages: { say: json<string>() } }),
})
const client = connect("ws://localhost", { contract: app, lazy: true })
type Device = (typeof app)["channels"]["device/:id"]

test("a call knows its command's input, output and progress", () => {
  const valve = commands(client.channel("device/7"))
  expectTypeOf(valve.call("setValve", { open: true })).resolves.toEqualTypeOf<{ readonly angle: number }>()
  expectTypeOf(valve.call("reboot", null)).resolves.toEqualTypeOf<string>()
  valve.call("setValve", { open: true }, { onProgress: (progress) => expectTypeOf(progress).toEqualTypeOf<number>() })
  // @ts-expect-error the input is another one
  valve.call("setValve", { open: 1 })
  // @ts-expect-error there is no such command
  valve.call("explode", null)
  // @ts-expect-error a stream has no commands
  commands(client.channel("chat/lobby"))
})

test("an outcome tells its states apart, and the contract's errors by their codes", () => {
  const outcome = {} as CommandOutcome<Device, "setValve">
  if (outcome.state === "done") expectTypeOf(outcome.output).toEqualTypeOf<{ readonly angle: number }>()
  if (outcome.state === "failed" && "data" in outcome.error && outcome.error.code === "stuck") {
    expectTypeOf(outcome.error.data).toEqualTypeOf<{ readonly at: number }>()
  }
  if (outcome.state === "expired") expectTypeOf(outcome).not.toHaveProperty("output")
})

test("a device has a handler for each command, with the command's types", () => {
  serveCommands(client.channel("device/7"), {
    store: memoryCommands(),
    handlers: {
      setValve(input, { progress }) {
        expectTypeOf(input).toEqualTypeOf<{ readonly open: boolean }>()
        progress(50)
        // @ts-expect-error progress is a number
        progress("half")
        return { angle: 90 }
      },
      reboot: async () => "ok",
    },
  })
  serveCommands(client.channel("device/7"), {
    store: memoryCommands(),
    // @ts-expect-error one handler is missing
    handlers: { reboot: () => "ok" },
  })
})
