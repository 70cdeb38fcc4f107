// The configurations of load balancers, as they stand in docs/deploy.
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** @param {string} file @param {string} language of the block */
const shown = (file, language) => () => {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/deploy/${file}`, import.meta.url)), "utf8")
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``
}

/** @type {Readonly<Record<string, import("./parts.mjs").Part>>} */
export const DEPLOY_PARTS = {
  "deploy-nginx": shown("nginx.conf", "nginx"),
  "deploy-haproxy": shown("haproxy.cfg", "haproxy"),
}
