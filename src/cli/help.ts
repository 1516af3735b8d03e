/** What `--help` and `--version` print. */

export const HELP = `llmtrace - a transparent gateway for LLM traffic: every call traced and priced, while the stream flows.

Usage
  llmtrace [serve]     start the gateway on http://127.0.0.1:8080
  llmtrace demo        the same with a built-in fake provider and sample traffic: nothing else is needed
  llmtrace validate    check the configuration and print what holds, and where each value came from
  llmtrace migrate     bring the database to this version, then end
  llmtrace scan [FILES...|-]
                       judge texts, .jsonl lines or standard input as the guard judges calls
  llmtrace backtest --policy FILE
                       tell what another guard policy would have done to the traffic that is stored

Flags
  -c, --config FILE    configuration file (else LLMTRACE_CONFIG, else ./llmtrace.yaml if it is there)
  -h, --help           this text
  -v, --version        the version
  --KEY VALUE          any key of the configuration: --listen-addr, --upstream-url, --data-dir, --auth.mode,
                       --storage.profile, --log-level, --limits.max-request-bytes, --providers.NAME.base-url, ...

Flags of scan
  --policy FILE        a policy, in the form of the configuration's "guard" section; else the configuration's.
                       Where neither says what becomes of findings, they are flagged
  --origin ORIGIN      whose texts they are: user (the default), system, assistant, tool_result, ...
  --format text|json   lines for people, or one JSON object a line
  --fail-on VERDICT    flag, redact or block: end with 1 where a text gets this verdict or a stricter one
                       (0 else; 2 where something could not be judged)

Flags of backtest
  --policy FILE        the policy to try
  --since 7d           how far back: 90m, 24h, 7d (the default) or a time as 2026-11-01T00:00:00Z
  --tenant ID          whose traffic; else the default tenant's
  --limit N            calls that are looked at, the newest first; else 10000
  --format text|json   a report for people, or one JSON object

A flag goes before the environment, the environment before the file, the file before the default. Every key has
a variable too: LLMTRACE_ and its path in capitals (LLMTRACE_UPSTREAM_URL, LLMTRACE_AUTH_MODE). All keys, with
their defaults: llmtrace.example.yaml and .env.example.

Examples
  llmtrace
  llmtrace --listen-addr 127.0.0.1:9000 --data-dir ./data
  llmtrace --upstream-url https://api.openai.com --log-level debug
  LLMTRACE_ADMIN_KEY=... llmtrace --listen-addr 0.0.0.0:8080 --auth.mode required
  llmtrace validate --config llmtrace.yaml
  llmtrace scan --fail-on block prompts/system.txt dataset.jsonl

Then point a client at it, and change nothing else:
  OPENAI_BASE_URL=http://127.0.0.1:8080/v1
  ANTHROPIC_BASE_URL=http://127.0.0.1:8080
`

/** `runtime` is the program it runs on, e.g. `bun`. */
export function versionText(version: string, runtime: string): string {
  return `llmtrace ${version} (${runtime})\n`
}

/** For a command line that was not understood: what was wrong, and where help is. */
export function usageText(problem: string): string {
  return `llmtrace: ${problem}\nTry: llmtrace --help`
}
