import { useState } from "react"
import { saveBlob } from "../attachments/download.ts"
import type { Line } from "../conversation/lines.ts"
import { transcriptOf } from "../conversation/transcript.ts"
import type { Place } from "../queue.ts"
import { useDesk, useWords } from "./desk-context.ts"
import { lineWords } from "./line-words.ts"
import type { Talk } from "./use-talk.ts"
import { visitorName } from "./visitor-name.ts"

export type Extra = "none" | "hand" | "notes"

interface Props {
  readonly place: Place
  readonly talk: Talk
  readonly extra: Extra
  readonly onExtra: (extra: Extra) => void
  readonly onBack: () => void
  readonly onNotice: (text: string) => void
}

/** Whose conversation it is, and what an agent may do with it. */
export function TalkHead({ place, talk, extra, onExtra, onBack, onNotice }: Props) {
  const desk = useDesk()
  const words = useWords()
  const isTaken = place.state === "taken"
  const mine = isTaken && place.agent === desk.me.id
  const toggle = (which: Extra): void => onExtra(extra === which ? "none" : which)

  function close(): void {
    talk.sendEvent("closed")
    desk.close(place.visitor)
  }

  return (
    <header className="talk-head">
      <button type="button" className="button quiet back" onClick={onBack}>
        ‹ {words.back}
      </button>
      <h2>{visitorName(place, words.nobody)}</h2>
      {isTaken && !mine && <p className="quiet-text">{words.takenBy(desk.nameOf(place.agent))}</p>}
      {mine && (
        <>
          <button type="button" className="button" aria-expanded={extra === "hand"} onClick={() => toggle("hand")}>
            {words.handOver}
          </button>
          <button type="button" className="button" onClick={close}>
            {words.closeTalk}
          </button>
        </>
      )}
      <TranscriptButton place={place} onNotice={onNotice} />
      <button type="button" className="button quiet notes-toggle" aria-expanded={extra === "notes"} onClick={() => toggle("notes")}>
        {words.details}
      </button>
      {!mine && place.state !== "closed" && <TakeButton key={`${place.turn} ${place.agent}`} place={place} talk={talk} />}
    </header>
  )
}

function TranscriptButton({ place, onNotice }: Pick<Props, "place" | "onNotice">) {
  const desk = useDesk()
  const words = useWords()

  async function save(): Promise<void> {
    const nameOf = (line: Line): string => (line.own ? line.name : visitorName(place, words.nobody))
    const { client } = desk.support
    const { visitor } = place
    const text = await transcriptOf(client, { visitor, side: "agent", tag: words.tag, nameOf, wordOf: (line) => lineWords(line, words) })
    saveBlob(new Blob([text], { type: "text/plain;charset=utf-8" }), `${visitorName(place, words.nobody)}.txt`)
  }

  return (
    <button type="button" className="button quiet" onClick={() => void save().catch(() => onNotice(words.unreadable))}>
      {words.transcript}
    </button>
  )
}

/** Asks the log for the conversation, also for one that a colleague has left behind. */
function TakeButton({ place, talk }: Pick<Props, "place" | "talk">) {
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
