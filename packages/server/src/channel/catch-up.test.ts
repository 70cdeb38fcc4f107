import { fakeClock } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createCatchUp, type Reader } from "./catch-up.ts"

function setUp() {
  const clock = fakeClock()
  const read: string[] = []
  const reader = (name: string, pages: number): Reader => {
    let left = pages
    return {
      readPage() {
        read.push(name)
        return --left > 0
      },
    }
  }
  return { clock, read, reader, catchUp: createCatchUp(clock) }
}

describe("catching up", () => {
  it("gives every reader a page in turn", async () => {
    const { clock, read, reader, catchUp } = setUp()
    catchUp.add(reader("a", 3))
    catchUp.add(reader("b", 2))
    await clock.settle()
    expect(read).toEqual(["a", "b", "a", "b", "a"])
  })

  it("[F79] reads sixteen pages in a turn of the event loop and lets others have theirs", async () => {
    const { clock, read, reader, catchUp } = setUp()
    for (let index = 0; index < 100; index++) catchUp.add(reader(`${index}`, 1))
    const readBefore: number[] = []
    const watch = (): void => {
      readBefore.push(read.length)
      if (read.length < 100) clock.defer(watch)
    }
    clock.defer(watch)
    await clock.settle()
    expect(readBefore).toEqual([16, 32, 48, 64, 80, 96, 100])
  })

  it("leaves one who has gone alone", async () => {
    const { clock, read, reader, catchUp } = setUp()
    const gone = reader("gone", 5)
    catchUp.add(gone)
    catchUp.add(reader("here", 1))
    catchUp.remove(gone)
    await clock.settle()
    expect(read).toEqual(["here"])
  })
})
