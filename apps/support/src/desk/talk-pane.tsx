import { useState } from "react"
import type { Line } from "../conversation/lines.ts"
import type { Place } from "../queue.ts"
import { AnswerField } from "./answer-field.tsx"
import { useDesk, useWords } from "./desk-context.ts"
import { HandOver } from "./hand-over.tsx"
import { LineList } from "./line-list.tsx"
import { NotesPane } from "./notes-pane.tsx"
import { type Extra, TalkHead } from "./talk-head.tsx"
import { useTalk } from "./use-talk.ts"
import { visitorName } from "./visitor-name.ts"

export function TalkPane({ place, onBack }: { readonly place: Place; readonly onBack: () => void }) {
  const desk = useDesk()
  const words = useWords()
  const talk = useTalk(place.visitor)
  const [extra, setExtra] = useState<Extra>("none")
  const [editing, setEditing] = useState<Line>()
  const [notice, setNotice] = useState("")
  const mine = place.state === "taken" && place.agent === desk.me.id
  if (talk === undefined) return <p className="nothing">{words.loading}</p>
  return (
    <div className={extra === "notes" ? "talk-area with-notes" : "talk-area"}>
      <section className="talk" aria-label={visitorName(place, words.nobody)}>
        <TalkHead place={place} talk={talk} extra={extra} onExtra={setExtra} onBack={onBack} onNotice={setNotice} />
        {mine && extra === "hand" && <HandOver place={place} talk={talk} onDone={() => setExtra("none")} />}
        {place.handed !== undefined && (
          <p className="handed">
            <strong>{words.handedBy(desk.nameOf(place.handed.by))}</strong> {place.handed.note}
          </p>
        )}
        <LineList conversation={talk.conversation} onEdit={setEditing} onNotice={setNotice} />
        {notice !== "" && (
          <p className="bad" role="status">
            {notice}
          </p>
        )}
        {mine && <AnswerField talk={talk} editing={editing} onEdited={() => setEditing(undefined)} onNotice={setNotice} />}
      </section>
      <NotesPane place={place} />
    </div>
  )
}
