import type { Bus } from "@magpie/journal"
import type { JsonText, Publication } from "@magpie/protocol"
import { describe, expect, it } from "vitest"
import { createRelay } from "./relay.ts"

const SUBJECT = "broadcast/lobby"
const move = (x: number): Publication => ({ channel: "lobby", name: "move", data: String(x) as JsonText, at: 1 })

/** A bus that hands over at once what it is told to say, and nothing else. */
function begin() {
  const listeners = new Map<string, (message: Uint8Array) => void>()
  const said: Uint8Array[] = []
  const bus: Bus = {
    publish: (_subject, message) => void said.push(message),
    subscribe(subject, listener) {
      listeners.set(subject, listener)
      return () => void listeners.delete(subject)
    },
    close: async () => {},
  }
  const heard: Publication[] = []
  let origin = 0
  const random = { bytes: (length: number) => new Uint8Array(length).fill(++origin), float: () => 0 }
  const [here, there] = [0, 1].map(() => createRelay({ bus, random, deliver: (publication) => heard.push(publication) }))
  if (here === undefined || there === undefined) throw new Error("there are two")
  there.open("lobby")
  return { here, there, said, heard, listeners, say: (message: Uint8Array) => listeners.get(SUBJECT)?.(message) }
}

describe("what carries broadcasts between nodes", () => {
  it("[G3] gives each once, in the order of the node that published it, and none that comes behind a later one", () => {
    const { here, there, said, heard, say } = begin()
    for (const x of [1, 2, 3]) here.publish(move(x))
    there.publish(move(9))
    for (const index of [1, 0, 1, 2, 3]) say(said[index] ?? new Uint8Array())
    expect(heard.map(({ data }) => data)).toEqual(["2", "3"])
  })

  it("[G11] leaves alone what is none, and goes on", () => {
    const { here, said, heard, say } = begin()
    const utf8 = new TextEncoder()
    for (const text of [
      "",
      "no line",
      "null\n1",
      "{}\n1",
      '["a","1","move",1,null,null]\n1',
      '["a",1,2,1,null,null]\n1',
      '["a",1,"move",1,null,null]\n',
      '["a",1,"move",1,null,null]\n{',
      '["a",1,"move",1,null,null]\n1\n2',
      '["a",1,"move",1,null,null]\n{\n}',
      '["a",1,"move","1",null,null]\n1',
      '["a",1e300,"move",1,null,null]\n1',
      '["a",1,"move",1,{},null]\n1',
      '["a",1,"move",1,null,7]\n1',
    ])
      expect(() => say(utf8.encode(text))).not.toThrow()
    expect(heard).toEqual([])
    here.publish(move(1))
    say(said[0] ?? new Uint8Array())
    expect(heard).toEqual([{ ...move(1), from: undefined, ref: undefined }])
  })

  it("[G12] hears nothing of a channel that nobody follows any more", () => {
    const { there, listeners } = begin()
    there.open("other")
    there.release("other")
    expect([...listeners.keys()]).toEqual([SUBJECT])
    there.close()
    expect(listeners.size).toBe(0)
  })
})
