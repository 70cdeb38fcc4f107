import {
  type Client,
  connect,
  type HistoryOptions,
  type Receipt,
  type Received,
  type SendOptions,
  type SubscribeOptions,
  type Subscription,
} from "@magpie/client"
import { type AnyContract, type KindName, MagpieError } from "@magpie/protocol"
import { duration, type OptionValues, option, type Surroundings, text } from "./command.ts"

/** How a command reaches a server. Secrets better come by the environment: an option can be read by others on the machine. */
export const CONNECTING = {
  url: option("url", "the server; ws://localhost:8080 unless told", { short: "u", env: ["MAGPIE_URL"], parse: text }),
  token: option("token", "a token that says who you are", { env: ["MAGPIE_TOKEN"], insteadOf: ["key"], parse: text }),
  key: option("key", "an API key, instead", { env: ["MAGPIE_KEY"], insteadOf: ["token"], parse: text }),
  timeout: option("duration", "how long to wait for the server; 10s unless told", { parse: duration }),
}

const TIMEOUT_MS = 10_000

interface Credentials {
  readonly token?: string | undefined
  readonly key?: string | undefined
}

/** One of them, as a client takes it: the key, where there are both. */
export function credentialsOf({ token, key }: Credentials): { readonly key: string } | { readonly token: string } | undefined {
  if (key !== undefined) return { key }
  return token === undefined ? undefined : { token }
}

export interface Connected {
  /** Its contract is known to the server alone. */
  readonly client: Client<AnyContract>
  readonly timeoutMs: number
}

/** Connects, hands over, and closes whatever comes. Fails with what the server says, or with TIMEOUT. */
export async function withClient<T>(
  { url = "ws://localhost:8080", token, key, timeout = TIMEOUT_MS }: OptionValues<typeof CONNECTING>,
  at: Surroundings,
  task: (connected: Connected) => Promise<T>,
): Promise<T> {
  const client = connect<AnyContract>(url, credentialsOf({ token, key }))
  let late: NodeJS.Timeout | undefined
  try {
    const [online, ended] = watch(client, at)
    const inTime = new Promise<never>((_resolve, reject) => {
      const remedy = "Look whether the server runs there."
      late = setTimeout(() => reject(new MagpieError("TIMEOUT", `no answer from ${url} within ${timeout} ms`, { remedy })), timeout)
    })
    await Promise.race([online, ended, inTime])
    clearTimeout(late)
    return await Promise.race([ended, task({ client, timeoutMs: timeout })])
  } finally {
    clearTimeout(late)
    await client.close()
  }
}

/** The first welcome, and the end for good. */
function watch(client: Client<AnyContract>, at: Surroundings): readonly [Promise<void>, Promise<never>] {
  let welcomed: () => void
  const online = new Promise<void>((resolve) => {
    welcomed = resolve
  })
  const ended = new Promise<never>((_resolve, reject) => {
    client.on("status", ({ to, cause }) => {
      if (to === "online") welcomed()
      else if (to === "closed") reject(cause ?? new MagpieError("CLOSED", "the connection ended"))
      else if (cause !== undefined) at.note(at.style.faint(`${to}: ${cause.message}`))
    })
  })
  // Whoever closes it has what they came for.
  ended.catch(() => {})
  return [online, ended]
}

/** A channel whose kind the server told, as it is where nothing is known of its contract. */
export interface UntypedChannel {
  readonly kind: KindName | undefined
  readonly subscription: Subscription
  send(name: string, data: unknown, options: SendOptions): Promise<Receipt>
  sendAcknowledged(name: string, data: unknown, options: SendOptions): Promise<void>
  onAny(listener: (message: Received) => void): () => void
  subscribe(options: SubscribeOptions): Promise<void>
  history(options: HistoryOptions): Promise<Page>
}

export interface Page {
  readonly messages: readonly Received[]
  readonly more: boolean
}

export function untypedChannel(client: Client<AnyContract>, name: string): UntypedChannel {
  return client.channel(name as never) as unknown as UntypedChannel
}
