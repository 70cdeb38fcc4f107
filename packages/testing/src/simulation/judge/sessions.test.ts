import { expect, test } from "vitest"
import { createRights } from "../simulated-app.ts"
import { createJudge } from "./judge.ts"

const welcome = (session: string) => () => JSON.stringify({ type: "welcome", version: 1, session })
const message = () => '{"type":"message"}'

function judged() {
  const judge = createJudge({ rights: createRights(() => 0), partitionOf: () => 0, monotonic: () => 0, logs: () => [], whole: () => false })
  return { link: (node = "node-0") => judge.accepted(node).wrote, broken: () => judge.violation?.message.slice(0, 3) }
}

test("sees anything given to a link after another one was welcomed to its session", () => {
  const { link, broken } = judged()
  const [ghost, fresh] = [link(), link()]
  ghost(welcome("s1"))
  ghost(message)
  fresh(welcome("s1"))
  fresh(message)
  expect(broken()).toBeUndefined()
  ghost(message)
  expect(broken()).toBe("I9:")
})

test("sees it also where the link before the last one is given something", () => {
  const { link, broken } = judged()
  const [first, second, third] = [link(), link(), link()]
  for (const each of [first, second, third]) each(welcome("s1"))
  third(message)
  expect(broken()).toBeUndefined()
  first(message)
  expect(broken()).toBe("I9:")
})

test("is content with the dead link of a session that went to another node, until it is back", () => {
  const { link, broken } = judged()
  const [first, elsewhere, back] = [link(), link("node-1"), link()]
  first(welcome("s1"))
  elsewhere(welcome("s1"))
  first(message)
  expect(broken()).toBeUndefined()
  back(welcome("s1"))
  elsewhere(message)
  expect(broken()).toBeUndefined()
  first(message)
  expect(broken()).toBe("I9:")
})

test("is content with links of other sessions, and finds a welcome behind other answers of the same frame", () => {
  const { link, broken } = judged()
  const [one, other, fresh] = [link(), link(), link()]
  one(() => `{"type":"error","id":1}\n${welcome("s1")()}`)
  other(welcome("s2"))
  one(message)
  other(message)
  fresh(() => '{"type":"error","id":1}')
  expect(broken()).toBeUndefined()
  fresh(welcome("s1"))
  other(message)
  expect(broken()).toBeUndefined()
  one(message)
  expect(broken()).toBe("I9:")
})

test("is content with a link left behind on another node", () => {
  const { link, broken } = judged()
  const [ghost, fresh] = [link("node-0"), link("node-1")]
  ghost(welcome("s1"))
  fresh(welcome("s1"))
  ghost(message)
  expect(broken()).toBeUndefined()
})
