/** CPU time and memory of a process tree, from /proc (Linux). A process that has gone reads as zero, never as an error. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

export type Meter = {
  /** User and system time of the tree with all threads, also those that have ended; microseconds. */
  cpuUs(): number
  /** Resident memory of the tree; MB of 2^20 bytes. */
  rssMb(): number
  /** Of which not backed by files (heaps, stacks). */
  anonMb(): number
  /** The highest `rssMb` since the start or the last `resetPeak`, as the kernel kept it. */
  peakMb(): number
  /** False where the kernel refuses. */
  resetPeak(): boolean
}

const TREE_MAX = 64
/** USER_HZ is 100 on every Linux that Bun and Node run on. */
const TICK_US = 10_000

export function meterOf(pid: number): Meter {
  // The kernel's nanosecond counter is kept per thread and is gone with the thread, so each one's last value is remembered here.
  const seen = new Map<string, number>()
  const sum = (field: string): number => tree(pid).reduce((total, each) => total + statusKb(each, field), 0) / 1_024
  return {
    cpuUs: () => {
      let ticks = 0
      for (const each of tree(pid)) {
        for (const thread of list(`/proc/${each}/task`)) {
          const ns = Number(read(`/proc/${each}/task/${thread}/schedstat`).split(' ')[0])
          if (ns > 0) seen.set(`${each}/${thread}`, ns)
        }
        const fields = read(`/proc/${each}/stat`).split(') ')[1]?.split(' ') ?? []
        ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
      }
      let ns = 0
      for (const value of seen.values()) ns += value
      // Threads that came and went between two readings are only in the coarse counter.
      return Math.max(ns / 1_000, (ticks - 4) * TICK_US)
    },
    rssMb: () => sum('VmRSS'),
    anonMb: () => sum('RssAnon'),
    peakMb: () => sum('VmHWM'),
    resetPeak: () => {
      try {
        for (const each of tree(pid)) writeFileSync(`/proc/${each}/clear_refs`, '5')
        return true
      } catch {
        return false
      }
    },
  }
}

/** Busy time of the whole machine in seconds, summed over its cores. */
export function machineBusySeconds(): number {
  const fields = (read('/proc/stat').split('\n')[0] ?? '').trim().split(/\s+/).slice(1).map(Number)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = fields
  return ((user + nice + system + irq + softIrq) * TICK_US) / 1e6
}

function tree(pid: number): readonly number[] {
  const pids = [pid]
  for (let i = 0; i < pids.length && pids.length < TREE_MAX; i++) {
    for (const thread of list(`/proc/${pids[i]}/task`)) {
      for (const child of read(`/proc/${pids[i]}/task/${thread}/children`).split(' '))
        if (child !== '') pids.push(Number(child))
    }
  }
  return pids
}

function statusKb(pid: number, field: string): number {
  const line = read(`/proc/${pid}/status`)
    .split('\n')
    .find((each) => each.startsWith(`${field}:`))
  return line === undefined ? 0 : Number(/\d+/.exec(line)?.[0] ?? 0)
}

/** Empty where the process or thread has ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
