import { isCode } from "./project.mjs"
import { testCalls } from "./test-calls.mjs"

const GUARANTEES = 12

/**
 * Which faults of docs/faults.md and which guarantees a test carries in its name. What is missing is information; an id
 * that does not exist, and several in one pair of brackets, fail.
 * @param {import("./project.mjs").Project} project
 * @returns {import("./project.mjs").Report}
 */
export function faults(project) {
  const rows = readFaults(project.read("docs/faults.md"))
  const known = new Set([...rows.map((row) => `F${row.number}`), ...Array.from({ length: GUARANTEES }, (_, index) => `G${index + 1}`)])
  /** @type {Set<string>} */
  const covered = new Set()
  /** @type {string[]} */
  const problems = []
  for (const path of project.files.filter(isCode)) {
    if (path.startsWith("scripts/")) continue
    for (const { name, start } of testCalls(project.parse(path))) {
      for (const [, inside = ""] of (name ?? "").matchAll(/\[([FG]\d[^\]]*)\]/g)) {
        if (known.has(inside)) covered.add(inside)
        else problems.push(`${path}:${project.line(path, start)}: [${inside}] is no fault or guarantee; one id in each pair of brackets`)
      }
    }
  }
  return { problems, notes: [...summary(rows, covered), missingGuarantees(covered)] }
}

/** @returns {{ number: number, section: string }[]} */
function readFaults(/** @type {string} */ text) {
  return [...text.matchAll(/^\| (\d+) \| ([A-Z]) \|/gm)].map(([, number, section]) => ({ number: Number(number), section: section ?? "" }))
}

/** @param {{ number: number, section: string }[]} rows @param {ReadonlySet<string>} covered */
function summary(rows, covered) {
  const sections = [...new Set(rows.map((row) => row.section))]
  return sections.map((section) => {
    const own = rows.filter((row) => row.section === section)
    const missing = own.filter((row) => !covered.has(`F${row.number}`)).map((row) => row.number)
    return `faults ${section}: ${own.length - missing.length} of ${own.length} have a test${missing.length > 0 ? `; none: ${missing.join(" ")}` : ""}`
  })
}

function missingGuarantees(/** @type {ReadonlySet<string>} */ covered) {
  const missing = Array.from({ length: GUARANTEES }, (_, index) => `G${index + 1}`).filter((id) => !covered.has(id))
  return `guarantees: ${GUARANTEES - missing.length} of ${GUARANTEES} have a test${missing.length > 0 ? `; none: ${missing.join(" ")}` : ""}`
}
