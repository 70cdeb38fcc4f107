import { useStore } from "@magpie/frame"
import { useState } from "react"
import type { Place } from "../queue.ts"
import { useDesk, useWords } from "./desk-context.ts"
import type { Talk } from "./use-talk.ts"

interface Props {
  readonly place: Place
  readonly talk: Talk
  readonly onDone: () => void
}

export function HandOver({ place, talk, onDone }: Props) {
  const desk = useDesk()
  const words = useWords()
  const { colleagues } = useStore(desk.view)
  const [to, setTo] = useState("")
  const [note, setNote] = useState("")
  const others = colleagues.filter(({ id }) => id !== desk.me.id)
  return (
    <form
      className="hand-over"
      onSubmit={(event) => {
        event.preventDefault()
        talk.sendEvent("handed")
        desk.hand(place.visitor, to === "" ? undefined : to, note.trim())
        onDone()
      }}
    >
      <label>
        {words.handTo}
        <select className="input" value={to} onChange={(event) => setTo(event.target.value)}>
          <option value="">{words.anybody}</option>
          {others.map(({ id, name, open, load }) => (
            <option key={id} value={id}>
              {open ? `${name} (${load})` : `${name} (${load}) · ${words.away}`}
            </option>
          ))}
        </select>
      </label>
      <label className="grow">
        {words.handNote}
        <input className="input" maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />
      </label>
      <button type="submit" className="button primary">
        {words.confirmHand}
      </button>
    </form>
  )
}
