import { describe, expect, it } from "vitest"
import { anything, boolean, dictionary, integer, list, object, oneOf, optional, text } from "./shape.ts"

const refusal = (field: string) => expect.objectContaining({ code: "BAD_REQUEST", details: { field } })

describe("a shape", () => {
  it.each([
    ["text", text(2), "ab", "abc"],
    ["an integer", integer(1), 1, 0],
    ["a safe integer", integer(0), Number.MAX_SAFE_INTEGER, 2 ** 53],
    ["true or false", boolean, false, 0],
    ["anything", anything, null, undefined],
    ["one of several", oneOf("a", "b"), "b", "c"],
    ["a list", list(integer(0), 2), [1, 2], [1, 2, 3]],
    ["an object", object({ a: integer(0) }), { a: 1 }, [1]],
    ["an object that is there", object({}), {}, null],
  ])("of %s takes what fits and refuses what does not, by name", (_name, shape, good, bad) => {
    expect(shape.check(good, "field")).toEqual(good)
    expect(() => shape.check(bad, "field")).toThrowError(refusal("field"))
  })

  it("names the path to what is wrong", () => {
    const shape = object({ rows: list(object({ a: integer(0) }), 5) })
    expect(() => shape.check({ rows: [{ a: 1 }, { a: "1" }] }, "")).toThrowError(refusal("rows[1].a"))
  })

  it("leaves an absent optional field absent, and refuses null for it", () => {
    const shape = object({ a: optional(integer(0)) })
    expect(shape.check({}, "")).toStrictEqual({})
    expect(shape.check({ a: undefined }, "")).toStrictEqual({})
    expect(() => shape.check({ a: null }, "")).toThrowError(refusal("a"))
  })

  it("[F45] reads only an object's own fields", () => {
    expect(object({ toString: optional(anything) }).check({}, "")).toStrictEqual({})
    expect(() => object({ constructor: anything }).check({}, "")).toThrowError(refusal("constructor"))
    expect(object({ a: optional(integer(0)) }).check(Object.create({ a: 1 }), "")).toStrictEqual({})
  })

  it("[F45] keeps the keys of a dictionary in a Map, and counts them", () => {
    const shape = dictionary(integer(0), 2)
    expect([...shape.check(JSON.parse('{"__proto__":1,"toString":2}'), "")]).toEqual([
      ["__proto__", 1],
      ["toString", 2],
    ])
    expect(() => shape.check({ a: 1, b: 2, c: 3 }, "names")).toThrowError(refusal("names"))
  })

  it("describes itself, for the protocol's fingerprint", () => {
    const shape = object({ a: optional(text(3)), b: list(dictionary(boolean, 2), 4), c: oneOf("x", "y") })
    expect(shape.describe).toBe("{a:text(3)?,b:list(dictionary(boolean,2),4),c:oneOf(x|y)}")
  })
})
