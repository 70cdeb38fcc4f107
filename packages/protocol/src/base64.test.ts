import { seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { decodeBase64, encodeBase64 } from "./base64.ts"

describe("Base64", () => {
  it("writes the vectors of RFC 4648", () => {
    const vectors = { "": "", f: "Zg==", fo: "Zm8=", foo: "Zm9v", foob: "Zm9vYg==", fooba: "Zm9vYmE=", foobar: "Zm9vYmFy" }
    for (const [bytes, text] of Object.entries(vectors)) {
      expect(encodeBase64(new TextEncoder().encode(bytes))).toBe(text)
      expect(decodeBase64(text)).toEqual(new TextEncoder().encode(bytes))
    }
  })

  it("reads back whatever bytes it wrote, of every length, as Node writes them", () => {
    const random = seededRandom("base64")
    for (const length of [...Array(70).keys(), 8_191, 8_192, 24_577, 100_000]) {
      const bytes = random.bytes(length)
      expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"))
      expect(Buffer.from(bytes).equals(decodeBase64(encodeBase64(bytes)) ?? Buffer.of())).toBe(true)
    }
  })

  it.each(["Z", "Zg", "Zg=", "Zh==", "Zm9=", "=m9v", "Zm=v", "Z===", "====", "Zm9 ", "Zm9v\n", "Zm-_", "Zm9é", "Zg==Zg=="])(
    "takes no %j",
    (text) => expect(decodeBase64(text)).toBeUndefined(),
  )
})
