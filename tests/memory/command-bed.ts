import { type CommandStore, commands, memoryCommands, serveCommands } from "@magpie/client/command"
import { command, contract, json } from "@magpie/protocol"
import type { AuthorizeRequest, CommandContext, User } from "@magpie/server"
import { anonymous } from "@magpie/server/core"
import { createTestBed, type TestBedOptions } from "@magpie/testing"

export interface Valve {
  readonly open: boolean
}

const setValve = {
  input: json<Valve>(),
  output: json<{ readonly angle: number }>(),
  errors: { stuck: json<{ readonly angle: number }>() },
  progress: json<number>(),
}

export const app = contract({
  "device/:id": command({ setValve }, { deadlineMs: 10_000, reportMs: 5_000 }),
  "pager/:id": command({ ring: { input: json<number>(), output: json<number>() } }, { offline: "refuse", deliveryMs: 2_000 }),
  "tools/:name": command({
    add: { input: json<readonly number[]>(), output: json<number>(), errors: { empty: json<null>() }, progress: json<number>() },
    wait: { input: json<null>(), output: json<string>() },
  }),
})

type ToolContext = CommandContext<number, { readonly name: string }>

export interface CommandBedOptions extends Partial<Pick<TestBedOptions<typeof app, never>, "limits" | ("latencyMs" & never)>> {
  readonly storage?: TestBedOptions<typeof app, never>["storage"]
  /** A token in the clear is its user's name. */
  readonly withTokens?: boolean
  /** How long one lives; without it for ever. */
  readonly tokenMs?: number
  readonly allows?: (request: AuthorizeRequest<User, object>) => boolean
  readonly add?: (input: readonly number[], context: ToolContext) => Promise<number>
  /** The server runs `add` alone. */
  readonly withoutWait?: boolean
  readonly wait?: (context: Pick<ToolContext, "signal">) => Promise<string>
}

export async function commandBed(options: CommandBedOptions = {}) {
  const { allows = () => true, storage, tokenMs } = options
  let now = (): number => 0
  const bed = await createTestBed(app, {
    auth:
      options.withTokens === true
        ? { authenticate: ({ token = "nobody" }) => ({ user: { id: token }, ...(tokenMs && { expiresAt: now() + tokenMs }) }) }
        : anonymous(),
    ...(options.limits === undefined ? undefined : { limits: options.limits }),
    ...(storage === undefined ? undefined : { storage }),
    rules: {
      "device/:id": { authorize: allows },
      "pager/:id": { authorize: allows },
      "tools/:name": {
        authorize: allows,
        handle: {
          add: (input, context) => (options.add ? options.add(input, context) : input.reduce((sum, each) => sum + each, 0)),
          ...(options.withoutWait === true ? undefined : { wait: (_input, context) => options.wait?.(context) ?? "waited" }),
        },
      },
    },
  })

  now = () => bed.clock.now()

  const device = (given: Partial<DeviceOptions> = {}) => startDevice(bed, given)

  /** A phone that has called a pump once, and whose link is cut now. */
  async function cutPhone() {
    const pump = device()
    await pump.isServing()
    const phone = valve(bed)
    await bed.clock.done(phone.call("setValve", { open: true }))
    bed.network.cut(true, "10.0.0.1")
    return { pump, phone }
  }

  return { bed, done: bed.clock.done, device, cutPhone }
}

type Bed = Awaited<ReturnType<typeof createTestBed<typeof app>>>

export interface DeviceOptions {
  readonly id: string
  readonly address: string
  readonly store: CommandStore
  /** What opening the valve does, beside being counted. */
  readonly act: (input: Valve, context: { readonly id: string; readonly signal: AbortSignal; progress(percent: number): void }) => unknown
  readonly concurrency: number
}

/** A valve that counts what it did, by the command's id. */
function startDevice(
  bed: Bed,
  { id = "7", address = "10.0.0.7", store = memoryCommands(), act = () => {}, concurrency }: Partial<DeviceOptions>,
) {
  const effects: string[] = []
  const client = bed.connect({ address })
  const server = serveCommands(client.channel(`device/${id}`), {
    store,
    ...(concurrency === undefined ? undefined : { concurrency }),
    handlers: {
      async setValve(input, context) {
        effects.push(context.id)
        await act(input, context)
        return { angle: input.open ? 90 : 0 }
      },
    },
  })
  const isServing = () => bed.clock.until(() => server.state.state === "serving")
  return { client, server, effects, store, isServing }
}

export const valve = (bed: Bed, id = "7", address = "10.0.0.1") => commands(bed.connect({ address }).channel(`device/${id}`))

/** Something that ends when the test says so. */
export function gate() {
  let open = (): void => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open: () => open() }
}
