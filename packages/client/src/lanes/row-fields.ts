import { MagpieError } from "@magpie/protocol"

/** What a field has to be. */
type Check = (value: unknown) => boolean

/** Text of at most so many units. */
export const text =
  (maxLength: number): Check =>
  (value) =>
    typeof value === "string" && value.length <= maxLength

/** A whole number of at least so many. */
export const count =
  (least: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && Number(value) >= least

export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)

/** Rows come from a place that others can write to: fields are looked at before they are believed. Fails with UNRECOVERABLE naming the row. */
export function checkRow(key: string, row: unknown, fields: Readonly<Record<string, Check>>): void {
  for (const [name, check] of Object.entries(fields)) {
    if (!check(Object(row)[name])) {
      const problem = `the row ${JSON.stringify(key)} is not what was kept; choose another name to begin anew`
      throw new MagpieError("UNRECOVERABLE", problem, { details: { row: key } })
    }
  }
}
