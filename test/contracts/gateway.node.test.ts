import { describeGateway } from './gateway.ts'

describeGateway('node')
