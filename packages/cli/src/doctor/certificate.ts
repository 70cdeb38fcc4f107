import { createPrivateKey, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import type { TlsOptions } from "@magpie/server"
import type { Finding } from "./finding.ts"

const DAY_MS = 86_400_000
const WARNING_MS = 14 * DAY_MS

export function lookAtCertificate(tls: TlsOptions | undefined, nowMs: number): Finding {
  if (tls === undefined) return { about: "certificate", state: "not checked", told: "the configuration has no tls: it serves http and ws" }
  const { cert, key } = "certFile" in tls ? { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) } : tls
  const certificate = new X509Certificate(cert)
  const names = (certificate.subjectAltName ?? certificate.subject).replaceAll("DNS:", "").replaceAll("\n", ", ")
  const problem = (told: string, remedy: string): Finding => ({
    about: "certificate",
    state: "problem",
    told: `${told} (${names})`,
    remedy,
  })
  if (!certificate.checkPrivateKey(createPrivateKey(key)))
    return problem("the key is not the certificate's", "Give the key that the certificate was made with.")
  if (Date.parse(certificate.validFrom) > nowMs)
    return problem(`it holds only from ${certificate.validFrom} on`, "Look at this machine's clock, or wait.")
  const leftMs = Date.parse(certificate.validTo) - nowMs
  if (leftMs <= 0) return problem(`it ended on ${certificate.validTo}`, "Renew it: clients refuse it.")
  const told = `holds for ${Math.floor(leftMs / DAY_MS)} more days (${names})`
  return leftMs < (tls.expiryWarningMs ?? WARNING_MS)
    ? { about: "certificate", state: "warning", told, remedy: "Renew it soon." }
    : { about: "certificate", state: "ok", told }
}
