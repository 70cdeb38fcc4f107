/** Up, down or level, by the `data-trend` of what it stands in. */
export function TrendArrow() {
  return (
    <svg className="trend-arrow" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
      <path className="arrow-up" d="M5 1.5l4 7H1Z" />
      <path className="arrow-down" d="M5 8.5l-4-7h8Z" />
      <path className="arrow-flat" d="M1.5 4h7v2h-7Z" />
    </svg>
  )
}
