import { describeGateway } from './gateway.ts'

describeGateway('bun')
