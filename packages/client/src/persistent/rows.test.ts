import { expect, test } from "vitest"
import { messageKey, numbersKey, OWNER, ownerRow, readRows } from "./rows.ts"

const owner = { producer: "p1", session: "s1", user: "ann", link: 7 }
const message = { id: "m4", channel: "chat/lobby", message: { name: "say", data: null, ref: "r4" }, at: 5.5, sequence: 4 }
const refused = { ...message, sequence: undefined, refusal: { code: "FORBIDDEN" as const, reason: "no" } }
const SOUND: Readonly<Record<string, unknown>> = {
  [OWNER]: ownerRow(owner),
  [numbersKey("chat/lobby")]: { last: 3 },
  [messageKey(12)]: refused,
  [messageKey(4)]: message,
  "another's": 7,
}
const read = (rows: Readonly<Record<string, unknown>>) => readRows(new Map(Object.entries(rows)))

test("rows are read as they were written, messages by their places", () => {
  expect(read(SOUND)).toEqual({
    owner: ownerRow(owner),
    numbers: new Map([["chat/lobby", { last: 3 }]]),
    messages: [
      [4, message],
      [12, refused],
    ],
  })
  expect(read({})).toEqual({ owner: undefined, numbers: new Map(), messages: [] })
})

test.each([
  [OWNER, null],
  [OWNER, owner],
  [OWNER, ownerRow({ ...owner, producer: "x".repeat(65) })],
  [OWNER, ownerRow({ ...owner, link: -1 })],
  [numbersKey("chat/lobby"), { last: "3" }],
  [messageKey(4), null],
  [messageKey(4), { ...message, message: undefined }],
  [messageKey(4), { ...message, message: { ...message.message, data: undefined } }],
  [messageKey(4), { ...message, channel: "x".repeat(1_025) }],
  [messageKey(4), { ...message, sequence: 0 }],
  [messageKey(4), { ...refused, refusal: { code: "NONE", reason: "no" } }],
  [`${messageKey(4)}x`, message],
])("[G2] a row %s that nobody has written is refused by name, since the numbers behind it cannot be trusted", (key, row) => {
  expect(() => read({ ...SOUND, [key]: row })).toThrow(expect.objectContaining({ code: "UNRECOVERABLE", details: { row: key } }))
})
