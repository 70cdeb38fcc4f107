import type { StatusName } from "@magpie/client"

/** Each state has its own shape, so that colour is not needed to tell them apart. */
export function StatusShape({ state }: { readonly state: StatusName }) {
  return (
    <svg className={`status-shape ${state}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {shapeOf(state)}
    </svg>
  )
}

function shapeOf(state: StatusName) {
  switch (state) {
    case "online":
      return <circle cx="8" cy="8" r="5" fill="currentColor" />
    case "connecting":
      return <circle className="turning" cx="8" cy="8" r="5" fill="none" stroke="currentColor" strokeWidth="2.4" strokeDasharray="20 12" />
    case "reconnecting":
      return <path d="M8 2.5l6 11H2Z" fill="currentColor" />
    case "offline":
      return <rect x="3" y="3" width="10" height="10" fill="currentColor" />
    case "closed":
      return <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" stroke="currentColor" strokeWidth="2.6" />
    case "idle":
      return <path d="M3 8h10" stroke="currentColor" strokeWidth="2.6" />
  }
}
