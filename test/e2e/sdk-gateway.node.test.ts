import { describeSdks } from './sdk-gateway.ts'

describeSdks('node')
