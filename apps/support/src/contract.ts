import { broadcast, contract, stream } from "@magpie/protocol"
import * as v from "valibot"
import {
  CHUNK_BYTES,
  KEPT_CANNED_ANSWERS,
  MAX_ATTACHMENT_BYTES,
  MAX_CHUNKS,
  MAX_SHORT_NAME_LENGTH,
  MAX_SUM_PLACES,
  MAX_TEXT_LENGTH,
} from "./limits.ts"

const short = (length: number) => v.pipe(v.string(), v.maxLength(length))
const text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MAX_TEXT_LENGTH))
const visitor = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))
const turn = v.pipe(v.number(), v.integer(), v.minValue(1))
const whole = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max))
const YEAR_MS = 365 * 24 * 3_600_000
const asker = { visitor, name: short(60), page: short(300), language: v.picklist(["en", "zh-TW"]) }
const agent = short(60)

/** What the widget, the desk and the server agree on. */
export const support = contract({
  // One visitor's conversation. `name` is put there by the server, and only for agents.
  "support/talk/:visitor": stream({
    messages: {
      say: v.object({ text, name: v.optional(short(80)) }),
      file: v.object({
        upload: v.pipe(v.string(), v.regex(/^[0-9a-z]{8,40}$/)),
        title: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
        type: short(100),
        size: whole(MAX_ATTACHMENT_BYTES),
        name: v.optional(short(80)),
      }),
      event: v.object({ what: v.picklist(["joined", "handed", "closed"]), name: v.optional(short(80)) }),
    },
    changes: { say: { edit: true, delete: true }, file: { delete: true } },
    receipts: true,
    presence: v.object({ page: short(300), away: v.boolean() }),
    retention: { maxCount: 10_000, maxAgeMs: YEAR_MS },
  }),
  // What agents write for each other.
  "support/notes/:visitor": stream({
    messages: { note: v.object({ text, name: v.optional(short(80)) }) },
    retention: { maxCount: 1_000, maxAgeMs: YEAR_MS },
  }),
  // One attachment. What was sent of it is known from the log.
  "support/file/:visitor/:upload": stream({
    messages: { chunk: v.object({ index: whole(MAX_CHUNKS - 1), base64: short(Math.ceil(CHUNK_BYTES / 3) * 4) }) },
    retention: { maxCount: 2 * MAX_CHUNKS, maxAgeMs: YEAR_MS },
  }),
  // Lost when the link is cut, and that is fine.
  "support/typing/:visitor": broadcast({ messages: { typing: v.object({ active: v.boolean() }) } }),
  // Who waits, who has whom: the order of this log decides. What it adds up to stands in queue.ts. It quotes nothing of what was said.
  "support/queue": stream({
    messages: {
      asks: v.object(asker),
      answers: v.object({ visitor }),
      // `over`: from whom, where a colleague has it who is gone.
      takes: v.object({ visitor, turn, over: v.optional(agent) }),
      hands: v.object({ visitor, to: v.optional(agent), note: short(500) }),
      closes: v.object({ visitor }),
      // What the entries of this epoch's log up to `upTo` add up to, so that nobody has to read them.
      sums: v.object({
        epoch: short(100),
        upTo: whole(Number.MAX_SAFE_INTEGER),
        places: v.pipe(
          v.array(
            v.object({
              ...asker,
              state: v.picklist(["waiting", "taken", "closed"]),
              agent: v.optional(agent),
              turn,
              since: whole(Number.MAX_SAFE_INTEGER),
              lastAt: whole(Number.MAX_SAFE_INTEGER),
              unanswered: whole(Number.MAX_SAFE_INTEGER),
              handed: v.optional(v.object({ by: agent, note: short(500) })),
            }),
          ),
          v.maxLength(MAX_SUM_PLACES),
        ),
      }),
    },
    retention: { maxCount: 100_000, maxAgeMs: YEAR_MS },
  }),
  // The answers that stand ready for all agents.
  "support/canned": stream({
    messages: { answer: v.object({ short: v.pipe(short(MAX_SHORT_NAME_LENGTH), v.trim(), v.minLength(1)), text }) },
    changes: { answer: { edit: "any", delete: "any" } },
    retention: { maxCount: KEPT_CANNED_ANSWERS },
  }),
  // The agents at work.
  "support/desk": broadcast({
    messages: {},
    presence: v.object({ name: short(80), open: v.boolean(), load: whole(1_000) }),
  }),
  // The agents who take conversations now; visitors see how many.
  "support/open": broadcast({ messages: {}, presence: v.object({}) }),
})

export type Support = typeof support
