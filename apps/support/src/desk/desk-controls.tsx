import { useStore } from "@magpie/frame"
import { useState } from "react"
import { setSound, soundIsOn } from "../page/notify.ts"
import { signOut } from "./agent-session.ts"
import { useDesk, useWords } from "./desk-context.ts"

/** Who is at work, and how this agent works. */
export function DeskControls() {
  const desk = useDesk()
  const words = useWords()
  const { colleagues } = useStore(desk.view)
  const [sound, showSound] = useState(soundIsOn)
  const names = new Intl.ListFormat(words.tag).format(colleagues.map(({ name, load }) => `${name} (${load})`))
  return (
    <div className="desk-controls">
      <label className="check">
        <input type="checkbox" checked={desk.isOpen()} onChange={(event) => desk.setOpen(event.target.checked)} />
        {words.open}
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={sound}
          onChange={(event) => {
            setSound(event.target.checked)
            showSound(event.target.checked)
          }}
        />
        {words.sound}
      </label>
      <p className="colleagues" title={names}>
        {words.agents(new Intl.NumberFormat(words.tag).format(colleagues.length))}
      </p>
      <button type="button" className="button quiet" onClick={() => signOut()}>
        {desk.me.name} · {words.signOut}
      </button>
    </div>
  )
}
