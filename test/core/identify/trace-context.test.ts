import { expect, test } from 'bun:test'
import { parseTraceparent } from '../../../src/core/identify/trace-context.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const JOINED = { traceId: '0af76519-16cd-43dd-8448-eb211c80319c', spanId: SPAN }

const CASES: readonly (readonly [header: string | null, isJoined: boolean, why: string])[] = [
  [null, false, 'no header'],
  [`00-${TRACE}-${SPAN}-01`, true, 'the usual form'],
  [`00-${TRACE}-${SPAN}-00`, true, 'not sampled is still a parent'],
  [` 00-${TRACE}-${SPAN}-01\t`, true, 'white space around a header means nothing'],
  [`cc-${TRACE}-${SPAN}-01`, true, 'a version of the future, same form'],
  [`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, true, 'a version of the future with more fields'],
  [`cc-${TRACE}-${SPAN}-01.what`, false, 'more fields need a dash'],
  [`00-${TRACE}-${SPAN}-01-extra`, false, 'version 00 has four fields'],
  [`00-${TRACE}-${SPAN}-01-`, false, 'version 00 ends after the flags'],
  [`ff-${TRACE}-${SPAN}-01`, false, 'version ff is forbidden'],
  [`0-${TRACE}-${SPAN}-01`, false, 'a version has two digits'],
  [`00-${TRACE}-${SPAN}`, false, 'no flags'],
  [`00-${TRACE}-${SPAN}-1`, false, 'flags have two digits'],
  [`00-${TRACE}-${SPAN}-0g`, false, 'flags are hexadecimal'],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, false, 'an all-zero trace id'],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, false, 'an all-zero span id'],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, false, 'upper case is not allowed'],
  [`00-${TRACE.slice(1)}-${SPAN}-01`, false, 'a trace id that is too short'],
  [`00-${TRACE}0-${SPAN}-01`, false, 'a trace id that is too long'],
  [`00-${TRACE}-${SPAN.slice(1)}-01`, false, 'a span id that is too short'],
  [`00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`, false, 'two headers'],
  [`00 ${TRACE} ${SPAN} 01`, false, 'other separators'],
  ['', false, 'empty'],
]

for (const [header, isJoined, why] of CASES) {
  test(`traceparent is ${isJoined ? 'joined' : 'ignored'}: ${why}`, () => {
    expect(parseTraceparent(header)).toEqual((isJoined ? JOINED : null) as ReturnType<typeof parseTraceparent>)
  })
}
