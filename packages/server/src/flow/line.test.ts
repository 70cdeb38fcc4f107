import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect, it } from "vitest"
import { Line } from "./line.ts"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

it("[G12] keeps nobody who has sent, however long nobody else does", async () => {
  const line = new Line(16)
  const connections = Array.from({ length: 20 }, () => {
    const connection = { flush() {} }
    line.add(connection)
    return new WeakRef(connection)
  })
  expect(line.flush(() => false)).toBe(true)
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  expect(connections.map((connection) => connection.deref())).toEqual(connections.map(() => undefined))
})
