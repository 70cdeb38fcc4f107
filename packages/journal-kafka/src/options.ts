import { MagpieError } from "@magpie/protocol"

/** Fails with INVALID_OPTIONS. */
export function checkKafka(brokers: unknown): void {
  if (!Array.isArray(brokers) || brokers.length === 0 || !brokers.every((broker) => /^.+:\d+$/.test(broker))) {
    refuse("brokers", "must be a list of host:port")
  }
}

export function refuse(option: string, why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `${option} ${why}`, { details: { option } })
}
