import { describeGateway } from './gateway.ts'
import { describeGuard } from './guard.ts'

describeGateway('node')
describeGuard('node')
