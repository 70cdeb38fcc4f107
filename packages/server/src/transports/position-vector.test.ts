import { describe, expect, it } from "vitest"
import { encodeVector, parseVector } from "./position-vector.ts"

describe("a position vector", () => {
  it("holds any channel's name, epoch and mark, in letters that a URL and a header take", () => {
    const positions = new Map([
      ["chat/a", { epoch: "e1", offset: 7, mark: "m" }],
      ["聊天/鵲橋&=:", { epoch: "a:b", offset: 0 }],
      ["x", { epoch: "e", offset: 999_999_999_999_999, mark: "%" }],
    ])
    const text = encodeVector(positions)
    expect(text).toMatch(/^[\x21-\x7e]+$/)
    expect(text).toContain("chat%2Fa=e1:7:m")
    expect(parseVector(text, 3)).toEqual(positions)
    expect(parseVector("", 3)).toEqual(new Map())
  })

  it.each([
    "x",
    "a=b",
    "a=b:c:d",
    "a=b:-1:",
    "a=b:1e3:",
    "=e:1:",
    "a=:1:",
    "a=e:1",
    "a=e:1:m:n",
    "%=e:1:",
    "a=%ff:1:",
    "a=e:1:&",
    "a=e:9999999999999999:",
  ])("[F89] refuses %s", (text) => {
    expect(() => parseVector(text, 3)).toThrow(/BAD_REQUEST: the position/)
  })

  it("[F89] refuses more channels than may be named, however many", () => {
    expect(() => parseVector("a=e:1:&b=e:1:", 1)).toThrow(/more than 1/)
    expect(() => parseVector("a=e:1:&".repeat(1_000_000), 3)).toThrow(/more than 3/)
  })
})
