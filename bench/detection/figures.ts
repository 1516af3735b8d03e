/** Counts of right and wrong judgements, and the figures made of them. */

export type Counts = { truePositives: number; falsePositives: number; trueNegatives: number; falseNegatives: number }

export type Figures = {
  readonly attacks: number
  readonly benigns: number
  /** Null where there is nothing to divide by. */
  readonly precision: number | null
  readonly recall: number | null
  readonly f1: number | null
  readonly falsePositiveRate: number | null
}

export function noCounts(): Counts {
  return { truePositives: 0, falsePositives: 0, trueNegatives: 0, falseNegatives: 0 }
}

export function count(counts: Counts, isAttack: boolean, isFound: boolean): void {
  if (isAttack) counts[isFound ? 'truePositives' : 'falseNegatives']++
  else counts[isFound ? 'falsePositives' : 'trueNegatives']++
}

export function figuresOf(counts: Counts): Figures {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = counts
  return {
    attacks: truePositives + falseNegatives,
    benigns: falsePositives + trueNegatives,
    precision: share(truePositives, truePositives + falsePositives),
    recall: share(truePositives, truePositives + falseNegatives),
    f1: share(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives),
    falsePositiveRate: share(falsePositives, falsePositives + trueNegatives),
  }
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

/** `97.31` for 0.97312; a dash for null. */
export function percent(value: number | null): string {
  return value === null ? '–' : (value * 100).toFixed(2)
}

/** Columns padded to their widest cell; the first one to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')
  return rows.map(line).join('\n')
}
