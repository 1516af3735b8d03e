/** From the configuration to what the pipeline knows: known providers filled in, credentials fetched from the variables that are named. */
import type { AwsCredentials, GatewayConfig, Provider } from '../../core/domain/gateway.ts'
import type { LimitPolicy } from '../../core/domain/limit-policy.ts'
import type { CapturePolicy } from '../../core/domain/policy.ts'
import { err, ok, type Result } from '../../core/domain/result.ts'
import { toGuardPolicy } from './guard.ts'
import { limitOverridesOf, toLimitPolicy } from './limits.ts'
import type { ConfigProblem } from './problems.ts'
import { DEFAULT_REGION, PROVIDER_DEFAULTS } from './providers.ts'
import { PRICE_TABLE, type Config } from './schema.ts'
import { withoutTrailingSlash } from './url.ts'

type Env = { readonly [name: string]: string | undefined }
type ProviderEntry = Config['providers'][string]

/** USD per million tokens. Null: as input. */
export type ModelPrice = {
  readonly inputPerMillion: number
  readonly outputPerMillion: number
  readonly cachedInputPerMillion: number | null
  readonly cacheWritePerMillion: number | null
}

/** `env` holds the credentials. A variable that is named but not set is a problem: the caller's key would be passed on in its place. */
export function toGatewayConfig(config: Config, env: Env): Result<GatewayConfig, readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = []
  const names = new Set([...PROVIDER_DEFAULTS.keys(), ...Object.keys(config.providers)])
  const providers = new Map<string, Provider>()
  for (const name of names) providers.set(name, providerOf(name, config.providers[name] ?? null, env, problems))
  if (problems.length > 0) return err(problems)
  return ok({
    upstreamUrl: config.upstream_url === null ? null : withoutTrailingSlash(config.upstream_url),
    providers,
    auth: { mode: config.auth.mode, adminKey: config.auth.admin_key },
    requestBytesMax: config.limits.max_request_bytes,
    upstream: {
      connectTimeoutMs: config.upstream.connect_timeout_ms,
      firstByteTimeoutMs: config.upstream.first_byte_timeout_ms,
      idleTimeoutMs: config.upstream.idle_timeout_ms,
      retries: config.upstream.retries,
    },
    breaker: {
      isEnabled: config.circuit_breaker.enabled,
      failureThreshold: config.circuit_breaker.failure_threshold,
      recoveryTimeoutMs: config.circuit_breaker.recovery_timeout_ms,
      halfOpenCallsMax: config.circuit_breaker.half_open_max_calls,
    },
    capture: { text: config.capture.text, textBytesMax: config.capture.max_text_bytes },
    guard: toGuardPolicy(config.guard),
    limits: toLimitPolicy(config),
    serverTiming: config.debug.server_timing,
  })
}

/** What single tenants have otherwise, by tenant id; a part that is left out is as for all. */
export function policyOverridesOf(config: Config): ReadonlyMap<string, PolicyOverride> {
  const captures = config.capture.tenant_overrides
  const limits = limitOverridesOf(config)
  return new Map(
    [...new Set([...Object.keys(captures), ...limits.keys()])].map((tenant) => [
      tenant,
      { capture: captureOf(captures[tenant]), limits: limits.get(tenant) ?? null },
    ]),
  )
}

/** Null: as for all. */
export type PolicyOverride = { readonly capture: Partial<CapturePolicy>; readonly limits: LimitPolicy | null }

function captureOf(own: Config['capture']['tenant_overrides'][string] | undefined): Partial<CapturePolicy> {
  return {
    ...(own === undefined || own.text === null ? {} : { text: own.text }),
    ...(own === undefined || own.max_text_bytes === null ? {} : { textBytesMax: own.max_text_bytes }),
  }
}

/** `pricing.custom_models`, by model. */
export function customPricesOf(config: Config): ReadonlyMap<string, ModelPrice> {
  return pricesOf(config.pricing.custom_models)
}

/** A parsed price file, in the form of `pricing.custom_models`. The error names the first wrong entry. */
export function readPriceTable(value: unknown): Result<ReadonlyMap<string, ModelPrice>, string> {
  const parsed = PRICE_TABLE.safeParse(value ?? {})
  if (parsed.success) return ok(pricesOf(parsed.data))
  const issue = parsed.error.issues[0]
  return err(`${issue?.path.join('.') || 'price file'}: ${issue?.message ?? 'is wrong'}`)
}

function pricesOf(table: Config['pricing']['custom_models']): ReadonlyMap<string, ModelPrice> {
  return new Map(
    Object.entries(table).map(([model, price]) => [
      model,
      {
        inputPerMillion: price.input_per_million,
        outputPerMillion: price.output_per_million,
        cachedInputPerMillion: price.cached_input_per_million,
        cacheWritePerMillion: price.cache_write_per_million,
      },
    ]),
  )
}

function providerOf(name: string, entry: ProviderEntry | null, env: Env, problems: ConfigProblem[]): Provider {
  const fromEnv = (key: 'credential_env' | 'access_key_env' | 'secret_key_env' | 'session_token_env'): string | null => {
    const variable = entry?.[key] ?? null
    if (variable === null) return null
    const value = env[variable]?.trim() ?? ''
    if (value !== '') return value
    problems.push({
      key: `providers.${name}.${key}`,
      source: null,
      message: `names the environment variable ${variable}, which is not set`,
    })
    return null
  }
  const region = entry?.region ?? (env['AWS_REGION']?.trim() || DEFAULT_REGION)
  const baseUrl = entry?.base_url ?? PROVIDER_DEFAULTS.get(name)?.baseUrl?.replace('{region}', region) ?? null
  return {
    name,
    baseUrl: baseUrl === null ? null : withoutTrailingSlash(baseUrl),
    dialect: entry?.dialect ?? null,
    credential: fromEnv('credential_env'),
    headers: lowerCased(entry?.headers ?? {}),
    aws: awsOf(fromEnv('access_key_env'), fromEnv('secret_key_env'), fromEnv('session_token_env'), region),
  }
}

function awsOf(
  accessKeyId: string | null,
  secretAccessKey: string | null,
  sessionToken: string | null,
  region: string,
): AwsCredentials | null {
  return accessKeyId === null || secretAccessKey === null ? null : { accessKeyId, secretAccessKey, sessionToken, region }
}

function lowerCased(headers: { readonly [name: string]: string }): { readonly [name: string]: string } {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
