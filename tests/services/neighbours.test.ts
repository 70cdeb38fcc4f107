import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { GivenRecord, Neighbour } from "@magpie/journal"
import { kafkaTopic } from "@magpie/journal-kafka"
import { rabbitmqQueue } from "@magpie/journal-rabbitmq"
import { anonymous, createServer, lmdb, type Server } from "@magpie/server"
import { Admin } from "@platformatic/kafka"
import { Connection } from "rabbitmq-client"
import { afterEach, beforeAll, expect, it } from "vitest"
import { type App, app, orderOf } from "../memory/neighbours-bed.ts"
import { runSnippets } from "../running-snippets.ts"
import { snippetsOf, statesOf } from "../snippets.ts"
import { KINDS, withBroker } from "./brokers.ts"
import { newName, until } from "./journal-bed.ts"

interface NeighbourKind {
  /** Makes a topic or a queue as its owner does. */
  readonly create: (port: number, name: string) => Promise<void>
  readonly neighbour: (port: number, name: string, group?: string) => Neighbour
}

/** A broker that starts again does not answer at once. */
async function patiently(task: () => Promise<unknown>): Promise<void> {
  await until(
    () =>
      task().then(
        () => true,
        () => false,
      ),
    "an answer of the broker",
  )
}

/** What servers do by themselves: a coordinator of Kafka's may have to be loaded first. */
async function connected<T>(connect: () => Promise<T>): Promise<T> {
  let connection: { readonly its: T } | undefined
  await patiently(async () => {
    connection = { its: await connect() }
  })
  return (connection as { readonly its: T }).its
}

const NEIGHBOURS: Readonly<Record<string, NeighbourKind>> = {
  kafka: {
    create: (port, name) =>
      patiently(async () => {
        const admin = owner(port)
        await admin.createTopics({ topics: [name], partitions: 3, replicas: 1 }).finally(() => admin.close())
      }),
    neighbour: (port, topic, group) => kafkaTopic({ brokers: [`127.0.0.1:${port}`], topic, ...(group === undefined ? {} : { group }) }),
  },
  rabbitmq: {
    async create(port, queue) {
      const connection = new Connection(`amqp://guest:guest@127.0.0.1:${port}`)
      await connection.queueDeclare({ queue, durable: true })
      await connection.close()
    },
    neighbour: (port, queue) => rabbitmqQueue({ url: `amqp://guest:guest@127.0.0.1:${port}`, queue, keyHeader: "magpie-key" }),
  },
}

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "magpie-neighbours-"))
  ends.push(async () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

async function startServer(directory: string): Promise<Server<App>> {
  const server = createServer(app, { auth: anonymous(), storage: lmdb({ directory }), log: () => {} })
  ends.push(() => server.close({ spreadMs: 0 }))
  await server.listen({ port: 0, host: "127.0.0.1" })
  return server
}

async function writeAll(to: Neighbour, records: readonly { readonly key: string; readonly value: string }[]): Promise<void> {
  const writing = await connected(() => to.write(() => {}))
  await writing.send(
    records.map(({ key, value }, index) => ({ id: `${value}-${index}`, key, value: Buffer.from(value), headers: { by: "erp" } })),
  )
  await writing.close()
}

/** Whatever comes, until there is enough of it. */
async function readAll(from: Neighbour, isEnough: (records: readonly GivenRecord[]) => boolean): Promise<readonly GivenRecord[]> {
  const reading = await connected(() => from.read(() => {}))
  const records: GivenRecord[] = []
  for (const lane of reading.lanes) {
    void (async () => {
      for (let more = await lane.next(); more.length > 0; more = await lane.next()) records.push(...more)
    })()
  }
  await until(() => isEnough(records), "the records")
  await reading.close()
  return records
}

const KEYS = ["a", "b", "c", "d"]
const states = (server: Server<App>, id: string): readonly string[] =>
  server
    .channel(`orders/${id}`)
    .history({ last: 1_000 })
    .map(({ data }) => data.state)
const numbered = (count: number, from = 1): string[] => Array.from({ length: count }, (_, index) => `${from + index}`)
const ordersOf = (values: readonly string[]) => values.flatMap((value) => KEYS.map((key) => ({ key, value })))
const offsetsOf = (records: readonly GivenRecord[]): readonly number[] => [
  ...new Set(records.map(({ headers }) => Number(headers["magpie-offset"]))),
]

for (const kind of KINDS.filter(({ name }) => name in NEIGHBOURS)) {
  const its = NEIGHBOURS[kind.name] as NeighbourKind
  await withBroker({ name: kind.name }, "neighbours", (broker) => {
    // Declared well before it is killed: RabbitMQ writes down what it has only a moment later, and its loss is not what is tested here.
    const [ordersName, roomsName] = [newName(), newName()]
    beforeAll(async () => {
      await its.create(broker().port, ordersName)
      await its.create(broker().port, roomsName)
    })

    it("an ingress gives what the record says beside its value, and puts what it cannot publish among the dead letters", async () => {
      const [name, deadName] = [newName(), newName()]
      await its.create(broker().port, name)
      await its.create(broker().port, deadName)
      const [topic, dead] = [its.neighbour(broker().port, name), its.neighbour(broker().port, deadName, "check")]
      const server = await startServer(newDirectory())
      await writeAll(topic, [...ordersOf(["fine"]), { key: "a", value: "broken" }, { key: "a", value: "last" }])
      const seen: { id: string | undefined; by: string | undefined }[] = []
      server.ingress({
        name: "orders",
        from: topic,
        deadLetters: dead,
        publish(record) {
          seen.push({ id: record.id, by: record.headers.by })
          return record.text() === "broken" ? { channel: "orders/a", name: "changed", data: 7 } : orderOf(record)
        },
      })
      const [letter] = await readAll(dead, (records) => records.length > 0)
      expect(letter).toMatchObject({ key: "a", headers: { by: "erp", "magpie-ingress": "orders", "magpie-error": "BAD_REQUEST" } })
      expect(String(letter?.value)).toBe("broken")
      await until(() => states(server, "a").length === 2, "what came behind it")
      expect(states(server, "a")).toEqual(["fine", "last"])
      expect(new Set(seen.map(({ by }) => by))).toEqual(new Set(["erp"]))
      expect(new Set(seen.map(({ id }) => id)).size).toBe(6)
    })

    it("[G1][G2][G3] an ingress stores each record once and in the order of its key, also when the broker is killed and the server starts anew", async () => {
      const [topic, directory] = [its.neighbour(broker().port, ordersName), newDirectory()]
      const first = await startServer(directory)
      const ingress = first.ingress({ name: "orders", from: topic, publish: orderOf })
      await writeAll(topic, ordersOf(numbered(40)))
      await until(() => ingress.counts.published >= 60, "some orders")
      await broker().kill()
      await broker().start()
      await until(() => KEYS.every((key) => states(first, key).length === 40), "the orders")
      await first.close({ spreadMs: 0 })

      await writeAll(topic, ordersOf(numbered(20, 41)))
      const second = await startServer(directory)
      const again = second.ingress({ name: "orders", from: topic, publish: orderOf })
      await until(() => KEYS.every((key) => states(second, key).length >= 60), "the later orders")
      await until(() => again.state === "running")
      for (const key of KEYS) expect(states(second, key)).toEqual(numbered(60))
    })

    it("[G1][G3][G4] an egress mirrors a stream in its order, and goes on from its place behind a kill of the broker and in a new server", async () => {
      const [topic, directory] = [its.neighbour(broker().port, roomsName, "check"), newDirectory()]
      const sayAll = async (server: Server<App>, texts: readonly string[]): Promise<void> => {
        for (const text of texts) await server.channel("room/a").publish("say", text)
      }
      const options = { name: "rooms", channel: "room/a", to: topic, places: "places" } as const
      const first = await startServer(directory)
      const egress = first.egress(options)
      await sayAll(first, numbered(20))
      await until(() => egress.position?.offset === 20, "the first messages")
      await broker().kill()
      await sayAll(first, numbered(10, 21))
      await broker().start()
      await until(() => egress.position?.offset === 30, "what was said meanwhile")
      await first.close({ spreadMs: 0 })

      const second = await startServer(directory)
      const again = second.egress(options)
      await sayAll(second, numbered(10, 31))
      await until(() => again.position?.offset === 40, "the last messages")
      expect(again.counts.sent).toBe(10)
      const records = await readAll(topic, (found) => offsetsOf(found).length === 40)
      expect(offsetsOf(records)).toEqual(numbered(40).map(Number))
      for (const record of records) {
        const { message, position } = JSON.parse(String(record.value))
        expect([message.data, `${position.offset}`, record.key]).toEqual([
          record.headers["magpie-offset"],
          record.headers["magpie-offset"],
          "room/a",
        ])
      }
    })

    if (kind.name === "kafka") {
      it.each(["docs/neighbours.md", "docs/neighbours.zh-TW.md"])("the server of %s runs", async (page) => {
        const { port } = broker()
        const names = Object.fromEntries(["orders", "orders.dead", "chat"].map((topic) => [topic, newName()]))
        for (const name of Object.values(names)) await its.create(port, name)
        await writeAll(its.neighbour(port, names.orders ?? ""), [
          { key: "42", value: "no JSON" },
          { key: "42", value: '{"state":"paid"}' },
        ])
        const [files = new Map<string, string>()] = statesOf(snippetsOf(page))
        const mine = (files.get("server.ts") ?? "")
          .replace("localhost:9092", `127.0.0.1:${port}`)
          .replaceAll(/topic: "([^"]+)"/g, (_, topic: string) => `topic: "${names[topic]}"`)
          // It follows for ever.
          .replace("for await", "void (async () => { for await")
        const { printed, close } = await runSnippets(new Map([...files, ["server.ts", `${mine}\n})()`]]))
        await printed.line("42 is paid")
        await close()
        const [letter] = await readAll(its.neighbour(port, names["orders.dead"] ?? "", "check"), (records) => records.length > 0)
        expect(String(letter?.value)).toBe("no JSON")
      })

      it("a topic is read on from where it stands, and what Kafka let go of is said", async () => {
        const name = newName()
        const { port } = broker()
        await its.create(port, name)
        const server = await startServer(newDirectory())
        const topic = its.neighbour(port, name)
        const first = server.ingress({ name: "orders", from: topic, publish: orderOf })
        await writeAll(topic, [{ key: "a", value: "1" }])
        await until(() => first.counts.published === 1, "the first order")
        await until(async () => (await lagOf(port, name)) === 0, "its place")
        await first.close()
        await writeAll(
          topic,
          [2, 3, 4, 5].map((value) => ({ key: "a", value: `${value}` })),
        )
        await deleteBefore(port, name, 3n)
        const second = server.ingress({ name: "orders", from: topic, publish: orderOf })
        await until(() => states(server, "a").length === 3, "what is left")
        expect(states(server, "a")).toEqual(["1", "4", "5"])
        expect(second.counts).toMatchObject({ missing: 2, published: 2, repeated: 0 })
      })

      it("a group that has not read begins with what comes from now on, where it is told to", async () => {
        const name = newName()
        await its.create(broker().port, name)
        await writeAll(its.neighbour(broker().port, name), [{ key: "a", value: "1" }])
        const from = kafkaTopic({ brokers: [`127.0.0.1:${broker().port}`], topic: name, group: "late", start: "newest" })
        const server = await startServer(newDirectory())
        const ingress = server.ingress({ name: "orders", from, publish: orderOf })
        await until(() => ingress.state === "running", "the connection")
        await writeAll(from, [{ key: "a", value: "2" }])
        await until(() => ingress.counts.published === 1, "the second order")
        expect(states(server, "a")).toEqual(["2"])
      })
    }
  })
}

const owner = (port: number): Admin => new Admin({ clientId: "owner", bootstrapBrokers: [`127.0.0.1:${port}`] })

async function deleteBefore(port: number, name: string, offset: bigint): Promise<void> {
  const admin = owner(port)
  // Key "a" is in one partition; the others are empty and refuse.
  for (const partition of [0, 1, 2]) {
    await admin.deleteRecords({ topics: [{ name, partitions: [{ partition, offset }] }] }).catch(() => {})
  }
  await admin.close()
}

/** Of the one record that was written. */
async function lagOf(port: number, topic: string): Promise<number> {
  const admin = owner(port)
  const [group] = await admin.listConsumerGroupOffsets({ groups: ["magpie"] }).finally(() => admin.close())
  const partitions = group?.topics.find(({ name }) => name === topic)?.partitions ?? []
  return 1 - partitions.reduce((sum, { committedOffset }) => sum + Number(committedOffset), 0)
}
