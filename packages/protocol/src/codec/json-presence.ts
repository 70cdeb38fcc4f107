import type { Counts } from "../messages/members.ts"
import type { JsonText, PresenceDelta, PresentText, ServerCodec } from "./codec.ts"

function field(name: string, value: string | number | undefined): string {
  return value === undefined ? "" : `"${name}":${JSON.stringify(value)},`
}

function presentText({ member, user, at, state }: PresentText): string {
  return `{"member":${JSON.stringify(member)},${field("user", user)}"at":${at},"state":${state}}`
}

function countsText({ members, users }: Counts): string {
  return `{"members":${members},"users":${users}}`
}

function listText<T>(name: string, items: readonly T[] | undefined, write: (item: T) => string): string {
  return items === undefined || items.length === 0 ? "" : `,"${name}":[${items.map(write).join(",")}]`
}

function updateText({ member, state }: { readonly member: string; readonly state: JsonText }): string {
  return `{"member":${JSON.stringify(member)},"state":${state}}`
}

function pageText(page: readonly PresentText[]): string {
  return `"page":[${page.map(presentText).join(",")}]`
}

/** The messages about who is present, around states that are written already. */
export const jsonPresenceCodec: Pick<ServerCodec, "encodePresence" | "encodeWatched" | "encodeMembers"> = {
  encodePresence({ channel, since, version, counts, joined, updated, left }: PresenceDelta) {
    const head = `{"type":"presence","channel":${JSON.stringify(channel)},${field("since", since)}"version":${version},"counts":${countsText(counts)}`
    const changes = listText("joined", joined, presentText) + listText("updated", updated, updateText)
    return `${head}${changes}${listText("left", left, (member) => JSON.stringify(member))}}`
  },
  encodeWatched({ id, channel, mode, answer, epoch, version, counts, next, settlesInMs }, page) {
    const head = `{"type":"watched",${field("id", id)}"channel":${JSON.stringify(channel)},"mode":"${mode}","answer":"${answer}"`
    const place = `"epoch":${JSON.stringify(epoch)},"version":${version},"counts":${countsText(counts)}`
    const rest = `${page === undefined ? "" : `,${pageText(page)}`}${next === undefined ? "" : `,"next":${JSON.stringify(next)}`}`
    return `${head},${place}${rest}${settlesInMs === undefined ? "" : `,"settlesInMs":${settlesInMs}`}}`
  },
  encodeMembers({ id, channel, counts, next }, page) {
    const head = `{"type":"members",${field("id", id)}"channel":${JSON.stringify(channel)},"counts":${countsText(counts)}`
    return `${head},${pageText(page)}${next === undefined ? "" : `,"next":${JSON.stringify(next)}`}}`
  },
}
