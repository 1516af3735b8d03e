/** SigV4 by `aws4fetch`: the signature covers the host, so a request that was signed for this gateway is signed anew for AWS. */
import { AwsClient } from 'aws4fetch'
import type { AwsCredentials, Provider } from '../../core/domain/gateway.ts'
import type { Sign } from '../../core/forward/forward.ts'

/** Left by the caller's own signature. */
const OLD_SIGNATURE: readonly string[] = ['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256']

export function createSigner(): Sign {
  const clients = new Map<string, AwsClient>()

  function clientOf(provider: Provider, aws: AwsCredentials): AwsClient {
    const known = clients.get(provider.name)
    if (known !== undefined) return known
    const client = new AwsClient({
      accessKeyId: aws.accessKeyId,
      secretAccessKey: aws.secretAccessKey,
      ...(aws.sessionToken === null ? {} : { sessionToken: aws.sessionToken }),
      region: aws.region,
      service: 'bedrock',
      retries: 0,
    })
    clients.set(provider.name, client)
    return client
  }

  return async (provider, { method, url, headers, body }) => {
    if (provider.aws === null) return headers
    const plain = new Headers(headers)
    for (const name of OLD_SIGNATURE) plain.delete(name)
    const signed = await clientOf(provider, provider.aws).sign(url, {
      method,
      headers: plain,
      body: body as Uint8Array<ArrayBuffer> | null,
    })
    const out = new Headers(signed.headers)
    out.delete('host')
    return out
  }
}
