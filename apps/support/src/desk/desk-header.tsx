import { useState, useSyncExternalStore } from "react"
import { setSound, soundIsOn } from "../page/notify.ts"
import { signOut } from "./agent-session.ts"
import { useDesk, useStore, useWords } from "./desk-context.ts"
import { LanguageButton } from "./language-button.tsx"

export function DeskHeader() {
  const desk = useDesk()
  const words = useWords()
  const { colleagues } = useStore(desk.view)
  const { client } = desk.support
  const status = useSyncExternalStore(
    (listener) => client.on("status", listener),
    () => client.status.state,
  )
  const [sound, showSound] = useState(soundIsOn)
  const names = new Intl.ListFormat(words.tag).format(colleagues.map(({ name, load }) => `${name} (${load})`))
  return (
    <header className="desk-head">
      <h1>{words.title}</h1>
      <p className={`link ${status}`} role="status">
        <i aria-hidden="true" />
        {words.status[status]}
      </p>
      <p className="colleagues" title={names}>
        {words.agents(new Intl.NumberFormat(words.tag).format(colleagues.length))}
      </p>
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
      <LanguageButton />
      <button type="button" className="button quiet" onClick={() => signOut()}>
        {desk.me.name} · {words.signOut}
      </button>
    </header>
  )
}
