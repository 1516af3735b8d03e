import { describeSdks } from './sdk-gateway.ts'

describeSdks('deno')
