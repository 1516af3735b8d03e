/** Seeded choices for the demo: the same seed gives the same conversations, in the same order. Not for ids or secrets. */

export type Random = {
  /** In [0, 1). */
  next(): number
  /** Integer in [from, to]. */
  between(from: number, to: number): number
  chance(share: number): boolean
  /** Throws for an empty list. */
  pick<T>(items: readonly T[]): T
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (share) => next() < share,
    pick: (items) => {
      if (items.length === 0) throw new Error('invariant broken: nothing to pick from')
      return items[Math.floor(next() * items.length)] as (typeof items)[number]
    },
  }
}

/** Deals every card once in a random order, then shuffles anew: varied like chance, but nothing stays away for long. */
export function createDeck<T>(cards: readonly T[], random: Random): () => T {
  let left: T[] = []
  return () => {
    if (left.length === 0) left = shuffled(cards, random)
    return left.pop() as T
  }
}

function shuffled<T>(cards: readonly T[], random: Random): T[] {
  const order = [...cards]
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.between(0, i)
    const card = order[i] as T
    order[i] = order[j] as T
    order[j] = card
  }
  return order
}
