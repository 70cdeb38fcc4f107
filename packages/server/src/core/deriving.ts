import type { DurableLog } from "@magpie/journal"
import {
  type AnyContract,
  type Clock,
  type KindOf,
  type Log,
  MagpieError,
  type PatternsOfKind,
  type RowInput,
  type RowKey,
  type RowValue,
} from "@magpie/protocol"
import { Derivation, type DerivationOptions, type DerivedTarget } from "./derivation.ts"

/** A row of a source that was written, or that is gone: then its value is undefined. */
export type DerivedFrom<C, From> = From extends string
  ? {
      readonly from: From
      readonly key: RowKey<KindOf<C, From>>
      readonly value: RowValue<KindOf<C, From>> | undefined
      /** What it was when it was seen last; undefined the first time. */
      readonly before: RowValue<KindOf<C, From>> | undefined
      /** When it was written, in milliseconds since 1970. */
      readonly at: number
    }
  : never

export interface DeriveOptions<C, To, From extends string> {
  /** The tables to follow. */
  readonly from: readonly From[]
  /**
   * `anew`, the default: after a restart the table is what comes of the sources' rows as they are then. `keep`: its rows stay, and
   * each row of the sources is seen once more as if it were new.
   */
  readonly restart?: "anew" | "keep"
  /**
   * Called for each write of a source, in the order of that source; of what was written before the server started, once for each
   * row. Returns rows of the table with their new values, undefined for those that leave. `row` is what the table holds of a key,
   * by all steps before. It answers at once, and from what it is given alone. Where it throws, that write changes nothing.
   */
  step(
    change: DerivedFrom<C, From>,
    row: (key: RowKey<KindOf<C, To>>) => RowValue<KindOf<C, To>> | undefined,
  ): Iterable<readonly [key: RowKey<KindOf<C, To>>, value: RowInput<KindOf<C, To>> | undefined]>
}

export type Derive<C> = <const To extends PatternsOfKind<C, "table">, const From extends PatternsOfKind<C, "table">>(
  to: To,
  options: DeriveOptions<C, To, From>,
) => () => void

export interface DerivingOptions {
  readonly contract: AnyContract
  readonly log: DurableLog
  readonly clock: Clock
  readonly report: Log
  table(name: string): unknown
}

/** What `derive` is told, whatever the contract. */
type AnyDerive = (
  to: string,
  options: { readonly from: readonly string[]; readonly restart?: "anew" | "keep"; readonly step: DerivationOptions["step"] },
) => () => void

/** Tables that are written by functions of other tables. */
export function createDeriving({ contract, log, clock, report, table }: DerivingOptions) {
  const derivations = new Map<string, { readonly from: readonly string[]; readonly its: Derivation }>()

  /** Whether one table is made from another, by whatever is between them. */
  function leadsTo(from: string, to: string): boolean {
    return from === to || (derivations.get(to)?.from ?? []).some((each) => leadsTo(from, each))
  }

  function check(to: string, from: readonly string[]): void {
    for (const name of [to, ...from]) {
      const kind = Object.hasOwn(contract.channels, name) ? contract.channels[name]?.kind : undefined
      if (kind !== "table" || name.includes(":")) throw refused(`"${name}" is no table of the contract with a name of its own`)
    }
    if (from.length === 0) throw refused(`"${to}" is derived from no table`)
    if (derivations.has(to)) throw refused(`"${to}" is derived already`)
    if (from.some((each) => leadsTo(to, each))) throw refused(`"${to}" would be derived from itself`)
  }

  const derive: AnyDerive = (to, { from, restart = "anew", step }) => {
    check(to, from)
    const target = table(to) as DerivedTarget
    const its = new Derivation({ log, clock, report, target, sources: from, keeps: restart === "keep", step })
    derivations.set(to, { from, its })
    return () => {
      its.stop()
      if (derivations.get(to)?.its === its) derivations.delete(to)
    }
  }

  return {
    derive,
    close() {
      for (const { its } of derivations.values()) its.stop()
      derivations.clear()
    },
  }
}

function refused(why: string): MagpieError {
  return new MagpieError("INVALID_OPTIONS", why, { details: { option: "derive" } })
}
