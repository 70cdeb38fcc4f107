import type { DurableLog } from "@magpie/journal"
import { MagpieError, toJsonText } from "@magpie/protocol"
import { expect, test } from "vitest"
import { createRights } from "../simulated-app.ts"
import { createJudge } from "./judge.ts"

const position = (offset: number, epoch = "e1") => ({ epoch, offset })

function judged() {
  let now = 0
  const rights = createRights(() => now)
  const logs: DurableLog[] = []
  const judge = createJudge({ rights, partitionOf: () => 0, monotonic: () => now, logs: () => logs, whole: () => logs.length > 0 })
  const publish = (id: string, user = "c1") => judge.publishes.call({ id, channel: "chat/a", publisher: "c1.1", user, calledAt: now })
  const apply = (offset: number, id: string, from = "c1") =>
    judge.applied("node-0", "e1", [{ channel: "chat/a", offset, name: "say", data: toJsonText({ id }), at: 0, from }])
  const nothing = { publications: [], more: false }
  const log = (offset: number, epoch = "e1") =>
    ({ newest: () => position(offset, epoch), readBefore: () => nothing }) as unknown as DurableLog
  const later = (ms: number) => {
    now += ms
  }
  return { judge, logs, rights, publish, apply, log, later, broken: () => judge.violation?.message.slice(0, 3).trim() }
}

test("sees an acknowledged message missing when a node comes back", () => {
  const { judge, publish, log, broken } = judged()
  judge.logOpened("node-0", log(0))
  judge.publishes.stored(publish("c1.1#1"), position(3), "disk")
  judge.logOpened("node-0", log(3))
  expect(broken()).toBeUndefined()
  judge.logOpened("node-0", log(2))
  expect(broken()).toBe("I1:")
})

test("sees a log that comes back in another epoch, unless an old copy was put back", () => {
  for (const restored of [true, false]) {
    const { judge, publish, log, broken } = judged()
    judge.publishes.stored(publish("c1.1#1"), position(3), "disk")
    if (restored) judge.restored()
    judge.logOpened("node-0", log(0, "e2"))
    expect(broken()).toBe(restored ? undefined : "I1:")
  }
})

test("sees an acknowledgement that claims less than a disk, and one that is given twice", () => {
  const { judge, publish } = judged()
  expect(() => judge.publishes.stored(publish("c1.1#1"), position(1), "memory")).toThrow(/^I8/)
  const record = publish("c1.1#2")
  judge.publishes.stored(record, position(2), "disk")
  expect(() => judge.publishes.failed(record, "TIMEOUT")).toThrow(/^I11/)
})

test("sees a message that was refused and is stored, in whichever order the two are known", () => {
  const first = judged()
  first.logs.push(first.log(0))
  const record = first.publish("c1.1#1")
  first.judge.publishes.failed(record, "FORBIDDEN")
  first.apply(1, "c1.1#1")
  expect(first.broken()).toBe("I3:")
  const second = judged()
  second.logs.push(second.log(0))
  const other = second.publish("c1.1#1")
  second.apply(1, "c1.1#1")
  expect(() => second.judge.publishes.failed(other, "FORBIDDEN")).toThrow(/^I3/)
})

test("sees a message that nobody published, or somebody else did", () => {
  const { apply, broken } = judged()
  apply(1, "c7.1#1")
  expect(broken()).toBe("I3:")
  const other = judged()
  other.publish("c1.1#1")
  other.apply(1, "c1.1#1", "c2")
  expect(other.broken()).toBe("I3:")
})

test("sees a message given to somebody whose right was taken before it was stored", () => {
  const { judge, rights, publish, apply, later, broken } = judged()
  publish("c1.1#1")
  publish("c1.1#2")
  apply(1, "c1.1#1")
  later(5)
  rights.deny("c2", "chat/a")
  rights.enforced("c2", "chat/a")
  judge.delivered("c2", "chat/a", position(1), "c1.1#1", "c1")
  expect(broken()).toBeUndefined()
  later(5)
  apply(2, "c1.1#2")
  judge.delivered("c2", "chat/a", position(2), "c1.1#2", "c1")
  expect(broken()).toBe("I10")
})

test("sees a broadcast that is heard twice, out of order or from nobody", () => {
  for (const heard of [["c1.1#1", "c1.1#1"], ["c1.1#2", "c1.1#1"], ["c9.1#1"]]) {
    const { judge, broken } = judged()
    for (const id of ["c1.1#1", "c1.1#2"]) judge.beatSent(id, "c1")
    for (const id of heard) judge.beat("c2.1", id, "c1")
    expect(broken()).toMatch(/^I[23]:/)
  }
})

test("sees a client that met an error which no fault explains, and one that was sent away for good", () => {
  const internal = judged()
  internal.judge.clientError("c1.1", new MagpieError("INTERNAL", "a bug"))
  expect(internal.broken()).toBe("I21")
  const away = judged()
  away.judge.status("c1.1", "closed", new MagpieError("UNAUTHORIZED", "gone"))
  expect(away.broken()).toBe("I22")
})

test("sees a send that ends without an outcome while its page stays, unless a log has lost something", () => {
  const { judge, publish } = judged()
  expect(() => judge.publishes.failed(publish("c1.1#1"), "EXPIRED")).toThrow(/^I11/)
  judge.publishes.failed(publish("c1.1#2"), "FORBIDDEN")
  publish("c1.1#3")
  judge.gone("c1.1")
  judge.restored()
  judge.publishes.failed(publish("c1.1#4"), "EXPIRED")
})
