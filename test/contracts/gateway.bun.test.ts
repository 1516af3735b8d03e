import { describeGateway } from './gateway.ts'
import { describeGuard } from './guard.ts'

describeGateway('bun')
describeGuard('bun')
