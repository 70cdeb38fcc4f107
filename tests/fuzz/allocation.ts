import { GCProfiler } from "node:v8"
import { contract, DEFAULT_LIMITS, json, jsonServerCodec, parseUp, stream } from "@magpie/protocol"
import { seededRandom } from "@magpie/testing"
import { decodeRecord } from "../../packages/journal/src/cluster/record.ts"
import { decodeRow } from "../../packages/journal/src/rows/message-row.ts"
import { grown } from "./mutate-text.ts"
import { UP_WIRES, WIRE_WORDS } from "./targets/corpus.ts"

/** What a decoder takes from the heap for inputs of the greatest length. */
export interface Allocation {
  readonly decoder: string
  readonly limitBytes: number
  /**
   * What the hungriest input took, garbage counted, beyond twice what `JSON.parse` takes for the values that were let in:
   * they are built once and looked at once.
   */
  readonly mostBytes: number
  readonly input: string
}

interface Decoder {
  readonly name: string
  readonly limitBytes: number
  readonly inputs: readonly string[]
  decode(input: string): unknown
  /** The texts whose values any reader of JSON would have to build. */
  values(input: string): readonly string[]
}

/** A decoder may take so many times the length that it lets in. */
export const MOST_TIMES_THE_LIMIT = 4
const MEASUREMENTS = 3
const RUNS = 8

/** Measures so many large inputs of a seed, and hand-made bombs. */
export function measureAllocations(seed: string, samples: number): readonly Allocation[] {
  return decoders(seed, samples).map((decoder) => {
    let worst: Allocation = { decoder: decoder.name, limitBytes: decoder.limitBytes, mostBytes: 0, input: "" }
    for (const input of decoder.inputs) {
      const values = decoder.values(input)
      const own = taken(() => decoder.decode(input)) - 2 * taken(() => values.map((text) => JSON.parse(text)))
      if (own > worst.mostBytes) worst = { ...worst, mostBytes: own, input }
    }
    return worst
  })
}

/** Bytes that one run takes from the heap: of many runs in a row, as the least of several measurements, since compiling takes some too. */
function taken(action: () => unknown): number {
  let least = Number.POSITIVE_INFINITY
  for (let left = MEASUREMENTS; left > 0; left--) {
    const profiler = new GCProfiler()
    profiler.start()
    const before = process.memoryUsage().heapUsed
    for (let run = 0; run < RUNS; run++) action()
    const grown = process.memoryUsage().heapUsed - before
    const collected = profiler.stop().statistics.reduce((sum, { beforeGC, afterGC }) => sum + usedIn(beforeGC) - usedIn(afterGC), 0)
    least = Math.min(least, (grown + collected) / RUNS)
  }
  return Math.max(0, Math.round(least))
}

function usedIn({ heapStatistics }: { readonly heapStatistics: { readonly usedHeapSize: number } }): number {
  return heapStatistics.usedHeapSize
}

function decoders(seed: string, samples: number): readonly Decoder[] {
  const { messageBytes, channelNameBytes } = DEFAULT_LIMITS
  const app = contract({ "chat/:room": stream({ messages: { say: json() } }) })
  return [
    {
      name: "server-frame",
      limitBytes: messageBytes,
      inputs: [...bombs(messageBytes), ...large(seed, samples)],
      decode: (frame) => silently(() => decodeUp(frame)),
      values: (frame) => linesOf(frame).filter((line) => silently(() => "value" in (decodeLine(line) ?? {})) === true),
    },
    {
      name: "channel-name",
      limitBytes: messageBytes,
      inputs: [...bombs(messageBytes), "chat/".repeat(10_000), "鵲".repeat(20_000), `chat/${"é".repeat(channelNameBytes / 2 - 3)}`],
      decode: (name) => silently(() => app.match(name)),
      values: () => [],
    },
    {
      name: "row",
      limitBytes: messageBytes,
      inputs: bombs(messageBytes),
      decode: (bytes) => silently(() => decodeRow(utf8.encode(bytes))),
      values: () => [],
    },
    {
      name: "record",
      limitBytes: messageBytes,
      inputs: bombs(messageBytes),
      decode: (bytes) => silently(() => decodeRecord(utf8.encode(bytes))),
      values: () => [],
    },
  ]
}

const utf8 = new TextEncoder()

function decodeUp(frame: string): unknown {
  return jsonServerCodec
    .decodeUntrusted(frame, DEFAULT_LIMITS, true)
    .map((decoded) => ("value" in decoded ? silently(() => parseUp(decoded.value)) : decoded))
}

function decodeLine(line: string): object | undefined {
  return jsonServerCodec.decodeUntrusted(line, DEFAULT_LIMITS, false)[0]
}

function linesOf(frame: string): readonly string[] {
  return frame.split("\n").slice(0, DEFAULT_LIMITS.messagesPerFrame)
}

function silently<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}

/** Texts that are small to write and large to hold, or dear to refuse. */
function bombs(length: number): readonly string[] {
  const keys = (count: number, value: string): string =>
    `{${Array.from({ length: count }, (_, key) => `"${key.toString(36)}":${value}`).join()}}`
  const fill = (piece: string): string => piece.repeat(Math.floor((length - 64) / piece.length))
  return [
    `[${fill("[],")}0]`,
    `[${fill("{},")}0]`,
    `[${fill("1.5,")}0]`,
    `[${fill(`${"[".repeat(60)}${"]".repeat(60)},`)}0]`,
    `"${fill("\\ud83d\\udc4b")}"`,
    `"${fill("\\\\")}"`,
    keys(5_000, "{}"),
    `{"type":"ping","positions":${keys(1_000, "1")}}`,
    `{"type":"publish","channel":"a","name":"n","data":[${fill('{"a":1},').slice(0, 8 * 4_000)}0]}`,
    "\n".repeat(1_023),
    fill("x\n").slice(0, 2 * 1_023),
    fill('{"a":1,"a":1}\n').slice(0, 14 * 1_000),
    fill("{"),
    fill('"'),
  ]
}

function large(seed: string, samples: number): readonly string[] {
  const random = seededRandom(`${seed}/allocation`)
  const soil = { random, corpus: UP_WIRES, words: WIRE_WORDS, maxLength: DEFAULT_LIMITS.messageBytes }
  return Array.from({ length: samples }, () => grown(random.pick(UP_WIRES), soil))
}
