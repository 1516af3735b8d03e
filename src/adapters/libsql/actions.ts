/** Agent actions over many spans, and those reported from outside. */
import { sql, type SQL } from 'drizzle-orm'
import type { InStatement } from '@libsql/client/http'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import { scoreOf, type Finding } from '../../core/domain/finding.ts'
import type { TenantId, TraceId } from '../../core/domain/ids.ts'
import type { ActionsSummary, SpanFilter } from '../../core/domain/query.ts'
import type { ActionType, AgentAction } from '../../core/domain/span.ts'
import { matching } from './span-filter.ts'
import { ACTION_BITS } from './span-row.ts'

const TOP_ACTIONS_MAX = 20

export async function summarizeActions(db: LibSQLDatabase, filter: SpanFilter): Promise<ActionsSummary> {
  const { rows } = matching(filter, filter.tenantId)
  const done = sql`${rows.from} JOIN actions AS done ON done.seq = spans.seq`
  const counts = { actionType: sql<ActionType>`done.action_type`, count: sql`count(*)`.mapWith(Number) }
  // One batch: all see the same moment.
  const [[totals], byType, top] = await db.batch([
    db
      .select({
        spans: sql`count(*)`.mapWith(Number),
        any: sql`coalesce(sum(spans.action_types <> 0), 0)`.mapWith(Number),
        web: spansWith(ACTION_BITS.web_access),
        commands: spansWith(ACTION_BITS.command_execution),
      })
      .from(rows.from)
      .where(rows.where),
    db
      .select(counts)
      .from(done)
      .where(rows.where)
      .groupBy(sql`1`),
    db
      .select({ name: sql<string>`done.name`, ...counts })
      .from(done)
      .where(rows.where)
      .groupBy(sql`1, 2`)
      .orderBy(sql`3 DESC, 1, 2`)
      .limit(TOP_ACTIONS_MAX),
  ])
  return {
    totalSpans: totals?.spans ?? 0,
    spansWithToolCalls: totals?.any ?? 0,
    spansWithWebAccess: totals?.web ?? 0,
    spansWithCommands: totals?.commands ?? 0,
    actionCounts: Object.fromEntries(byType.map(({ actionType, count }) => [actionType, count])),
    topActions: top,
  }
}

function spansWith(bit: number): SQL<number> {
  return sql`coalesce(sum(spans.action_types & ${bit} <> 0), 0)`.mapWith(Number)
}

/** To be run in one write transaction; the first statement affects no row where the trace is not there. */
export function addActionStatements(
  tenantId: TenantId,
  traceId: TraceId,
  action: AgentAction,
  findings: readonly Finding[],
): InStatement[] {
  const root = 'SELECT min(seq) AS seq FROM spans WHERE tenant_id = ? AND trace_id = ?'
  return [
    {
      sql: `INSERT INTO actions (seq, position, tenant_id, action_type, name, data)
        SELECT seq, (SELECT coalesce(max(position) + 1, 0) FROM actions WHERE actions.seq = root.seq), ?, ?, ?, ?
        FROM (${root}) AS root WHERE seq IS NOT NULL`,
      args: [tenantId, action.actionType, action.name, JSON.stringify(action), tenantId, traceId],
    },
    ...findings.map((finding) => ({
      sql: `INSERT INTO findings (seq, position, tenant_id, finding_type, severity, category, confidence, data)
        SELECT seq, (SELECT coalesce(max(position) + 1, 0) FROM findings WHERE findings.seq = root.seq), ?, ?, ?, ?, ?, ?
        FROM (${root}) AS root WHERE seq IS NOT NULL`,
      args: [
        tenantId,
        finding.findingType,
        finding.severity,
        finding.category,
        finding.confidence,
        JSON.stringify(finding),
        tenantId,
        traceId,
      ],
    })),
    {
      sql: `UPDATE spans SET action_types = action_types | ?, security_score = nullif(max(coalesce(security_score, -1), ?), -1)
        WHERE seq = (${root})`,
      args: [ACTION_BITS[action.actionType], scoreOf(findings) ?? -1, tenantId, traceId],
    },
  ]
}
