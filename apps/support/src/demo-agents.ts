import type { Agent } from "./server/support-auth.ts"

/** For trying it out: their keys are `demo-mei`, `demo-ben` and `demo-lin`, and everybody may know them. */
export const demoAgents: readonly Agent[] = [
  { id: "mei", name: "Mei", keySha256: "6d3f05cb677e62357c889c827529056d3a87ad969cc5f937f9f64b53b449ad4a" },
  { id: "ben", name: "Ben", keySha256: "384b80a8344c3313981083c7cdbeb87b37d51c37ba8590e36cef70376e32c0ca" },
  { id: "lin", name: "Lin", keySha256: "b47903e82679196f34800ef85829232b79eccd96da3411028119aa14540a9888" },
]
