/** How `backtest` tells its outcome: a report for people, and one JSON object for programs. Ids and counts only. */
import type { TenantId } from '../../core/domain/ids.ts'
import { rfc3339, type EpochMs } from '../../core/domain/time.ts'
import type { BacktestReport } from '../../core/guard/backtest.ts'

export type Asked = {
  readonly tenantId: TenantId
  readonly startTime: EpochMs
  /** When it was asked. */
  readonly endTime: EpochMs
  /** Calls, the newest first. */
  readonly limit: number
}

export function backtestText(report: BacktestReport, asked: Asked): string {
  const { calls, judged, notJudged, verdicts, rows, newlyBlocked, newlyBlockedCount, noLongerBlocked } = report
  const reasons = [
    [notJudged.withoutTexts, 'without texts'],
    [notJudged.truncated, 'with a text that was cut'],
    [notJudged.failed, 'that a detector failed on'],
  ] as const
  const lines = [
    `${calls} calls of tenant ${asked.tenantId} since ${rfc3339(asked.startTime)}${calls === asked.limit ? ' (the newest: --limit)' : ''}`,
    `${judged} judged; not judged, or one side of it not: ${reasons.map(([count, what]) => `${count} ${what}`).join(', ')}`,
    '',
    ...table([
      ['calls', 'then', 'now', 'change'],
      ...(['block', 'redact', 'flag', 'pass'] as const).map((action) => {
        const { before, after } = verdicts[action]
        return [action, String(before), String(after), signed(after - before)]
      }),
    ]),
    '',
  ]
  if (rows.length === 0) lines.push('No finding, then or now, that is more than recorded.', '')
  else {
    lines.push(
      ...table([
        ['category', 'action', 'then', 'now', 'change', 'for example'],
        ...rows.map((row) => [
          row.category,
          row.action,
          String(row.before),
          String(row.after),
          signed(row.after - row.before),
          (row.afterExamples.length > 0 ? row.afterExamples : row.beforeExamples).join(' '),
        ]),
      ]),
      '',
    )
  }
  lines.push(`${newlyBlockedCount} newly blocked, ${noLongerBlocked} no longer blocked`)
  for (const call of newlyBlocked) {
    const { spanId, traceId, startTime, model, before, findingTypes } = call
    const what = `${spanId}  trace ${traceId}  ${rfc3339(startTime)}  ${printable(model ?? 'unknown model')}`
    lines.push(`  ${what}  ${before} then  ${findingTypes.join(', ')}`)
  }
  if (newlyBlockedCount > newlyBlocked.length) lines.push(`  and ${newlyBlockedCount - newlyBlocked.length} more`)
  return `${lines.join('\n')}\n`
}

export function backtestJson(report: BacktestReport, asked: Asked): string {
  const { notJudged } = report
  return `${JSON.stringify({
    tenant_id: asked.tenantId,
    start_time: rfc3339(asked.startTime),
    end_time: rfc3339(asked.endTime),
    limit: asked.limit,
    calls: report.calls,
    judged: report.judged,
    not_judged: { without_texts: notJudged.withoutTexts, truncated: notJudged.truncated, failed: notJudged.failed },
    verdicts: report.verdicts,
    rows: report.rows.map((row) => ({
      category: row.category,
      action: row.action,
      before: row.before,
      after: row.after,
      before_examples: row.beforeExamples,
      after_examples: row.afterExamples,
    })),
    newly_blocked: report.newlyBlocked.map((call) => ({
      span_id: call.spanId,
      trace_id: call.traceId,
      start_time: rfc3339(call.startTime),
      model: call.model,
      before: call.before,
      finding_types: call.findingTypes,
    })),
    newly_blocked_count: report.newlyBlockedCount,
    no_longer_blocked: report.noLongerBlocked,
  })}\n`
}

/** Columns side by side, numbers and words alike to the left; the last one may be of any length. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)))
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function signed(count: number): string {
  return count > 0 ? `+${count}` : String(count)
}

/** A model's name is in the caller's hand. */
function printable(name: string): string {
  return name.replaceAll(/\p{C}/gu, '?')
}
