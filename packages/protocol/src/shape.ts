import { MagpieError } from "./errors.ts"

/** A small description of a wire value: it checks one, and describes itself for the protocol's fingerprint. */
export interface Shape<T> {
  readonly describe: string
  /** Returns the value with unknown fields left out, or throws BAD_REQUEST naming `path`. */
  check(value: unknown, path: string): T
}

export type Infer<S> = S extends Shape<infer T> ? T : never

/** A path may hold a stranger's key; in an error it is cut to so many characters. */
const PATH_LENGTH = 200

function refuse(path: string, expected: string): never {
  const field = path.length <= PATH_LENGTH ? path : `${path.slice(0, PATH_LENGTH)}…`
  throw new MagpieError("BAD_REQUEST", `${field || "message"} must be ${expected}`, { details: { field } })
}

/** Text of at most `maxLength` UTF-16 units. */
export function text(maxLength: number): Shape<string> {
  return {
    describe: `text(${maxLength})`,
    check: (value, path) =>
      typeof value === "string" && value.length <= maxLength ? value : refuse(path, `text of at most ${maxLength} characters`),
  }
}

/** A safe integer of at least `minimum`. */
export function integer(minimum: number): Shape<number> {
  return {
    describe: `integer(${minimum})`,
    check: (value, path) =>
      Number.isSafeInteger(value) && (value as number) >= minimum
        ? (value as number)
        : refuse(path, `a safe integer of at least ${minimum}`),
  }
}

export const boolean: Shape<boolean> = {
  describe: "boolean",
  check: (value, path) => (typeof value === "boolean" ? value : refuse(path, "true or false")),
}

/** Any value of the codec; a user's schema looks at it later. */
export const anything: Shape<unknown> = {
  describe: "anything",
  check: (value, path) => (value === undefined ? refuse(path, "present") : value),
}

export function oneOf<const T extends readonly string[]>(...values: T): Shape<T[number]> {
  return {
    describe: `oneOf(${values.join("|")})`,
    check: (value, path) => (values.includes(value as string) ? (value as T[number]) : refuse(path, `one of ${values.join(", ")}`)),
  }
}

export function list<T>(item: Shape<T>, maxItems: number): Shape<readonly T[]> {
  return {
    describe: `list(${item.describe},${maxItems})`,
    check: (value, path) => {
      if (!Array.isArray(value) || value.length > maxItems) refuse(path, `a list of at most ${maxItems} items`)
      return value.map((entry, index) => item.check(entry, `${path}[${index}]`))
    },
  }
}

/** A dictionary from names to values, as a Map: keys are a stranger's and must never reach a prototype. */
export function dictionary<T>(item: Shape<T>, maxEntries: number): Shape<ReadonlyMap<string, T>> {
  return {
    describe: `dictionary(${item.describe},${maxEntries})`,
    check: (value, path) => {
      if (!isPlainObject(value)) refuse(path, "an object")
      const keys = Object.keys(value)
      if (keys.length > maxEntries) refuse(path, `an object of at most ${maxEntries} entries`)
      const entries = new Map<string, T>()
      for (const key of keys) entries.set(key, item.check(value[key], `${path}.${key}`))
      return entries
    },
  }
}

export interface OptionalShape<T> extends Shape<T | undefined> {
  readonly optional: true
}

export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  return {
    optional: true,
    describe: `${shape.describe}?`,
    check: (value, path) => (value === undefined ? undefined : shape.check(value, path)),
  }
}

type Fields = Readonly<Record<string, Shape<unknown>>>
type OptionalKeys<F> = { [K in keyof F]: F[K] extends OptionalShape<unknown> ? K : never }[keyof F]
type Simplify<T> = { [K in keyof T]: T[K] }
export type InferFields<F> = Simplify<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]> } & { readonly [K in OptionalKeys<F>]?: Infer<F[K]> }
>

export function object<const F extends Fields>(fields: F): Shape<InferFields<F>> {
  const entries = Object.entries(fields)
  return {
    describe: `{${entries.map(([name, shape]) => `${name}:${shape.describe}`).join(",")}}`,
    check: (value, path) => {
      if (!isPlainObject(value)) refuse(path, "an object")
      const checked: Record<string, unknown> = {}
      for (const [name, shape] of entries) {
        const field = shape.check(Object.hasOwn(value, name) ? value[name] : undefined, path ? `${path}.${name}` : name)
        if (field !== undefined) checked[name] = field
      }
      return checked as InferFields<F>
    },
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
