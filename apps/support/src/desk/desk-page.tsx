import { useStore } from "@magpie/frame"
import { useState } from "react"
import { useDesk, useWords } from "./desk-context.ts"
import { DeskControls } from "./desk-controls.tsx"
import { QueueSide } from "./queue-side.tsx"
import { TalkPane } from "./talk-pane.tsx"

const CHOSEN_KEY = "magpie.support.chosen"

export function DeskPage() {
  const desk = useDesk()
  const words = useWords()
  const { queue } = useStore(desk.view)
  const [chosen, setChosen] = useState(() => sessionStorage.getItem(CHOSEN_KEY) ?? "")
  const place = queue.get(chosen)
  const choose = (visitor: string): void => {
    sessionStorage.setItem(CHOSEN_KEY, visitor)
    setChosen(visitor)
  }
  return (
    <div className={place === undefined ? "desk" : "desk with-talk"}>
      <DeskControls />
      <div className="desk-body">
        <QueueSide chosen={chosen} onChoose={choose} />
        {place === undefined ? (
          <p className="nothing">{words.choose}</p>
        ) : (
          <TalkPane key={place.visitor} place={place} onBack={() => choose("")} />
        )}
      </div>
    </div>
  )
}
