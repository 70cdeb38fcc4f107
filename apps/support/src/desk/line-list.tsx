import { useStore } from "@magpie/frame"
import { useEffect, useLayoutEffect, useMemo, useRef } from "react"
import { saveAttachment } from "../attachments/download.ts"
import type { Conversation } from "../conversation/conversation.ts"
import type { Line } from "../conversation/lines.ts"
import { useDesk, useWords } from "./desk-context.ts"
import { lineWords } from "./line-words.ts"

interface Props {
  readonly conversation: Conversation
  readonly onEdit: (line: Line) => void
  readonly onNotice: (text: string) => void
}

export function LineList({ conversation, onEdit, onNotice }: Props) {
  const words = useWords()
  const { lines: told, loaded, hasOlder, readUpTo, typing } = useStore(conversation.view)
  const lines = useMemo(() => withoutCopies(told), [told])
  const scroller = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  const days = new Intl.DateTimeFormat(words.tag, { month: "long", day: "numeric", weekday: "long" })
  useReading(conversation)

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is shown may have grown with each of them
  useLayoutEffect(() => {
    const { current } = scroller
    if (current !== null && atEnd.current) current.scrollTop = current.scrollHeight
  }, [lines, typing])

  const lastOwn = lines.findLast((line) => line.own && line.kind !== "deleted" && line.delivery === "stored")
  return (
    <div
      className="scroller"
      ref={scroller}
      role="log"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keyboard
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < 48
      }}
    >
      {hasOlder && (
        <button type="button" className="button quiet small older" onClick={() => void conversation.loadOlder()}>
          {words.older}
        </button>
      )}
      {!loaded && lines.length === 0 && <p className="quiet-text">{words.loading}</p>}
      <ol className="lines">
        {lines.map((line, index) => {
          const before = lines[index - 1]
          const day = days.format(line.at)
          return (
            <LineRow
              key={line.key}
              line={line}
              day={before === undefined || days.format(before.at) !== day ? day : undefined}
              first={before === undefined || before.from !== line.from || before.kind === "event"}
              fate={fateOf(line, line === lastOwn, readUpTo)}
              conversation={conversation}
              onEdit={onEdit}
              onNotice={onNotice}
            />
          )
        })}
      </ol>
      <p className="typing" aria-live="polite">
        {typing ? words.typing : ""}
      </p>
    </div>
  )
}

/** A reload in the wrong moment announces an attachment twice; the first one counts. */
function withoutCopies(lines: readonly Line[]): readonly Line[] {
  const seen = new Set<string>()
  return lines.filter(({ kind, from, key }) => {
    if (kind !== "file") return true
    const copy = `${from}/${key}`
    return !seen.has(copy) && seen.add(copy)
  })
}

type Fate = "none" | "sending" | "failed" | "sent" | "read"

function fateOf(line: Line, isLast: boolean, readUpTo: number): Fate {
  if (line.delivery !== "stored") return line.delivery
  if (!isLast) return "none"
  return Number(line.offset) <= readUpTo ? "read" : "sent"
}

/** What is shown in a window that somebody looks at counts as read. */
function useReading(conversation: Conversation): void {
  useEffect(() => {
    const look = (): void => {
      if (!document.hidden && conversation.view.get().loaded) conversation.markRead()
    }
    look()
    const stop = conversation.view.subscribe(look)
    document.addEventListener("visibilitychange", look)
    return () => {
      stop()
      document.removeEventListener("visibilitychange", look)
    }
  }, [conversation])
}

interface RowProps extends Props {
  readonly line: Line
  readonly day: string | undefined
  readonly first: boolean
  readonly fate: Fate
}

function LineRow({ line, day, first, fate, conversation, onEdit, onNotice }: RowProps) {
  const desk = useDesk()
  const words = useWords()
  const times = new Intl.DateTimeFormat(words.tag, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
  const text = lineWords(line, words)
  // A message has one author, and only he may change it.
  const changeable = line.from === desk.me.id && line.kind !== "deleted" && line.kind !== "event"
  const { file } = line
  const save = (): void => {
    if (file !== undefined) saveAttachment(desk.support.client, conversation.visitor, file).catch(() => onNotice(words.unreadable))
  }
  return (
    <>
      {day !== undefined && <li className="day">{day}</li>}
      {line.kind === "event" ? (
        <li className="event">{text}</li>
      ) : (
        <li className={`line ${line.own ? "own" : "theirs"} ${line.kind} ${line.delivery}`}>
          {first && line.own && line.name !== "" && <span className="author">{line.name}</span>}
          {file === undefined ? (
            <p className="text">{text}</p>
          ) : (
            <button type="button" className="text file" onClick={save}>
              <span className="file-title">{text}</span>
              <span>
                {kilobytes(words.tag, file.size)} · {words.save}
              </span>
            </button>
          )}
          <span className="meta">
            {changeable && line.kind === "say" && (
              <button type="button" onClick={() => onEdit(line)}>
                {words.edit}
              </button>
            )}
            {changeable && (
              <button type="button" onClick={() => conversation.remove(line)}>
                {words.remove}
              </button>
            )}
            <span>
              {[times.format(line.at), line.edited && line.kind !== "deleted" ? words.edited : "", fate === "none" ? "" : words[fate]]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </span>
        </li>
      )}
    </>
  )
}

const kilobytes = (tag: string, bytes: number): string =>
  new Intl.NumberFormat(tag, { style: "unit", unit: "kilobyte" }).format(Math.ceil(bytes / 1000))
