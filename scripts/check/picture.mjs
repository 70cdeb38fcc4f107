/**
 * @typedef {object} Picture what ARCHITECTURE.md draws under "The arrows"
 * @property {ReadonlyMap<string, readonly string[]>} arrows which room may import which; rooms are folders, `*` for one segment
 * @property {readonly string[]} shells the folders that may touch the world
 * @property {readonly string[]} tools rooms that nothing shipped may import
 */

/** @returns {Picture} */
export function readPicture(/** @type {import("./project.mjs").Project} */ project) {
  const section = project
    .read("ARCHITECTURE.md")
    .split(/^## /m)
    .find((part) => part.startsWith("The arrows"))
  if (section === undefined) throw new Error('ARCHITECTURE.md has no heading "## The arrows"')
  const block = (/** @type {string} */ name) => {
    const match = new RegExp(`\`\`\`${name}\n([\\s\\S]*?)\n\`\`\``).exec(section)
    if (match?.[1] === undefined) throw new Error(`ARCHITECTURE.md: "The arrows" has no block \`${name}\``)
    return match[1].split("\n").flatMap((line) => line.split("#")[0]?.trim() || [])
  }
  const arrows = new Map(
    block("arrows").map((line) => {
      const match = /^(\S+) *->(.*)$/.exec(line)
      if (match === null) throw new Error(`ARCHITECTURE.md: not an arrow: ${line}`)
      return [match[1] ?? "", (match[2] ?? "").split(",").flatMap((name) => name.trim() || [])]
    }),
  )
  return { arrows, shells: block("shells"), tools: block("tools") }
}
