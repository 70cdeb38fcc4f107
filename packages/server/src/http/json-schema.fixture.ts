import type { JsonSchema } from "./description.ts"

/** What a schema says against a value, with the keywords of JSON Schema 2020-12 that the API uses. Fails on any other keyword. */
export function problemsOf(schema: JsonSchema, value: unknown, root: JsonSchema, path = "$"): readonly string[] {
  return Object.entries(schema).flatMap(([keyword, given]) => {
    const check = KEYWORDS[keyword]
    if (check === undefined) throw new Error(`${path}: nobody checks the keyword "${keyword}"`)
    return check(given as never, value, { schema, root, path })
  })
}

interface Place {
  readonly schema: JsonSchema
  readonly root: JsonSchema
  readonly path: string
}
type Keyword = (given: never, value: unknown, place: Place) => readonly string[]

const unless = (holds: boolean, path: string, what: string): readonly string[] => (holds ? [] : [`${path}: ${what}`])
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  integer: Number.isInteger,
  array: Array.isArray,
  object: isObject,
}

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  description: () => [],
  $ref: (given: string, value, { root, path }) => problemsOf(resolve(root, given), value, root, path),
  type: (given: string, value, { path }) => unless(TYPES[given]?.(value) === true, path, `is no ${given}`),
  enum: (given: readonly unknown[], value, { path }) => unless(given.includes(value), path, `is none of ${given}`),
  minLength: (given: number, value, { path }) => unless(typeof value !== "string" || value.length >= given, path, "is too short"),
  maxLength: (given: number, value, { path }) => unless(typeof value !== "string" || value.length <= given, path, "is too long"),
  pattern: (given: string, value, { path }) =>
    unless(typeof value !== "string" || new RegExp(given, "u").test(value), path, "does not match"),
  minimum: (given: number, value, { path }) => unless(typeof value !== "number" || value >= given, path, "is too small"),
  maximum: (given: number, value, { path }) => unless(typeof value !== "number" || value <= given, path, "is too large"),
  minItems: (given: number, value, { path }) => unless(!Array.isArray(value) || value.length >= given, path, "has too few"),
  maxItems: (given: number, value, { path }) => unless(!Array.isArray(value) || value.length <= given, path, "has too many"),
  items: (given: JsonSchema, value, { root, path }) =>
    Array.isArray(value) ? value.flatMap((item, index) => problemsOf(given, item, root, `${path}[${index}]`)) : [],
  oneOf: (given: readonly JsonSchema[], value, { root, path }) =>
    unless(given.filter((one) => problemsOf(one, value, root, path).length === 0).length === 1, path, "fits not exactly one"),
  properties: (given: Readonly<Record<string, JsonSchema>>, value, { root, path }) =>
    isObject(value)
      ? Object.entries(given).flatMap(([name, one]) =>
          Object.hasOwn(value, name) ? problemsOf(one, value[name], root, `${path}.${name}`) : [],
        )
      : [],
  required: (given: readonly string[], value, { path }) =>
    isObject(value) ? given.flatMap((name) => unless(Object.hasOwn(value, name), path, `lacks ${name}`)) : [],
  additionalProperties: (given: boolean, value, { schema, path }) =>
    isObject(value) && !given
      ? Object.keys(value).flatMap((name) => unless(Object.hasOwn(schema.properties ?? {}, name), path, `has ${name}`))
      : [],
}

/** What a local reference names. */
export function resolve(root: JsonSchema, reference: string): JsonSchema {
  let found: unknown = root
  for (const name of reference.replace(/^#\//, "").split("/")) found = (found as Readonly<Record<string, unknown>> | undefined)?.[name]
  if (found === undefined || !reference.startsWith("#/")) throw new Error(`"${reference}" names nothing`)
  return found as JsonSchema
}
