/**
 * What is mutated together, and the tests that cover it.
 * @type {Readonly<Record<string, { readonly mutate: readonly string[], readonly tests: readonly string[] }>>}
 */
export const ROOMS = {
  resume: {
    mutate: ["packages/journal/src/history.ts", "packages/client/src/subscription/*.ts"],
    tests: [
      "packages/journal/src/history.test.ts",
      "packages/journal/src/open-durable-log.test.ts",
      "packages/journal/src/state-machine/state-machine.model.test.ts",
      "packages/client/src/subscription/*.test.ts",
      "packages/client/src/connection/{heartbeat,token}.test.ts",
      "packages/client/src/client.test.ts",
    ],
  },
  sequences: {
    mutate: [
      "packages/journal/src/state-machine/{sequences,newcomers,producers}.ts",
      "packages/journal/src/state-machine/idempotency.ts",
      "packages/journal/src/state-machine/recall.ts",
      "packages/client/src/outbox/*.ts",
    ],
    tests: [
      "packages/journal/src/state-machine/*.test.ts",
      "packages/journal/src/open-durable-log.test.ts",
      "packages/client/src/outbox/*.test.ts",
      "packages/client/src/client.test.ts",
    ],
  },
  admission: {
    mutate: ["packages/server/src/access/{admission,occupancy,origin,client-address}.ts"],
    tests: ["packages/server/src/access/*.test.ts"],
  },
  access: {
    mutate: [
      "packages/server/src/access/{access,authorizer,capabilities,message-rates,refusals,remote-keys,revocations,speed-check,tickets}.ts",
      "packages/journal/src/{revocation,spent-names}.ts",
    ],
    tests: ["packages/server/src/access/*.test.ts", "packages/journal/src/{revocation,spent-names}.test.ts"],
  },
  limits: {
    mutate: [
      "packages/protocol/src/limits.ts",
      "packages/protocol/src/shape.ts",
      "packages/protocol/src/channel-name.ts",
      "packages/protocol/src/codec/{inspect-json,json-server}.ts",
      "packages/server/src/flow/rate.ts",
      "packages/server/src/session/liveness.ts",
    ],
    tests: [
      "packages/protocol/src/{limits,shape,channel-name}.test.ts",
      "packages/protocol/src/codec/json{,-server}.test.ts",
      "packages/server/src/flow/rate.test.ts",
      "packages/server/src/session/liveness.test.ts",
    ],
  },
  "state-machine": {
    mutate: ["packages/journal/src/state-machine/!(sequences|newcomers|producers|idempotency|recall).ts"],
    tests: ["packages/journal/src/state-machine/*.test.ts", "packages/journal/src/open-durable-log.test.ts"],
  },
}
