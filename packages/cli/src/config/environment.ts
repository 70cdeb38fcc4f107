import { MagpieError } from "@magpie/protocol"
import { FIELDS, type Field } from "./fields.ts"
import { isObject } from "./value-kinds.ts"

type Environment = Readonly<Record<string, string | undefined>>
type Values = Readonly<Record<string, unknown>>

/** A configuration with what the environment says in place of its fields. Fails with INVALID_OPTIONS naming the variable. */
export function withEnvironment<C extends object>(config: C, env: Environment): C {
  refuseUnknownLimits(env)
  return override(config as unknown as Values, FIELDS, env) as unknown as C
}

function override(values: Values, fields: Readonly<Record<string, Field>>, env: Environment): Values {
  const changed: Record<string, unknown> = { ...values }
  for (const [name, field] of Object.entries(fields)) {
    const variable = field.env?.find((one) => env[one] !== undefined)
    if (variable !== undefined) changed[name] = read(variable, env[variable] ?? "", field)
    else if (field.fields !== undefined && values[name] !== false) {
      const inner = override(isObject(values[name]) ? values[name] : {}, field.fields, env)
      if (Object.keys(inner).length > 0) changed[name] = inner
    }
  }
  return changed
}

function read(variable: string, text: string, { kind }: Field): unknown {
  const value = kind.read?.(text)
  if (value === undefined) throw refusal(variable, `must be ${kind.words}`)
  return value
}

/** A limit that is misspelt would hold nobody back, in silence. */
function refuseUnknownLimits(env: Environment): void {
  const known = new Set(Object.values(FIELDS.limits.fields).flatMap((field) => field.env ?? []))
  const unknown = Object.keys(env).find((name) => name.startsWith("MAGPIE_LIMIT_") && !known.has(name))
  if (unknown !== undefined) throw refusal(unknown, "names no limit; docs/config.md lists them")
}

function refusal(variable: string, why: string): MagpieError {
  return new MagpieError("INVALID_OPTIONS", `${variable} ${why}`, { details: { variable } })
}
