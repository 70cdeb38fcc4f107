import { describe, expect, it } from "vitest"
import { type History, isCleanVerdict, judge, together, type Verdict, wordsOf } from "./judge.ts"
import { isWhole, word, wordId, wordOf } from "./word.ts"

const [first = 0, second = 0, third = 0] = wordsOf(1, 3)
const other = wordId({ by: 2, n: 1 })
const all = [first, second, other, third]

const heardBy = (bob: readonly number[]): Pick<History, "heard"> => ({
  heard: new Map([
    ["ann", all],
    ["bob", bob],
  ]),
})
const run = (changed: Partial<History>): Verdict => judge({ accepted: all, stored: all, ...heardBy(all), ...changed })

describe("the judge", () => {
  it("finds nothing in a run in which everybody got everything, once, in the store's order", () => {
    const verdict = run({})
    expect(verdict).toMatchObject({ words: 4, owed: 8, examples: [] })
    expect(isCleanVerdict(verdict)).toBe(true)
  })

  it("[G1] sees a word that one subscriber was not given", () => {
    const verdict = run(heardBy([first, second, other]))
    expect(verdict.subscribers).toEqual({ lost: 1, doubled: 0, reordered: 0, invented: 0 })
    expect(verdict.examples).toEqual(["bob lacks 1.3"])
    expect(isCleanVerdict(verdict)).toBe(false)
  })

  it("[G1] sees an acknowledged word that the store does not hold", () => {
    const verdict = run({ stored: [first, second, other] })
    expect(verdict.store).toEqual({ lost: 1, doubled: 0, reordered: 0, invented: 0 })
    expect(isCleanVerdict(verdict)).toBe(false)
  })

  it("[G2] sees a word that was given twice, also when the second comes much later", () => {
    expect(run(heardBy([first, first, second, other, third])).subscribers.doubled).toBe(1)
    const late = run(heardBy([...all, first]))
    expect([late.subscribers.doubled, late.subscribers.reordered]).toEqual([1, 0])
    expect(late.examples).toEqual(["bob has 1.1 twice"])
  })

  it("[G2] sees a word that the store holds twice", () => {
    expect(run({ stored: [...all, second] }).store).toMatchObject({ doubled: 1, lost: 0 })
  })

  it("[G3] sees one publisher's words out of their order, with and without a store", () => {
    const swapped = [second, first, other, third]
    expect(run(heardBy(swapped)).subscribers.reordered).toBe(1)
    expect(run({ ...heardBy(swapped), stored: undefined }).subscribers.reordered).toBe(1)
    expect(run({ stored: swapped }).store).toMatchObject({ reordered: 1 })
  })

  it("[G3] sees two publishers' words in another order than the store's", () => {
    const verdict = run(heardBy([first, other, second, third]))
    expect(verdict.subscribers).toEqual({ lost: 0, doubled: 0, reordered: 1, invented: 0 })
    expect(verdict.examples).toEqual(["bob has 1.2 too late"])
  })

  it("sees words that nobody sent, and words whose text was changed", () => {
    expect(run(heardBy([...all, wordId({ by: 9, n: 1 })])).subscribers.invented).toBe(1)
    expect(run({ garbled: 2 }).subscribers.invented).toBe(2)
    const sent = word(3, 7)
    expect([isWhole(sent), isWhole({ ...sent, n: 8 }), isWhole({ ...sent, text: `${sent.text.slice(1)}x` })]).toEqual([true, false, false])
  })

  it("takes a word of unknown outcome for stored or not, but not for both", () => {
    const unknown = [wordId({ by: 1, n: 4 })]
    expect(isCleanVerdict(run({ unknown }))).toBe(true)
    const stored = [...all, ...unknown]
    expect(run({ unknown, stored }).subscribers.lost).toBe(2)
    expect(isCleanVerdict(run({ unknown, stored, heard: new Map([["ann", stored]]) }))).toBe(true)
  })

  it("adds up the channels of a run", () => {
    const sum = together([run({}), run(heardBy([first, second, other])), run({ stored: [...all, second] })])
    expect(sum).toMatchObject({
      words: 12,
      owed: 24,
      subscribers: { lost: 1 },
      store: { doubled: 1 },
      examples: ["bob lacks 1.3", "the store has 1.2 twice"],
    })
    expect(together([run({ stored: undefined })]).store).toBeUndefined()
  })
})

describe("a word", () => {
  it("comes back from its number", () => {
    for (const each of [
      { by: 0, n: 1 },
      { by: 10_000, n: 4_000_000_000 },
    ])
      expect(wordOf(wordId(each))).toEqual(each)
  })
})
