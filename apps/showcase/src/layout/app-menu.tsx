import { Icon } from "@magpie/frame"
import { useRef, useState } from "react"
import { useLanguage } from "../language/language.ts"
import { addressOfDashboard, addressOfDevices, addressOfQuotes, type Route } from "../route.ts"

/** The applications that there are, in the order of the menu; those with a page of their own are left by a link. */
const APPLICATIONS = [
  { id: "chat", href: "#/chat/lobby" },
  { id: "quotes", href: addressOfQuotes() },
  { id: "dashboard", href: addressOfDashboard() },
  { id: "devices", href: addressOfDevices() },
  { id: "support", href: "support/" },
] as const

/** Says which application this is, and leads to the others. */
export function AppMenu({ shown }: { readonly shown: Route["app"] }) {
  const { words } = useLanguage()
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const close = () => setOpen(false)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only watches what its button and links are told
    <div
      className="app-menu"
      onBlur={(event) => event.currentTarget.contains(event.relatedTarget) || close()}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return
        close()
        button.current?.focus()
      }}
    >
      <button
        ref={button}
        type="button"
        className="button app-menu-button"
        aria-expanded={open}
        aria-label={words.apps.choose(words.apps[shown].name)}
        onClick={() => setOpen(!open)}
      >
        <span>{words.apps[shown].name}</span>
        <Icon name="unfold" />
      </button>
      {open && (
        <nav className="app-menu-list" aria-label={words.apps.label}>
          <ul>
            {APPLICATIONS.map(({ id, href }) => (
              <li key={id}>
                <a href={href} aria-current={id === shown ? "page" : undefined} onClick={close}>
                  <strong>{words.apps[id].name}</strong>
                  <span>{words.apps[id].about}</span>
                </a>
              </li>
            ))}
          </ul>
        </nav>
      )}
    </div>
  )
}
