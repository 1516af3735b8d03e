/** What `--help` and `--version` print. */

export const HELP = `llmtrace - a transparent gateway for LLM traffic: every call traced and priced, while the stream flows.

Usage
  llmtrace [serve]     start the gateway on http://127.0.0.1:8080
  llmtrace demo        the same with a built-in fake provider and sample traffic: nothing else is needed
  llmtrace validate    check the configuration and print what holds, and where each value came from
  llmtrace migrate     bring the database to this version, then end

Flags
  -c, --config FILE    configuration file (else LLMTRACE_CONFIG, else ./llmtrace.yaml if it is there)
  -h, --help           this text
  -v, --version        the version
  --KEY VALUE          any key of the configuration: --listen-addr, --upstream-url, --data-dir, --auth.mode,
                       --storage.profile, --log-level, --limits.max-request-bytes, --providers.NAME.base-url, ...

A flag goes before the environment, the environment before the file, the file before the default. Every key has
a variable too: LLMTRACE_ and its path in capitals (LLMTRACE_UPSTREAM_URL, LLMTRACE_AUTH_MODE). All keys, with
their defaults: llmtrace.example.yaml and .env.example.

Examples
  llmtrace
  llmtrace --listen-addr 127.0.0.1:9000 --data-dir ./data
  llmtrace --upstream-url https://api.openai.com --log-level debug
  LLMTRACE_ADMIN_KEY=... llmtrace --listen-addr 0.0.0.0:8080 --auth.mode required
  llmtrace validate --config llmtrace.yaml

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
