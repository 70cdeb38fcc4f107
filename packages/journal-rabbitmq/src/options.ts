import { MagpieError } from "@magpie/protocol"

/** Fails with INVALID_OPTIONS. */
export function checkUrl(url: unknown): void {
  if (typeof url !== "string" || !/^amqps?:\/\//.test(url)) refuse("url", "must be as amqp://host:5672")
}

export function refuse(option: string, why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `${option} ${why}`, { details: { option } })
}
