/** Filters that filter nothing and a page to begin with, free of any test runner. */
import type { TenantId } from '../../src/core/domain/ids.ts'
import type { FindingFilter, PageRequest, SpanFilter } from '../../src/core/domain/query.ts'

export function everything(tenantId: TenantId): SpanFilter {
  return {
    tenantId,
    startTime: null,
    endTime: null,
    provider: null,
    model: null,
    operation: null,
    agentId: null,
    userId: null,
    sessionId: null,
    tag: null,
    status: null,
    scoreMin: null,
    scoreMax: null,
    findingType: null,
    costMin: null,
    durationMsMin: null,
    hasToolCalls: null,
    hasWebAccess: null,
    hasCommands: null,
    actionName: null,
    text: null,
  }
}

export function allFindings(tenantId: TenantId): FindingFilter {
  return {
    tenantId,
    startTime: null,
    endTime: null,
    model: null,
    agentId: null,
    findingType: null,
    category: null,
    severity: null,
    confidenceMin: null,
  }
}

export const FIRST_PAGE: PageRequest = { limit: 50, offset: 0, cursor: null, order: 'desc' }
