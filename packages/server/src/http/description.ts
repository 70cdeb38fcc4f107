import { MagpieError } from "@magpie/protocol"

/** JSON Schema (draft 2020-12), as OpenAPI 3.1 holds it. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** What a request may hold: it checks a value, and says what it checks as JSON Schema, so that both never differ. */
export interface Description<T> {
  readonly schema: JsonSchema
  /** Returns the value, or throws BAD_REQUEST naming `path`. */
  check(value: unknown, path: string): T
}

/** A path may hold a stranger's key; in an error it is cut to so many characters. */
const PATH_LENGTH = 200

export function refuseField(path: string, expected: string): never {
  const field = path.slice(0, PATH_LENGTH) || "body"
  throw new MagpieError("BAD_REQUEST", `${field} must be ${expected}`, { details: { field } })
}

/** Text of `minLength` to `maxLength` characters. */
export function text(maxLength: number, about: string, minLength = 1): Description<string> {
  return {
    schema: { type: "string", minLength, maxLength, description: about },
    check: (value, path) =>
      typeof value === "string" && value.length <= maxLength && value.length >= minLength
        ? value
        : refuseField(path, `text of ${minLength} to ${maxLength} characters`),
  }
}

export function integer(minimum: number, maximum: number, about: string): Description<number> {
  return {
    schema: { type: "integer", minimum, maximum, description: about },
    check: (value, path) =>
      Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum
        ? (value as number)
        : refuseField(path, `a whole number from ${minimum} to ${maximum}`),
  }
}

/** One of these words. */
export function oneOf<const T extends string>(words: readonly T[], about: string): Description<T> {
  return {
    schema: { type: "string", enum: words, description: about },
    check: (value, path) => words.find((word) => word === value) ?? refuseField(path, `one of ${words.join(", ")}`),
  }
}

export function boolean(about: string): Description<boolean> {
  return {
    schema: { type: "boolean", description: about },
    check: (value, path) => (typeof value === "boolean" ? value : refuseField(path, "true or false")),
  }
}

/** Any JSON value: a schema of the contract looks at it later. */
export function anything(about: string): Description<unknown> {
  return {
    schema: { description: about },
    check: (value, path) => (value === undefined ? refuseField(path, "present") : value),
  }
}

export function list<T>(item: Description<T>, maxItems: number, about: string): Description<readonly T[]> {
  return {
    schema: { type: "array", items: item.schema, minItems: 1, maxItems, description: about },
    check(value, path) {
      if (!Array.isArray(value) || value.length === 0 || value.length > maxItems) refuseField(path, `a list of 1 to ${maxItems} items`)
      return value.map((entry, index) => item.check(entry, `${path}[${index}]`))
    },
  }
}

export interface OptionalDescription<T> extends Description<T | undefined> {
  readonly optional: true
}

export function optional<T>({ schema, check }: Description<T>): OptionalDescription<T> {
  return { optional: true, schema, check: (value, path) => (value === undefined ? undefined : check(value, path)) }
}

export type Fields = Readonly<Record<string, Description<unknown>>>
type OptionalKeys<F> = { [K in keyof F]: F[K] extends OptionalDescription<unknown> ? K : never }[keyof F]
export type Described<D> = D extends Description<infer T> ? T : never
export type DescribedFields<F> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Described<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: Described<F[K]>
}

/** An object with these fields and no other: a field that is misspelt is told, not left out in silence. */
export function object<const F extends Fields>(fields: F): Description<DescribedFields<F>> {
  const known = new Map(Object.entries(fields))
  return {
    schema: {
      type: "object",
      properties: Object.fromEntries([...known].map(([name, { schema }]) => [name, schema])),
      required: [...known].filter(([, description]) => !isOptional(description)).map(([name]) => name),
      additionalProperties: false,
    },
    check(value, path) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) refuseField(path, "an object")
      const given = value as Readonly<Record<string, unknown>>
      const at = (name: string): string => (path === "" ? name : `${path}.${name}`)
      for (const name of Object.keys(given))
        if (!known.has(name)) refuseField(at(name), `left out; known are ${[...known.keys()].join(", ")}`)
      const checked: Record<string, unknown> = {}
      for (const [name, description] of known) {
        const field = description.check(Object.hasOwn(given, name) ? given[name] : undefined, at(name))
        if (field !== undefined) checked[name] = field
      }
      return checked as DescribedFields<F>
    },
  }
}

export function isOptional(description: Description<unknown>): boolean {
  return "optional" in description
}
