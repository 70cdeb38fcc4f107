import type { BusBroker } from "@magpie/journal"
import type { NodeConnectionOptions, Subscription } from "@nats-io/transport-node"
import { opened } from "./connection.ts"

export interface NatsBusOptions {
  readonly servers: readonly string[]
  readonly name: string
  readonly client: NodeConnectionOptions
}

/** A bus by NATS's own subjects. Ours may hold anything, so they travel as one word. */
export function natsBus({ servers, name, client }: NatsBusOptions): BusBroker {
  const wordOf = (subject: string): string => `${name}.bus.${Buffer.from(subject).toString("base64url")}`
  return {
    name: "nats-bus",
    async connect(hear, onLost) {
      const connection = await opened(servers, client, onLost)
      const subscriptions = new Map<string, Subscription>()
      const attempt = (task: () => void): void => {
        try {
          task()
        } catch (cause) {
          onLost(cause)
        }
      }
      return {
        publish: (subject, message) => attempt(() => connection.publish(wordOf(subject), message)),
        subscribe: (subject) =>
          attempt(() => {
            const callback = (error: Error | null, message: { readonly data: Uint8Array }): void => {
              if (error === null) hear(subject, message.data)
              else onLost(error)
            }
            subscriptions.set(subject, connection.subscribe(wordOf(subject), { callback }))
          }),
        unsubscribe: (subject) =>
          attempt(() => {
            subscriptions.get(subject)?.unsubscribe()
            subscriptions.delete(subject)
          }),
        close: () => connection.close(),
      }
    },
  }
}
