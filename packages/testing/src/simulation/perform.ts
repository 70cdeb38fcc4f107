import type { Action } from "./plan.ts"
import type { World } from "./world.ts"

/** Has somebody do what the plan says. */
export function perform({ hostile, backend, clients }: Pick<World, "hostile" | "backend" | "clients">, action: Action): void {
  if (action.do === "hostile") return hostile.move(action.move)
  if (action.do === "backend-publish") return backend.publish()
  const client = clients[action.client]
  if (client === undefined) return
  switch (action.do) {
    case "note":
      return client.isAway ? undefined : client.notes?.act(action.move)
    case "row":
      return client.isAway ? undefined : client.scoreboard?.act(action.move)
    case "command":
      return client.isAway ? undefined : client.caller?.act(action.move)
    case "publish":
      return client.publish(action.channel, {
        ...(action.refused ? { refused: true } : {}),
        ...(action.padBytes === undefined ? {} : { pad: "x".repeat(action.padBytes) }),
      })
    case "beat":
      return client.beat()
    case "follow":
      return client.follow(action.channel, action.last)
    case "leave":
      return client.leave(action.channel)
    case "history":
      return client.readHistory(action.channel, action.limit)
    case "enter":
      return client.enter()
    case "withdraw":
      return client.withdraw()
  }
}
