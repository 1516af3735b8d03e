import { describeSdks } from './sdk-gateway.ts'

describeSdks('bun')
