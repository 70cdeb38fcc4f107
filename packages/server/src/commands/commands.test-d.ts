import { command, contract, json } from "@magpie/protocol"
import { expectTypeOf, test } from "vitest"
import type { User } from "../access/identity.ts"
import type { Core } from "../core/server-core.ts"

const app = contract({
  "tools/:name": command({
    add: { input: json<readonly number[]>(), output: json<number>(), progress: json<number>() },
    echo: { input: json<string>(), output: json<string>() },
  }),
})
const server = {} as Pick<Core<typeof app, User>, "channel">

test("the server calls with the contract's types", () => {
  const tools = () => server.channel("tools/sum")
  expectTypeOf(() => tools().call("add", [1])).returns.resolves.toEqualTypeOf<number>()
  // @ts-expect-error the input is another one
  expectTypeOf(() => tools().call("add", ["1"])).toBeFunction()
  // @ts-expect-error there is no such command
  expectTypeOf(() => tools().call("subtract", [1])).toBeFunction()
})

test("handlers have the types of their commands and the pattern's parameters", () => {
  const set = () =>
    server.channel("tools/:name", {
      authorize: () => true,
      handle: {
        async add(input, { params, progress }) {
          expectTypeOf(input).toEqualTypeOf<readonly number[]>()
          expectTypeOf(params).toEqualTypeOf<{ readonly name: string }>()
          await progress(1)
          return 1
        },
      },
    })
  expectTypeOf(set).toBeFunction()
  expectTypeOf(() =>
    server.channel("tools/:name", {
      authorize: () => true,
      // @ts-expect-error the output is another one
      handle: { echo: () => 1 },
    }),
  ).toBeFunction()
})
