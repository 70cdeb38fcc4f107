const PATHS = {
  clock: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.2l2 1.6",
  check: "M3 8.6l3.3 3.2L13 4.8",
  alert: "M8 2.6L14.2 13.4H1.8ZM8 6.6v3.2M8 11.4v.4",
  close: "M4 4l8 8M12 4l-8 8",
  send: "M2.5 8h10.5M9 4l4 4-4 4",
  down: "M8 3v10M4 9l4 4 4-4",
  code: "M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5",
  window: "M2 3.5h8v7H2ZM6 10.5v2.5h8v-7h-4",
  rooms: "M2.5 4h11M2.5 8h11M2.5 12h7",
  gauge: "M2.5 11.5a5.5 5.5 0 0 1 11 0M8 11.5l2.6-3.4",
  plus: "M8 3.5v9M3.5 8h9",
  cut: "M1.5 8h4M10.5 8h4M6.7 11.5l2.6-7",
  join: "M1.5 8h13",
  unfold: "M4 6l4 4 4-4",
  back: "M10 3.5L5.5 8l4.5 4.5",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.4 10.4L14 14",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.2l7.5 4.8L5 12.8Z",
} as const

export type IconName = keyof typeof PATHS

/** A line icon of 16 px in the text's colour. Always beside words or under a label, so silent. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  )
}
