import { watch } from "../client-under-test.fixture.ts"
import { type Life, machineWithLives } from "./lives.fixture.ts"

export const say = ({ client }: Life, text: string, options = {}) => watch(client.channel("chat/lobby").send("say", { text }, options))
export const textOf = ({ data }: { readonly data: unknown }): string => (data as { text: string }).text
/** What became of each message, without what only became durable. */
export const states = ({ changes }: Life): string[] => {
  const told = changes.map((change) => `${textOf(change)} ${change.state}`)
  return told.filter((each, index) => told.indexOf(each) === index)
}
export const listed = ({ outbox }: Life): string[] => outbox.messages.map((message) => `${textOf(message)} ${message.state}`)

/** A machine with one life that is online, and a way to have the server answer everything. */
export async function setUp(options: Parameters<typeof machineWithLives>[0] = {}) {
  const world = machineWithLives(options)
  const life = world.begin()
  await world.clock.advance(100)
  /** What came in is stored, for as long as more comes in. */
  async function store(): Promise<void> {
    do {
      world.server.answer(world.server.waiting, "store")
      await world.clock.advance(2_000)
    } while (world.server.waiting > 0)
  }
  const log = (): readonly string[] => world.server.logs.get("chat/lobby") ?? []
  /** The link breaks, and no other comes. */
  async function offline(): Promise<void> {
    world.peer.accepts = false
    world.cut()
    await world.clock.settle()
  }
  /** Under which numbers messages of a channel, or of any, came over the present link. */
  const sequences = (channel?: string): unknown[] => {
    const publishes = world.peer.link.of("publish").filter((publish) => channel === undefined || publish.channel === channel)
    return publishes.map(({ sequence }) => sequence)
  }
  return { ...world, life, store, offline, log, sequences }
}
