import type { Figures } from "../schemas.ts"

interface NameListProps {
  readonly title: string
  readonly about?: string
  readonly figures: Figures
  /** What stands before the slash in the names of its figures. */
  readonly kind: string
  readonly nameOf: (name: string) => string
  readonly formatted: (count: number) => string
  readonly empty: string
}

/** How many there are of each name, the most first, with bars beside one another. */
export function NameList({ title, about, figures, kind, nameOf, formatted, empty }: NameListProps) {
  const names = Object.entries(figures)
    .filter(([metric]) => metric.startsWith(`${kind}/`))
    .map(([metric, count]) => ({ name: metric.slice(kind.length + 1), count }))
    .sort((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1))
  const most = Math.max(1, ...names.map(({ count }) => count))
  return (
    <section className="panel name-list" aria-label={title} data-list={kind}>
      <h3>
        {title} {about !== undefined && <span>{about}</span>}
      </h3>
      {names.length === 0 ? (
        <p className="nobody">{empty}</p>
      ) : (
        <ol>
          {names.map(({ name, count }) => (
            <li key={name}>
              <span className="bar" style={{ transform: `scaleX(${count / most})` }} aria-hidden="true" />
              <span className="name">{nameOf(name)}</span>
              <span className="count">{formatted(count)}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  )
}
