import { describeSdks } from './sdk-gateway.ts'

describeSdks('workerd')
