import { type ClientEnvironment, connect } from "@magpie/client"
import { inbox } from "@magpie/client/inbox"
import { persistent } from "@magpie/client/persistent"
import { contract, isMagpieError, json, stream } from "@magpie/protocol"
import { answerPolitely, fakeMachine } from "@magpie/testing"
import { HEADING, lineOf, readLines } from "../../../packages/client/src/environment/row-lines.ts"
import { memoryLanes } from "../../../packages/client/src/lanes/memory-lanes.ts"
import { crc32 } from "../../../packages/journal/src/checksum.ts"
import { attempt } from "../refusals.ts"
import { insist, type Target, textTarget } from "../target.ts"

type Rows = readonly (readonly [key: string, value?: unknown])[]

const mapOf = (rows: Rows): ReadonlyMap<string, unknown> => new Map(rows.map(([key, value]) => [key, value]))
const NOW = 1_767_225_600_000

const OUTBOX: Rows = [
  ["owner", { version: 1, producer: "p1", session: "s1.u", user: "ann", link: 5 }],
  ["numbers/chat/lobby", { last: 3 }],
  ["message/000000000004", { id: "m4", channel: "chat/lobby", message: { name: "say", data: "four", ref: "r4" }, at: NOW, sequence: 4 }],
  ["message/000000000005", { id: "m5", channel: "chat/lobby", message: { name: "say", data: { text: "鵲橋" }, ref: "r5" }, at: NOW }],
  [
    "message/000000000006",
    { id: "m6", channel: "chat/a", message: { name: "say", data: 6, ref: "r6" }, at: 1, refusal: { code: "FORBIDDEN", reason: "no" } },
  ],
]
const INBOX: Rows = [
  ["chat/lobby\n", { epoch: "e1", offset: 2, mark: "k2" }],
  ["chat/lobby\n0000000000000001", { name: "say", data: { text: "one" }, at: NOW, offset: 1, mark: "k1", from: "ann" }],
  ["chat/lobby\n0000000000000002", { name: "say", data: 2, at: NOW, offset: 2, mark: "k2", changed: { version: 2 } }],
]

const bytesOf = (...writes: readonly Rows[]): Uint8Array => Buffer.from(HEADING + writes.map((rows) => lineOf(mapOf(rows))).join(""))
/** In front of a file: whether the checksums of its lines are made to fit. */
const labelled = (file: Uint8Array): Uint8Array => Uint8Array.of(1, ...file)

/** A file of rows as a device gives it back: what a crash has cut short is left out, other damage is named. */
export const rowFile: Target = {
  name: "row-file",
  share: 8,
  corpus: [bytesOf(OUTBOX), bytesOf(OUTBOX, [["message/000000000004"], ["owner", null]], INBOX), bytesOf(), Buffer.from("magpie")].map(
    labelled,
  ),
  maxLength: 65_536,
  run(input) {
    const bytes = input as Uint8Array
    const file = (bytes[0] ?? 0) % 2 === 1 ? mended(bytes.slice(1)) : Buffer.from(bytes.slice(1))
    const read = attempt(["UNRECOVERABLE", "INVALID_OPTIONS"], () => readLines(file, "a file"))
    if ("refusal" in read) return read.refusal
    const { rows, end, empty } = read.value
    if (empty) return "empty"
    const cut = readLines(file.subarray(0, end), "a file")
    insist(cut.end === end && same(cut.rows, rows), "is the same without what was cut short")
    const again = readLines(Buffer.from(HEADING + lineOf(rows)), "a file")
    insist(same(again.rows, rows), "writes what it has read so that it reads the same again")
    return `accepted ${rows.size} ${end}`
  },
}

function same(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return JSON.stringify([...a]) === JSON.stringify([...b])
}

/** Each line behind the first with the checksum of what it says now. */
function mended(file: Uint8Array): Buffer {
  const [heading = "", ...lines] = Buffer.from(file).toString("latin1").split("\n")
  const sums = lines.map((line) => {
    const json = Buffer.from(line.slice(9), "latin1")
    return line.length < 9 ? line : `${crc32(json).toString(16).padStart(8, "0")} ${json.toString("latin1")}`
  })
  return Buffer.from([heading, ...sums].join("\n"), "latin1")
}

const app = contract({ "chat/:room": stream({ messages: { say: json() } }) })

/** What a device gives back to a client that begins: rows of an outbox and of an inbox. It goes on with them, or says why not. */
export const deviceRows = textTarget({
  name: "device-rows",
  share: 2,
  corpus: [
    { outbox: OUTBOX, inbox: [] },
    { outbox: [], inbox: INBOX },
    { outbox: OUTBOX.slice(0, 3), inbox: INBOX },
  ].map((rows) => JSON.stringify(rows)),
  words: [
    '"owner"',
    '"numbers/',
    '"message/000000000004"',
    '"sequence":',
    '"at":',
    '"message":{',
    '"refusal":',
    '"chat/lobby\\n"',
    '"offset":',
    '"version":2',
  ],
  maxLength: 16_384,
  async run(text) {
    const given = rowsOf(text)
    if (given === undefined) return "no rows"
    const machine = fakeMachine({ seed: 1 })
    const sequences: unknown[] = []
    machine.peer.onMessage = (message, link) => {
      answerPolitely(message, link)
      if (message.type !== "publish") return
      sequences.push(message.sequence)
      link.send({ type: "published", id: message.id ?? 0, position: { epoch: "e1", offset: sequences.length + 9 }, level: "disk" })
    }
    const told: string[] = []
    const fails = (what: string, thrown: unknown): void => {
      insist(isMagpieError(thrown) && thrown.code !== "INTERNAL", `fails with a code that says why (${what}: ${thrown})`)
      told.push(`${what} ${thrown.code}`)
    }
    const outbox = persistent({ name: "outbox", lanes: await lanesWith(given.outbox) })
    const environment: ClientEnvironment = machine
    const client = connect<typeof app>("ws://test", { environment, contract: app, outbox })
    client.on("error", (error) => fails("error", error))
    outbox.on("change", ({ state }) => told.push(state === "confirmed" ? "accepted" : state))
    const kept = inbox({ name: "inbox", lanes: await lanesWith(given.inbox) }).channel(client.channel("chat/lobby"))
    kept.on("message", ({ cached }) => told.push(cached ? "accepted cached" : "new"))
    await machine.clock.advance(3_000)
    const closing = client.close()
    await machine.clock.advance(2_000)
    await closing
    insist(machine.clock.pendingTimers === 0 && machine.signalListeners === 0, "leaves nothing behind")
    insist(
      sequences.every((sequence) => Number.isSafeInteger(sequence)),
      "sends under numbers that can be counted",
    )
    return told.join(" ")
  },
})

/** Undefined where a lane could not have held it. */
function rowsOf(text: string): { readonly outbox: Rows; readonly inbox: Rows } | undefined {
  try {
    const { outbox, inbox: others } = JSON.parse(text) as { readonly outbox?: unknown; readonly inbox?: unknown }
    return isRows(outbox) && isRows(others) ? { outbox, inbox: others } : undefined
  } catch {
    return undefined
  }
}

function isRows(rows: unknown): rows is Rows {
  return Array.isArray(rows) && rows.every((row) => Array.isArray(row) && row.length === 2 && typeof row[0] === "string")
}

async function lanesWith(rows: Rows): Promise<ReturnType<typeof memoryLanes>> {
  const lanes = memoryLanes()
  const lane = await lanes.open(0)
  await lane?.write(mapOf(rows))
  await lane?.close()
  return lanes
}
