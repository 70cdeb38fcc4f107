import { expect, test } from "vitest"
import { crc32, crc32Number, crc32Text } from "./checksum.ts"

test("computes CRC-32 as everybody does", () => {
  // The check value of CRC-32/ISO-HDLC.
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926)
  expect(crc32Text("123456789")).toBe(0xcbf43926)
})

test("goes on from the checksum of what came before", () => {
  expect(crc32Text("6789", crc32Text("12345"))).toBe(crc32Text("123456789"))
})

test("tells texts apart beyond ASCII, and numbers beyond 32 bits", () => {
  expect(crc32Text("鵲")).not.toBe(crc32Text("橋"))
  expect(crc32Text("\u0141")).not.toBe(crc32Text("A"))
  expect(crc32Number(2 ** 32 + 1)).not.toBe(crc32Number(1))
})
