import { describeGateway } from './gateway.ts'

describeGateway('workerd')
