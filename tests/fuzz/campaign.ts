import { type SeededRandom, seededRandom } from "@magpie/testing"
import { mutateBytes } from "./mutate-bytes.ts"
import { mutateText } from "./mutate-text.ts"
import { shrink } from "./shrink.ts"
import type { Input, Target } from "./target.ts"
import { allTargets } from "./targets/index.ts"
import { trial } from "./trial.ts"

/** The inputs of a seed from one number to another, which is not fed. Each is the same whatever the others are, so that it can be had again. */
export interface CampaignOptions {
  readonly seed: string
  readonly from: number
  readonly to: number
  /** Names of the targets to feed; all where it is empty. */
  readonly only: readonly string[]
  /** Told the number of each input before it is fed, for whoever watches over a decoder that may never come back. */
  readonly onInput?: (index: number) => void
}

export interface TargetCount {
  inputs: number
  /** Inputs of which something was taken. */
  accepted: number
  /** The longest time of an input, in milliseconds per 64 KiB or for less. */
  slowestMs: number
}

export interface Failure {
  readonly target: string
  readonly seed: string
  readonly index: number
  readonly problem: string
  readonly input: Input
}

export interface CampaignReport {
  readonly counts: Record<string, TargetCount>
  readonly failures: readonly Failure[]
  /** Sum over all outcomes: equal for equal inputs, in whatever order and by however many workers they were fed. */
  readonly hash: number
}

/** A decoder that fails everywhere needs no more examples. */
const MOST_FAILURES_OF_A_TARGET = 5

/** Feeds mutated inputs to the decoders, each twice. */
export async function campaign({ seed, from, to, only, onInput }: CampaignOptions): Promise<CampaignReport> {
  const targets = chosen(await allTargets(), only)
  const draw = drawer(targets)
  const counts: Record<string, TargetCount> = Object.fromEntries(
    targets.map(({ name }) => [name, { inputs: 0, accepted: 0, slowestMs: 0 }]),
  )
  const failures: Failure[] = []
  let hash = 0
  for (let index = from; index < to; index++) {
    onInput?.(index)
    const { target, input } = draw(seed, index)
    const count = counts[target.name] as TargetCount
    count.inputs++
    const pending = trial(target, input)
    const done = pending instanceof Promise ? await pending : pending
    count.slowestMs = Math.max(count.slowestMs, done.elapsedMs)
    if (done.outcome.includes("accepted")) count.accepted++
    hash = (hash + textHash(done.outcome, index)) >>> 0
    if (done.problem === undefined) continue
    const known = failures.filter((failure) => failure.target === target.name)
    if (known.length >= MOST_FAILURES_OF_A_TARGET || known.some(({ problem }) => problem === done.problem)) continue
    failures.push({
      target: target.name,
      seed,
      index,
      problem: done.problem,
      input: done.slow ? input : await shrink(target, input, done.problem),
    })
  }
  return { counts, failures, hash }
}

/** The input of that number, and who it is for. */
export async function inputOf(seed: string, index: number, only: readonly string[]): Promise<Drawn> {
  return drawer(chosen(await allTargets(), only))(seed, index)
}

interface Drawn {
  readonly target: Target
  readonly input: Input
}

function chosen(targets: readonly Target[], only: readonly string[]): readonly Target[] {
  const names = targets.map(({ name }) => name)
  const unknown = only.filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new RangeError(`no such target: ${unknown.join(", ")}; there are ${names.join(", ")}`)
  return only.length === 0 ? targets : targets.filter(({ name }) => only.includes(name))
}

function drawer(targets: readonly Target[]): (seed: string, index: number) => Drawn {
  const wheel = targets.flatMap((target) => Array.from({ length: target.share }, () => target))
  return (seed, index) => {
    const random = seededRandom(`${seed}/${index}`)
    const target = random.pick(wheel)
    return { target, input: mutated(target, random) }
  }
}

function mutated({ corpus, words = [], maxLength }: Target, random: SeededRandom): Input {
  const start = random.pick(corpus)
  if (typeof start !== "string") return mutateBytes(start, random, corpus as readonly Uint8Array[], maxLength)
  return mutateText(start, {
    random,
    corpus: corpus as readonly string[],
    words: words.length > 0 ? words : (corpus as string[]),
    maxLength,
  })
}

/** FNV-1a over the first characters and the length. */
function textHash(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed ^ text.length) >>> 0
  for (let index = 0; index < text.length && index < 200; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0
  return hash
}
