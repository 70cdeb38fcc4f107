import { changes, messageList } from "@magpie/client/changes"
import { useEffect, useMemo, useState } from "react"
import { KEPT_CANNED_ANSWERS, MAX_CANNED_ANSWERS } from "../limits.ts"
import { useDesk } from "./desk-context.ts"

export interface CannedAnswer {
  readonly offset: number | undefined
  readonly mark: string | undefined
  /** What it is found by. */
  readonly short: string
  readonly text: string
}

export type AnswerDraft = Pick<CannedAnswer, "short" | "text">

/** The answers that stand ready, the same for all agents, by their short names; and what an agent may do with them. */
export function useCanned() {
  const desk = useDesk()
  const [answers, setAnswers] = useState<readonly CannedAnswer[]>([])
  const channel = useMemo(() => desk.support.client.channel("support/canned"), [desk])
  useEffect(() => {
    // Removed ones leave their places behind.
    const list = messageList(channel, { last: MAX_CANNED_ANSWERS, keep: KEPT_CANNED_ANSWERS })
    const show = (): void => {
      if (list.hasOlder && list.error === undefined) void list.loadOlder()
      const standing = list.messages.flatMap((each) => (each.name === "answer" ? [each] : []))
      const all = standing.map(({ offset, mark, data }) => ({ offset, mark, ...data }))
      setAnswers(all.sort((a, b) => a.short.localeCompare(b.short)))
    }
    list.on("update", show)
    show()
    return () => list.close()
  }, [channel])

  return {
    answers,
    isFull: answers.length >= MAX_CANNED_ANSWERS,
    add: ({ short, text }: AnswerDraft): Promise<unknown> => channel.send("answer", { short, text }),
    edit: ({ offset, mark }: CannedAnswer, draft: AnswerDraft): Promise<unknown> =>
      changes(channel).edit({ name: "answer", offset, mark }, draft),
    remove: ({ offset, mark }: CannedAnswer): Promise<unknown> => changes(channel).delete({ name: "answer", offset, mark }),
  }
}

export type Canned = ReturnType<typeof useCanned>
