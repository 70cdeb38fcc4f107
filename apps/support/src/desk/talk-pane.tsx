import { useState } from "react"
import { saveBlob } from "../attachments/download.ts"
import type { Line } from "../conversation/lines.ts"
import { transcriptOf } from "../conversation/transcript.ts"
import type { Place } from "../queue.ts"
import { AnswerField } from "./answer-field.tsx"
import { useDesk, useWords } from "./desk-context.ts"
import { HandOver } from "./hand-over.tsx"
import { LineList } from "./line-list.tsx"
import { lineWords } from "./line-words.ts"
import { NotesPane } from "./notes-pane.tsx"
import { type Talk, useTalk } from "./use-talk.ts"
import { visitorName } from "./visitor-name.ts"

type Extra = "none" | "hand" | "notes"

export function TalkPane({ place, onBack }: { readonly place: Place; readonly onBack: () => void }) {
  const desk = useDesk()
  const words = useWords()
  const talk = useTalk(place.visitor)
  const [extra, setExtra] = useState<Extra>("none")
  const [editing, setEditing] = useState<Line>()
  const [notice, setNotice] = useState("")
  const toggle = (which: Extra): void => setExtra(extra === which ? "none" : which)
  const mine = place.state === "taken" && place.agent === desk.me.id
  if (talk === undefined) return <p className="nothing">{words.loading}</p>

  async function save(): Promise<void> {
    const nameOf = (line: Line): string => (line.own ? line.name : visitorName(place, words.nobody))
    const { client } = desk.support
    const { visitor } = place
    const text = await transcriptOf(client, { visitor, side: "agent", tag: words.tag, nameOf, wordOf: (line) => lineWords(line, words) })
    saveBlob(new Blob([text], { type: "text/plain;charset=utf-8" }), `${visitorName(place, words.nobody)}.txt`)
  }

  return (
    <div className={extra === "notes" ? "talk-area with-notes" : "talk-area"}>
      <section className="talk" aria-label={visitorName(place, words.nobody)}>
        <header className="talk-head">
          <button type="button" className="button quiet back" onClick={onBack}>
            ‹ {words.back}
          </button>
          <h2>{visitorName(place, words.nobody)}</h2>
          {place.state === "taken" && !mine && <p className="quiet-text">{words.takenBy(desk.nameOf(place.agent))}</p>}
          {mine && (
            <>
              <button type="button" className="button" aria-expanded={extra === "hand"} onClick={() => toggle("hand")}>
                {words.handOver}
              </button>
              <button
                type="button"
                className="button"
                onClick={() => {
                  talk.sendEvent("closed")
                  desk.close(place.visitor)
                }}
              >
                {words.closeTalk}
              </button>
            </>
          )}
          <button type="button" className="button quiet" onClick={() => void save().catch(() => setNotice(words.unreadable))}>
            {words.transcript}
          </button>
          <button type="button" className="button quiet notes-toggle" aria-expanded={extra === "notes"} onClick={() => toggle("notes")}>
            {words.details}
          </button>
          {!mine && place.state !== "closed" && <TakeButton key={`${place.turn} ${place.agent}`} place={place} talk={talk} />}
        </header>
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

/** Asks the log for the conversation, also for one that a colleague has left behind. */
function TakeButton({ place, talk }: { readonly place: Place; readonly talk: Talk }) {
  const desk = useDesk()
  const words = useWords()
  const [asked, setAsked] = useState(false)
  async function take(): Promise<void> {
    setAsked(true)
    if (await desk.take(place)) talk.sendEvent("joined")
  }
  const waits = place.state === "waiting"
  return (
    <button
      type="button"
      className={waits ? "button primary" : "button"}
      disabled={asked}
      onClick={() => void take().catch(() => setAsked(false))}
    >
      {waits ? words.take : words.takeOver}
    </button>
  )
}
