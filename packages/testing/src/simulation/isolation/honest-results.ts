import { heldMessages } from "../held-messages.ts"
import type { PublishRecord } from "../judge/publishes.ts"
import { type Payload, STREAMS } from "../simulated-app.ts"
import type { World } from "../world.ts"

/** What a run came to for those who are not hostile, once everything was whole again. */
export interface HonestResults {
  /** Every publish by its id, also those of code beside the server. */
  readonly publishes: ReadonlyMap<string, PublishRecord>
  /** The channels that each client follows in the end, as `c0 chat/a`. */
  readonly followed: ReadonlySet<string>
  /** The ids that the log holds, by channel. */
  readonly stored: ReadonlyMap<string, ReadonlySet<string>>
}

export function honestResults({ judge, clients, nodes }: World): HonestResults {
  const [node] = nodes
  const idsOf = (channel: string): ReadonlySet<string> => {
    const publications = node?.log === undefined ? [] : heldMessages(node.log, channel).publications
    return new Set(publications.map(({ data }) => (JSON.parse(data) as Payload).id))
  }
  const followed = clients.flatMap((client) =>
    STREAMS.filter((channel) => client.subscriptionTo(channel) !== "idle").map((channel) => `${client.name} ${channel}`),
  )
  return {
    publishes: new Map([...judge.publishes].map((record) => [record.id, record])),
    followed: new Set(followed),
    stored: new Map(STREAMS.map((channel) => [channel, idsOf(channel)])),
  }
}
