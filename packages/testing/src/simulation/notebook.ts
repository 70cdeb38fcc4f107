import type { Client } from "@magpie/client"
import { type Changes, changes, type MessageList, messageList } from "@magpie/client/changes"
import { type KindOf, toMagpieError } from "@magpie/protocol"
import type { Judge } from "./judge/judge.ts"
import { messageId } from "./judge/message-id.ts"
import { NOTES, type SimulatedApp } from "./simulated-app.ts"

type Notes = KindOf<SimulatedApp, "note/:room">
type Place = { readonly offset: number | undefined; readonly mark?: string | undefined }

/** What a user writes into messages that change, and what it has on its screen of them. */
export interface Notebook {
  /** Something of what a user does, as `move` says. */
  act(move: number): void
  readonly list: MessageList<Notes>
}

const REACTIONS = ["+1", "hooray"]

export function createNotebook(client: Client<SimulatedApp>, publisher: string, judge: Judge): Notebook {
  const channel = client.channel(NOTES)
  const its: Changes<Notes> = changes(channel)
  const list: MessageList<Notes> = messageList(channel, { last: 3 })
  /** Those of this life's messages that grow. */
  const growing: Place[] = []
  let said = 0
  let appended = 0

  list.on("update", () => judge.notes.shown(publisher, channel.subscription.position?.epoch, list.messages))

  function follow(done: Promise<unknown>): void {
    done.catch((failure: unknown) => judge.notes.failed(publisher, toMagpieError(failure)))
  }

  async function grow(): Promise<void> {
    const { position } = await channel.send("grow", { id: messageId(publisher, ++said), text: "" })
    growing.push(position)
  }

  async function append(place: Place): Promise<void> {
    const token = messageId(publisher, ++appended)
    judge.notes.appending(token, Number(place.offset))
    try {
      const { position } = await its.append({ name: "grow", ...place }, `${token} `)
      judge.notes.appended(token, position.epoch)
    } catch (failure) {
      // It has left history: another one is begun.
      const at = growing.indexOf(place)
      if (at >= 0 && toMagpieError(failure).code === "UNRECOVERABLE") growing.splice(at, 1)
      throw failure
    }
  }

  /** One of those on the screen, mostly one of the newest. */
  function some(move: number): Place | undefined {
    const messages = list.messages.filter(({ name }) => name === "say")
    return messages[messages.length - 1 - (move % Math.max(1, Math.min(messages.length, 5)))]
  }

  return {
    list,
    act(move) {
      const kind = move % 10
      const rest = Math.floor(move / 10)
      const own = growing.at(-1 - (rest % 2))
      const seen = some(rest)
      if (kind < 5) return follow(own === undefined || move === 0 ? grow() : append(own))
      if (seen === undefined || (kind === 5 && rest % 3 === 0))
        return follow(channel.send("say", { id: messageId(publisher, ++said), text: `${move}` }))
      const say = { name: "say", ...seen } as const
      if (kind < 7) return follow(its.edit({ ...say, name: "say" }, { id: `${publisher} edit`, text: `${move}` }))
      if (kind === 7) return follow(its.markRead(seen))
      if (kind === 8) return follow(its.react({ ...say, name: "say" }, REACTIONS[rest % 2] ?? ""))
      follow(rest % 5 === 0 ? its.delete({ ...say, name: "say" }) : its.unreact({ ...say, name: "say" }, REACTIONS[rest % 2] ?? ""))
    },
  }
}
