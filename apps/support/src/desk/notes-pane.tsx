import { messageList } from "@magpie/client/changes"
import { type FormEvent, useEffect, useState } from "react"
import { MAX_TEXT_LENGTH } from "../limits.ts"
import type { Place } from "../queue.ts"
import { useDesk, useWords } from "./desk-context.ts"
import { useWhereabouts } from "./use-talk.ts"

interface Note {
  readonly key: string
  readonly name: string
  readonly text: string
  readonly at: number
}

export function NotesPane({ place }: { readonly place: Place }) {
  const desk = useDesk()
  const words = useWords()
  const notes = useNotes(place.visitor)
  const [text, setText] = useState("")
  const dates = new Intl.DateTimeFormat(words.tag, { dateStyle: "short", timeStyle: "short", hourCycle: "h23" })
  const keep = (event: FormEvent): void => {
    event.preventDefault()
    if (text.trim() === "") return
    void desk.support.client
      .channel(`support/notes/${place.visitor}`)
      .send("note", { text: text.trim() })
      .catch(() => {})
    setText("")
  }
  return (
    <aside className="notes">
      <VisitorFacts place={place} />
      <h3>{words.notes.title}</h3>
      <p className="quiet-text">{words.notes.lead}</p>
      <ul className="note-list">
        {notes.map((note) => (
          <li key={note.key}>
            <p>{note.text}</p>
            <p className="quiet-text">
              {note.name} · {dates.format(note.at)}
            </p>
          </li>
        ))}
      </ul>
      {notes.length === 0 && <p className="quiet-text">{words.notes.none}</p>}
      <form onSubmit={keep}>
        <textarea
          className="input"
          rows={3}
          maxLength={MAX_TEXT_LENGTH}
          value={text}
          placeholder={words.notes.add}
          aria-label={words.notes.add}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="button">
          {words.notes.save}
        </button>
      </form>
    </aside>
  )
}

function VisitorFacts({ place }: { readonly place: Place }) {
  const words = useWords()
  const where = useWhereabouts(place.visitor)
  const dates = new Intl.DateTimeFormat(words.tag, { dateStyle: "short", timeStyle: "short", hourCycle: "h23" })
  return (
    <>
      <p className={`where ${where.state}`}>{words.visitor[where.state]}</p>
      <dl>
        <dt>{words.visitor.page}</dt>
        <dd>{"page" in where ? where.page : place.page}</dd>
        <dt>{words.visitor.language}</dt>
        <dd>{new Intl.DisplayNames(words.tag, { type: "language" }).of(place.language)}</dd>
        {place.state === "waiting" && (
          <>
            <dt>{words.visitor.since}</dt>
            <dd>{dates.format(place.since)}</dd>
          </>
        )}
      </dl>
    </>
  )
}

function useNotes(visitor: string): readonly Note[] {
  const desk = useDesk()
  const [notes, setNotes] = useState<readonly Note[]>([])
  useEffect(() => {
    const list = messageList(desk.support.client.channel(`support/notes/${visitor}`), { last: 100 })
    const show = (): void =>
      setNotes(
        list.messages.flatMap((message) => {
          if (message.name !== "note") return []
          const { text, name = "" } = message.data
          return [{ key: String(message.offset), text, name, at: message.at }]
        }),
      )
    list.on("update", show)
    return () => list.close()
  }, [desk, visitor])
  return notes
}
