/** Magpie's mark: the bird, and the arc of the bridge. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
      <path className="mark-arc" d="M2.5 28C7 20.5 25 20.5 29.5 28" />
      <path
        className="mark-bird"
        d="M1.5 16.5l9.8-3.2C13.2 8.6 16.6 5 21 5c2.3 0 4 1.2 4.7 3l4.3 1.6-4 1.3C25.6 16.4 21.6 20 16 20c-3.4 0-5.6-1.3-6.9-3.2L2 18Z"
      />
      <path className="mark-wing" d="M11.6 15.2c3.6.6 7-.6 9.4-3.7-.3 4-3 6.3-6.2 6.1-1.6-.1-2.7-1-3.2-2.4Z" />
      <circle className="mark-eye" cx="22.6" cy="8.4" r=".9" />
    </svg>
  )
}
